#!/bin/bash
# SPDX-License-Identifier: MIT
# Makes the pictures of docs/pictures/, which README.md and docs/ show. Trains what is not there yet, in
# build/pictures/ (some minutes). The picture of the live page needs Chromium and npm.
#
#   scripts/make_pictures.sh [RUN]     RUN: a run folder of configs/seed-16x16.yaml, instead of training one
set -eu
cd "$(dirname "$0")/.."
dime=${DIME:-build/dime} folder=build/pictures target=docs/pictures
mkdir -p "$folder" "$target"

train() { # NAME CONFIG [OPTION]...: a run folder in build/pictures, unless it is there
    local name=$1 config=$2
    shift 2
    [ -f "$folder/$name/report.done" ] && return
    rm -rf "${folder:?}/$name"
    "$dime" train "$config" --out "$folder/$name" "$@"
    touch "$folder/$name/report.done"
}

if [ $# -gt 0 ]; then
    run=$1
else
    run=$folder/seed-16x16
    train seed-16x16 configs/seed-16x16.yaml
fi

"$dime" inspect "$run" --pictures "$folder/run" >/dev/null
for name in curves confusion mistakes first-layer weights; do
    cp "$folder/run/$name.png" "$target/"
done

train seed-28x28 configs/seed-28x28.yaml
train ternary configs/seed-16x16.yaml --set QuantType=Ternary --set num_epochs=20
train 2bitsym configs/seed-16x16.yaml --set QuantType=2bitsym --set num_epochs=20
train narrow configs/seed-16x16.yaml --set network_width1=32 --set network_width2=32 --set network_width3=32 \
    --set num_epochs=20
"$dime" report "$run" "$folder"/{seed-28x28,ternary,2bitsym,narrow} --out "$folder/comparison.html" \
    --pictures "$folder/comparison"
cp "$folder/comparison/comparison.png" "$target/"

# The live page. The predictor's firmware needs some room beside the network.
train live configs/seed-16x16.yaml --set network_width1=48 --set network_width2=48 --set network_width3=32 \
    --set num_epochs=40
if [ -x "${CHROMIUM:=/usr/bin/chromium}" ] && command -v npm >/dev/null; then
    [ -d build/npm/node_modules/playwright-core ] ||
        npm install --no-audit --no-fund --prefix build/npm playwright-core@1.65.1 >/dev/null
    rm -f "$folder/live.url"
    "$dime" live "$folder/live" --port 0 ${FIRMWARE:+--firmware "$FIRMWARE"} >"$folder/live.url" &
    live=$!
    trap 'kill $live' EXIT
    for _ in {1..1200}; do
        [ -s "$folder/live.url" ] && break
        sleep 0.1
    done
    export CHROMIUM
    node tests/web/browse.mjs "$PWD/build/npm/node_modules/playwright-core" --screenshots "$folder" \
        "$(cat "$folder/live.url")"
    cp "$folder/live-desktop-light.png" "$target/live.png"
    cp "$folder/live-phone-dark.png" "$target/live-phone.png"
fi
ls -l "$target"
