#!/usr/bin/env bash
# Makes the records of Table 1 (results/table1, and results/table1-* for what else was tried): about three hours on two
# cores. What is there already is not made again, so that it may be interrupted. diary.md says why it is run so.
#
# usage: experiments/table1.sh [FOLDER OF THE TRAINED NETWORKS]
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --locked --release --bin vardrop
work=${1:-.cache/table1}

# measure FOLDER STEP_SIZE [--averaged]
measure() {
    target/release/vardrop variance --protocol table1 --learning-rate "$2" --save "$work-$2" \
        --record "results/$1/records.jsonl" "${@:3}"
}
measure table1-on-the-way 0.0002 --epochs 10,20,30 --estimators local,single,none
measure table1-average-2e-4 0.0002 --averaged
measure table1-last-step-2e-4 0.0002
# After 100 epochs few examples still have a gradient: three passes narrow the intervals.
measure table1 0.0001 --epochs 10
measure table1 0.0001 --epochs 100 --passes 3

# Networks of other seeds, and flipout of the first.
network() {
    target/release/vardrop variance --protocol table1 --learning-rate 0.0001 --save "$work-seed-$1" --seed "$1" \
        --record results/table1/records.jsonl "${@:2}"
}
every=local,separate,single,none,flipout
for seed in 2 3; do
    network $seed --epochs 10 --estimators $every
    network $seed --epochs 100 --estimators $every --passes 3
done
for seed in 4 5; do
    network $seed --epochs 10 --estimators $every
done
network 1 --epochs 10 --estimators flipout
network 1 --epochs 100 --estimators flipout --passes 3
