#!/usr/bin/env bash
# Makes the records of Table 1 (results/table1): about two hours on two cores. What is there already is not made again, so
# that it may be interrupted. protocol.md says why it is run so.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --locked --release --bin vardrop
work=${1:-.cache/table1}

settings=(--train-batch-size 1000 --learning-rate 0.0002 --alpha-step 1)
target/release/vardrop variance "${settings[@]}" --save "$work" --record results/table1/records.jsonl
