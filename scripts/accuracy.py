#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Trains each configuration with several seeds and prints a Markdown table of integer test accuracies.

usage: scripts/accuracy.py [--seeds N] [--folder DIR] [CONFIG...]   (default: every file in configs/)

Finished runs in DIR (build/accuracy) are not trained again.
"""
import argparse
import glob
import json
import os
import statistics
import subprocess
import sys

DIME = os.environ.get("DIME", "build/dime")


def run(config, seed, folder):
    """The JSON result of one training run."""
    name = f"{os.path.splitext(os.path.basename(config))[0]}-seed{seed}"
    answer = os.path.join(folder, name + ".json")
    if not os.path.exists(answer):
        command = [DIME, "train", config, "--seed", str(seed), "--resume", "--json"]
        command += ["--out", os.path.join(folder, name)]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
        with open(answer, "wb") as file:
            file.write(output)
    with open(answer, encoding="utf-8") as file:
        return json.load(file)


def row(config, seeds, folder):
    results = [run(config, seed, folder) for seed in range(1, seeds + 1)]
    accuracies = [result["test_accuracy"] for result in results]
    each = ", ".join(f"{accuracy:.2f}" for accuracy in accuracies)
    return f"| `{config}` | {results[0]['model_bytes']:,} | {statistics.mean(accuracies):.2f} | {each} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("configs", nargs="*", default=sorted(glob.glob("configs/*.yaml")))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--folder", default="build/accuracy")
    given = parser.parse_args()
    os.makedirs(given.folder, exist_ok=True)
    print("| configuration | bytes of weights | mean % | each seed % |\n|---|---|---|---|")
    for config in given.configs:
        print(row(config, given.seeds, given.folder), flush=True)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"accuracy: {' '.join(error.cmd)} failed")
