#!/bin/bash
# SPDX-License-Identifier: MIT
# `dime import`: headers made here by packing known weights become model files that a second reader finds them
# in; wrong headers and wrong usage end as they should.
set -u
cd "$(dirname "$0")/.." || exit 1
dime=${DIME:-build/dime}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

fail() {
    printf 'FAIL %s\n' "$1"
    failures=$((failures + 1))
}

ends() { # TITLE STATUS STDERR-PART ARGUMENT...
    local title=$1 wanted=$2 part=$3 message status
    shift 3
    message=$("$dime" "$@" 2>&1 >"$work/stdout")
    status=$?
    [ $status -eq "$wanted" ] || fail "$title: exit status $status, not $wanted: $message"
    [[ $message == *"$part"* ]] || fail "$title: stderr is '$message', not '...$part...'"
    [ "$(printf '%s' "$message" | wc -l)" -eq 0 ] || fail "$title: more than one line on stderr: $message"
}

# Packs random weights as exportquant.py describes it, imports them and compares; exports them again where the
# program can, and compares that too.
/usr/bin/python3 - "$dime" "$work" <<'PYTHON' || failures=$((failures + 1))
import json
import random
import subprocess
import sys

sys.path.insert(0, "tests")
import safetensors_reader

DIME, WORK = sys.argv[1:]


def odd(bits):
    top = 1 << (bits - 1)
    return [2 * (code % top) + 1 if code < top else -2 * (code % top) - 1 for code in range(2 * top)]


LEVELS = {  # name: (number in the header, bits, weight of each code)
    "Binary": (1, 1, [-1, 1]),
    "2bitsym": (2, 2, odd(2)),
    "4bitsym": (4, 4, odd(4)),
    "4bit": (12, 4, [*range(8), *range(-8, 0)]),
    "8bit": (16, 8, [*range(128), *range(-128, 0)]),
    "FP130": (20, 4, [*(1 << e for e in range(8)), *(-(1 << e) for e in range(8))]),
    "Ternary": (64, 0, [1, -1, 0]),
}


def pack_bits(codes, bits):
    text = "".join(f"{code:0{bits}b}" for code in codes)
    return [f"0x{int(text[i:i + 32], 2):08x}" for i in range(0, len(text), 32)]


def pack_ternary(codes):
    words = []
    codes = codes + [2] * (-len(codes) % 10)
    for start in range(0, len(codes), 10):
        value = 0
        for code in codes[start:start + 10]:
            value = value * 3 + code
        words.append(f"0x{-(-value * 65536 // 59049):04x}")
    return words


