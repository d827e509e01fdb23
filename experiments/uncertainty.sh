#!/usr/bin/env bash
# The records of results/uncertainty: three methods, three seeds, how well calibrated each is and how unsure, with its noise and
# without.
#
# usage: experiments/uncertainty.sh [MODELS], with vardrop on the PATH. Trainings are kept in the folder MODELS (models); one that
# has its model is not trained again.
set -euo pipefail
cd "$(dirname "$0")/.."
models=${1:-models}
out=results/uncertainty
mkdir -p "$models" "$out"
for seed in 1 2 3; do
    for method in none binary variational-b; do
        model=$models/$method-$seed.safetensors
        [ -e "$model" ] ||
            vardrop train --protocol first --method $method --hidden 100,100,100 --epochs 40 --seed $seed --threads 1 --export "$model.part" &&
            { [ ! -e "$model.part" ] || mv "$model.part" "$model"; }
        vardrop evaluate "$model" --threads 1 --record "$out/evaluations.jsonl"
        [ $method = none ] || vardrop evaluate "$model" --samples 100 --threads 1 --record "$out/evaluations.jsonl"
    done
done
