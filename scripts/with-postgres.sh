#!/usr/bin/env bash
# with-postgres.sh COMMAND...: runs a command beside a throw-away PostgreSQL on loopback.
# The tests find it by ROZMOVA_TEST_POSTGRES_URL. With that set already, nothing is started.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh

export ROZMOVA_TEST_REQUIRE_POSTGRES=1
if [ -n "${ROZMOVA_TEST_POSTGRES_URL:-}" ]; then exec "$@"; fi

programs=$(dirname "$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1 || true)")
if [ ! -x "$programs/initdb" ]; then
    have initdb || fail "initdb is missing: install PostgreSQL, or run scripts/tools.sh"
    programs=$(dirname "$(readlink -f "$(command -v initdb)")")
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/rozmova-postgres.XXXXXX")
# PostgreSQL refuses to run as root.
as=()
if is_root; then
    chown postgres "$folder"
    as=(runuser -u postgres --)
fi

stop() {
    cd /
    "${as[@]}" "$programs/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$folder"
}
trap stop EXIT

port=$(free_port)
# Nothing here outlives the tests, so nothing needs to reach the disk.
options="-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder"
options+=" -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=300"
(
    cd /
    "${as[@]}" "$programs/initdb" -D "$folder/data" -U rozmova -A trust -E UTF8 --no-sync
    "${as[@]}" "$programs/pg_ctl" -D "$folder/data" -l "$folder/log" -o "$options" -w -t 60 start
) >/dev/null || {
    cat "$folder/log" >&2 2>/dev/null || true
    fail "PostgreSQL did not start on 127.0.0.1:$port"
}

export ROZMOVA_TEST_POSTGRES_URL="postgres://rozmova@127.0.0.1:$port/postgres"
"$@"
