#!/usr/bin/env bash
# Fuzzes every reader, each for FUZZ_SECONDS, from what vardrop writes and the corpus in fuzz/corpus; what it finds goes to .cache/fuzz.
# FUZZ_TARGETS="idx plan" chooses readers. An input that fails is kept in fuzz/artifacts: add it to fuzz/corpus once it is mended.
set -euo pipefail
cd "$(dirname "$0")/.."

needs() {
    echo "make fuzz needs $1: $2" >&2
    exit 1
}
cargo +nightly --version >/dev/null 2>&1 || needs "a nightly compiler" "rustup toolchain install nightly"
cargo fuzz --version >/dev/null 2>&1 || needs "cargo-fuzz" "cargo install cargo-fuzz --locked"
c++ --version >/dev/null 2>&1 || needs "a C++ compiler" "apt-get install g++"

for target in ${FUZZ_TARGETS:-idx folder model pruned plan records paper}; do
    found=.cache/fuzz/$target
    seeds=.cache/fuzz/seeds/$target
    mkdir -p "$found" "$seeds" "fuzz/corpus/$target"
    echo "fuzzing $target for ${FUZZ_SECONDS:-600} s"
    # Limits far above what an input of this length may cost: no count in a header is to be believed.
    FUZZ_SEEDS=$seeds cargo +nightly fuzz run --release --debug-assertions "$target" "$found" "fuzz/corpus/$target" "$seeds" -- \
        -max_total_time="${FUZZ_SECONDS:-600}" -max_len=65536 -timeout=20 -rss_limit_mb=2048 -malloc_limit_mb=600 \
        -print_final_stats=1
done
