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
#   crates     what notebooks link, downloaded in the versions of Cargo.lock
#   warm       the crate, compiled for notebooks
#   data       MNIST, where it is nowhere yet (only when named)
set -euo pipefail
cd "$(dirname "$0")/.."
. kernel/settings.sh
set_cargo_aside

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
    # Another installation is waited for.
    run+=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600)
    "${run[@]}" update
    "${run[@]}" install -y --no-install-recommends "${packages[@]}" >/dev/null
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
        say "… they could not be added: notebooks run, but write out the type of a new variable of a standard type"
    fi
}

# --- Python and the kernel's registration ---------------------------------------------------------------------------

python_environment() {
    local stamp
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail "python3 is too old: 3.10 or later is needed"
    # Its programs name the clone's folder, and an interpreter that may be gone.
    stamp=$(cat scripts/requirements.txt <(python3 --version && echo "$root") | sha256sum)
    if [ "$(cat .venv/stamp 2>/dev/null)" = "$stamp" ] && .venv/bin/python -c '' 2>/dev/null; then return; fi
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
    # Whatever XDG_CACHE_HOME or HOME is where JupyterLab is started, the kernel's program is where set-up has found it.
    printf '{"argv": ["%s", "{connection_file}"], "display_name": "Rust", "language": "rust", "interrupt_mode": "message",\n "env": {"VARDROP_CACHE": "%s"}}\n' \
        "$root/kernel/start" "$kernel_cache" >"$spec"
    place "$spec" .venv/share/jupyter/kernels/rust/kernel.json
    # Only this kernel is offered, JupyterLab asks nobody for news, and a stored picture is not wider than the page.
    local config
    config=$(<kernel/jupyter_server_config.json)
    printf '%s\n' "${config//@ROOT@/"$root"}" >"$spec"
    place "$spec" .venv/etc/jupyter/jupyter_server_config.json
    rm "$spec"
    place kernel/lab_settings.json .venv/share/jupyter/lab/settings/overrides.json
}

# --- what notebooks link --------------------------------------------------------------------------------------------

# What build scripts have looked at in the environment, as arguments of `env`: a kernel that is started from a shell with another
# CC or PKG_CONFIG_PATH would compile everything again.
record_environment() {
    local name value
    sed -n 's/^cargo:\{1,2\}rerun-if-env-changed=//p' "$kernel_warm"/target/{,*/}debug/build/*/output 2>/dev/null | sort -u |
        while read -r name; do
            if value=$(printenv "$name"); then printf '%s\0' "$name=$value"; else printf '%s\0' "-u$name"; fi
        done | LC_ALL=C sort -z >"$kernel_warm/environment"
}

# What all of it depends on: where this changes, nothing compiled before is of use.
warm_foundation() {
    { rustc --version --verbose && echo "$evcxr_version $root" && cat Cargo.lock kernel/cargo.toml; } | sha256sum
}

# Downloads what notebooks link, in the versions of the crate's own lock file.
download_crates() {
    local package=$kernel_work/package library stamp
    library=$(rustc --print sysroot)/lib/rustlib/src/rust/library
    stamp=$({ cat Cargo.toml Cargo.lock "$library/Cargo.lock" 2>/dev/null || true; } | sha256sum)
    [ "$(cat "$kernel_crates/.stamp" 2>/dev/null)" != "$stamp" ] || return 0
    say "downloading what notebooks link"
    configure_cargo
    mkdir -p "$package/src"
    : >"$package/src/lib.rs"
    cp Cargo.lock "$package/Cargo.lock"
    printf '[package]\nname = "ctx"\nversion = "1.0.0"\nedition = "2024"\n[dependencies]\n%s\n' \
        "vardrop = { path = \"$root\", default-features = false, features = [\"notebook\"] }" >"$package/Cargo.toml"
    download "$package/Cargo.toml" || fail "what notebooks link could not be downloaded (see above)"
    # What the standard library's own sources depend on: without it the types of cells' variables are not found.
    [ ! -e "$library" ] || VARDROP_USERS_RUSTC_BOOTSTRAP=1 download "$library/Cargo.toml" --locked ||
        say "… what the standard library needs could not be downloaded: write out the type of a new variable of a standard type"
    echo "$stamp" >"$kernel_crates/.stamp"
}

warm_notebooks() {
    local foundation
    foundation=$(warm_foundation)
    if [ "$(cat "$kernel_warm/stamp" 2>/dev/null)" = "$foundation" ] && (warm_is_fresh); then return; fi
    download_crates
    say "compiling the crate for notebooks"
    mkdir -p "$kernel_warm"
    # Kernels that start meanwhile wait for this lock. The stamp is as old as the compilation's beginning.
    exec 6>>"$kernel_warm/stamp"
    flock 6
    if [ "$(cat "$kernel_warm/foundation" 2>/dev/null)" != "$foundation" ]; then rm -rf "$kernel_warm/target"; fi
    echo "$foundation" >"$kernel_warm/foundation"
    : >"$kernel_warm/stamp"
    touch "$kernel_warm/begun"
    KERNEL_FOLDER=$kernel_warm JUPYTER_PREFER_ENV_PATH=1 .venv/bin/python scripts/warm_kernel.py kernel
    record_environment
    echo "$foundation" >"$kernel_warm/stamp"
    touch -r "$kernel_warm/begun" "$kernel_warm/stamp"
    exec 6>&-
}

# --- MNIST --------------------------------------------------------------------------------------------------------------

fetch_data() {
    local folder
    for folder in "${MNIST_DIR:-}" data/mnist "$users_cache/mnist"; do
        if [ -n "$folder" ] && compgen -G "$folder/train-images*" >/dev/null; then return; fi
    done
    say "downloading MNIST"
    # Without the command line and OpenBLAS and not optimised, less is to be compiled than for `vardrop data fetch`.
    (users_environment && CARGO_PROFILE_DEV_OPT_LEVEL=0 cargo run --locked --quiet --no-default-features --features fetch \
        --example download_mnist >/dev/null) ||
        say "MNIST could not be downloaded (see above): notebooks draw digits instead"
}

one_at_a_time() {
    mkdir -p .cache 2>/dev/null && [ -w .cache ] || fail "$root cannot be written by user $(id -un): use a clone of your own"
    exec 5>.cache/setup.lock
    flock --nonblock 5 || {
        say "waiting for another set-up of this clone"
        flock 5
    }
}

# What Python's environments, cargo and the kernel's files cannot have in a path.
case $root in
*[\"\\:[:space:]]*) fail "the clone's path has a space, quotation mark, backslash, colon or line break: $root. Move it to another" ;;
esac

[ $# -gt 0 ] || set -- packages rust kernel python crates warm
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
    crates)
        one_at_a_time
        download_crates
        ;;
    warm)
        one_at_a_time
        warm_notebooks
        ;;
    data) fetch_data ;;
    *) fail "no step is named '$step': there are packages, rust, kernel, python, crates, warm, data" ;;
    esac
done
say "ready"
