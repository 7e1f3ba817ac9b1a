# shellcheck shell=bash disable=SC2034,SC2154 # it shares variables with ./test
# Part of ./test: puts on the machine what the services and the checks need,
# one line for each thing that it adds, and nothing when all is there.
# Sets postgres_bin, mailpit and the variables TEST_CHROMIUM, TEST_NODE, TEST_PYTHON,
# TEST_E2E, TEST_PASSWORDS.

readonly min_postgres=15 min_node=20 python=/usr/bin/python3 # the one that the packages are for

# find_postgres prints the folder of the newest PostgreSQL's programs.
find_postgres() {
  local dir version best=0 found=
  for dir in /usr/lib/postgresql/*/bin "$(dirname "$(command -v postgres)" 2>/dev/null)"; do
    [[ -x $dir/initdb ]] || continue
    version=$("$dir/postgres" --version | grep -oE '[0-9]+' | head -n 1)
    ((version <= best)) || { best=$version && found=$dir; }
  done
  ((best >= min_postgres)) && echo "$found"
}

# find_chromium prints a browser's path. Ubuntu's packages are stubs that start
# a snap, which cannot see the tests' temporary folders.
find_chromium() {
  local name path
  for name in "${TEST_CHROMIUM:-}" chromium google-chrome google-chrome-stable chromium-browser; do
    path=$(command -v "$name") || continue
    [[ $(readlink -f "$path") != */snap ]] || continue
    head -c 2000 "$path" | grep -aq /snap/ && continue
    echo "$path" && return
  done
  return 1
}

# find_node prints the path of a node that is new enough.
find_node() {
  local path
  for path in "$(command -v node)" "$cache"/node/node_modules/node-linux-*/bin/node; do
    "$path" -e "process.exit(parseInt(process.versions.node) >= $min_node ? 0 : 1)" 2>/dev/null && echo "$path" && return
  done
  return 1
}

# quietly CMD… shows a command's output only if it fails. A signal to this script
# waits for its end, unless CMD begins with run: a killed dpkg leaves a mess.
quietly() {
  "$@" >"$tmp/install.log" 2>&1 || { cat "$tmp/install.log" >&2 && die "failed: ${*#run}"; }
}

apt_install() {
  local sudo=()
  command -v apt-get >/dev/null || die "missing, and there is no apt-get to install them: $*"
  if ((EUID)); then
    command -v sudo >/dev/null || die "missing: $*. Run ./test as root, or have root run: apt-get install $*"
    sudo=(sudo)
  fi
  say "installing with apt: $*"
  # Without this the package would make a database cluster of its own and start it.
  local conf=/etc/postgresql-common/createcluster.conf
  if [[ " $* " == *" postgresql "* && ! -e $conf ]]; then
    quietly "${sudo[@]}" mkdir -p "${conf%/*}"
    echo 'create_main_cluster = false' | "${sudo[@]}" tee "$conf" >/dev/null
  fi
  quietly "${sudo[@]}" apt-get update
  quietly "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 \
    apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-confold "$@"
  local server
  for server in redis-server pgbouncer nginx caddy haproxy prometheus; do # these packages start one on the usual port
    [[ " $* " == *" $server "* && -d /run/systemd/system ]] || continue
    quietly "${sudo[@]}" systemctl disable --now "$server"
  done
}

