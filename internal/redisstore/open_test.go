package redisstore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"latchkey/internal/redisstore"
	"latchkey/internal/testenv"
)

func TestOpen(t *testing.T) {
	for url, want := range map[string]redis.Options{
		"redis://h":                                            {Addr: "h:6379", DialTimeout: time.Second, ReadTimeout: time.Second, MaxRetries: 1, ClientName: "latchkey"},
		"rediss://u:p%40%2F@h:1/2":                             {Addr: "h:1", Username: "u", Password: "p@/", DB: 2, DialTimeout: time.Second, ReadTimeout: time.Second, MaxRetries: 1, ClientName: "latchkey"},
		"redis://h?dial_timeout=3s&max_retries=":               {Addr: "h:6379", DialTimeout: 3 * time.Second, ReadTimeout: time.Second, MaxRetries: 1, ClientName: "latchkey"},
		"redis://h?read_timeout=2&max_retries=3&client_name=c": {Addr: "h:6379", DialTimeout: time.Second, ReadTimeout: 2 * time.Second, MaxRetries: 3, ClientName: "c"},
		"redis://[::1]":                                        {Addr: "[::1]:6379", DialTimeout: time.Second, ReadTimeout: time.Second, MaxRetries: 1, ClientName: "latchkey"},
		"unix:///run/redis.sock?db=1":                          {Addr: "/run/redis.sock", DB: 1, DialTimeout: time.Second, ReadTimeout: time.Second, MaxRetries: 1, ClientName: "latchkey"},
	} {
		c, ok := open(t, url).(*redis.Client)
		if !ok {
			t.Fatalf("%s: not a single server's client", url)
		}
		o := c.Options()
		got := redis.Options{Addr: o.Addr, Username: o.Username, Password: o.Password, DB: o.DB,
			DialTimeout: o.DialTimeout, ReadTimeout: o.ReadTimeout, MaxRetries: o.MaxRetries, ClientName: o.ClientName}
		if got.Addr != want.Addr || got.Username != want.Username || got.Password != want.Password || got.DB != want.DB ||
			got.DialTimeout != want.DialTimeout || got.ReadTimeout != want.ReadTimeout || got.MaxRetries != want.MaxRetries ||
			got.ClientName != want.ClientName {
			t.Errorf("%s: got %+v, want %+v", url, got, want)
		}
		if !o.ContextTimeoutEnabled || (o.TLSConfig != nil) != strings.HasPrefix(url, "rediss:") {
			t.Errorf("%s: contexts honoured: %v, TLS: %v", url, o.ContextTimeoutEnabled, o.TLSConfig != nil)
		}
	}
	cluster, ok := open(t, "redis://u:p@h?addr=i:7000&addr=j:7001").(*redis.ClusterClient)
	if !ok || strings.Join(cluster.Options().Addrs, " ") != "h:6379 i:7000 j:7001" || !cluster.Options().ContextTimeoutEnabled {
		t.Errorf("addr in the query does not make a cluster's client")
	}
	sentinel, ok := open(t, "redis://:s@h:26379/3?master_name=m&addr=i:26379&username=u&password=p").(*redis.Client)
	if !ok || sentinel.Options().Password != "p" || sentinel.Options().DB != 3 || !sentinel.Options().ContextTimeoutEnabled {
		t.Errorf("master_name in the query does not make a client by Sentinel")
	}
}

// Whatever is wrong with a URL, what is said of it does not tell the password.
func TestOpenTellsNoPassword_I7(t *testing.T) {
	for _, url := range []string{
		"", "s3cret", "s3cret@host", ":s3cret@host:6379", "redis:s3cret", "redis://", "http://:s3cret@host",
		"redis://:s3cret@host:port", "redis://:s3cret@host/db", "redis://:s3cret@host/1/2", "redis://:s3cret@host?x=1",
		"redis://:s3cret@host?db=one", "redis://:%zzs3cret@host", "redis://:s3cret@[host", "redis://:s3cret\x01@host",
		"redis://:12/s3cret@host", "redis://:12/3s3cret@host:6379/0", "redis://u:12?s3cret@host", "redis://u:12?s3cret=x@host",
		"redis://u:12#s3cret@host", "redis://:a/s3cret@host", "redis://:a?s3cret@host", "redis://:a#s3cret@host", "redis://:a b@s3cret",
		"redis://:s3cret@host?addr=nonsense", "redis://:s3cret@host?addr=h:1&read_timeout=x", "redis://:s3cret@host?master_name=",
		"redis://host?master_name=m&password=a&s3cret", "redis://host?master_name=m&sentinel_password=s3cret",
		"redis://:s3cret@host?master_name=m&route_randomly=true", "redis://:s3cret@host?master_name=m&replica_only=true",
	} {
		rdb, err := redisstore.Open(url)
		if err == nil {
			rdb.Close()
			t.Errorf("%q was opened", url)
		} else if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestClientsAreNamed(t *testing.T) {
	for name, variable := range kinds {
		rdb := open(t, testenv.Need(t, variable))
		if got, err := rdb.ClientGetName(t.Context()).Result(); got != "latchkey" {
			t.Errorf("%s: client is called %q, %v", name, got, err)
		}
	}
}
