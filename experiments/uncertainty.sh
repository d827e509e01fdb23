#!/usr/bin/env bash
# The records of results/uncertainty, by the rule in diary.md (Uncertainty by the protocol of Figure 1): how well calibrated networks
# are, with drawn noise and without, and how their uncertainty tells images of no class and turned digits from the test's digits.
#
# usage: experiments/uncertainty.sh train|evaluate [MODELS], with vardrop on the PATH. Trainings are kept in the folder MODELS
# (models). What has its model, or its record, is not made again; a network that is not trained yet is not evaluated. Fashion-MNIST: Debian's package dataset-fashion-mnist.
set -euo pipefail
cd "$(dirname "$0")/.."
models=${2:-models}
out=results/uncertainty
mkdir -p "$models" "$out"
export FASHION_MNIST_DIR=${FASHION_MNIST_DIR:-/usr/share/datasets/fashion-mnist}

# Width, method and seeds, in the order in which they are run: one network of each method first.
networks='100 none 1
100 variational-b 1
100 variational-a 1
100 binary 1
100 variational-a2 1
100 none 2 3 4 5
100 variational-b 2 3
100 variational-a 2 3
100 binary 2 3
100 variational-a2 2 3
250 none 1 2 3
250 variational-b 1 2 3
250 binary 1 2 3
500 none 1 2 3
500 variational-b 1 2 3
500 binary 1 2 3'

train() { # WIDTH METHOD SEED
    local model=$models/$2-$1-$3.safetensors
    [ -e "$model" ] && return
    vardrop train --method "$2" --hidden "$1,$1,$1" --seed "$3" --threads 1 --export "$model.part"
    mv "$model.part" "$model"
}

evaluate() { # NAME MODEL... : without noise, and with 100 drawn networks where there is noise
    local name=$1
    [ -e "$models/$name.evaluated" ] && return
    local shifts=(--unknown fashion-mnist)
    [[ $name != *-100-* ]] || shifts+=(--unknown letters --unknown noise --turned 1000)
    vardrop evaluate "${@:2}" --threads 1 "${shifts[@]}" --record "$out/evaluations.jsonl"
    [[ $name = none-* ]] ||
        vardrop evaluate "${@:2}" --samples 100 --threads 1 "${shifts[@]}" --record "$out/evaluations.jsonl"
    touch "$models/$name.evaluated"
}

while read -r width method seeds; do
    for seed in $seeds; do
        case $1 in
            train) train "$width" "$method" "$seed" ;;
            evaluate)
                model=$models/$method-$width-$seed.safetensors
                [ ! -e "$model" ] || evaluate "$method-$width-$seed" "$model"
                ;;
            *) echo "usage: experiments/uncertainty.sh train|evaluate [MODELS]" >&2 && exit 1 ;;
        esac
    done
done <<<"$networks"
[ "$1" = train ] || [ ! -e "$models/none-100-5.safetensors" ] ||
    evaluate none-100-ensemble "$models"/none-100-{1,2,3,4,5}.safetensors
