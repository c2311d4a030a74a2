#!/usr/bin/env bash
# Everything that must be green, in order of speed. The last line counts: `N passed, N failed`.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh

export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-never} RUST_BACKTRACE=1
# A build that starts cold gains nothing from it and writes half as much without.
if [ -n "${CI:-}" ]; then export CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=none; fi
GENERATED=(docs/openapi.json docs/config.md web/src/api/schema.ts)
logs=$(mktemp -d "${TMPDIR:-/tmp}/rozmova-test.XXXXXX")
passed=0
failed=0

finish() {
    local code=$?
    rm -rf "$logs"
    if [ "$code" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
    printf '\n%s passed, %s failed\n' "$passed" "$failed"
}
trap finish EXIT

# step NAME COMMAND...: one check that passes or ends the run.
step() {
    local name=$1 started=$SECONDS
    shift
    say "$name"
    "$@" || {
        failed=$((failed + 1))
        printf 'rozmova: failed: %s\n' "$name" >&2
        exit 1
    }
    passed=$((passed + 1))
    printf '   %s s\n' $((SECONDS - started)) >&2
}

# count LOG WORD: adds the number before (or behind) a word in the summary of a test runner.
count() { grep -oE "[0-9]+ $2" "$1" | tail -n 1 | cut -d ' ' -f 1 || true; }

# tests NAME COMMAND...: a test runner whose own numbers are counted.
tests() {
    local name=$1 started=$SECONDS code=0 log=$logs/tests
    shift
    say "$name"
    "$@" 2>&1 | tee "$log" || code=$?
    sed -i 's/\x1b\[[0-9;]*m//g' "$log"
    local good bad
    good=$(count "$log" passed)
    bad=$(count "$log" failed)
    passed=$((passed + ${good:-0}))
    failed=$((failed + ${bad:-0}))
    printf '   %s s\n' $((SECONDS - started)) >&2
    if [ "$code" -ne 0 ]; then
        printf 'rozmova: failed: %s\n' "$name" >&2
        exit 1
    fi
}

rust_tests() {
    if have cargo-nextest; then
        cargo nextest run --workspace --locked --no-fail-fast --status-level fail \
            --final-status-level fail
    else
        cargo test --workspace --locked --no-fail-fast
    fi
}

documentation() {
    RUSTDOCFLAGS="-D warnings" \
        cargo doc --workspace --no-deps --document-private-items --locked --quiet
}

in_web() { (cd web && "$@"); }

# Writes the generated files anew and demands that they are as committed.
generated() {
    target/debug/rozmova openapi >docs/openapi.json
    target/debug/rozmova config-docs >docs/config.md
    in_web npm run --silent generate >/dev/null
    local changed
    changed=$(git status --porcelain -- "${GENERATED[@]}")
    [ -z "$changed" ] || {
        git --no-pager diff -- "${GENERATED[@]}" | head -n 60 >&2
        printf 'rozmova: generated files were not up to date; commit them:\n%s\n' "$changed" >&2
        return 1
    }
}

export -f rust_tests have
step "Tools" scripts/tools.sh test
step "Format" cargo fmt --all --check
step "Rules of the house" cargo test --package rozmova-base --test tidy --locked --quiet
step "Lints" cargo clippy --workspace --all-targets --locked --quiet -- -D warnings
step "Documentation" documentation
step "Licences, bans, sources" cargo deny --log-level error check bans licenses sources
# The tools are there by now: no test may leave something out because they are not.
export ROZMOVA_TEST_REQUIRE_PEERS=1
tests "Tests on SQLite, PostgreSQL and real peers" scripts/with-postgres.sh bash -c rust_tests
step "Web: packages" in_web npm ci --no-audit --no-fund --loglevel=error
step "Web: types" in_web npm run --silent check
step "Web: lints" in_web npm run --silent lint
tests "Web: units" in_web npm test --silent
step "Web: build" in_web npm run --silent build
step "Generated files" generated
tests "Web: in the browser" in_web npm run --silent e2e
