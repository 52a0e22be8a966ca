#!/bin/bash
# SPDX-License-Identifier: MIT
# The frame of the command line: help, wrong usage, exit status, which stream gets what.
set -u
cd "$(dirname "$0")/.." || exit 1
dime=${DIME:-build/dime}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
commands='data train eval quantize export import inspect predict'

fail() {
    echo "FAIL $1"
    failures=$((failures + 1))
}

run() { # ARGUMENT...: leaves $status, $work/out and $work/err
    "$dime" "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
}

expect() { # STATUS STDOUT STDERR ARGUMENT...
    local status_wanted=$1 out_wanted=$2 err_wanted=$3
    shift 3
    run "$@"
    [ "$status" = "$status_wanted" ] || fail "dime $*: status $status, expected $status_wanted"
    [ "$(cat "$work/out")" = "$out_wanted" ] || fail "dime $*: stdout is: $(cat "$work/out")"
    [ "$(cat "$work/err")" = "$err_wanted" ] || fail "dime $*: stderr is: $(cat "$work/err")"
}

expect_start() { # FILE TEXT WHAT
    case $(cat "$work/$1") in
    "$2"*) ;;
    *) fail "$3: std$1 does not start with '$2' but is: $(head -n 1 "$work/$1")" ;;
    esac
}

version=$(sed -n 's/^#define DIME_VERSION "\(.*\)"$/\1/p' src/base/version.h)
[ -n "$version" ] || fail 'src/base/version.h names no version'
expect 0 "dime $version" '' --version

# Help goes to stdout, the same text as misuse to stderr.
run help
usage=$(cat "$work/out")
[ "$status" = 0 ] || fail "dime help: status $status"
[ ! -s "$work/err" ] || fail "dime help: stderr is not empty"
expect_start out 'Usage: dime COMMAND' 'dime help'
for command in $commands help; do
    grep -Eq "^  $command +[a-z].*" "$work/out" || fail "dime help: no line for $command"
done
expect 0 "$usage" '' --help
expect 0 "$usage" '' -h
expect 0 "$usage" '' help --help
expect 2 '' "$usage"

# Misuse of dime itself.
# shellcheck disable=SC2016 # the backquotes are part of the messages
{
    expect 2 '' 'dime: trian: unknown command; did you mean `dime train`? try `dime help`' trian
    expect 2 '' 'dime: INSPECT: unknown command; did you mean `dime inspect`? try `dime help`' INSPECT
    expect 2 '' 'dime: frobnicate: unknown command; try `dime help`' frobnicate
    expect 2 '' 'dime: : unknown command; try `dime help`' ''
    expect 2 '' 'dime: --json: unknown option; try `dime help`' --json
    expect 2 '' 'dime: evla: unknown command; did you mean `dime eval`? try `dime help`' help evla
    expect 2 '' 'dime help: too many arguments; usage: dime help [COMMAND]' help train eval
}

# Each command: help, unknown option, and nothing at all where something is needed.
for command in $commands; do
    run "$command" --help
    own=$(cat "$work/out")
    [ "$status" = 0 ] || fail "dime $command --help: status $status"
    [ ! -s "$work/err" ] || fail "dime $command --help: stderr is not empty"
    expect_start out "Usage: dime $command " "dime $command --help"
    grep -q '^  -h, --help  *show this help and end$' "$work/out" ||
        fail "dime $command --help: no line for --help"
    expect 0 "$own" '' help "$command"
    expect 0 "$own" '' "$command" -h
    expect 2 '' "dime $command: --no-such-thing: unknown option; try \`dime $command --help\`" \
        "$command" --no-such-thing
    expect 2 '' "dime $command: --hlp: unknown option; did you mean --help? try \`dime $command --help\`" \
        "$command" --hlp
    run "$command"
    [ "$status" = 2 ] || fail "dime $command: status $status, expected 2"
    [ ! -s "$work/out" ] || fail "dime $command: stdout is not empty"
    expect_start err "dime $command: " "dime $command"
    [ "$(wc -l <"$work/err")" = 1 ] || fail "dime $command: stderr is not one line"
