#!/usr/bin/env bash
# tools.sh build|test: checks that the machine has what building (the demo) or testing needs.
# On Debian as root what apt can supply is installed; elsewhere the message names it.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh

RUST_WANTED=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
NODE_WANTED=20.19.0
DENY_WANTED=0.20.2

missing=()
packages=()

# want COMMAND DEBIAN-PACKAGE...: the first word is looked for, the others supply it.
want() {
    local command=$1
    shift
    if ! have "$command" && [ ! -x "/usr/sbin/$command" ]; then
        missing+=("$command")
        packages+=("$@")
    fi
}

# Debian keeps PostgreSQL's programs out of the path.
want_postgres() {
    if ! have initdb && ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then
        missing+=("initdb (PostgreSQL 15 or later)")
        packages+=(postgresql)
    fi
}

# Installs without starting services: tests start their own, on loopback, on free ports.
install_packages() {
    local policy=/usr/sbin/policy-rc.d made_policy=
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
        made_policy=yes
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q >&2
    apt-get install -yq --no-install-recommends "${packages[@]}" >&2
    if [ -n "$made_policy" ]; then rm -f "$policy"; fi
}

check_rust() {
    have cargo || fail "cargo is missing: install Rust $RUST_WANTED or later, see https://rustup.rs"
    local found
    found=$(rustc --version | cut -d ' ' -f 2)
    version_at_least "$found" "$RUST_WANTED" \
        || fail "rustc is $found; $RUST_WANTED or later is needed: rustup update"
}

check_node() {
    have node && have npm \
        || fail "node and npm are missing: install Node $NODE_WANTED or later, see https://nodejs.org"
    local found
    found=$(node --version | tr -d v)
    version_at_least "$found" "$NODE_WANTED" \
        || fail "node is $found; $NODE_WANTED or later is needed"
}

# Without optimisation: it is built once and runs for a second.
install_cargo_deny() {
    if have cargo-deny; then return; fi
    say "Installing cargo-deny $DENY_WANTED"
    CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off \
        CARGO_PROFILE_RELEASE_CODEGEN_UNITS=64 CARGO_PROFILE_RELEASE_DEBUG=0 \
        cargo install cargo-deny --version "$DENY_WANTED" --locked --quiet
}

purpose=${1:-test}
check_rust
check_node
want cc gcc libc6-dev
want cmake cmake make
if [ "$purpose" = test ]; then
    want_postgres
    want chromium chromium
    want dovecot dovecot-imapd dovecot-lmtpd
    want /usr/lib/dovecot/pop3 dovecot-pop3d
    want postfix postfix
    want swaks swaks
    want git git
fi

if [ "${#missing[@]}" -gt 0 ]; then
    if is_debian && is_root; then
        say "Installing ${packages[*]} (for ${missing[*]})"
        install_packages
    elif is_debian; then
        fail "missing: ${missing[*]}. As root: apt-get install ${packages[*]}"
    else
        fail "missing: ${missing[*]}. On Debian they come from: ${packages[*]}"
    fi
fi
if [ "$purpose" = test ]; then install_cargo_deny; fi
say "The machine has what is needed"
