#!/bin/bash
# SPDX-License-Identifier: MIT
# What inference costs on the simulated chip: each weight format, and each network of configs/. These are
# trained here for a few epochs and kept in build/bench-chip; or runs are given.
#
# Environment: DIME (build/dime), BENCH (build/bench/bench_chip), EPOCHS (3), RUNS (run folders to measure
# instead of training), MARKDOWN=1 (a table for docs/).
set -u
cd "$(dirname "$0")/.." || exit 1
dime=${DIME:-build/dime} bench=${BENCH:-build/bench/bench_chip} epochs=${EPOCHS:-3} cache=build/bench-chip
runs=()
if [ -n "${RUNS-}" ]; then
    read -r -a runs <<<"$RUNS"
else
    scripts/fetch.sh mnist >&2 || exit 1
    for config in configs/*.yaml; do
        run=$cache/$(basename "$config" .yaml)
        if ! cmp -s "$config" "$run.config" || [ ! -f "$run/model.safetensors" ]; then
            rm -rf "$run"
            mkdir -p "$cache"
            echo "training $config for $epochs epochs" >&2
            "$dime" train "$config" --out "$run" --set num_epochs="$epochs" --set warmup_epochs=0 \
                >/dev/null || exit 1
            cp "$config" "$run.config"
        fi
        runs+=("$run")
    done
    echo "Networks of configs/: trained for $epochs epochs."
fi
exec "$bench" ${MARKDOWN:+--markdown} "${runs[@]}"
