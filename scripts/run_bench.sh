#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs benchmarks one after the other, alone on the machine.
set -u
cd "$(dirname "$0")/.." || exit 1
[ $# -gt 0 ] || { echo 'usage: scripts/run_bench.sh PROGRAM...' >&2; exit 2; }
printf '%s, %s processors, load %s\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
    "$(nproc)" "$(cut -d ' ' -f 1 /proc/loadavg)"
failed=0
for program in "$@"; do
    printf '\n%s\n' "${program##*/}"
    "$program" || failed=1
done
exit $failed
