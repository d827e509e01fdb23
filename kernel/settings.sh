# Read by scripts/setup.sh and kernel/start: where the kernel is, and where it compiles.

evcxr_version=0.22.0

# The kernel's program is built once for a user, whatever the number of clones.
kernel_home=${VARDROP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vardrop}/evcxr_jupyter-$evcxr_version
kernel_program=$kernel_home/bin/evcxr_jupyter

# What notebooks compile belongs to the clone: `warm` holds the crate and its dependencies, compiled once by set-up,
# and each running kernel has a folder of its own in `sessions` that starts as a copy of it.
kernel_root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$kernel_root")
kernel_work=${VARDROP_KERNEL_WORK:-$root/.cache/kernel}
kernel_warm=$kernel_work/warm

# Settings of the shell that would change what cargo builds, so that nothing warm is found.
unset RUSTFLAGS CARGO_BUILD_RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_INCREMENTAL CARGO_BUILD_TARGET
