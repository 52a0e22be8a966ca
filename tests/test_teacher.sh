#!/bin/bash
# SPDX-License-Identifier: MIT
# A teacher that is a configuration is trained first, by the same command; the run resumes with it, and every
# number of threads gives the same model. What cannot be a teacher is refused before anything is written.
export OMP_WAIT_POLICY=passive
set -u
cd "$(dirname "$0")/.." || exit 1
dime=$(realpath "${DIME:-build/dime}")
folder=$(mktemp -d "${TMPDIR:-/tmp}/dime-teacher-XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
failures=0

fail() {
    printf 'test_teacher: %s\n' "$*" >&2
    failures=$((failures + 1))
}

# Bars that lie or stand, in noise.
mkdir data
/usr/bin/python3 - <<'PYTHON'
import random

random.seed(2)
for name, count in (("train.csv", 700), ("test.csv", 60)):
    with open("data/" + name, "w", encoding="ascii") as file:
        for i in range(count):
            bar = random.randrange(12)
            drawn = [(y if i % 2 else x) == bar for y in range(12) for x in range(12)]
            print(i % 2, *(random.randrange(150, 256) if d else random.randrange(90) for d in drawn),
                  sep=",", file=file)
PYTHON
cat >teacher.yaml <<'YAML'
QuantType: None
NormType: BatchNorm
input_size: 10
num_epochs: 3
validation_size: 1
layers: [{type: conv2d, outputs: 4}, {type: maxpool}, {outputs: 8}, {}]
YAML
cat >student.yaml <<'YAML'
dataset: data
teacher: teacher.yaml
QuantType: Ternary
maxw_algo: lsq
input_size: 12
num_epochs: 3
batch_size: 32
validation_size: 100
seed: 5
layers: [{outputs: 8}, {}]
YAML

train() { # RUN OPTION...
    local run=$1
    shift
    "$dime" train student.yaml --out "$run" "$@" >"$run.out" 2>"$run.err"
}

train whole --threads 1 || fail "the run ended with status $?: $(tail -n 1 whole.err)"
grep -q '^teacher 1: teacher.yaml, into whole/teacher-1$' whole.err ||
    fail "no word of the teacher: $(cat whole.err)"
for line in 'dataset: "data"' 'seed: 5' 'validation_size: 100'; do
    grep -qx "$line" whole/teacher-1/config.yaml || fail "the teacher does not have the student's '$line'"
done

train threads --threads 3 || fail "three threads ended with status $?"
cmp -s whole/model.safetensors threads/model.safetensors || fail "another model with three threads"

# As if stopped between the two: the teacher is not trained again.
train resumed --threads 2 || fail "the run to resume ended with status $?"
rm resumed/checkpoint.safetensors resumed/model.safetensors
before=$(stat -c %Y.%i resumed/teacher-1/checkpoint.safetensors)
train resumed --threads 2 --resume || fail "--resume ended with status $?: $(tail -n 1 resumed.err)"
cmp -s whole/model.safetensors resumed/model.safetensors || fail "another model after --resume"
[ "$before" = "$(stat -c %Y.%i resumed/teacher-1/checkpoint.safetensors)" ] ||
    fail "the teacher was trained again"

train alone --set 'teacher=[]' || fail "the run without teacher ended with status $?"
cmp -s whole/model.safetensors alone/model.safetensors && fail "the teacher made no difference"

train other --set teacher=whole/teacher-1 --set seed=6 || fail "a model as teacher ended with status $?"
grep -q 'teacher whole/teacher-1: trained with another seed' other.err || fail "no warning of another seed"

refused() { # MESSAGE OPTION...
    local message=$1
    shift
    train refused "$@" && fail "$*: not refused"
    grep -qF "$message" refused.err || fail "$*: expected '$message', found: $(cat refused.err)"
    [ ! -e refused ] || fail "$*: a refused run left a folder"
}
refused "nowhere: cannot open" --set teacher=nowhere
refused "student.yaml: key 'teacher' is given, but this is a teacher's configuration" \
    --set teacher=student.yaml

[ "$failures" = 0 ] || exit 1
echo "test_teacher: all passed"
