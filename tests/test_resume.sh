#!/bin/bash
# SPDX-License-Identifier: MIT
# One configuration and seed, one model, byte for byte: however often the run was killed, however it was
# interrupted, whatever the number of threads. Damaged checkpoints are refused.
# Threads that wait for others on a busy machine must not keep them from running.
export OMP_WAIT_POLICY=passive
set -u -m # job control: without it, background jobs would start with Ctrl-C switched off
cd "$(dirname "$0")/.." || exit 1
dime=$(realpath "${DIME:-build/dime}")
folder=$(mktemp -d "${TMPDIR:-/tmp}/dime-resume-XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
failures=0
RANDOM=20240711 # the moments of the kills are the same every time, as far as the machine allows

fail() {
    printf 'test_resume: %s\n' "$*" >&2
    failures=$((failures + 1))
}

give_up() {
    fail "$@"
    exit 1
}

# Pictures of one, two or three bars that lie or stand, in noise; the label says which of the six.
make_data() {
    mkdir data
    /usr/bin/python3 - <<'PYTHON'
import random

random.seed(1)
for name, count in (("train.csv", 1500), ("test.csv", 120)):
    with open("data/" + name, "w", encoding="ascii") as file:
        for i in range(count):
            label = i % 6
            bars = random.sample(range(0, 16, 2), label // 2 + 1)
            drawn = [(y if label % 2 else x) in bars for y in range(16) for x in range(16)]
            pixels = [random.randrange(180, 256) if stroke else random.randrange(60) for stroke in drawn]
            print(label, *pixels, sep=",", file=file)
PYTHON
    cat >config.yaml <<'YAML'
dataset: data
QuantType: 4bitsym
num_epochs: 6
batch_size: 32
network_width1: 16
network_width2: 16
network_width3: 0
input_size: 16
validation_size: 300
augmentation: true
rotation1: 10
rotation2: 10
elastictransformprobability: 0.5
seed: 11
YAML
}

# One thread, so that a busy machine disturbs the moments of the kills less; an OPTION may ask for more.
train() { # RUN OPTION...
    local run=$1
    shift
    "$dime" train config.yaml --out "$run" --threads 1 "$@" >"$run.out" 2>"$run.err"
}

# The columns that do not tell of time.
timeless_metrics() { cut -d , -f 1-7,10- "$1/metrics.csv"; }

must_equal() { # RUN WHAT
    if ! cmp -s reference/model.safetensors "$1/model.safetensors"; then
        fail "$2: another model than the uninterrupted run's"
    elif ! cmp -s <(timeless_metrics reference) <(timeless_metrics "$1"); then
        fail "$2: another metrics.csv than the uninterrupted run's"
    fi
}

finish() { # RUN WHAT: resumes, and compares
    train "$1" --resume || fail "$2: --resume ended with status $?: $(tail -n 1 "$1.err")"
    must_equal "$1" "$2"
}

rows() { # RUN: lines of its metrics.csv, without starting a process
    local lines=()
    [ -e "$1/metrics.csv" ] && mapfile -t lines <"$1/metrics.csv" 2>/dev/null
    printf -v rows %d ${#lines[@]}
}

start() { # RUN OPTION...: the same in the background
    local run=$1
    shift
    "$dime" train config.yaml --out "$run" --threads 1 "$@" >"$run.out" 2>"$run.err" &
    job=$!
}

job_runs() { kill -0 "$job" 2>/dev/null; }

wait_for_job() { wait "$job" 2>/dev/null; }

wait_for_rows() { # RUN LINES: until metrics.csv has so many, or the job has ended
    rows=0
    while [ "$rows" -lt "$2" ] && job_runs; do rows "$1"; done
}

kill_job() { # whether it was still running
    kill -KILL "$job" 2>/dev/null
    wait_for_job
    [ $? -eq 137 ]
}

run_reference() {
    local started=${EPOCHREALTIME/./}
    train reference || give_up "training fails: $(tail -n 1 reference.err)"
    milliseconds=$(((${EPOCHREALTIME/./} - started) / 1000))
    [ "$(wc -l <reference/metrics.csv)" -eq 7 ] || fail "metrics.csv has no row for each of six epochs"
}

random_delay() { # sleeps for a share of the reference's time, from $1 to $2 percent
    local delay=$((milliseconds * ($1 + RANDOM % ($2 - $1)) / 100))
    sleep "$((delay / 1000)).$(printf %03d $((delay % 1000)))"
}

# On a busy machine a run may be over before this script sees the moment that it waits for. That says nothing
# about the program, so it is tried again, and shares of the reference's time get shorter.
start_and_kill() { # RUN COMMAND...: starts it, waits with the command, and kills it
    local run=$1 tries
    shift
    for tries in 1 2 3 4 5 6 7 8 9; do
        rm -rf "$run"
        start "$run"
        "$@"
        kill_job && return
        milliseconds=$((milliseconds * 3 / 4))
    done
    fail "$run: over $tries times before it could be killed"
}

test_killed_at_random_moments() {
    local i
    for i in 1 2 3 4 5 6; do
        start_and_kill "random$i" random_delay $((i * 15 - 10)) $((i * 15))
        finish "random$i" "killed at random, $i"
    done
}

test_killed_at_epoch_ends() {
    local epoch
    for epoch in 0 1; do
        start_and_kill "end$epoch" wait_for_rows "end$epoch" $((epoch + 1 - (epoch == 0)))
        finish "end$epoch" "killed at the end of epoch $epoch"
    done
    start end5 # the last: it may be over
    wait_for_rows end5 6
    kill_job
    finish end5 "killed at the end of epoch 5"
}

# shellcheck disable=SC2317 # called by start_and_kill
wait_for_checkpoint() { # RUN ROWS: newer than that row of its metrics.csv
    wait_for_rows "$1" "$2"
    until [ "$1/checkpoint.safetensors" -nt "$1/metrics.csv" ] || ! job_runs; do :; done
}

# At once when a checkpoint is there: what is written after it would be missing for ever.
test_killed_at_a_checkpoint() {
    local row run
    for row in 1 2 3; do
        run=checkpoint$row
        start_and_kill "$run" wait_for_checkpoint "$run" $((row + 1))
        finish "$run" "killed at a checkpoint, $row"
    done
}

test_killed_again_and_again() {
    local i
    start again
    for i in 1 2 3 4 5 6 7 8; do
        random_delay 10 40
        kill_job
        start again --resume
    done
    wait_for_job
    finish again "killed eight times"
}

# Ctrl-C: status 1, a run folder that can be used, and resumed.
test_interrupted() {
    local status tries
    for tries in 1 2 3 4 5 6 7 8 9; do # see start_and_kill
        rm -rf interrupted
        start interrupted
        wait_for_rows interrupted 3
        kill -INT "$job" 2>/dev/null
        wait_for_job
        status=$?
        rows interrupted
        [ "$rows" -eq 7 ] || break
    done
    [ $status -eq 1 ] || fail "Ctrl-C: status $status instead of 1: $(tail -n 1 interrupted.err)"
    [ "$rows" -lt 7 ] || fail "Ctrl-C: came too late $tries times, the run was over"
    "$dime" eval interrupted --json >eval.out 2>eval.err || fail "Ctrl-C: eval fails: $(tail -n 1 eval.err)"
    grep -q '"mismatches":[[:space:]]*0\b' eval.out || fail "Ctrl-C: eval finds mismatches: $(cat eval.out)"
    cp -r interrupted damaged
    finish interrupted "Ctrl-C"
    finish interrupted "resumed when it was over"
}

test_threads() {
    local threads run
    for threads in 2 3 8; do # the reference had one
        run=threads$threads
        train "$run" --threads $threads || fail "--threads $threads: $(tail -n 1 "$run.err")"
        must_equal "$run" "--threads $threads"
    done
    start mixed --threads 3
    wait_for_rows mixed 3
    kill_job
    train mixed --threads 1 --resume || fail "resumed with fewer threads: $(tail -n 1 mixed.err)"
    must_equal mixed "resumed with fewer threads"
}

test_seeds() {
    train seed11 --seed 11 || fail "--seed 11: $(tail -n 1 seed11.err)"
    must_equal seed11 "the same seed on the command line"
    train seed12 --seed 12 || fail "--seed 12: $(tail -n 1 seed12.err)"
    cmp -s reference/model.safetensors seed12/model.safetensors && fail "another seed, but the same model"
}

must_be_refused() { # WHAT
    local before status
    before=$(sha256sum damaged/*)
    train damaged --resume
    status=$?
    [ $status -eq 1 ] || fail "$1: status $status instead of 1"
    [ "$(wc -l <damaged.err)" -eq 1 ] || fail "$1: more or less than one line: $(cat damaged.err)"
    grep -q 'checkpoint\.safetensors' damaged.err || fail "$1: the file is not named: $(cat damaged.err)"
    [ "$before" = "$(sha256sum damaged/*)" ] || fail "$1: the run folder was changed"
}

test_damaged_checkpoint() {
    local size place kept=damaged/checkpoint.safetensors
    [ -e $kept ] || give_up "an interrupted run has no checkpoint.safetensors"
    cp $kept whole
    size=$(stat -c %s whole)
    for place in 0 7 8 60 $((size / 3)) $((size / 2)) $((size - 1)) $((RANDOM * 32768 % size)); do
        cp whole $kept
        flip_byte $kept $place
        must_be_refused "checkpoint with another byte $place of $size"
    done
    for place in 0 4 100 $((size / 2)) $((size - 1)); do
        head -c "$place" whole >$kept
        must_be_refused "checkpoint cut to $place of $size bytes"
    done
    { cat whole; echo; } >$kept
    must_be_refused "checkpoint with a byte too many"
    cp whole $kept
    finish damaged "the checkpoint as it was"
}

flip_byte() { # FILE PLACE: its lowest bit
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    # shellcheck disable=SC2059 # the format is the byte
    printf "\\x$(printf %02x $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

make_data
run_reference
test_killed_at_random_moments
test_killed_at_epoch_ends
test_killed_at_a_checkpoint
test_killed_again_and_again
test_interrupted
test_threads
test_seeds
test_damaged_checkpoint
exit $((failures > 0))
