#!/usr/bin/env bash
# Makes the records of Table 1: of the moving average of the parameters (results/table1), and of what the last step left
# (results/table1-last-step). About an hour on two cores. What is there already is not made again, so that it may be
# interrupted. protocol.md says why it is run so.
#
# usage: experiments/table1.sh [FOLDER OF THE TRAINED NETWORKS]
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --locked --release --bin vardrop
work=${1:-.cache/table1}

settings=(--train-batch-size 1000 --learning-rate 0.0002 --alpha-step 1 --save "$work")
target/release/vardrop variance "${settings[@]}" --averaged --record results/table1/records.jsonl
target/release/vardrop variance "${settings[@]}" --record results/table1-last-step/records.jsonl
