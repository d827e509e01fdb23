# Read by start, bin/cargo and scripts/setup.sh: where notebooks compile, and from what.

kernel_root=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
. "$kernel_root/program.sh"

# What notebooks compile belongs to the clone:
#
#   crates     what they link, unpacked: the versions of Cargo.lock, and what cells have asked for besides
#   cargo      cargo's home where they compile. Its configuration is ../kernel/cargo.toml, which knows no crates but those
#   warm       the crate and its dependencies, compiled once by set-up
#   sessions   a folder for each running kernel, which starts as a copy of `warm`
root=${kernel_root%/*}
kernel_work=${VARDROP_KERNEL_WORK:-$root/.cache/kernel}
kernel_crates=$kernel_work/crates
kernel_cargo=$kernel_work/cargo
kernel_warm=$kernel_work/warm

# Whether what set-up compiled for notebooks is what cargo would compile now: no file of the crate is newer, neither those
# that are always there nor those that it includes.
warm_is_fresh() {
    local included
    [ -s "$kernel_warm/stamp" ] || return 1
    mapfile -t included < <(sed -n 's/\\ / /g; s/^\(\/.*\):$/\1/p' "$kernel_warm"/target/*/debug/deps/vardrop-*.d)
    cd "$root"
    [ -z "$(find Cargo.toml Cargo.lock build.rs src "${included[@]}" -newer "$kernel_warm/stamp" -print -quit 2>/dev/null)" ]
}

# Writes the kernel's configuration of cargo, unless it is there.
configure_cargo() {
    mkdir -p "$kernel_crates" "$kernel_cargo"
    cmp -s "$kernel_root/cargo.toml" "$kernel_cargo/config.toml" || install -m 644 "$kernel_root/cargo.toml" "$kernel_cargo/config.toml"
}

# Downloads what a manifest needs and `crates` lacks, with the user's settings: download MANIFEST [VENDOR ARGUMENTS…]
# What Cargo.lock beside the manifest names is taken in that version. Crates appear in `crates` at once, since other kernels read there.
download() {
    local new crate
    # What a killed download left.
    find "$kernel_work" -maxdepth 1 -name 'download.*' -mmin +60 -exec rm -rf {} +
    new=$(mktemp -d "$kernel_work/download.XXXXXX") || return
    # Linked here, they are not unpacked again.
    find "$kernel_crates" -mindepth 1 -maxdepth 1 ! -name '.*' -exec ln -s -t "$new" {} +
    if (users_environment && cd "$root" && cargo vendor --quiet --versioned-dirs --no-delete --respect-source-config \
        --manifest-path "$1" "${@:2}" "$new" >/dev/null); then
        for crate in "$new"/*/; do
            crate=${crate%/}
            # A crate of a git repository has no checksum; cargo takes it from there.
            if [ ! -L "$crate" ] && ! grep -q '"package":null' "$crate/.cargo-checksum.json"; then
                mv --no-target-directory "$crate" "$kernel_crates/${crate##*/}" 2>/dev/null || [ -d "$kernel_crates/${crate##*/}" ]
            fi
        done
        rm -rf "$new"
    else
        rm -rf "$new"
        return 1
    fi
}
