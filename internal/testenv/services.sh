# shellcheck shell=bash disable=SC2034,SC2154 # it shares variables with ./test
# Part of ./test: starts the servers that the tests run against, on free ports, and
# exports their addresses as described in services.go. What they write is in $data.

data=
servers=() # process ids
taken=()   # ports given out, by number

# port NAME sets the variable NAME to a free port of 127.0.0.1, below those
# that the system gives to outgoing connections.
port() {
  local p
  while p=$((20000 + RANDOM % 12000)); do
    [[ -z ${taken[p]:-} ]] && ! (: <"/dev/tcp/127.0.0.1/$p") 2>/dev/null && break
  done
  taken[p]=yes
  printf -v "$1" %s "$p"
}

# place_data makes $data: in memory where there is room, since PostgreSQL makes
# hundreds of databases of 300 files each, which takes ten times as long on a disk,
# and SQLite waits for the disk at each commit. A folder there is locked while its
# run lives, and gets its name when it is; what a killed run left goes.
place_data() {
  local dir lock
  data=$tmp/servers TEST_MEMORY=
  if [[ -w /dev/shm ]] && (($(df --output=avail -k /dev/shm | tail -n 1) > 1 << 20)); then
    for dir in /dev/shm/latchkey-test.*; do
      [[ ! -d $dir ]] || flock -n "$dir" rm -rf "$dir" 2>/dev/null || true # another user's stays
    done
    dir=$(mktemp -d /dev/shm/.latchkey-test.XXXXXX)
    exec {lock}<"$dir" && flock "$lock"
    data=/dev/shm/${dir##*/.}
    mv "$dir" "$data"
    TEST_MEMORY=$data/tests
  fi
  install -d -m 700 -o "$owner" "$data"
  mkdir "$data/tests"
}

# serve NAME CMD… starts a server with its output in $tmp/NAME.log.
serve() {
  local name=$1
  shift
  "$@" >"$tmp/$name.log" 2>&1 </dev/null &
  servers+=($!)
}

# await NAME CMD… waits until CMD succeeds, 60 s at most and while all servers run.
await() {
  local name=$1 tries pid
  shift
  for ((tries = 0; tries < 1200; tries++)); do
    ! "$@" >/dev/null 2>&1 || return 0
    for pid in "${servers[@]}"; do kill -0 "$pid" 2>/dev/null || break 2; done
    sleep 0.05
  done
  tail -n 20 "$tmp"/*.log >&2
  die "$name did not start"
}

listening() { : <"/dev/tcp/127.0.0.1/$1"; }

# redis_says PORT TEXT CMD… succeeds if the command's answer contains the text.
redis_says() { redis-cli -h 127.0.0.1 -p "$1" "${@:3}" | grep -q -- "$2"; }

start_postgres() {
  port postgres_port
  local options
  printf %s "$secret" >"$data/password"
  # The order of ICU, as on most production servers, and not SQLite's order of bytes.
  "${as[@]}" "$postgres_bin/initdb" -D "$data/postgres" -U postgres --pwfile="$data/password" --auth=scram-sha-256 \
    --encoding=UTF8 --locale=C.UTF-8 --locale-provider=icu --icu-locale=en-US --no-sync >"$tmp/initdb.log" 2>&1 ||
    { cat "$tmp/initdb.log" >&2 && die "initdb failed"; }
  options=(-c listen_addresses=127.0.0.1 -c "port=$postgres_port" -c unix_socket_directories= -c max_connections=300
    -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0)
  serve postgres "${as[@]}" --pdeathsig INT "$postgres_bin/postgres" -D "$data/postgres" "${options[@]}"
}

# start_pgbouncer starts a pooler in transaction mode, which logs in to PostgreSQL by itself.
start_pgbouncer() {
  local conf=$data/pgbouncer.ini
  port pgbouncer_port
  cat >"$conf" <<CONF
[databases]
* = host=127.0.0.1 port=$postgres_port user=postgres password=$secret
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $pgbouncer_port
unix_socket_dir =
auth_type = any
pool_mode = transaction
CONF
  chown "$owner" "$conf" && chmod 600 "$conf"
  serve pgbouncer "${as[@]}" --pdeathsig KILL pgbouncer "$conf"
}

# start_redis NAME PORT OPTION… starts one that keeps nothing on disk.
start_redis() {
  mkdir "$data/$1" && chown "$owner" "$data/$1"
  serve "$1" "${as[@]}" --pdeathsig KILL redis-server --bind 127.0.0.1 --port "$2" --dir "$data/$1" \
    --save '' --appendonly no "${@:3}"
}

# start_sentinel starts the least that gives a real failover: a master, a replica, one Sentinel.
start_sentinel() {
  local conf=$data/sentinel/sentinel.conf
  mkdir "${conf%/*}"
  cat >"$conf" <<CONF
port $sentinel_port
bind 127.0.0.1
dir "${conf%/*}"
sentinel monitor mymaster 127.0.0.1 $master_port 1
sentinel down-after-milliseconds mymaster 1000
sentinel failover-timeout mymaster 5000
CONF
  chown -R "$owner" "${conf%/*}"
  await "Redis's replica" redis_says "$master_port" state=online INFO replication # Sentinel looks for it only every 10 s
  serve sentinel "${as[@]}" --pdeathsig KILL redis-server "$conf" --sentinel
}

start_mailpit() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$tmp/key.pem" -out "$tmp/ca.pem" 2>"$tmp/openssl.log"
  mailpit_tls starttls --smtp-require-starttls
  mailpit_tls tls --smtp-require-tls
}

# mailpit_tls NAME FLAG starts one Mailpit and puts its description into the variable mail_NAME.
mailpit_tls() {
  local smtp api
  port smtp && port api
  MP_SMTP_AUTH=latchkey:$secret serve "mailpit-$1" setpriv --pdeathsig KILL "$mailpit" "$2" \
    --smtp "127.0.0.1:$smtp" --listen "127.0.0.1:$api" --smtp-tls-cert "$tmp/ca.pem" --smtp-tls-key "$tmp/key.pem" \
    --database "$data/mailpit-$1.db" --max 0 --smtp-disable-rdns --disable-version-check --enable-chaos
  printf -v "mail_$1" '{"api":"http://127.0.0.1:%s","smtp":"127.0.0.1:%s","user":"latchkey","password":"%s","ca":"%s","key":"%s"}' \
    "$api" "$smtp" "$secret" "$tmp/ca.pem" "$tmp/key.pem"
  mail_ports+=("$smtp" "$api")
}

start_services() {
  local began=${EPOCHREALTIME/./} p
  # With --pdeathsig the servers end even if this script is killed.
  owner=$(id -un) as=(setpriv) secret=$(openssl rand -hex 16) mail_ports=()
  if ((EUID == 0)); then # PostgreSQL refuses to run as root, and Redis had better not
    owner=postgres
    id "$owner" >/dev/null 2>&1 || owner=nobody
    as=(setpriv "--reuid=$owner" "--regid=$(id -g "$owner")" --clear-groups)
  fi
  place_data
  port redis_port && port master_port && port replica_port && port sentinel_port && port cluster_port && port bus_port

  start_redis redis "$redis_port"
  start_redis master "$master_port" --repl-diskless-sync-delay 0
  start_redis replica "$replica_port" --replicaof 127.0.0.1 "$master_port" --repl-diskless-sync-delay 0
  start_redis cluster "$cluster_port" --cluster-enabled yes --cluster-port "$bus_port" --cluster-announce-ip 127.0.0.1
  await "Redis Cluster" redis_says "$cluster_port" OK CLUSTER ADDSLOTSRANGE 0 16383
  start_mailpit
  start_postgres
  start_pgbouncer
  start_sentinel
  await Redis redis_says "$redis_port" PONG PING
  await Sentinel redis_says "$sentinel_port" "$replica_port" SENTINEL replicas mymaster
  for p in "${mail_ports[@]}"; do await Mailpit listening "$p"; done
  await PostgreSQL "$postgres_bin/pg_isready" -h 127.0.0.1 -p "$postgres_port"
  await PgBouncer listening "$pgbouncer_port"
  await "Redis Cluster" redis_says "$cluster_port" cluster_state:ok CLUSTER INFO
  began=$((${EPOCHREALTIME/./} - began))
  say "services up in $((began / 1000000)).$((began / 100000 % 10)) s"

  TEST_POSTGRES="postgres://postgres:$secret@127.0.0.1:$postgres_port/postgres?sslmode=disable"
  TEST_POSTGRES_PROGRAMS=$postgres_bin
  TEST_PGBOUNCER="postgres://postgres@127.0.0.1:$pgbouncer_port/postgres?sslmode=disable"
  TEST_REDIS="redis://127.0.0.1:$redis_port/0"
  TEST_REDIS_SENTINEL="redis://127.0.0.1:$sentinel_port/0?master_name=mymaster"
  TEST_REDIS_CLUSTER="redis://127.0.0.1:$cluster_port?addr=127.0.0.1:$cluster_port"
  TEST_MAILPIT=$mail_starttls TEST_MAILPIT_TLS=$mail_tls TEST_MAILPIT_PROGRAM=$mailpit
  export "${!TEST_@}"
}

# print_services prints the addresses as a shell takes them in.
print_services() {
  local name
  for name in "${!TEST_@}"; do printf 'export %s=%q\n' "$name" "${!name}"; done
}

# stop_services ends all servers and waits for them.
stop_services() {
  if ((${#servers[@]})); then
    kill -CONT "${servers[@]}" 2>/dev/null || true # a test may have left one stopped
    end INT "${servers[@]}"
  fi
  [[ -z $data ]] || rm -rf "$data"
}
