#!/usr/bin/env bash
# Time and memory of a training step over the width, the minibatch and the threads, for docs/performance.md: some ten minutes on
# two cores, with nothing else running.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p results/performance
for threads in 1 2; do
    rows=""
    for method in none variational-a variational-b; do
        for width in 100 250 500 1024 2048 4096; do rows+="$method:$width:100,"; done
        for batch in 1 10 1000 10000; do rows+="$method:1024:$batch,"; done
    done
    cargo bench --locked --bench peers -- --rows "${rows%,}" --rounds 3 --turn 0.15 --threads "$threads" \
        --out results/performance/scaling.jsonl
done
