#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs fuzz targets one after the other.
#
#   scripts/run_fuzz.sh SECONDS TARGET...       TARGET: build/fuzz/fuzz_NAME
#
# Seeds are in fuzz/corpus/NAME, a dictionary may be in fuzz/NAME.dict. What the run finds interesting is kept
# in build/fuzz/corpus/NAME, so that a later run goes on from there; an input that breaks the reader is left
# in build/fuzz/findings/NAME-*.
set -u
cd "$(dirname "$0")/.." || exit 1

# Limits that make a huge allocation or a slow input a failure, not only a crash.
limits=(-timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=256 -detect_leaks=1 -print_final_stats=1)

run_target() { # SECONDS TARGET
    local name=${2##*/fuzz_} folder
    folder=$(dirname "$2")
    local arguments=("${limits[@]}" "-max_total_time=$1" "-artifact_prefix=$folder/findings/$name-")
    [ ! -f "fuzz/$name.dict" ] || arguments+=("-dict=fuzz/$name.dict")
    mkdir -p "$folder/findings" "$folder/corpus/$name"
    arguments+=("$folder/corpus/$name")
    [ ! -d "fuzz/corpus/$name" ] || arguments+=("fuzz/corpus/$name")
    ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 "$2" "${arguments[@]}"
}

[ $# -ge 2 ] || { echo 'usage: scripts/run_fuzz.sh SECONDS TARGET...' >&2; exit 2; }
seconds=$1
shift
failed=0
for target in "$@"; do
    echo "---- $target, $seconds s"
    run_target "$seconds" "$target" || { failed=$((failed + 1)); echo "FAIL $target" >&2; }
done
[ $failed -eq 0 ]
