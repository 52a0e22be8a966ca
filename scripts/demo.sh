#!/bin/bash
# SPDX-License-Identifier: MIT
# What `make demo` does once the program is built: data, training, proof, C code, shared library, firmware on
# the simulated chip, report. Everything goes to build/demo/, except the dataset, which stays in the user's
# cache. A second run does not train again.
#
# Environment: DIME (build/dime), CC (gcc), DEMO_CONFIG (configs/seed-16x16.yaml), DEMO_FOLDER (build/demo).
set -u
cd "$(dirname "$0")/.." || exit 1
dime=${DIME:-build/dime} compiler=${CC:-gcc} config=${DEMO_CONFIG:-configs/seed-16x16.yaml}
folder=${DEMO_FOLDER:-build/demo}
run=$folder/run code=$folder/c library=$folder/lib
steps=8 step=0 bold='' dim='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR-}" ] && [ "${TERM-dumb}" != dumb ]; then
    bold=$'\033[1m' dim=$'\033[2m' plain=$'\033[0m'
fi

title() {
    step=$((step + 1))
    printf '\n%s%d/%d  %s%s\n' "$bold" $step $steps "$*" "$plain"
}

say_command() { printf '%s$ %s%s\n' "$dim" "$*" "$plain"; }

show() { # COMMAND...: runs it in sight
    say_command "$@"
    "$@"
}

give_up() {
    printf '\ndemo: %s\n' "$*" >&2
    exit 1
}

# The value of a number in a JSON file of ours.
json_number() { # FILE KEY
    tr -d '\n' <"$1" | sed -n "s/.*\"$2\":[[:space:]]*\\([-0-9.e+]*\\).*/\\1/p"
}

# A list of numbers in a JSON file of ours, without spaces.
json_list() { # FILE KEY
    tr -d '\n\t ' <"$1" | sed -n "s/.*\"$2\":\[\([-0-9,]*\)\].*/\1/p"
}

train() {
    local finished=$folder/trained
    if cmp -s "$config" "$finished" && [ -f "$run/model.safetensors" ]; then
        echo "$run is trained already; \`make clean\` forgets it"
        return 0
    fi
    local resume=()
    if cmp -s "$config" "$folder/begun" && [ -f "$run/checkpoint.safetensors" ]; then
        resume=(--resume)
    else
        rm -rf "$run"
        cp "$config" "$folder/begun"
    fi
    show "$dime" train "$config" --out "$run" "${resume[@]}" || return 1
    cp "$config" "$finished"
}

prove() {
    local answer=$folder/eval.txt
    say_command "$dime" eval "$run"
    "$dime" eval "$run" >"$answer" || return 1
    sed '/^$/,$d' "$answer"
    printf '(%s has the confusion table, too)\n' "$answer"
    grep -q '^10000 test images$' "$answer" && grep -Eq '^ *mismatches +0$' "$answer"
}

