#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""dime inspect: the figures fit together, and the text says the same."""
import json
import math
import os

from tiny_model import dime, dime_json, make_data, run_tests, train


def close(left, right):
    return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)


def check_moments(checks, layer, name):
    """Moments and entropy, computed anew from the histogram."""
    bars = [(bar["low"], bar["count"]) for bar in layer["histogram"]]
    total = sum(count for _, count in bars)
    mean = sum(value * count for value, count in bars) / total
    variance = sum((value - mean) ** 2 * count for value, count in bars) / total
    used = [(value, count) for value, count in bars if count]
    entropy = sum(count / total * math.log2(total / count) for _, count in used)
    checks.equal(total, layer["inputs"] * layer["outputs"], f"{name}: weights in the histogram")
    checks.check(close(layer["mean"], mean), f"{name}: mean {layer['mean']} instead of {mean}")
    checks.check(close(layer["deviation"], math.sqrt(variance)), f"{name}: deviation {layer['deviation']}")
    checks.check(close(layer["entropy"], entropy), f"{name}: entropy {layer['entropy']} instead of {entropy}")
    share = entropy / math.log2(layer["codes"])
    checks.check(close(layer["code_share"], share), f"{name}: share of the code space")
    checks.equal((layer["minimum"], layer["maximum"]), (used[0][0], used[-1][0]), f"{name}: range")
    checks.equal(layer["codes_used"], len(used), f"{name}: codes used")


def check_chip(checks, found):
    """Cycles are predicted from what training counted; each way to build is slower than the one before."""
    checks.equal(found["activity"], "trained", "where the counts are from")
    checks.check(found["model_bytes"] < found["flash_bytes"] < 16384, f"flash {found['flash_bytes']}")
    cycles = [way["cycles"] for way in found["chip"]]
    checks.equal(len(cycles), 4, "ways to build")
    checks.equal(found["cycles"], cycles[0], "fast kernels, inner loops in RAM")
    checks.check(5000 < cycles[0] < cycles[1] < cycles[2] < cycles[3] < 2e6, f"cycles {cycles}")
    checks.check(close(found["milliseconds"], found["cycles"] / 48000), "milliseconds")


def test_json(checks, _folder, run):
    found = dime_json("inspect", run, "--assume")
    layers = found["layers"]
    shapes = [(layer["inputs"], layer["outputs"]) for layer in layers]
    checks.equal(shapes, [(256, 16), (16, 16), (16, 3)], "shapes")
    checks.equal({layer["format"] for layer in layers}, {"4bitsym"}, "formats")
    checks.equal([layer["bytes"] for layer in layers], [2048, 128, 24], "bytes of the layers")
    checks.equal(found["model_bytes"], 2200, "bytes of the model")
    checks.equal(found["ram_bytes"], 256 + 16 * 5, "RAM: input, sums, activations")
    check_chip(checks, found)
    checks.equal([layer["products"] for layer in layers], [4096, 256, 48], "products of the layers")
    checks.equal(found["products"], 4400, "products of the model")
    for number, layer in enumerate(layers):
        checks.equal(layer["codes"], 16, "codes")
        check_moments(checks, layer, f"layer {number + 1}")


def test_model_file(checks, _folder, run):
    checks.equal(dime_json("inspect", os.path.join(run, "model.safetensors"), "--assume"),
                 dime_json("inspect", run, "--assume"),
                 "run folder and model file")


def test_planner(checks, folder, run):
    """The cycles are those of what `dime firmware` takes, where there is a compiler; else it is assumed."""
    out = os.path.join(folder, "x.elf")
    built = dime("inspect", run, "--json")
    planned = dime("firmware", run, "--app", "testset", "--out", out, "--json")
    found = json.loads(built.stdout)
    if planned.returncode:
        checks.equal(found["built"], False, "nothing can be built")
    else:
        report = json.loads(planned.stdout)
        checks.equal((found["built"], found["plan"]), (True, report["plan"]), "plan")
        checks.equal(found["cycles"], report["candidates"][-1]["cycles"], "cycles of the plan")
    bare = dime("inspect", run, env={**os.environ, "DIME_CROSS": "odd-"}).stdout
    checks.check("assumed to fit" in bare and "odd-" in bare, f"no compiler: {bare}")


def test_other_chip(checks, _folder, run):
    """No cycles are predicted for the CH32V002, and the text says so."""
    found = dime_json("inspect", run, "--chip", "v002", "--assume")
    checks.equal((found["cycles"], found["milliseconds"], found["chip_name"]), (None, None, "v002"), "cycles")
    text = dime("inspect", run, "--chip", "v002", "--assume").stdout
    checks.check("no prediction of cycles" in text, text)
    checks.refused(dime("inspect", run, "--chip", "v001"), 2, ["v001", "v003", "v002"], "unknown chip")


def test_text(checks, _folder, run):
    result = dime("inspect", run, "--assume")
    checks.equal(result.returncode, 0, "exit status")
    first = dime_json("inspect", run, "--assume")["layers"][0]
    for words in ("layer 1: 256 inputs, 16 outputs, 4bitsym", "layer 3: 16 inputs, 3 outputs",
                  f"minimum {first['minimum']:.4g}, maximum {first['maximum']:.4g}, "
                  f"mean {first['mean']:.4g}, standard deviation {first['deviation']:.4g}",
                  f"entropy {first['entropy']:.2f} bits", "of 16 codes used",
                  "total: 2200 bytes of weights, 4400 products",
                  "RAM: 336 bytes", "fast kernels, inner loops in RAM, compiled for speed", "assumed to fit",
                  "activations as counted when"):
        checks.check(words in result.stdout, f"the text has {words!r}")
    bars = [line for line in result.stdout.splitlines() if "%" in line and "code space" not in line]
    checks.equal(len(bars), 3 * 16, "bars, one a code")
    checks.equal(max(line.count("#") for line in bars), 50, "the longest bar")


def test_eight_bits_share_bars(checks, folder, _run):
    run = train(folder, make_data(folder), "8bit", 8)
    layers = dime_json("inspect", run, "--assume")["layers"]
    checks.equal(len(layers[0]["histogram"]), 256, "bins of 8bit")
    for number, layer in enumerate(layers):
        check_moments(checks, layer, f"8bit layer {number + 1}")
    lines = dime("inspect", run, "--assume").stdout.splitlines()
    checks.equal(sum(" .. " in line for line in lines), 3 * 32, "bars of 8bit")


def test_float_model(checks, folder, _run):
    run = train(folder, make_data(folder), "None", 32)
    found = dime_json("inspect", run)
    layer = found["layers"][0]
    checks.equal(found["ram_bytes"], None, "RAM of a float model")
    checks.equal((layer["entropy"], layer["codes"], layer["bits"]), (None, None, 32), "no codes")
    checks.equal(sum(bar["count"] for bar in layer["histogram"]), 4096, "weights in the histogram")
    checks.check(layer["minimum"] < 0 < layer["maximum"], "range")
    checks.check("dime quantize" in dime("inspect", run).stdout, "what to do with a float model")


def test_usage(checks, folder, run):
    checks.refused(dime("inspect"), 2, ["few"], "no model")
    checks.refused(dime("inspect", run, "--jsno"), 2, ["--jsno", "--json"], "unknown option")
    checks.refused(dime("inspect", os.path.join(folder, "missing")), 1, ["missing"], "missing model")


if __name__ == "__main__":
    run_tests(test_json, test_model_file, test_planner, test_other_chip, test_text,
              test_eight_bits_share_bars, test_float_model, test_usage)
