package redisstore

import (
	"bufio"
	"context"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Server is what a Redis server says of itself; of a Cluster, one of its nodes. A
// user who may not ask finds it empty.
type Server struct {
	Version string
	Policy  string // maxmemory-policy: what it does when its memory is full
	Limited bool   // it has a maxmemory
	Clock   time.Time
}

// Server asks Redis what it is.
func (s *Store) Server(ctx context.Context) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var v Server
	for _, section := range []string{"server", "memory"} { // several at once take Redis 7
		text, err := s.rdb.Info(ctx, section).Result()
		if redis.HasErrorPrefix(err, "NOPERM") {
			break
		}
		if err != nil {
			return nil, s.failed("info", err)
		}
		lines := bufio.NewScanner(strings.NewReader(text))
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ":")
			switch name {
			case "redis_version":
				v.Version = value
			case "maxmemory_policy":
				v.Policy = value
			case "maxmemory":
				v.Limited = value != "0"
			}
		}
	}
	var err error
	if v.Clock, err = s.rdb.Time(ctx).Result(); redis.HasErrorPrefix(err, "NOPERM") {
		v.Clock, err = time.Time{}, nil
	}
	return &v, s.failed("time", err)
}
