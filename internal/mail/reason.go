package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// connectReason returns, in a few words, why there is no session with the mail server.
// The text of the error itself may quote what the server said.
func connectReason(err error) string {
	if answer, ok := errors.AsType[*textproto.Error](err); ok {
		return "answered " + strconv.Itoa(answer.Code) + atLogin(err)
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "its name is not found"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok || isCertificate(err) {
		return "its certificate is not trusted"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "it does not speak TLS there"
	}
	if netErr, ok := errors.AsType[net.Error](err); ok && netErr.Timeout() {
		return "no answer in time"
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, net.ErrClosed):
		return "it hung up" + atLogin(err)
	case strings.Contains(err.Error(), "STARTTLS"): // go-mail has no values for these two
		return "it offers no STARTTLS"
	case strings.Contains(err.Error(), "AUTH"):
		return "it offers no login that we know"
	}
	return "no connection"
}

func isCertificate(err error) bool {
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	_, host := errors.AsType[x509.HostnameError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	return unknown || host || invalid
}

// atLogin returns " at the login" if err happened there, else "".
func atLogin(err error) string {
	if strings.Contains(err.Error(), "SMTP AUTH") {
		return " at the login"
	}
	return ""
}