# install_packages WHAT installs what the servers need and, unless WHAT is quick,
# a browser, npm and zsh.
install_packages() {
  local want=()
  TEST_PASSWORDS=/usr/share/john/password.lst
  find_postgres >/dev/null || want+=(postgresql)
  command -v redis-server >/dev/null && command -v redis-cli >/dev/null || want+=(redis-server)
  command -v pgbouncer >/dev/null || want+=(pgbouncer)
  command -v gcc >/dev/null && [[ -e /usr/include/stdlib.h ]] || want+=(gcc libc6-dev) # for -race
  command -v openssl >/dev/null || want+=(openssl)
  [[ -e $TEST_PASSWORDS ]] || want+=(john-data)
  [[ -e /etc/ssl/certs/ca-certificates.crt ]] || want+=(ca-certificates)
  # What people type who follow the documents.
  [[ $1 == quick ]] || command -v jq >/dev/null || want+=(jq)
  [[ $1 == quick ]] || command -v python3 >/dev/null || want+=(python3)
  [[ $1 == quick ]] || command -v sqlite3 >/dev/null || want+=(sqlite3)
  [[ $1 == quick ]] || command -v curl >/dev/null || want+=(curl)
  [[ $1 == quick ]] || command -v oathtool >/dev/null || want+=(oathtool) # codes of authenticator apps
  [[ $1 == quick ]] || command -v nginx >/dev/null || want+=(nginx)
  [[ $1 == quick ]] || command -v caddy >/dev/null || want+=(caddy)
  [[ $1 == quick ]] || command -v haproxy >/dev/null || want+=(haproxy)
  [[ $1 == quick ]] || command -v systemd-analyze >/dev/null || want+=(systemd) # reads the unit of deploy/
  [[ $1 == quick ]] || command -v promtool >/dev/null || want+=(prometheus)
  [[ $1 == quick ]] || "$python" -c 'import jwt, cryptography' 2>/dev/null || want+=(python3-jwt python3-cryptography) # examples/python
  [[ $1 == quick ]] || command -v npm >/dev/null || want+=(npm)
  [[ $1 == quick ]] || command -v zsh >/dev/null || want+=(zsh) # the README is for it too
  if [[ $1 != quick ]] && ! find_chromium >/dev/null; then
    ! grep -qs '^ID=ubuntu' /etc/os-release ||
      die "missing: a Chromium that is not a snap. Install google-chrome-stable from Google's .deb, or set TEST_CHROMIUM"
    want+=(chromium)
  fi
  ((${#want[@]} == 0)) || apt_install "${want[@]}"
  postgres_bin=$(find_postgres) || die "missing: PostgreSQL $min_postgres or later; this system's package is older (see apt.postgresql.org)"
  [[ $1 == quick ]] || TEST_CHROMIUM=$(find_chromium) || die "missing: chromium"
}

install_node() {
  local arch
  export NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt} # the system's, as Go trusts them
  if ! TEST_NODE=$(find_node); then
    case $(uname -m) in
      x86_64) arch=x64 ;;
      aarch64) arch=arm64 ;;
      *) die "missing: node $min_node or later" ;;
    esac
    say "installing with npm, into $cache/node: node 22, since this system's is older than $min_node"
    mkdir -p "$cache/node"
    quietly run npm install --prefix "$cache/node" --no-save --no-audit --no-fund "node-linux-$arch@22"
    TEST_NODE=$(find_node) || die "the installed node does not run"
  fi
  TEST_E2E=$root/e2e TEST_PYTHON=$python
  local lock
  for lock in e2e/package-lock.json clients/*/package-lock.json examples/*/package-lock.json; do
    [[ ! -e $lock ]] || install_npm "${lock%/*}"
  done
  build_client clients/typescript
}

# install_npm DIR installs what a folder's lock names, unless that is there.
install_npm() {
  ! cmp -s "$1/package-lock.json" "$1/node_modules/.installed-lock" || return 0
  say "installing with npm ci, into $1/node_modules"
  PATH=${TEST_NODE%/*}:$PATH quietly run npm ci --prefix "$1"
  cp "$1/package-lock.json" "$1/node_modules/.installed-lock"
}

# build_client DIR builds a package of clients/ for the tests, unless it is built of what is there.
build_client() {
  local key
  key=$(cat "$1"/package.json "$1"/tsconfig.json "$1"/scripts/build.mjs "$1"/src/* | sha256sum)
  [[ ! -e $1/dist/index.js || $(cat "$1/node_modules/.built-of" 2>/dev/null) != "$key" ]] || return 0
  quietly run "$TEST_NODE" "$1/scripts/build.mjs"
  echo "$key" >"$1/node_modules/.built-of"
}

# build_mailpit names the program for what it was built from, so that a new version is a new file.
build_mailpit() {
  local dir=internal/tools/mailpit key
  key=$(cat "$dir/go.mod" "$dir/go.sum" | sha256sum | cut -c 1-12)
  mailpit=$cache/mailpit-$key
  [[ ! -x $mailpit ]] || return 0
  say "building mailpit, into $cache (a minute)"
  quietly run go -C "$dir" build -trimpath -o "$mailpit.new" github.com/axllent/mailpit
  mv "$mailpit.new" "$mailpit"
}

# install_missing WHAT is everything that ./test WHAT needs.
install_missing() {
  local lock
  command -v go >/dev/null || die "missing: go, in PATH or in /usr/local/go/bin (see https://go.dev/dl)"
  exec {lock}>"$cache/lock" && flock "$lock" # one at a time in one checkout
  install_packages "$1"
  [[ $1 == quick ]] || install_node
  build_mailpit
  exec {lock}>&-
}
