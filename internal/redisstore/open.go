package redisstore

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// What holds unless the URL says otherwise. The client's own defaults wait 5 s
// and try 4 times, which no request can wait for.
const (
	dialTimeout = time.Second
	ioTimeout   = time.Second // a read or a write: a busy machine may need it
	maxRetries  = 1           // after a connection that broke; -1 in the URL: none
	clientName  = "latchkey"  // in CLIENT LIST
)

var errURL = errors.New("redis: the URL cannot be read; is it redis:// or rediss://, with special characters in its password written as %XX?")

// Open returns a client for the URL. It makes no connection yet. The query of the URL
// says what kind of client it is:
//
//   - with master_name, one that asks Sentinels, at the host and at each addr in the
//     query. Before the @ are the credentials of the Sentinels; those of the servers are
//     username and password in the query.
//   - with addr, one of a Cluster.
//   - else, one of a single server.
//
// Errors never contain the URL, or a part of it that may belong to a password.
func Open(rawURL string) (redis.UniversalClient, error) {
	u, err := url.Parse(rawURL)
	// A / ? or # in a password ends the host early and leaves an @ behind it.
	if err != nil || u.Fragment != "" || u.Host == "" && u.Scheme != "unix" || strings.Contains(u.Path, "@") {
		return nil, errURL
	}
	logging.Disable() // it writes to standard error in its own way; what matters comes as an error
	q := u.Query()
	switch {
	case q.Has("master_name"):
		return openSentinel(u)
	case q.Has("addr"):
		return openCluster(u)
	default:
		return openServer(u)
	}
}

func openServer(u *url.URL) (redis.UniversalClient, error) {
	o, err := redis.ParseURL(u.String())
	if err != nil {
		return nil, clean(err, u)
	}
	o.DialTimeout = cmp.Or(o.DialTimeout, dialTimeout)
	o.ReadTimeout = cmp.Or(o.ReadTimeout, ioTimeout)
	o.WriteTimeout = cmp.Or(o.WriteTimeout, ioTimeout)
	o.MaxRetries = cmp.Or(o.MaxRetries, maxRetries)
	o.DialerRetries = 1
	o.ClientName = cmp.Or(o.ClientName, clientName)
	o.ContextTimeoutEnabled = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return redis.NewClient(o), nil
}

func openSentinel(u *url.URL) (redis.UniversalClient, error) {
	o, err := redis.ParseFailoverURL(u.String())
	if err != nil {
		return nil, clean(err, u)
	}
	if o.MasterName == "" || o.RouteByLatency || o.RouteRandomly || o.ReplicaOnly {
		return nil, errors.New("redis: master_name is empty, or the URL asks for replicas, which cannot be written to")
	}
	o.DialTimeout = cmp.Or(o.DialTimeout, dialTimeout)
	o.ReadTimeout = cmp.Or(o.ReadTimeout, ioTimeout)
	o.WriteTimeout = cmp.Or(o.WriteTimeout, ioTimeout)
	o.MaxRetries = cmp.Or(o.MaxRetries, maxRetries)
	o.DialerRetries = cmp.Or(o.DialerRetries, 1)
	o.ClientName = cmp.Or(o.ClientName, clientName)
	o.ContextTimeoutEnabled = true
	return redis.NewFailoverClient(o), nil
}

func openCluster(u *url.URL) (redis.UniversalClient, error) {
	o, err := redis.ParseClusterURL(u.String())
	if err != nil {
		return nil, clean(err, u)
	}
	o.DialTimeout = cmp.Or(o.DialTimeout, dialTimeout)
	o.ReadTimeout = cmp.Or(o.ReadTimeout, ioTimeout)
	o.WriteTimeout = cmp.Or(o.WriteTimeout, ioTimeout)
	o.MaxRetries = cmp.Or(o.MaxRetries, maxRetries)
	o.DialerRetries = cmp.Or(o.DialerRetries, 1)
	o.ClientName = cmp.Or(o.ClientName, clientName)
	o.ContextTimeoutEnabled = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return redis.NewClusterClient(o), nil
}

// clean returns an error of the client's parser for u without what may be secret. Such an
// error quotes what could not be read; where the query has a password, that may be a part
// of it.
func clean(err error, u *url.URL) error {
	if strings.Contains(u.RawQuery, "@") || strings.Contains(u.RawQuery, "password") {
		return errURL
	}
	return fmt.Errorf("redis: the URL: %s", strings.TrimPrefix(err.Error(), "redis: "))
}
