#!/usr/bin/env bash
# Runs deploy/slurm.sh on a real Slurm: a cluster of this one machine, on loopback, in a temporary folder, gone afterwards.
#
# An array trains a small plan while tasks are stopped in the three ways that a cluster has: one as at its time limit, one
# requeued as after a preemption or a node's failure, one cancelled and submitted again. All go on from their checkpoints, and the
# records are those of an undisturbed `vardrop sweep`, bit for bit. Exits with 0 where all of that holds, else with 1.
#
# Needs Slurm and munge (Debian: apt-get install slurm-wlm munge), and ./target/release/vardrop or another in $VARDROP.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    printf 'test_slurm: %s\n' "$@" >&2
    exit 1
}

for program in munged slurmctld slurmd sbatch sinfo squeue scancel scontrol; do
    PATH=$PATH:/usr/sbin command -v "$program" >/dev/null ||
        fail "there is no $program here. On Debian, as root: apt-get install --no-install-recommends slurm-wlm munge"
done
export PATH=$PATH:/usr/sbin
VARDROP=$(realpath "${VARDROP:-${CARGO_TARGET_DIR:-target}/release/vardrop}")
[ -x "$VARDROP" ] || fail "there is no $VARDROP: cargo build --release --locked"
export VARDROP

# --- the cluster --------------------------------------------------------------------------------------------------------

root=$(mktemp -d)
chmod 755 "$root"
array=$PWD/deploy/slurm.sh
export SLURM_CONF=$root/slurm.conf

