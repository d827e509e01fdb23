#!/usr/bin/env bash
# Checks the crate for other platforms than this machine's: scripts/test_platforms.sh [aarch64|others]
#
#   aarch64   lints everything, all features included, for aarch64 Linux, and runs the tests that need no BLAS, the numerical ones by
#             each way of computing products, under QEMU where this machine is not one. As root, installs what is missing (a cross compiler, QEMU).
#   others    lints the library without features for Windows, macOS and WebAssembly, which needs no linker
#
# Everything is set in the environment of these commands only: other builds in the clone stay as they are.
set -euo pipefail
cd "$(dirname "$0")/.."

arm=aarch64-unknown-linux-gnu

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

missing_packages() {
    command -v aarch64-linux-gnu-gcc >/dev/null || echo gcc-aarch64-linux-gnu libc6-dev-arm64-cross
    [ "$(uname -m)" = aarch64 ] || command -v qemu-aarch64 >/dev/null || echo qemu-user
}

install_packages() {
    local packages
    mapfile -t packages < <(missing_packages | tr ' ' '\n')
    [ ${#packages[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || fail "this machine lacks (Debian's names): ${packages[*]}"
    [ "$(id -u)" = 0 ] || fail "this machine lacks packages. Type: sudo apt-get install ${packages[*]}"
    echo "installing ${packages[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
}

add_target() {
    [ -d "$(rustc --print sysroot)/lib/rustlib/$1/lib" ] && return
    command -v rustup >/dev/null || fail "Rust's standard library for $1 is missing: install Rust by rustup (https://rustup.rs)"
    rustup target add "$1"
}

lint() {
    echo "lint for $*"
    cargo clippy --locked --quiet --target "$@" -- -D warnings
}

test_aarch64() {
    install_packages
    add_target "$arm"
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
    if [ "$(uname -m)" != aarch64 ]; then
        # The cross compiler's C library, which the system's loader does not find.
        export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
    fi
    lint "$arm" --all-targets
    lint "$arm" --all-targets --no-default-features
    cargo test --locked --target "$arm" --no-default-features
    scripts/test_products.sh --target "$arm" --no-default-features
}

test_others() {
    local target
    for target in x86_64-pc-windows-gnu aarch64-apple-darwin wasm32-unknown-unknown; do
        add_target "$target"
        lint "$target" --no-default-features --lib
    done
}

[ $# -gt 0 ] || set -- aarch64 others
for step; do
    case $step in
    aarch64) test_aarch64 ;;
    others) test_others ;;
    *) fail "no step is named '$step': there are aarch64, others" ;;
    esac
done
