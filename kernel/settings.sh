# Read by start and by scripts/setup.sh: where notebooks compile.

kernel_root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$kernel_root/program.sh"

# What notebooks compile belongs to the clone: `warm` holds the crate and its dependencies, compiled once by set-up,
# and each running kernel has a folder of its own in `sessions` that starts as a copy of it.
root=$(dirname "$kernel_root")
kernel_work=${VARDROP_KERNEL_WORK:-$root/.cache/kernel}
kernel_warm=$kernel_work/warm

# Settings of the shell that would change what cargo builds, so that nothing warm is found.
unset RUSTFLAGS CARGO_BUILD_RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_INCREMENTAL CARGO_BUILD_TARGET

# Whether what set-up compiled for notebooks is what cargo would compile now: no file of the crate is newer, neither those
# that are always there nor those that it includes.
warm_is_fresh() {
    local included
    [ -s "$kernel_warm/stamp" ] || return 1
    mapfile -t included < <(sed -n 's/\\ / /g; s/^\(\/.*\):$/\1/p' "$kernel_warm"/target/*/debug/deps/vardrop-*.d)
    cd "$root"
    [ -z "$(find Cargo.toml Cargo.lock build.rs src "${included[@]}" -newer "$kernel_warm/stamp" -print -quit 2>/dev/null)" ]
}
