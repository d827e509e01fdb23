# Read by settings.sh and build: which kernel, where its program is, and which of the user's settings of cargo count.

evcxr_version=0.22.0
# A shell without HOME finds the user's folder through `~`. A relative XDG_CACHE_HOME does not count, as its specification
# says: it would be another folder for each caller.
case ${XDG_CACHE_HOME:-} in
/*) users_cache=$XDG_CACHE_HOME/vardrop ;;
*) users_cache=${HOME:-$(cd ~ && pwd)}/.cache/vardrop ;;
esac
# Built once for a user, whatever the number of clones.
kernel_cache=${VARDROP_CACHE:-$users_cache}
kernel_home=$kernel_cache/evcxr_jupyter-$evcxr_version
kernel_program=$kernel_home/bin/evcxr_jupyter

# What cargo's configuration and environment say is of two kinds. How crates are downloaded is the user's affair: CARGO_HOME,
# mirrors, proxies, certificates, tokens, being offline. Downloads are made with all of that (users_environment). How crates are compiled
# is the project's: with another target folder, linker, wrapper, profile or other flags, cells would fail or find nothing compiled.
# So these are dropped here, and configuration files are shut out by each caller.
set_cargo_aside() {
    local name
    for name in $(compgen -e | grep -E '^(CARGO|RUSTC|RUSTDOC|RUSTFLAGS)'); do
        case $name in
        CARGO_HOME | CARGO_HTTP_* | CARGO_NET_* | CARGO_REGISTR* | CARGO_SOURCE_* | CARGO_CREDENTIAL*)
            export "VARDROP_USERS_$name=${!name}"
            ;;
        esac
        unset "$name"
    done
}

# The path of cargo or rustc: of the toolchain that rustup chooses in this folder, or of the system's.
tool() { rustup which "$1" 2>/dev/null || command -v "$1"; }

# Sets what was set aside, in a shell that downloads. Of what a configuration file says, compilers, wrappers and flags are replaced.
users_environment() {
    local name
    for name in $(compgen -e | grep -E '^(CARGO|RUSTC|RUSTDOC|RUSTFLAGS)'); do unset "$name"; done
    for name in $(compgen -e | grep '^VARDROP_USERS_'); do export "${name#VARDROP_USERS_}=${!name}"; done
    RUSTC=$(tool rustc)
    export RUSTC RUSTFLAGS='' RUSTC_WRAPPER='' RUSTC_WORKSPACE_WRAPPER=''
}