done

# shellcheck disable=SC2016
{
    expect 2 '' 'dime train: --threads: missing argument; try `dime train --help`' train --threads
    expect 2 '' 'dime train: --threads many: invalid numeric value; try `dime train --help`' \
        train --threads many c.yaml
    expect 2 '' 'dime train: --json=1: option does not take an argument; try `dime train --help`' \
        train --json=1
}
run train one.yaml two.yaml
[ "$status" = 2 ] || fail "dime train with two configurations: status $status, expected 2"
expect_start err 'dime train: too many arguments; usage: dime train CONFIG' 'dime train one.yaml two.yaml'

# A missing file is a failure, not wrong usage.
run train "$work/missing.yaml"
[ "$status" = 1 ] || fail "dime train with a missing configuration: status $status, expected 1"
expect_start err "dime train: $work/missing.yaml: " 'dime train missing.yaml'
printf 'seed: 1\nbatchsize: 3\n' >"$work/wrong.yaml"
expect 1 '' "dime train: $work/wrong.yaml:2: key 'batchsize' is unknown; did you mean 'batch_size'?" \
    train "$work/wrong.yaml"

# What is no configuration, and what is no model.
head -c 2000000 /dev/zero | tr '\0' 7 >"$work/own.csv"
# shellcheck disable=SC2016
yaml='expected a configuration in YAML, whose key `dataset:` names the data'
expect 1 '' "dime train: $work/own.csv: larger than 1048576 bytes, the most a configuration may have; $yaml" \
    train "$work/own.csv"
expect 1 '' "dime train: $work: is a folder; $yaml" train "$work"
printf '3,0,0,255\n' >"$work/small.csv"
run train "$work/small.csv"
expect_start err "dime train: $work/small.csv:1: expected a configuration in YAML" 'dime train small.csv'
model='expected a run folder or a model file'
expect 1 '' "dime eval: $work/nope: cannot open: No such file or directory; $model" eval "$work/nope"
expect 1 '' "dime eval: $work: holds no model.safetensors; $model" eval "$work"
expect 1 '' "dime eval: $work/own.csv: not a model file, or cut short: as safetensors its header would have \
3978709506094217015 bytes, but the file has 2000000 and at most 16777216 are read" eval "$work/own.csv"
printf 'a' >"$work/a"
expect 1 '' "dime eval: $work/a: not a model file: 1 bytes are too few" eval "$work/a"
expect 2 '' 'dime quantize: --format FORMAT is missing' quantize "$work/a" --out "$work/b"
formats='Binary, BinarySym, Ternary, 2bitsym, 4bit, 4bitsym, 5bitsym, 8bit, FP130, NF4, PoT3'
expect 2 '' "dime quantize: --format: found 'None', which is not quantized, expected one of $formats" \
    quantize "$work/a" --format None --out "$work/b"
kept='exists and is not a model file; it is not overwritten, choose another name'
expect 1 '' "dime quantize: $work/a: $kept" \
    quantize "$work/b" --format 4bitsym --out "$work/a"
[ "$(cat "$work/a")" = a ] || fail 'dime quantize overwrote a file that is no model'
run quantize --help
for format in $formats; do
    grep -q "[ :]${format%,}\(,\|\$\)" "$work/out" || fail "dime quantize --help does not list $format"
done

# A standard output that takes nothing is a failure.
for arguments in --version help 'train --help'; do
    # shellcheck disable=SC2086 # several words
    "$dime" $arguments >/dev/full 2>"$work/err"
    status=$?
    [ "$status" = 1 ] || fail "dime $arguments >/dev/full: status $status, expected 1"
    expect_start err 'dime: cannot write to standard output: No space left on device' \
        "dime $arguments >/dev/full"
    # shellcheck disable=SC2086
    "$dime" $arguments >&- 2>"$work/err"
    status=$?
    [ "$status" = 1 ] || fail "dime $arguments with stdout closed: status $status, expected 1"
done

[ "$failures" = 0 ]
