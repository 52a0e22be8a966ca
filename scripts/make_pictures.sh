#!/bin/bash
# SPDX-License-Identifier: MIT
# Makes the pictures of docs/pictures/, which README.md and docs/ show. Trains what is not there yet, in
# build/pictures/ (some minutes). The picture of the live page needs Chromium and npm.
#
#   scripts/make_pictures.sh [RUN]     RUN: a run folder of configs/seed-16x16.yaml, instead of training one
set -eu
cd "$(dirname "$0")/.."
root=$PWD folder=build/pictures target=$PWD/docs/pictures
dime=$(realpath "${DIME:-build/dime}")
mkdir -p "$folder/runs" "$target"

train() { # NAME CONFIG [OPTION]...: a run folder in build/pictures/runs, unless it is there
    local name=$1 config=$2
    shift 2
    [ -f "runs/$name/trained" ] && return
    rm -rf "runs/${name:?}"
    "$dime" train "$root/configs/$config" --out "runs/$name" "$@"
    touch "runs/$name/trained"
}

if [ $# -gt 0 ]; then
    rm -rf "$folder/runs/first"
    cp -r "$1" "$folder/runs/first"
    touch "$folder/runs/first/trained"
fi
cd "$folder" # the pictures show the names of runs as README.md has them

train first seed-16x16.yaml
"$dime" inspect runs/first --pictures pictures >/dev/null
for name in curves confusion mistakes first-layer weights; do
    cp "pictures/$name.png" "$target/"
done

train binary seed-28x28.yaml
train ternary seed-16x16.yaml --set QuantType=Ternary --set num_epochs=20
train 2bitsym seed-16x16.yaml --set QuantType=2bitsym --set num_epochs=20
train narrow seed-16x16.yaml --set network_width1=32 --set network_width2=32 --set network_width3=32 \
    --set num_epochs=20
"$dime" report runs/{first,binary,ternary,2bitsym,narrow} --out all.html --pictures pictures
cp pictures/comparison.png "$target/"

if [ -x "${CHROMIUM:=/usr/bin/chromium}" ] && command -v npm >/dev/null; then
    [ -d "$root/build/npm/node_modules/playwright-core" ] ||
        npm install --no-audit --no-fund --prefix "$root/build/npm" \
            "$(sed -n 's/^PLAYWRIGHT = "\([^"]*\)".*/\1/p' "$root/tests/test_live_page.py")" >/dev/null
    rm -f live.url
    "$dime" live runs/first --port 0 >live.url &
    live=$!
    trap 'kill $live' EXIT
    for _ in {1..1200}; do
        [ -s live.url ] && break
        sleep 0.1
    done
    export CHROMIUM
    node "$root/tests/web/browse.mjs" "$root/build/npm/node_modules/playwright-core" --screenshots pictures \
        "$(cat live.url)"
    cp pictures/live-desktop-light.png "$target/live.png"
    cp pictures/live-phone-dark.png "$target/live-phone.png"
fi
ls -l "$target"
