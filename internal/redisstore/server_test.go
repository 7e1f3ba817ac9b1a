package redisstore

import (
	"testing"
	"time"

	"latchkey/internal/testenv"
)

func TestServer(t *testing.T) {
	for _, name := range []string{"TEST_REDIS", "TEST_REDIS_SENTINEL", "TEST_REDIS_CLUSTER"} {
		rdb, err := Open(testenv.Need(t, name))
		if err != nil {
			t.Fatal(err)
		}
		v, err := New(rdb, Prefix).Server(t.Context())
		if err != nil || v.Version == "" || v.Policy == "" || v.Limited || time.Since(v.Clock).Abs() > time.Minute {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
		if err := rdb.Close(); err != nil {
			t.Error(err)
		}
	}
}
