#!/usr/bin/env bash
# demo.sh [OPTION...]: builds the desk and the server, then runs the demo bank; options go to
# `rozmova demo`. On a fresh machine it first sees to what building needs.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh

scripts/tools.sh build

# The desk is ready long before the server's dependencies are compiled.
say "Building the desk (in the background; its output is in target/demo-web.log)"
mkdir -p target
(cd web && npm ci --no-audit --no-fund && npm run build) >target/demo-web.log 2>&1 &
web=$!
trap 'kill "$web" 2>/dev/null || true' EXIT

say "Building the server: a few minutes on the first time"
cargo build --locked --profile demo --quiet

wait "$web" || { tail -n 30 target/demo-web.log >&2; fail "the desk was not built"; }
trap - EXIT

say "Starting"
exec target/demo/rozmova demo "$@"
