#!/usr/bin/env bash
# The sparse LeNet-300-100 of results/sparse, by the protocol of diary.md: a training on 50,000 images, on whose validation
# examples thresholds are compared, and three on all 60,000.
#
# usage: experiments/sparse.sh [MODELS [THRESHOLD]], with vardrop on the PATH. Trainings are kept in the folder MODELS (models)
# and go on where they were. Without a threshold the three are not pruned.
set -euo pipefail
cd "$(dirname "$0")/.."
models=${1:-models} threshold=${2:-}
out=results/sparse
mkdir -p "$models" "$out"

train() { # NAME, then the rest of the command
    local model=$models/$1.safetensors
    [ -e "$model.done" ] && return
    if [ -e "$model" ]; then
        vardrop train --resume "$model" --save "$model" --record "$out/training.jsonl"
    else
        vardrop train --method sparse --hidden 300,100 --threads 1 "${@:2}" --save "$model" --record "$out/training.jsonl"
    fi
    touch "$model.done"
}

train sparse-valid --seed 1 --held-out 10000
if [ ! -e "$out/threshold.jsonl" ]; then
    for at in 3 2.5 2 1.5 1 0.5 0; do
        vardrop prune "$models/sparse-valid.safetensors" --threshold $at --threads 1 --record "$out/threshold.jsonl"
    done
fi
for seed in 1 2 3; do
    train "sparse-$seed" --seed $seed --held-out 0
    [ -z "$threshold" ] && continue
    for at in 3 "$threshold"; do
        vardrop prune "$models/sparse-$seed.safetensors" --threshold "$at" --threads 1 --record "$out/lenet-300-100.jsonl"
    done
done
