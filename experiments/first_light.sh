#!/usr/bin/env bash
# The runs of results/first_light.jsonl: seven methods, two widths, by the protocol of diary.md.
#
# usage: experiments/first_light.sh [SEEDS] [JOBS], with vardrop on the PATH. A run that has its record is not run again.
set -euo pipefail
cd "$(dirname "$0")/.."
seeds=${1:-2} jobs=${2:-2}
records=results/first_light.jsonl
mkdir -p results
touch "$records"

for seed in $(seq "$seeds"); do
    for width in 100 250; do
        for method in none binary gaussian-a variational-a variational-a2 gaussian-b variational-b; do
            grep -q "\"method\":\"$method\",\"hidden\":\[$width,$width,$width\],\"seed\":$seed," "$records" ||
                echo "train --protocol first --method $method --hidden $width,$width,$width --seed $seed --epochs 60 --threads 1 --record $records"
        done
    done
done | xargs -r -P "$jobs" -L 1 vardrop