# The daemons write their process numbers down; nothing else is touched.
stop_cluster() {
    local status=$? daemon
    if [ "$status" != 0 ]; then
        for log in "$root"/work/*.log "$root"/slurm*.log "$root"/munged.log; do
            [ -e "$log" ] && printf -- '--- %s\n' "$log" && tail -n 25 "$log"
        done >&2
    fi
    if [ -e "$root/slurmctld.pid" ]; then
        scancel --user="$(id -un)" 2>/dev/null || true
        for _ in $(seq 50); do
            [ -n "$(squeue --noheader 2>/dev/null)" ] || break
            sleep 0.2
        done
    fi
    for daemon in slurmd slurmctld munged; do
        [ -e "$root/$daemon.pid" ] && kill "$(cat "$root/$daemon.pid")" 2>/dev/null
        for _ in $(seq 50); do
            [ -e "$root/$daemon.pid" ] || break
            sleep 0.1
        done
    done
    rm -rf "$root"
    exit "$status"
}
trap stop_cluster EXIT

start_cluster() {
    local host ports user cgroup
    host=$(hostname -s) user=$(id -un)
    mapfile -t ports < <(python3 -c '
import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(s.getsockname()[1] for s in sockets), sep="\n")')
    mkdir "$root/state" "$root/spool" "$root/work"
    (umask 077 && head -c 1024 /dev/urandom >"$root/munge.key")
    munged --force --socket="$root/munge.socket" --key-file="$root/munge.key" --seed-file="$root/munge.seed" \
        --log-file="$root/munged.log" --pid-file="$root/munged.pid" 2>/dev/null
    cat >"$SLURM_CONF" <<END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=${ports[0]}
SlurmdPort=${ports[1]}
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$root/munge.socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
# A task a core, as on a cluster whose machines are shared.
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=1
SlurmdParameters=config_overrides
ReturnToService=2
StateSaveLocation=$root/state
SlurmdSpoolDir=$root/spool
SlurmctldPidFile=$root/slurmctld.pid
SlurmdPidFile=$root/slurmd.pid
SlurmctldLogFile=$root/slurmctld.log
SlurmdLogFile=$root/slurmd.log
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 RealMemory=4000
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
    slurmctld -f "$SLURM_CONF"
    # Which control groups there are depends on the machine, and whether they can be left out on Slurm's version.
    for cgroup in disabled cgroup/v2 cgroup/v1; do
        echo "CgroupPlugin=$cgroup" >"$root/cgroup.conf"
        slurmd -f "$SLURM_CONF" 2>/dev/null || true
        for _ in $(seq 30); do
            [ "$(sinfo --noheader --format=%T 2>/dev/null)" = idle ] && return
            [ -e "$root/slurmd.pid" ] || break
            sleep 0.2
        done
        [ -e "$root/slurmd.pid" ] && kill "$(cat "$root/slurmd.pid")" 2>/dev/null && sleep 1
    done
    fail "the cluster does not start"
}

# --- what the test does -------------------------------------------------------------------------------------------------

say() { printf 'test_slurm: %s\n' "$*"; }

# Waits until a command succeeds: until SECONDS DESCRIPTION COMMAND…
until_true() {
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || fail "waited in vain until $what"
        sleep 0.1
    done
}

# The first three networks of the plan below, as their files are named.
networks=(none-3x8-1 variational-b-3x8-1 none-3x12-1)
locked() { [ -e "array/networks/${networks[$1]}.lock" ]; }
begun() { locked "$1" && sleep 0.7; }
checkpoint() { [ -e "array/networks/${networks[$1]}.safetensors" ]; }
state() { scontrol --oneliner show job "$1" | grep -o 'JobState=[A-Z]*' | cut -d= -f2; }
is_state() { [ "$(state "$1")" = "$2" ]; }
none_queued() { [ -z "$(squeue --noheader)" ]; }
submit() { sbatch --parsable --array="0-$((count - 1))" "$array" plan.toml array; }

# Slurm lets a requeued task wait for two minutes.
start_now() { scontrol update "jobid=$1" StartTime=now; }

say "a plan without Slurm"
start_cluster
cd "$root/work"
cat >plan.toml <<END
data = "synthetic"
[protocol]
epochs = 25
[[grid]]
methods = ["none", "variational-b"]
widths = [8, 12, 16]
seeds = [1]
END
count=$("$VARDROP" sweep plan.toml --count)
"$VARDROP" sweep plan.toml --out plain --jobs 2 2>/dev/null

say "the same as an array of $count tasks on Slurm $(slurmctld -V | cut -d' ' -f2)"
job=$(submit)
until_true 60 "task 0 runs" begun 0
# It tells the task once, then asks in vain about a job that is queued again meanwhile.
timeout 3 scancel --batch --signal=USR1 "${job}_0" 2>/dev/null &
until_true 60 "task 0 is queued again" is_state "${job}_0" PENDING
checkpoint 0 || fail "task 0 was stopped as at its time limit and left no checkpoint"
say "task 0 was stopped as at its time limit, left a checkpoint and is queued again"

until_true 60 "task 1 runs" begun 1
scontrol requeue "${job}_1"
until_true 60 "task 1 is queued again" is_state "${job}_1" PENDING
checkpoint 1 || fail "task 1 was requeued and left no checkpoint"
say "task 1 was requeued and left a checkpoint"

until_true 60 "task 2 runs" begun 2
scancel "${job}_2"
until_true 60 "task 2 is cancelled" is_state "${job}_2" CANCELLED
until_true 10 "task 2 has left a checkpoint" checkpoint 2
say "task 2 was cancelled and left a checkpoint"

start_now "${job}_0"
start_now "${job}_1"
until_true 300 "the array ends" none_queued
is_state "${job}_2" CANCELLED || fail "task 2 was cancelled, but is $(state "${job}_2")"
[ "$(compgen -G "array/*.jsonl" | wc -l)" = $((count - 1)) ] || fail "not every task but the cancelled one has a record"

job=$(submit)
until_true 300 "the array ends that was submitted again" none_queued
for task in 0 1 2; do
    grep -qh "^$task: .* goes on after epoch [1-9]" vardrop-*_$task.log || fail "task $task did not go on from its checkpoint"
done
say "all three went on from their checkpoints"

python3 - <<'END'
import json, pathlib, sys

def records(folder):
    """The records without what the clock, the machine or the command line says."""
    records = [json.loads(path.read_text()) for path in pathlib.Path(folder).glob("*.jsonl")]
    for record in records:
        for key in ("seconds", "peak_memory_mib", "command", "finished"):
            del record[key]
        for epoch in record["epochs"]:
            del epoch["seconds"]
    return sorted(json.dumps(record, sort_keys=True) for record in records)

array, plain = records("array"), records("plain")
if array != plain:
    sys.exit(f"test_slurm: {len(array)} records of the array differ from the {len(plain)} of a plain sweep")
print(f"test_slurm: {len(array)} records, one for each network, each number as that of a plain sweep, bit for bit")
END
[ -z "$(ls -A array/networks)" ] || fail "files are left in array/networks: $(ls array/networks)"
say "passed"
