#!/usr/bin/env bash
# Changes the crate in one place at a time, and asks whether a test fails: scripts/mutants.sh [MODULE…]
#
# A module is a file or a folder (src/noise, src/optimizer); without one, those that compute are taken in turn. A changed crate
# first meets the unit tests, which are quick; what survives them meets those of whole networks as well. What was caught is noted
# in target/mutants, so that a run that was broken off goes on; remove that folder to begin anew, after a change to the tests for
# one. Ends with an error where a change survives that .cargo/mutants.toml does not list.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! cargo mutants --version >/dev/null 2>&1; then
    echo "mutants: there is no cargo-mutants here: cargo install cargo-mutants --locked" >&2
    exit 1
fi
[ $# -gt 0 ] || set -- src/noise src/layers src/optimizer src/training src/variance src/workers.rs src/engine
! command -v mold >/dev/null || export RUSTFLAGS="${RUSTFLAGS:-} -C link-arg=-fuse-ld=mold"
export CARGO_TARGET_DIR=$PWD/target/mutants/build

# meet MODULE TEST…: these targets' tests.
meet() {
    local module=$1 place=target/mutants/${1//\//-}
    shift
    mkdir -p "$place"
    [ -f "$module" ] || module="$module/**"
    cargo mutants --iterate --no-shuffle --file "$module" --output "$place" -- "$@" || [[ $? == [23] ]]
}

survived=0
for module; do
    missed=target/mutants/${module//\//-}/mutants.out/missed.txt
    meet "$module" --lib
    [ ! -s "$missed" ] || meet "$module" --lib --test networks
    [ ! -s "$missed" ] || survived=1
done
[ "$survived" = 0 ] || cat target/mutants/*/mutants.out/missed.txt
exit "$survived"
