#!/usr/bin/env bash
# The record of Investigating Adaptive Properties: one network of the protocol of Figure 1, whose weights are kept. α over the width is
# in the records of Figure 1.
#
# usage: experiments/adaptive.sh, with vardrop on the PATH. What has its record is not run again.
set -euo pipefail
cd "$(dirname "$0")/.."
out=results/adaptive
mkdir -p "$out"
[ -e "$out/network.jsonl" ] ||
    vardrop train --method variational-a --hidden 100,100,100 --seed 1 --threads 1 \
        --export "$out/variational-a-100.safetensors" --record "$out/network.jsonl"
