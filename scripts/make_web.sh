#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the live page that needs no server: make_web.sh MODEL OUT. The folder OUT can be put on any static
# host.
# Uses $DIME (default build/dime), $WASM_CC (clang) and $FIRMWARE, the predictor's ELF file (default: built).
set -eu

if [ $# -ne 2 ] || [ -z "$1" ] || [ -z "$2" ]; then
    echo "usage: make web MODEL=run-folder-or-file [OUT=folder]" >&2
    exit 2
fi
model=$1
out=$2
dime=${DIME:-build/dime}
clang=${WASM_CC:-clang}

mkdir -p "$out"
stage=$(mktemp -d "$out/.web.XXXXXX")
trap 'rm -rf "$stage"' EXIT
trap 'exit 1' HUP INT TERM

"$dime" export "$model" --out "$stage/model" --pictures 0 >/dev/null
if [ -n "${FIRMWARE-}" ]; then
    cp "$FIRMWARE" "$stage/predictor.elf"
else
    "$dime" firmware "$model" --app predictor --out "$stage/predictor.elf" >/dev/null
fi
"$dime" inspect "$model" --json >"$stage/model.json"

# The simulated chip, without what looks at it from outside a browser.
simulator=$(find src/sim -name '*.c' ! -name gdb.c ! -name lines.c ! -name profile.c ! -name trace.c \
    ! -name vcd.c ! -name 'board*.c' ! -name setup.c ! -name 'ov7670*.c' ! -name sccb.c)
live='src/live/text.c src/live/sim_board.c src/live/exchange.c src/live/reader.c'
device=$(find device/link device/display device/vision -name '*.c' ! -name encode.c)

# shellcheck disable=SC2086 # lists of files without blanks
"$clang" --target=wasm32 -std=c11 -O3 -Wall -Wextra -ffreestanding -nostdlib -nostdinc -fvisibility=hidden \
    -isystem "$("$clang" -print-resource-dir)/include" -isystem web/wasm/include \
    -Isrc -Idevice -I"$stage/model" -ffunction-sections -fdata-sections \
    -Wl,--no-entry -Wl,--gc-sections -Wl,--strip-all -Wl,-z,stack-size=262144 \
    -o "$stage/dime.wasm" web/wasm/board.c web/wasm/libc.c src/base/error.c $live $simulator $device \
    "$stage"/model/*.c

for file in web/*.html web/*.css web/*.js web/wasm/source.js "$stage/predictor.elf" "$stage/model.json" \
    "$stage/dime.wasm"; do
    cp "$file" "$out/"
done
chmod 644 "$out"/*
echo "$out/index.html"
