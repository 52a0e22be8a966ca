#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Prints a Markdown table of integer test accuracies: quantization-aware against post-training quantization.

usage: scripts/compare_quantization.py [--config FILE] [--folder DIR]

One float network is trained and then quantized into each format with both clipping algorithms; beside it one
network is trained in each format. Finished runs in DIR (build/compare) are not trained again.
"""
import argparse
import json
import os
import subprocess
import sys

DIME = os.environ.get("DIME", "build/dime")
FORMATS = ["8bit", "5bitsym", "4bitsym", "2bitsym", "Ternary", "Binary"]


def call(*arguments):
    output = subprocess.run([DIME, *arguments, "--json"], check=True, stdout=subprocess.PIPE).stdout
    return json.loads(output)


def without_bpw(config, folder):
    """The configuration without BPW, which would contradict other formats."""
    path = os.path.join(folder, "config.yaml")
    with open(config, encoding="utf-8") as source, open(path, "w", encoding="utf-8") as target:
        target.writelines(line for line in source if not line.startswith("BPW"))
    return path


def train(config, kind, folder):
    out = os.path.join(folder, kind)
    return call("train", config, "--set", f"QuantType={kind}", "--resume", "--out", out)


def post_training(kind, clip, folder):
    model = os.path.join(folder, f"{kind}-{clip}.safetensors")
    call("quantize", os.path.join(folder, "None"), "--format", kind, "--clip", clip, "--out", model)
    result = call("eval", model)
    if result["mismatches"]:
        sys.exit(f"compare: {model}: {result['mismatches']} mismatches")
    return result["integer_accuracy"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", default="configs/seed-16x16.yaml")
    parser.add_argument("--folder", default="build/compare")
    given = parser.parse_args()
    os.makedirs(given.folder, exist_ok=True)
    config = without_bpw(given.config, given.folder)
    print(f"float network: {train(config, 'None', given.folder)['test_accuracy']:.2f} %\n")
    print("| format | bytes | trained in the format % | float, then octav % | float, then prop % |")
    print("|---|---|---|---|---|")
    for kind in FORMATS:
        trained = train(config, kind, given.folder)
        octav, prop = (post_training(kind, clip, given.folder) for clip in ("octav", "prop"))
        columns = f"{trained['model_bytes']:,} | {trained['test_accuracy']:.2f} | {octav:.2f} | {prop:.2f}"
        print(f"| `{kind}` | {columns} |", flush=True)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"compare: {' '.join(error.cmd)} failed")
