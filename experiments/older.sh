#!/usr/bin/env bash
# The records of results/older, by the rule in older.md: the older replication's Table 1 with its faults, and with one of them put
# right at a time. Each training takes 30 to 40 minutes on a core. What is there already is not made again.
#
# usage: experiments/older.sh [FOLDER OF THE TRAINED NETWORKS], with vardrop on the PATH
set -euo pipefail
cd "$(dirname "$0")/.."
work=${1:-.cache/older}
mkdir -p results/older

# older NAME [SETTING=VALUE]...: a training, and its variances. As its notebook and its layers say, α = sigmoid(logit(√(p / (1 − p))))
# starts at √(0.2 / 0.8) = 0.5 in the lowest layer and at √(0.4999 / 0.5001) = 0.9998 above, which are our rates 1/3 and 0.49995.
older() {
    local name=$1 network=$1 size=200 measured=200 step=0.001 bound=sigmoid input=0.33333333 hidden=0.49995 averaged=
    local estimators=local,single,none
    [ $# = 1 ] || local "${@:2}"
    vardrop variance --protocol table1 --epochs 10,100 --train-batch-size "$size" --batch-size "$measured" --learning-rate "$step" \
        --alpha-bound "$bound" --input-rate "$input" --hidden-rate "$hidden" --estimators "$estimators" --seed 1 --threads 1 \
        --save "$work-$network" --record "results/older/$name.jsonl" $averaged
}

case ${VARIANT:-all} in
    as-it-was | all) older as-it-was ;;&
    step-size | all) older step-size step=0.0001 ;;&
    minibatch | all) older minibatch size=1000 ;;&
    bound | all) older bound bound=projection ;;&
    average | all) older average network=as-it-was averaged=--averaged ;;&
    measured | all) older measured network=as-it-was measured=1000 ;;&
    separate | all) older as-it-was estimators=separate ;;&
    start | all) older start input=0.2 hidden=0.4999 ;;
esac