def layer_text(number, name, codes):
    identity, bits, _ = LEVELS[name]
    inputs = len(codes[0]) if bits else -(-len(codes[0]) // 10) * 10
    rows = [pack_bits(row, bits) if bits else pack_ternary(row) for row in codes]
    kind = "uint32_t" if bits else "uint16_t"
    return (f"// Layer: L{number}\n#define L{number}_active\n#define L{number}_bitperweight {identity} \n"
            f"#define L{number}_incoming_weights {inputs}\n#define L{number}_outgoing_weights {len(codes)}\n"
            f"const {kind} L{number}_weights[] = {{\n\t{','.join(sum(rows, []))},\n}}; //first channel\n\n")


def make(path, shape, names):
    text, weights = "#include <stdint.h>\n#define NUM_LAYERS %d\n\n" % len(names), []
    for i, name in enumerate(names):
        levels = LEVELS[name][2]
        codes = [[random.randrange(len(levels)) for _ in range(shape[i])] for _ in range(shape[i + 1])]
        weights.append([levels[code] for row in codes for code in row])
        text += layer_text(i + 1, name, codes)
    with open(path, "w", encoding="ascii") as file:
        file.write(text + "#endif\n")
    return weights


def check_model(path, shape, weights, title):
    metadata, tensors = safetensors_reader.read(path)
    assert metadata["format"] == "dime-1", title
    assert metadata["classes"] == str(shape[-1]), title
    assert len(tensors) == len(weights), f"{title}: {sorted(tensors)}"
    for i, expected in enumerate(weights):
        tensor = tensors[f"layers.{i}.weight_int"]
        assert tensor["dtype"] == "I16" and tensor["shape"] == [shape[i + 1], shape[i]], f"{title}: layer {i}"
        assert tensor["values"] == expected, f"{title}: layer {i} has other weights"


def run(*arguments):
    return subprocess.run([DIME, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def check(shape, names, title):
    header, model, again = (f"{WORK}/{name}" for name in ("a.h", "a.safetensors", "b.safetensors"))
    weights = make(header, shape, names)
    result = json.loads(run("import", header, "--out", model, "--json"))
    assert result["model"] == model and result["layers"] == len(names), result
    assert result["classes"] == shape[-1] and result["model_bytes"] > 0, result
    check_model(model, shape, weights, title)
    if len(names) < 3:
        return
    run("export", model, "--out", f"{WORK}/out", "--as", "bitnetmcu")
    run("import", f"{WORK}/out/BitNetMCU_model.h", "--out", again)
    with open(model, "rb") as first, open(again, "rb") as second:
        assert first.read() == second.read(), f"{title}: export and import again give another file"


random.seed(1)
for name in LEVELS:
    check([256, 64, 32, 10], [name] * 3, name)
check([784, 32, 32, 64, 26], ["Ternary", "8bit", "Binary", "4bit"], "mixed formats")
check([16, 32, 2], ["2bitsym", "Binary"], "two layers")
PYTHON

printf '#define L2_active\n\n#define L2_type BitConv2d\n' >"$work/cnn.h"
printf '#define NUM_LAYERS 1\nconst uint32_t L1_weights[] = { 1, 2' >"$work/cut.h"
printf 'hello\n' >"$work/text.h"
ends 'a convolution' 1 'cnn.h:1: layer L2 has no L2_in_channels' import "$work/cnn.h" --out "$work/x"
ends 'a cut header' 1 'cut.h:2: the file ends' import "$work/cut.h" --out "$work/x"
ends 'no header' 1 'text.h:2: ' import "$work/text.h" --out "$work/x"
ends 'no file' 1 'none.h: cannot open' import "$work/none.h" --out "$work/x"
ends 'a folder' 1 'cannot read' import "$work" --out "$work/x"
[ ! -e "$work/x" ] || fail 'a refused header leaves a model file behind'
echo precious >"$work/own.txt"
ends 'a file that is no model' 1 'own.txt: exists and is not a model file' \
    import "$work/a.h" --out "$work/own.txt"
[ "$(cat "$work/own.txt")" = precious ] || fail 'a file that is no model was overwritten'
: >"$work/empty"
ends 'an empty file' 1 'empty: exists and is not a model file' import "$work/a.h" --out "$work/empty"
ends 'a folder as --out' 1 'exists and is not a model file' import "$work/a.h" --out "$work"
ends 'a model' 0 '' import "$work/a.h" --out "$work/b.safetensors"
cmp -s "$work/a.safetensors" "$work/b.safetensors" || fail 'another model was not overwritten'
ends 'no --out' 2 '--out FILE is missing' import "$work/a.h"
ends 'no header given' 2 'dime import: ' import --out "$work/x"
ends 'a wrong size' 2 '--input-size 3: 4 to 64' import "$work/a.h" --out "$work/x" --input-size 3
ends 'a wrong encoding' 2 'unsigned, binary' import "$work/a.h" --out "$work/x" --input-encoding grey
ends 'a wrong threshold' 2 '1 to 255' import "$work/a.h" --out "$work/x" --input-threshold 256
ends 'a size that is not the header'"'"'s' 1 'gives 25' import "$work/a.h" --out "$work/x" --input-size 5
ends 'an encoding' 0 '' import "$work/a.h" --out "$work/x" --input-encoding unsigned
grep -q 'unsigned input of 4x4 pixels' "$work/stdout" || fail "the model line: $(cat "$work/stdout")"
ends 'a place that cannot be written' 1 'cannot create' import "$work/a.h" --out "$work/none/x"

[ $failures -eq 0 ]
