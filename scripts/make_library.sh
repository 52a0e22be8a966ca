#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds libdime_model.so and, where mingw-w64 is installed, libdime_model.dll from a model, and puts
# dime_model.h beside them: make_library.sh MODEL OUT. Uses $DIME (default build/dime), $CC (cc), $MINGW_CC.
set -eu

if [ $# -ne 2 ] || [ -z "$1" ] || [ -z "$2" ]; then
    echo "usage: make lib MODEL=run-folder-or-file [OUT=folder]" >&2
    exit 2
fi
model=$1
out=$2
dime=${DIME:-build/dime}
cc=${CC:-cc}
mingw=${MINGW_CC:-x86_64-w64-mingw32-gcc}

mkdir -p "$out"
stage=$(mktemp -d "$out/.library.XXXXXX")
trap 'rm -rf "$stage"' EXIT
trap 'exit 1' HUP INT TERM

"$dime" export "$model" --out "$stage/source" --pictures 0 >/dev/null

# Everything is hidden but what dime_model.h declares.
flags='-std=c11 -O2 -Wall -Wextra -Wconversion -shared -fvisibility=hidden'
# shellcheck disable=SC2086 # flags, and a compiler with arguments, are meant to be split
$cc $flags -fPIC -o "$stage/libdime_model.so" "$stage"/source/*.c
made=libdime_model.so
if command -v "$mingw" >/dev/null 2>&1; then
    # The same model gives the same bytes: no time, and no load address made from the name of the folder.
    # shellcheck disable=SC2086
    "$mingw" $flags -static-libgcc -Wl,--no-insert-timestamp,--disable-auto-image-base \
        -o "$stage/libdime_model.dll" "$stage"/source/*.c
    made="$made libdime_model.dll"
else
    echo "libdime_model.dll is left out: $mingw is not installed (Debian package gcc-mingw-w64-x86-64)" >&2
fi
cp "$stage/source/dime_model.h" "$stage/dime_model.h"
for file in dime_model.h $made; do
    mv -f "$stage/$file" "$out/$file"
    echo "$out/$file"
done
