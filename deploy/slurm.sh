#!/usr/bin/env bash
# One network of a plan for each task of a Slurm array; how it is used, step by step, is in deploy/README.md:
#
#     sbatch --array=0-N deploy/slurm.sh PLAN.toml OUT
#
# OUT is a folder that every node sees. Submitting it again is always safe: what has its record is not trained again, and what
# was under way goes on from its checkpoint, to the numbers that it would have given without the interruption.
#
#     VARDROP="apptainer exec vardrop.sif vardrop"      how a node calls it, where `vardrop` alone does not do
#     MNIST_DIR=/shared/mnist                           where a node finds MNIST
#
# Options of sbatch go before the script's name and overrule those below: --time=2:00:00, --partition=…, --array=0-125%20.
#SBATCH --job-name=vardrop
#SBATCH --output=vardrop-%A_%a.log
#SBATCH --open-mode=append
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --mem=1G
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --signal=B:USR1@120
set -uo pipefail

usage="submit it as an array: sbatch --array=0-N deploy/slurm.sh PLAN.toml OUT"
plan=${1:?$usage} out=${2:?$usage} index=${SLURM_ARRAY_TASK_ID:?$usage}
read -ra vardrop <<<"${VARDROP:-vardrop}"

"${vardrop[@]}" sweep "$plan" --out "$out" --task "$index" &
task=$!

# USR1 comes to this script alone, two minutes before the time limit (see --signal above): the task writes a checkpoint and
# goes on in a new job. TERM comes to every process of the job when it is cancelled, preempted or requeued: the task has it
# already, and a second one would not wait for its checkpoint.
signalled=false time_is_up=false
trap 'signalled=true time_is_up=true; kill -TERM "$task"' USR1
trap 'signalled=true' TERM

status=127
while true; do
    signalled=false
    wait "$task"
    code=$?
    # 127: it had ended already, and how is known.
    [ "$code" = 127 ] || status=$code
    # A signal ends `wait`, not the task.
    "$signalled" || break
done

if "$time_is_up" && [ "$status" -gt 128 ]; then
    echo "task $index is queued again"
    # Not $SLURM_JOB_ID: the last task of an array has the array's own number, and all of its tasks would be queued again.
    exec scontrol requeue "${SLURM_ARRAY_JOB_ID}_$index"
fi
exit "$status"
