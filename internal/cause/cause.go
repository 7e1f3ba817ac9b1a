// Package cause says in a few words why a server cannot be reached, for whoever
// runs the service. Errors themselves may quote what was sent, or what the
// server said.
package cause

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// What more may be known of by the caller.
const (
	HungUp  = "it hung up"
	Unknown = "no connection"
)

// Of says why err ended a try to reach a server, or Unknown where it tells nothing
// that an operator could act on.
func Of(err error) string {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "its name is not found"
	}
	if why := ofCertificate(err); why != "" {
		return why
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "it does not speak TLS there"
	}
	if _, ok := errors.AsType[tls.AlertError](err); ok {
		return "it refuses our TLS"
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return "no answer in time"
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL):
		return "there is no way to it"
	case errors.Is(err, syscall.ENOENT):
		return "there is no such socket"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, net.ErrClosed):
		return HungUp
	}
	return Unknown
}

// ofCertificate says what is wrong with a server's certificate, or "".
func ofCertificate(err error) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "its certificate is not trusted: the authority is unknown"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "its certificate is not trusted: it is for another name"
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok && e.Reason == x509.Expired {
		return "its certificate is not trusted: it has expired, or is not valid yet"
	} else if ok {
		return "its certificate is not trusted"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "its certificate is not trusted"
	}
	return ""
}
