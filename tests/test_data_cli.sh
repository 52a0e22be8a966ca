#!/bin/bash
# SPDX-License-Identifier: MIT
# dime data info on own data, and what wrong usage says.
set -u
dime=${DIME:-build/dime}
passed=0
failed=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export DIME_CACHE=$scratch/cache DIME_OFFLINE=1
unset DIME_MIRROR

# check NAME STATUS STDOUT STDERR ARGUMENT...: exit status, and patterns of both outputs (extended regular
# expressions, "" for no output)
check() {
    local name=$1 status=$2 out=$3 err=$4 found
    shift 4
    "$dime" data "$@" >"$scratch/out" 2>"$scratch/err"
    found=$?
    if [ $found -ne "$status" ]; then complain "$name" "exit status $found, expected $status"
    elif ! matches "$out" "$scratch/out"; then complain "$name" "stdout: $(cat "$scratch/out")"
    elif ! matches "$err" "$scratch/err"; then complain "$name" "stderr: $(cat "$scratch/err")"
    else passed=$((passed + 1)); fi
}

matches() { # PATTERN FILE
    if [ -z "$1" ]; then [ ! -s "$2" ]; else grep -Eq -- "$1" "$2"; fi
}

complain() { # NAME WHAT
    echo "FAIL $1: $2"
    failed=$((failed + 1))
}

# 14 pictures of 2x2 pixels, 7 of each class: white ones are class 1.
for _ in 1 2 3 4 5 6 7; do printf '0,0,0,0,0\n1,255,255,255,255\n'; done >"$scratch/own.csv"
for class in cat dog; do
    mkdir -p "$scratch/pets/train/$class" "$scratch/pets/test/$class"
    printf 'P2 2 1 255 0 51\n' >"$scratch/pets/train/$class/a.pgm"
    printf 'P2 2 1 255 0 51\n' >"$scratch/pets/test/$class/a.pgm"
done

check 'table' 0 'pictures of 2x2 pixels, 2 classes' '' info "$scratch/own.csv"
check 'table row' 0 '^  1 +6 +1$' '' info "$scratch/own.csv"
check 'table sum' 0 '^  all +12 +2$' '' info "$scratch/own.csv"
check 'table mean' 0 '^  mean +0\.5000 +0\.5000$' '' info "$scratch/own.csv"
check 'table deviation' 0 '^  deviation +0\.5000 +0\.5000$' '' info "$scratch/own.csv"
check 'class names' 0 '^  dog +1 +1$' '' info "$scratch/pets"

# The whole JSON object, with all white space taken out.
"$dime" data info "$scratch/pets" --json >"$scratch/out"
expected='{"name":"'$scratch'/pets","height":1,"width":2,"classes":2,"class_names":["cat","dog"],'
expected+='"train":{"count":2,"images_per_class":[1,1],"mean":0.1,"deviation":0.1},'
expected+='"test":{"count":2,"images_per_class":[1,1],"mean":0.1,"deviation":0.1}}'
if [ "$(tr -d ' \t\n' <"$scratch/out")" = "$expected" ]; then passed=$((passed + 1))
else complain 'info --json' "$(cat "$scratch/out")"; fi

check 'not fetched' 1 '' 'train-images-idx3-ubyte: has not been fetched; run .dime data fetch mnist.$' \
    info MNIST
check 'not fetched, --dir' 1 '' "run .dime data fetch mnist --dir $scratch/x.\$" info mnist --dir "$scratch/x"
check 'unknown name' 1 '' 'minst: no dataset of this name; did you mean mnist\? \(known: mnist, fashion' \
    info minst
check 'far name' 1 '' 'digits: no dataset of this name \(known: mnist, fashion-mnist\)' info digits
check 'fetch unknown name' 1 '' 'fashon-mnist: no .* did you mean fashion-mnist\? ' fetch fashon-mnist
check 'no source' 1 '' "mnist: cannot be fetched; put train-images-idx3.* into $scratch/cache/mnist " \
    fetch mnist
{ cat "$scratch/own.csv"; echo '1,2,x,3,4'; } >"$scratch/wrong.csv"
check 'wrong csv' 1 '' 'wrong\.csv:15: pixel 2 is .x., expected a whole number 0\.\.255$' \
    info "$scratch/wrong.csv"
printf '1,0\n2,0\n%.0s' 1 2 3 4 5 6 >"$scratch/from-one.csv"
check 'labels from 1' 1 '' 'from-one\.csv: no picture has label 0; labels count from 0' \
    info "$scratch/from-one.csv"
check 'unknown action' 2 '' 'dime data: drop: unknown; fetch or info$' drop mnist
check 'unknown action alone' 2 '' 'dime data: list: unknown; fetch or info$' list
check 'too few' 2 '' 'too few arguments; usage: dime data fetch NAME' fetch
check 'nothing' 2 '' 'too few arguments; usage: dime data fetch NAME'
check 'too many' 2 '' 'too many arguments' info a b
check 'unknown option' 2 '' 'unknown option' info mnist --jsn
check 'help' 0 'Usage: dime data fetch NAME' '' --help
check 'help: forms of own data' 0 '^  FILE\.csv .*labels count from 0$' '' --help

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
