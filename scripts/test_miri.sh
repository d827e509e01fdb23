#!/bin/sh
# Interprets the unit tests of the engine, the noise and the optimizer by Miri, which sees undefined behaviour: in a build without
# BLAS, with the portable loops and, of the kernels, with those for AVX2 and AVX-512 (of the latter but for the making of lists,
# whose instructions Miri does not know). A processor with AVX-512 has AVX2 and FMA, so that one pass has both.
set -eu

if ! cargo +nightly miri --version >/dev/null 2>&1; then
    echo "Miri is missing: installing it, by: rustup toolchain install nightly --profile minimal --component miri,rust-src"
    rustup toolchain install nightly --profile minimal --component miri,rust-src
fi

# A panic that a test expects would be traced back for minutes.
export RUST_BACKTRACE=0
# The addresses that other arrays may share a huge page with, the clock and the environment are the machine's.
interpret() {
    title=$1
    shift
    echo "Miri: $title"
    cargo +nightly miri test --quiet --locked --no-default-features --lib -- "$@"
}

export MIRIFLAGS="-Zmiri-disable-isolation"
interpret "portable loops, Stacked Borrows" engine:: workers::
export MIRIFLAGS="-Zmiri-disable-isolation -Zmiri-tree-borrows"
interpret "portable loops, Tree Borrows" engine:: workers::
export MIRIFLAGS="-Zmiri-disable-isolation" RUSTFLAGS="-C target-feature=+avx512f"
interpret "AVX-512 and AVX2 loops, Stacked Borrows" engine::product
