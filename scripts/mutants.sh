#!/usr/bin/env bash
# Changes the crate in one place at a time, and asks whether a test fails: scripts/mutants.sh [MODULE…]
#
# A module is a file or a folder (src/noise, src/optimizer.rs); without one, those that compute are taken in turn. A changed crate
# first meets the module's own tests, which are quick; what survives them meets all that are named here. What was caught is noted
# in target/mutants, so that a run that was broken off goes on; remove that folder to begin anew, after a change to the tests for
# one. Ends with an error where a change survives that .cargo/mutants.toml does not list.
set -euo pipefail
cd "$(dirname "$0")/.."
all=(background checkpoint golden golden_noise gradients noise sparse training training_loop uncertainty variance)

# The integration tests that are a module's own.
tests_of() {
    case $1 in
    src/noise*) echo golden_noise ;;
    src/layers*) echo gradients ;;
    src/optimizer*) echo training training_loop ;;
    src/training*) echo background checkpoint training training_loop ;;
    src/variance*) echo variance ;;
    src/engine*) echo golden gradients ;;
    *) echo "${all[@]}" ;;
    esac
}

if ! cargo mutants --version >/dev/null 2>&1; then
    echo "mutants: there is no cargo-mutants here: cargo install cargo-mutants --locked" >&2
    exit 1
fi
[ $# -gt 0 ] || set -- src/noise src/layers src/optimizer.rs src/training src/variance src/engine
! command -v mold >/dev/null || export RUSTFLAGS="${RUSTFLAGS:-} -C link-arg=-fuse-ld=mold"
export CARGO_TARGET_DIR=$PWD/target/mutants/build

# meet MODULE TEST…: the unit tests and these integration tests.
meet() {
    local module=$1 place=target/mutants/${1//\//-} tests=(--lib)
    shift
    for test; do tests+=(--test "$test"); done
    mkdir -p "$place"
    [ -f "$module" ] || module="$module/**"
    cargo mutants --iterate --no-shuffle --file "$module" --output "$place" -- "${tests[@]}" || [[ $? == [23] ]]
}

survived=0
for module; do
    missed=target/mutants/${module//\//-}/mutants.out/missed.txt
    read -ra own <<<"$(tests_of "$module")"
    meet "$module" "${own[@]}"
    [ ! -s "$missed" ] || meet "$module" "${all[@]}"
    [ ! -s "$missed" ] || survived=1
done
[ "$survived" = 0 ] || cat target/mutants/*/mutants.out/missed.txt
exit "$survived"
