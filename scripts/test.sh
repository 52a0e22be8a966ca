#!/bin/bash
# SPDX-License-Identifier: MIT
# What `make test` does once the packages are there: builds everything in every flavour, runs every test.
# Environment: MAKE, JOBS, FUZZ_SECONDS_SHORT (5).
set -u
cd "$(dirname "$0")/.." || exit 1
make=${MAKE:-make} jobs=${JOBS:-2} fuzz_seconds=${FUZZ_SECONDS_SHORT:-5}
unset MAKEFLAGS MFLAGS MAKELEVEL FLAVOUR CC

built() { # TITLE MAKE-ARGUMENT...: builds quietly, shows the log where it fails
    local title=$1 log started=$SECONDS
    shift
    log=build/logs/build_${title// /_}.log
    if ! "$make" -k -j"$jobs" "$@" >"$log" 2>&1; then
        grep -v -E '^  (CC|AR|LINK) ' "$log" | head -n 100
        echo "the build of \"$title\" failed, the whole log is $log" >&2
        return 1
    fi
    printf 'built %-50s %13d s\n' "$title" $((SECONDS - started))
}

# Clang as installed may lack the libraries of libFuzzer or of the sanitizers.
clang_can_fuzz() {
    printf '%s\n' '#include <stddef.h>' '#include <stdint.h>' \
        'int LLVMFuzzerTestOneInput(const uint8_t *b, size_t n) { return b && n == 1 ? 0 : 0; }' |
        clang -fsanitize=fuzzer,address,undefined -x c - -o build/logs/can_fuzz 2>build/logs/can_fuzz.log
}

names() { # FOLDER PREFIX: build targets for the C files FOLDER/PREFIX*.c
    local source
    for source in "$1"/"$2"*.c; do
        [ ! -e "$source" ] || basename "$source" .c
    done
}

broken() { # the total stays the last line even when there is nothing to run
    printf '\n0 passed, 1 failed\n'
    exit 1
}

# The cross compiler as the tests find it: one that compiles the same text only once in a run.
remember_objects() {
    local prefix
    rm -rf build/cross
    mkdir -p build/cross/store
    for prefix in riscv64-unknown-elf- riscv32-unknown-elf- riscv-none-elf- riscv-none-embed-; do
        ! command -v "${prefix}gcc" >/dev/null || ln build/cached_gcc "build/cross/${prefix}gcc"
    done
    export PATH=$PWD/build/cross:$PATH DIME_OBJECT_STORE=$PWD/build/cross/store
}

mkdir -p build/logs
built 'with gcc' WERROR=1 all tests build/cached_gcc freestanding || broken
built 'with sanitizers' FLAVOUR=asan tests || broken
if command -v clang >/dev/null; then
    built 'with clang' CC=clang WERROR=1 all freestanding || broken
else
    echo 'clang is not installed: the second build and the fuzz targets are left out' >&2
fi
DIME=build/dime scripts/fetch.sh mnist || echo 'no MNIST: what needs it is left out or fails' >&2
fuzz=()
if command -v clang >/dev/null && clang_can_fuzz; then
    built 'fuzz targets' FLAVOUR=fuzz fuzzers || broken
    for name in $(names fuzz fuzz_); do
        fuzz+=(--command "fuzz/${name}.c=scripts/run_fuzz.sh $fuzz_seconds build/fuzz/$name")
    done
fi
tests=()
for name in $(names tests test_); do
    tests+=("build/tests/$name")
    fuzz+=(--command "build/asan/tests/$name=DIME_SANITIZED=1 build/asan/tests/$name")
done
for script in tests/test_*.sh tests/test_*.py; do
    [ ! -e "$script" ] || tests+=("$script")
done
remember_objects
exec scripts/run_tests.py --jobs 2 "${fuzz[@]}" "${tests[@]}"
