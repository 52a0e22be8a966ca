#!/bin/bash
# SPDX-License-Identifier: MIT
# The test runner must notice every way in which a test can fail.
set -u
cd "$(dirname "$0")/.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

runs() { # TITLE STATUS TOTAL ARGUMENT...
    local title=$1 wanted=$2 total=$3 output status
    shift 3
    output=$(scripts/run_tests.py --logs "$work/logs" "$@" 2>&1)
    status=$?
    [ $status -eq "$wanted" ] && [ "${output##*$'\n'}" = "$total" ] && return
    printf 'FAIL %s: exit status %d, not %d, or the last line is not "%s":\n%s\n' \
        "$title" $status "$wanted" "$total" "$output"
    failures=$((failures + 1))
}

cmocka='echo "[==========] Running 3 test(s)."; echo "[==========] 3 test(s) run.";'
runs 'passes' 0 '1 passed, 0 failed' --command 'a=true'
runs 'fails' 1 '1 passed, 1 failed' --command 'a=true' --command 'b=exit 3'
runs 'is killed' 1 '0 passed, 1 failed' --command 'a=kill -SEGV $$'
runs 'hangs' 1 '0 passed, 1 failed' --timeout 1 --command 'a=sleep 30 & wait'
runs 'is skipped' 0 '1 passed, 0 failed, 1 skipped' --command 'a=true' --command 'b=exit 77'
runs 'skips only' 1 '0 passed, 0 failed, 1 skipped' --command 'b=exit 77'
runs 'cmocka passes' 0 '3 passed, 0 failed' --command "a=$cmocka echo '[  PASSED  ] 3 test(s).'"
runs 'cmocka fails' 1 '2 passed, 1 failed' --command \
    "a=$cmocka echo '[  PASSED  ] 2 test(s).'; echo '[  FAILED  ] tests: 1 test(s), listed below:'; exit 1"
runs 'cmocka passes and then leaks' 1 '3 passed, 1 failed' --command \
    "a=$cmocka echo '[  PASSED  ] 3 test(s).'; exit 23"
runs 'cmocka skips' 0 '2 passed, 0 failed, 1 skipped' --command \
    "a=$cmocka echo '[  PASSED  ] 2 test(s).'; echo '[  SKIPPED ] tests: 1 test(s), listed below:'"
runs 'a total of its own' 1 '4 passed, 2 failed' --command 'a=echo "4 passed, 2 failed"; exit 1'
runs 'a total of its own, but it crashes' 1 '4 passed, 1 failed' --command \
    'a=echo "4 passed, 0 failed"; exit 9'
runs 'script is not there' 1 '0 passed, 1 failed' "$work/nothing.sh"
runs 'program is not there' 1 '0 passed, 1 failed' "$work/nothing"
runs 'nothing to run' 1 '0 passed, 0 failed'

[ $failures -eq 0 ] && echo 'the runner notices every failure'
[ $failures -eq 0 ]
