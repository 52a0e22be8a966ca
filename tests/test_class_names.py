#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The names of the classes: from folders of pictures through a trained model to predict, eval and export."""
import json
import os
import subprocess

from tiny_model import CROSS, LEVEL, UPRIGHT, dime, dime_json, draw, run_tests, train, write_pgm

NAMES = {CROSS: "cross", LEVEL: "level", UPRIGHT: "pillar \u00e9"}
SORTED = [CROSS, LEVEL, UPRIGHT]  # the order of the folders' names


def figure(kind, shift):
    return draw(kind, 16, 16, (1 + shift % 3, 1 + shift // 3 % 3, 12), 2 + shift % 4)


def make_folders(folder, names):
    """Pictures in folder/CLASS/N.pgm, names in the order of SORTED."""
    for kind, name in zip(SORTED, names):
        os.makedirs(os.path.join(folder, name))
        for number in range(36):
            write_pgm(os.path.join(folder, name, f"{number:02}.pgm"), figure(kind, number), 16, 16)
    return folder


def make_csv(path):
    with open(path, "w", encoding="ascii") as file:
        for number in range(12):
            for label, kind in enumerate(SORTED):
                file.write(",".join(map(str, (label, *figure(kind, number)))) + "\n")
    return path


def trained(folder):
    shapes = make_folders(os.path.join(folder, "shapes"), [NAMES[kind] for kind in SORTED])
    return shapes, train(folder, shapes)


def check_predict(checks, folder, run, names):
    files = [write_pgm(f"{folder}/{kind}.pgm", figure(kind, 4), 16, 16) for kind in SORTED]
    found = dime_json("predict", run, *files)["predictions"]
    checks.equal([one["class"] for one in found], names, "names from predict --json")
    checks.equal([one["label"] for one in found], [0, 1, 2], "labels from predict --json")
    lines = dime("predict", run, *files).stdout.splitlines()
    for file, name, line in zip(files, names, lines):
        checks.check(line.startswith(f"{file}: {name}  (margin "), f"predict: {line!r}")


def check_export(checks, folder, run, names, *options):
    out = os.path.join(folder, "c")
    checks.equal(dime("export", run, "--out", out, "--pictures", 18, *options).returncode, 0, "export")
    program = os.path.join(folder, "program")
    sources = [os.path.join(out, name) for name in os.listdir(out) if name.endswith(".c")]
    subprocess.run([os.environ.get("CC", "gcc"), "-o", program, *sources], check=True)
    text = subprocess.run([program], capture_output=True, text=True, check=False).stdout
    for name in names:
        checks.check(f"label: {name} predicted: {name}\n" in text, f"the exported program says {name}")


def test_names_travel(checks, folder, _run):
    """Names are in the model: the pictures may be gone, or be numbered."""
    shapes, run = trained(folder)
    names = [NAMES[kind] for kind in SORTED]
    numbered = make_csv(os.path.join(folder, "numbered.csv"))
    moved = os.path.join(folder, "moved")
    checks.equal(dime("eval", run).returncode, 0, "eval on its own data")
    os.rename(shapes, moved)
    check_predict(checks, folder, run, names)
    table = dime("eval", run, "--data", numbered).stdout
    rows = [line.split("  ")[0].strip() for line in table.splitlines()]
    checks.check("cross" in table and "level" in table and "pillar" in table, f"names in {rows}")
    check_export(checks, folder, run, names, "--data", numbered)


def test_other_names_are_refused(checks, folder, _run):
    _, run = trained(folder)
    other = make_folders(os.path.join(folder, "other"), ["cross", "line", "pillar"])
    words = ["class 1", "'level'", run, "'line'", other]
    checks.refused(dime("eval", run, "--data", other), 1, words, "eval on other classes")
    checks.refused(dime("export", run, "--data", other, "--out", folder + "/c"), 1, words, "export")


def test_numbers_without_names(checks, folder, run):
    """A model of CSV data has no names."""
    file = write_pgm(f"{folder}/a.pgm", draw(LEVEL, 28, 28, (4, 4, 20), 4), 28, 28)
    checks.equal(dime_json("predict", run, file)["predictions"][0]["class"], str(LEVEL), "a number")
    with open(os.path.join(run, "model.safetensors"), "rb") as model:
        size = int.from_bytes(model.read(8), "little")
        metadata = json.loads(model.read(size))["__metadata__"]
    checks.check("class_names" not in metadata, "no class_names for numbers")


def test_relative_dataset(checks, folder, _run):
    """A model trained with a path that counts from elsewhere."""
    make_folders(os.path.join(folder, "near"), [NAMES[kind] for kind in SORTED])
    here = os.getcwd()
    os.chdir(folder)
    try:
        run = os.path.abspath(train(folder, "./near"))
    finally:
        os.chdir(here)
    result = dime("eval", run)
    checks.refused(result, 1, ["./near", f"looked for the folder or file {here}/near too", "give --data"],
                   "eval from elsewhere")
    checks.equal(dime("eval", run, "--data", f"{folder}/near").returncode, 0, "eval with --data")


def test_impossible_names(checks, folder, _run):
    shapes = make_folders(os.path.join(folder, "long"), ["a", "b", "c" * 64])
    config = os.path.join(folder, "long.yaml")
    with open(config, "w", encoding="utf-8") as file:
        file.write(f"dataset: {shapes}\nvalidation_size: 10\nnum_epochs: 1\n")
    checks.refused(dime("train", config, "--out", folder + "/run"), 1, ["class 2", "63"], "a long name")


if __name__ == "__main__":
    run_tests(test_names_travel, test_other_names_are_refused, test_numbers_without_names,
              test_relative_dataset, test_impossible_names)
