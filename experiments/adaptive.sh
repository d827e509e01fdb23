#!/usr/bin/env bash
# The records of Investigating Adaptive Properties: one network whose weights are kept, and α over the width.
#
# usage: experiments/adaptive.sh, with vardrop on the PATH. What has its record is not run again.
set -euo pipefail
cd "$(dirname "$0")/.."
out=results/adaptive
mkdir -p "$out"
if [ ! -e "$out/network.jsonl" ]; then
    vardrop train --protocol first --method variational-a --hidden 100,100,100 --epochs 100 --seed 1 --threads 1 \
        --export "$out/variational-a-100.safetensors" --record "$out/network.jsonl"
fi
vardrop sweep experiments/adaptive.toml --out "$out/width" --jobs 1