compile_and_run() {
    rm -rf "$code"
    show "$dime" export "$run" --out "$code" || return 1
    say_command "$compiler" -O2 -o "$folder/digits" "$code/*.c"
    "$compiler" -O2 -o "$folder/digits" "$code"/*.c || return 1
    say_command "$folder/digits"
    "$folder/digits" >"$folder/digits.txt" || { tail -n 20 "$folder/digits.txt"; return 1; }
    side_by_side <"$folder/digits.txt"
    printf '(%s/digits.txt has all of them)\n' "$folder"
}

# The first pictures of the exported program's output beside each other, and its last line. Each picture is
# followed by a line that says what was read in it, and an empty one.
side_by_side() {
    awk -v room="$(tput cols 2>/dev/null || echo 80)" '
        function beside(rows, line,    text, i) {
            for (i = 0; i < shown; i++) text = text sprintf("%-" width "s  ", rows[i, line])
            sub(/ +$/, "", text)
            print text
        }
        $0 == "" { next }
        { last = $0 }
        /^label:/ { row[pictures + 0, height = lines] = $0; pictures++; lines = 0; next }
        { row[pictures + 0, lines + 0] = $0; lines++; if (!pictures) width = length($0) }
        END {
            shown = int(room / (width + 2))
            if (shown > pictures) shown = pictures
            for (line = 0; line <= height; line++) beside(row, line)
            print last
        }'
}

inspect() {
    say_command "$dime" inspect "$run"
    "$dime" inspect "$run" >"$folder/inspect.txt" || return 1
    sed -e '/%  *#*$/d' -e '1d' "$folder/inspect.txt"
    printf '(%s/inspect.txt has the histogram of each layer, too)\n' "$folder"
}

make_library() {
    show env DIME="$dime" CC="$compiler" scripts/make_library.sh "$run" "$library" || return 1
    printf '(make lib MODEL=%s OUT=%s does the same)\n' "$run" "$library"
}

# The firmware as it would be flashed, but for its end: after the last picture instead of never.
on_the_chip() {
    local elf=$folder/chip/digits.elf built=$folder/chip/build.json ran=$folder/chip/sim.json
    mkdir -p "$folder/chip"
    say_command "$dime" firmware "$run" --app demo --once --out "$elf"
    "$dime" firmware "$run" --app demo --once --out "$elf" --json >"$built" || return 1
    show "$dime" sim "$elf" || return 1
    "$dime" sim "$elf" --json >"$ran" || return 1
    summarise_chip "$built" "$ran"
}

# Time and space, from what `dime firmware` and `dime sim` say; fails where the chip reads another digit than
# the PC, which it then prints, or shows another than it prints.
summarise_chip() { # BUILT.json RAN.json
    local shown cycles flash ram stack
    shown=$(json_list "$2" display)
    cycles=$(sed -n 's/.*"uart":[[:space:]]*"\(.*\)",$/\1/p' "$2" | grep -o 'Timing: [0-9]*' |
        awk '{ sum += $2; count++ } END { if (count) printf "%d", sum / count }')
    flash=$(json_number "$1" flash_bytes)
    ram=$(json_number "$1" ram_bytes) stack=$(json_number "$1" stack_bytes)
    printf '\nThe display shows %s%s%s: ' "$bold" "${shown//,/ - }" "$plain"
    awk -v cycles="$cycles" -v flash="$flash" -v ram="$((ram + stack))" 'BEGIN {
        printf "%.1f ms a picture (%d cycles at 48 MHz),\n", cycles / 48000, cycles
        printf "%d of 16384 bytes of flash, %d of 2048 bytes of RAM with the deepest stack\n", flash, ram }'
    ! grep -q MISMATCH "$2" && [ -n "$shown" ] && [ "$shown" = "$(json_list "$2" predictions)" ]
}

mkdir -p "$folder"
title 'The dataset: MNIST, 70,000 handwritten digits'
export DIME=$dime
show scripts/fetch.sh mnist || give_up 'the dataset could not be had; the line above says why'
title "Training: $config"
train || give_up "training did not finish; \`make demo\` goes on where it stopped"
title 'The proof: every test image through the trainer and through the C engine'
prove || give_up 'the trainer and the C engine must agree on 10,000 images; this is a bug, please report it'
title 'The network as C code, compiled and run'
compile_and_run || give_up 'the exported C code did not compile or run'
title 'A shared library for other programs'
make_library || give_up 'the shared library could not be made'
title 'What is inside'
inspect || give_up 'the model could not be inspected'
title 'The chip: the firmware for the CH32V003, run on a simulated one'
on_the_chip ||
    give_up 'the firmware could not be built, or the simulated chip does not show what the PC computes'

title 'A report: everything above on one page, with pictures'
show "$dime" report "$run" --out "$folder/report.html" || give_up 'the report could not be written'

cat <<END

${bold}Made in $folder:${plain}
  run/      the run folder: model.safetensors, config.yaml, metrics.csv, TensorBoard events
  c/        the network and its engine as C files that need nothing else
  digits    those files, compiled
  lib/      libdime_model.so with its header
  report.html  open it in a browser: curves, mistakes, weights, size and speed, model card
  chip/     digits.elf, .bin and .hex: the firmware; its sources in digits.sources/

${bold}Try next:${plain}
  $dime predict $run PICTURE.png
  make flash MODEL=$run          with a board
  $dime train configs/fc-12k.yaml --out runs/fc-12k
  $dime train $config --set QuantType=Ternary
  $dime help

${bold}The report:${plain} $folder/report.html
END
