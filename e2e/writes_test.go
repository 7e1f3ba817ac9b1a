package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/testenv"
)

// probedEvery is how often readiness tries a write.
const probedEvery = 10 * time.Second

// awaitWrites waits until /readyz has noticed, by a write of its own, what is down.
func awaitWrites(t *testing.T, base, down string) {
	t.Helper()
	testenv.Await(t, probedEvery+recoverWithin, "readiness to say "+down, func() bool {
		p, err := tryGet(base + "/readyz")
		return err == nil && p.status == http.StatusOK && strings.Contains(p.body, `"down":[`+down+`]`)
	})
}

// byAnotherDatabase returns what runs a statement by another database of the same server, which
// takes writes.
func byAnotherDatabase(t *testing.T) func(sql string) {
	t.Helper()
	admin, err := db.OpenPostgres(t.Context(), testenv.Need(t, "TEST_POSTGRES"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(admin.Close)
	return func(sql string) {
		t.Helper()
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
}

// PostgreSQL becomes read-only, as behind a proxy after a failover: reads go on,
// readiness and the doctor say so, and writes are back soon after there is a server
// that takes them, without anybody having ended a connection.
func TestReadOnlyServer_O1_R1(t *testing.T) {
	t.Parallel()
	s := testenv.Production(t)
	ada := s.Join(t)
	makeAdmin(t, s)
	u, err := url.Parse(s.Setting("DATABASE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	name, do := strings.TrimPrefix(u.Path, "/"), byAnotherDatabase(t)
	do(`ALTER DATABASE ` + name + ` SET default_transaction_read_only = on`)
	do(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '` + name + `'`)
	for _, p := range s.Replicas {
		testenv.Await(t, recoverWithin, "reads", func() bool {
			a, err := testenv.TryPost(p.URL, testenv.Request{Query: testenv.MeOp, Bearer: ada.Access})
			return err == nil && len(a.Errors) == 0
		})
		mustBeUnavailable(t, p.URL, map[string]testenv.Request{
			"login":   loginRequest(ada.Username, ada.Password, ada.Client),
			"refresh": refreshRequest(ada.Refresh),
			"sign up": registerRequest(testenv.Newcomer()),
		})
		mustBe(t, p.URL, ada.Access, ada.ID)
		awaitReadiness(t, p.URL, http.StatusOK, `"postgresql writes"`)
	}
	got, all := examine(t, s, t.TempDir())
	if got["database"] != "fail" || !says(all, "database", "it takes no writes: postgresql: it is read-only (25006)") {
		t.Errorf("doctor: %+v", all)
	}
	do(`ALTER DATABASE ` + name + ` RESET default_transaction_read_only`)
	for _, p := range s.Replicas {
		testenv.Await(t, recoverWithin, "writes", func() bool {
			a, err := testenv.TryPost(p.URL, loginRequest(ada.Username, ada.Password, ada.Client))
			return err == nil && len(a.Errors) == 0 && a.Payload(t, "login").Tokens != nil
		})
		awaitReadiness(t, p.URL, http.StatusOK, "")
	}
	access, _ := refresh(t, s.URL(), ada.Refresh)
	mustBe(t, s.URL(), access, ada.ID)
}

// says reports whether a check that did not end well has this text.
func says(all []finding, check, text string) bool {
	for _, f := range all {
		if f.Check == check && f.Verdict != "ok" && strings.Contains(f.Text, text) {
			return true
		}
	}
	return false
}

// Redis is there and of no use: people log in and are limited all the same, and
// readiness and the doctor say why.
func TestRedisTakesNoWrites_O1_R2(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ spoil, mend, down, why string }{
		"a replica":      {"REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", `"redis writes"`, "it is a replica and takes no writes (READONLY)"},
		"full":           {"CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", `"redis writes"`, "its memory is full and it takes no writes (OOM)"},
		"other keys":     {"ACL SETUSER default resetkeys ~other:*", "ACL SETUSER default ~*", `"redis writes"`, "this user may not do that"},
		"reads":          {"ACL SETUSER default -@all +@read +@connection +acl", "ACL SETUSER default +@all", `"redis writes"`, "this user may not do that"},
		"a password":     {"CONFIG SET requirepass secret", "", `"redis"`, "it wants a password, and REDIS_URL has none (NOAUTH)"},
		"nothing at all": {"ACL SETUSER default -@all +acl", "ACL SETUSER default +@all", `"redis"`, "this user may not do that"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, redis, proxy := redisStack(t)
			ada := s.Join(t)
			redis.Do(t, c.spoil)
			proxy.Reset(t) // who is in needs no password
			awaitWrites(t, s.URL(), c.down)
			if got := s.Login(t, ada); got.Tokens == nil {
				t.Errorf("login: %+v", got)
			}
			mustLimit(t, s, testenv.Username())
			got, all := examine(t, s, t.TempDir())
			if got["redis"] != "fail" || !says(all, "redis", c.why) || !says(all, "redis", proxy.Addr) {
				t.Errorf("doctor: want %q: %+v", c.why, all)
			}
			s.Restart(t, 0)
			awaitLog(t, s, "redis is of no use") // at the start, before anybody comes
			if c.mend != "" {
				redis.Do(t, c.mend)
				awaitWrites(t, s.URL(), "")
			}
		})
	}
}

// The least that Redis has to let its user do is enough, also for the doctor.
func TestRedisRights_R2(t *testing.T) {
	t.Parallel()
	redis := testenv.StartRedis(t)
	redis.Do(t, "ACL SETUSER latchkey on >secret ~latchkey:* +@read +@write +@scripting +@connection")
	s := testenv.NewProduction(t, "REDIS_URL="+strings.Replace(redis.URL, "redis://", "redis://latchkey:secret@", 1))
	s.Add(t)
	s.AwaitReady(t)
	ada := s.Join(t) // its links are kept in Redis
	mustLimit(t, s, ada.Username)
	awaitReadiness(t, s.URL(), http.StatusOK, "")
	got, all := examine(t, s, t.TempDir())
	if got["redis"] != "warn" || !says(all, "redis", "INFO is not allowed") {
		t.Errorf("doctor: %+v", all)
	}
	if strings.Contains(s.Log(), "redis does not answer") {
		t.Error("Redis was given up")
	}
	s.Env = append(s.Env, "REDIS_URL="+strings.Replace(redis.URL, "redis://", "redis://latchkey:wrong@", 1))
	got, all = examine(t, s, t.TempDir())
	if got["redis"] != "fail" || !says(all, "redis", "wrong user or password (WRONGPASS)") {
		t.Errorf("doctor: %+v", all)
	}
	s.Restart(t, 0)
	awaitLog(t, s, "wrong user or password (WRONGPASS)")
	if got := s.Login(t, ada); got.Tokens == nil {
		t.Errorf("login: %+v", got)
	}
}
