#!/bin/bash
# SPDX-License-Identifier: MIT
# Checks what a compiler does not: format, habits, shell and Python scripts, static analysis.
#
#   scripts/lint.sh            everything
#   scripts/lint.sh CHECK...   some of: format habits shell python cppcheck tidy
# shellcheck disable=SC2317 # the check_ functions are called by name
set -u
cd "$(dirname "$0")/.." || exit 1

mapfile -t c_files < <(find device firmware src lib web examples tests fuzz bench -name '*.[ch]' 2>/dev/null |
    grep -v '^fuzz/corpus/' | sort)
mapfile -t c_sources < <(printf '%s\n' "${c_files[@]}" | grep '\.c$' |
    grep -v -E '^(lib|firmware|web)/') # lib/: templates; the others: for other machines, their compilers warn
mapfile -t shell_scripts < <(find scripts tests examples .ci -name '*.sh' -o -path .ci/run 2>/dev/null |
    sort)
mapfile -t python_scripts < <(find scripts tests examples docs -name '*.py' 2>/dev/null | sort)
mapfile -t documents < <(find . -name '*.md' -not -path './build/*' -not -path './runs/*' | sort)
includes=(-Isrc -Idevice -Itests -Ibench)

check_format() { # versions of clang-format differ in small things; 14 is the one that counts
    local tool
    for tool in clang-format-14 clang-format; do
        if "$tool" --version 2>/dev/null | grep -q 'version 14\.'; then
            "$tool" --dry-run -Werror "${c_files[@]}"
            return
        fi
    done
    echo 'clang-format 14 is not there: format not checked' >&2
}

check_habits() {
    local failed=0
    local files=("${c_files[@]}" "${shell_scripts[@]}" "${python_scripts[@]}" Makefile .clang-tidy)
    awk 'length($0) > 110 { printf "%s:%d: longer than 110 columns\n", FILENAME, FNR; bad = 1 }
        END { exit bad }' "${files[@]}" || failed=1
    grep -n -E '[[:space:]]$' "${files[@]}" && failed=1
    grep -n -w LEAD "${documents[@]}" && failed=1 # marks what is still to be filled in
    grep -n -E '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"][^>"]*\.c[>"]' "${c_files[@]}" && failed=1
    local file
    for file in "${c_files[@]}"; do
        [ "$(head -n 1 "$file")" = '/* SPDX-License-Identifier: MIT */' ] ||
            { echo "$file:1: no SPDX line"; failed=1; }
    done
    for file in "${shell_scripts[@]}" "${python_scripts[@]}" Makefile .clang-tidy; do
        head -n 2 "$file" | grep -q '^# SPDX-License-Identifier: MIT$' ||
            { echo "$file:1: no SPDX line"; failed=1; }
    done
    return "$failed"
}

check_shell() { shellcheck "${shell_scripts[@]}"; }

check_python() {
    /usr/bin/python3 - "${python_scripts[@]}" <<'PYTHON'
import ast, sys
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as source:
        ast.parse(source.read(), path)
PYTHON
}

check_cppcheck() {
    cppcheck --quiet --error-exitcode=1 --std=c11 --language=c -D_GNU_SOURCE -D__x86_64__ --inline-suppr \
        --enable=warning,performance,portability --suppress=missingIncludeSystem \
        --suppress=normalCheckLevelMaxBranches --suppress=syntaxError:src/sim/core_execute.c \
        "${includes[@]}" "${c_sources[@]}"
}

check_tidy() {
    local flags
    read -ra flags <<<"$(pkg-config --cflags yaml-0.1 libcjson zlib popt libpng cairo fontconfig \
        libmicrohttpd libserialport libcurl libcrypto cmocka)"
    printf '%s\n' "${c_sources[@]}" |
        xargs -P 2 -I {} clang-tidy --quiet {} -- -std=c11 -D_GNU_SOURCE "${includes[@]}" \
            "${flags[@]}" 2>&1 |
        grep -v -E '^[0-9]+ (warning|error)s? (generated|treated)|^Suppressed |^Use -header-filter'
    return "$((PIPESTATUS[1] != 0))"
}

failed=0
[ $# -gt 0 ] || set -- format habits shell python cppcheck tidy
for check in "$@"; do
    started=$SECONDS
    if "check_$check"; then word=ok; else word=FAIL failed=1; fi
    printf '%-4s  %-10s %4d s\n' $word "$check" $((SECONDS - started))
done
exit $failed
