# A private PostgreSQL on the loopback, never as root. Sourced by the scripts of this folder.
# shellcheck shell=bash

pg_user=""
pg_data=""

# The folder of initdb and its like; false where PostgreSQL is not installed.
pg_bin() {
  local dir
  dir=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
  if [ -n "$dir" ] && [ -x "$dir/initdb" ]; then echo "$dir"; return 0; fi
  command -v initdb >/dev/null 2>&1 && dirname "$(readlink -f "$(command -v initdb)")"
}

# own_as_pg FOLDER: gives the folder to the account that the server runs as.
own_as_pg() {
  if [ "$(id -u)" = 0 ]; then
    # initdb refuses root; the package made this user.
    pg_user=postgres
    id "$pg_user" >/dev/null 2>&1 || pg_user=nobody
    chown "$pg_user" "$1"
  fi
}

as_pg() {
  if [ -z "$pg_user" ]; then "$@"; else (cd / && runuser -u "$pg_user" -- "$@"); fi
}

# init_postgres FOLDER: makes a cluster in FOLDER/data.
init_postgres() {
  as_pg "$(pg_bin)/initdb" -D "$1/data" -U waterbear -A trust -E UTF8 --locale=C >"$1.initdb" 2>&1 || {
    tail -n 5 "$1.initdb" >&2
    return 1
  }
  rm -f "$1.initdb"
}

# serve_postgres FOLDER SETTING...: starts it on a free port, which is then $pg_port.
serve_postgres() {
  local dir=$1 setting settings=""
  shift
  for setting in "$@"; do settings+=" -c $setting"; done
  for _ in 1 2 3 4 5; do
    pg_port=$((20000 + (RANDOM * 32768 + RANDOM) % 40000))
    as_pg "$(pg_bin)/pg_ctl" -D "$dir/data" -w -t 120 -l "$dir/log" -o "-p $pg_port \
      -c listen_addresses=127.0.0.1 -c unix_socket_directories=$dir$settings" start >/dev/null 2>&1 && return 0
  done
  tail -n 5 "$dir/log" >&2 || true
  return 1
}

# end_postgres FOLDER: stops what serve_postgres started.
end_postgres() {
  [ -f "$1/data/postmaster.pid" ] || return 0
  # SIGINT is PostgreSQL's "fast" shutdown; by the id that this cluster wrote itself.
  local pid
  pid=$(head -n 1 "$1/data/postmaster.pid")
  kill -INT "$pid" 2>/dev/null || true
  for _ in $(seq 600); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
}

# start_postgres SETTING...: a cluster of one's own, gone after stop_postgres; its address is $WATERBEAR_TEST_PG.
start_postgres() {
  pg_data=$(mktemp -d "${TMPDIR:-/tmp}/waterbear-pg.XXXXXX")
  own_as_pg "$pg_data"
  init_postgres "$pg_data" && serve_postgres "$pg_data" "$@" || return 1
  export WATERBEAR_TEST_PG="postgres://waterbear@127.0.0.1:$pg_port/postgres"
  PATH="$(pg_bin):$PATH"
}

stop_postgres() {
  [ -n "$pg_data" ] || return 0
  end_postgres "$pg_data"
  rm -rf "$pg_data"
  pg_data=""
  unset WATERBEAR_TEST_PG
}
