#!/usr/bin/env bash
# Sets the project up to run notebooks and checks: scripts/setup.sh [STEP…]
#
# Does what is missing and nothing else, so it may be run at any time. Needs root only for missing system packages, which
# it installs on Debian and its relatives; elsewhere it names them. Everything else goes to the clone (.venv, .cache) and
# to the user's cache (the kernel's program, built once). The steps, in this order unless some are named:
#
#   packages   what the system must have: OpenBLAS, a linker, Python
#   rust       a recent Rust, and the standard library's sources
#   kernel     the Rust kernel's program
#   python     JupyterLab, and the kernel's registration with it
#   warm       the crate, compiled for notebooks
#   data       MNIST, where it is nowhere yet (only when named)
set -euo pipefail
cd "$(dirname "$0")/.."
. kernel/settings.sh

say() { printf 'setup: %s\n' "$*"; }
# Python's installer looks for the system's authorities only where it is told to.
if [ -z "${PIP_CERT:-}" ] && [ -e /etc/ssl/certs/ca-certificates.crt ]; then
    export PIP_CERT=/etc/ssl/certs/ca-certificates.crt
fi

fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

# --- system packages ------------------------------------------------------------------------------------------------

missing_packages() {
    command -v cc >/dev/null || echo gcc libc6-dev
    command -v pkg-config >/dev/null || echo pkg-config
    { command -v pkg-config >/dev/null && pkg-config --exists openblas; } || echo libopenblas-dev
    # The linker of cells: a cell takes twice as long with the system's.
    command -v mold >/dev/null || echo mold
    # Debian's python3 alone has no ensurepip, without which no environment can be made.
    command -v python3 >/dev/null || echo python3
    python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
    [ -e /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
}

install_packages() {
    local packages run=()
    mapfile -t packages < <(missing_packages | tr ' ' '\n')
    [ ${#packages[@]} -gt 0 ] || return 0
    if ! command -v apt-get >/dev/null; then
        fail "this machine lacks (Debian's names): ${packages[*]}" \
            "install their counterparts with this system's package manager, then run this again"
    fi
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || fail "this machine lacks system packages. As root, run:" \
            "apt-get install ${packages[*]}"
        run=(sudo)
    fi
    say "installing system packages: ${packages[*]}"
    "${run[@]}" apt-get update -qq
    "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
    [ -z "$(missing_packages)" ] || fail "still missing after the installation: $(missing_packages | tr '\n' ' ')"
}

# --- Rust -----------------------------------------------------------------------------------------------------------

check_rust() {
    command -v cargo >/dev/null || fail "no cargo on the PATH: install Rust (rustup), then run this again"
    local wanted have
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    have=$(rustc --version | cut -d' ' -f2)
    [ "$(printf '%s\n' "$wanted" "$have" | sort -V | head -1)" = "$wanted" ] ||
        fail "Rust $have is too old: $wanted or later is needed (rustup update)"
}

# The kernel finds the type of `let v = vec![1]` in the standard library's sources.
add_rust_sources() {
    [ -d "$(rustc --print sysroot)/lib/rustlib/src/rust/library" ] && return
    say "adding the standard library's sources (rustup component add rust-src)"
    if ! { command -v rustup >/dev/null && rustup component add rust-src >/dev/null 2>&1; }; then
        say "… not to be had here: notebooks run, but a new variable of a standard type needs its type written out"
    fi
}

# --- Python and the kernel's registration ---------------------------------------------------------------------------

python_environment() {
    local stamp
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail "python3 is too old: 3.10 or later is needed"
    stamp=$(cat scripts/requirements.txt <(python3 --version) | sha256sum)
    [ "$(cat .venv/stamp 2>/dev/null)" = "$stamp" ] && return
    say "installing JupyterLab and what goes with it into .venv"
    python3 -m venv --clear .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r scripts/requirements.txt
    echo "$stamp" >.venv/stamp
}

# Puts a file in its place, and says so where it was not there already.
place() {
    cmp -s "$1" "$2" && return
    say "writing $2"
    mkdir -p "$(dirname "$2")"
    install -m 644 "$1" "$2"
}

register_kernel() {
    local spec
    spec=$(mktemp)
    printf '{"argv": ["%s", "{connection_file}"], "display_name": "Rust", "language": "rust", "interrupt_mode": "message"}\n' \
        "$root/kernel/start" >"$spec"
    place "$spec" .venv/share/jupyter/kernels/rust/kernel.json
    # Only this kernel is offered, JupyterLab asks nobody for news, and a stored picture is not wider than the page.
    local config
    config=$(<kernel/jupyter_server_config.json)
    printf '%s\n' "${config//@ROOT@/$root}" >"$spec"
    place "$spec" .venv/etc/jupyter/jupyter_server_config.json
    rm "$spec"
    place kernel/lab_settings.json .venv/share/jupyter/lab/settings/overrides.json
}

# --- what notebooks link --------------------------------------------------------------------------------------------

# What all of it depends on: where this changes, nothing compiled before is of use.
warm_foundation() {
    { rustc --version --verbose && echo "$evcxr_version $root" && cat Cargo.lock kernel/cargo.toml; } | sha256sum
}

# Downloads what notebooks link, in the versions of the crate's own lock file: the kernel starts without a lock file, and would have
# cargo choose the newest ones. Offline, as it then runs, there are only these to choose from.
fetch_locked() {
    mkdir -p "$kernel_warm/src"
    cp Cargo.lock "$kernel_warm/Cargo.lock"
    : >"$kernel_warm/src/lib.rs"
    printf '[package]\nname = "ctx"\nversion = "1.0.0"\nedition = "2024"\n[dependencies]\n%s\n' \
        "vardrop = { path = \"$root\", default-features = false, features = [\"notebook\"] }" >"$kernel_warm/Cargo.toml"
    # Without a network, what is here has to do.
    cargo fetch --quiet --manifest-path "$kernel_warm/Cargo.toml" ||
        say "… not all of it could be downloaded: what is here has to do"
    # What the standard library's own sources depend on: without it the types of cells' variables are not found.
    local library host
    library=$(rustc --print sysroot)/lib/rustlib/src/rust/library/Cargo.toml
    host=$(rustc --version --verbose | sed -n 's/^host: //p')
    [ ! -e "$library" ] || RUSTC_BOOTSTRAP=1 cargo fetch --quiet --locked --target "$host" --manifest-path "$library" ||
        say "… not to be had here: a new variable of a standard type needs its type written out"
}

warm_notebooks() {
    local foundation
    foundation=$(warm_foundation)
    if [ "$(cat "$kernel_warm/stamp" 2>/dev/null)" = "$foundation" ] && (warm_is_fresh); then return; fi
    say "compiling the crate for notebooks"
    mkdir -p "$kernel_warm"
    # Kernels that start meanwhile wait for this lock. The stamp is as old as the compilation's beginning.
    exec 6>>"$kernel_warm/stamp"
    flock 6
    if [ "$(cat "$kernel_warm/foundation" 2>/dev/null)" != "$foundation" ]; then rm -rf "$kernel_warm/target"; fi
    echo "$foundation" >"$kernel_warm/foundation"
    : >"$kernel_warm/stamp"
    touch "$kernel_warm/begun"
    fetch_locked
    KERNEL_FOLDER=$kernel_warm JUPYTER_PREFER_ENV_PATH=1 CARGO_NET_OFFLINE=true .venv/bin/python scripts/warm_kernel.py kernel
    echo "$foundation" >"$kernel_warm/stamp"
    touch -r "$kernel_warm/begun" "$kernel_warm/stamp"
    exec 6>&-
}

# --- MNIST --------------------------------------------------------------------------------------------------------------

fetch_data() {
    local folder
    for folder in "${MNIST_DIR:-}" data/mnist "${XDG_CACHE_HOME:-$HOME/.cache}/vardrop/mnist"; do
        if [ -n "$folder" ] && compgen -G "$folder/train-images*" >/dev/null; then return; fi
    done
    say "downloading MNIST"
    cargo run --locked --quiet --release --bin vardrop -- data fetch >/dev/null ||
        say "MNIST could not be had (see above): notebooks draw digits of their own instead"
}

one_at_a_time() {
    mkdir -p .cache
    exec 5>.cache/setup.lock
    flock 5
}

[ $# -gt 0 ] || set -- packages rust kernel python warm
for step; do
    case $step in
    packages) install_packages ;;
    rust)
        check_rust
        add_rust_sources
        ;;
    kernel) kernel/build ;;
    python)
        one_at_a_time
        python_environment
        register_kernel
        ;;
    warm)
        one_at_a_time
        warm_notebooks
        ;;
    data) fetch_data ;;
    *) fail "no step is named '$step': there are packages, rust, kernel, python, warm, data" ;;
    esac
done
say "ready"
