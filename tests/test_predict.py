#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""dime predict on pictures of several kinds and sizes."""
import os
import struct
import zlib

from tiny_model import CROSS, LEVEL, UPRIGHT, dime, dime_json, draw, make_data, run_tests, train, write_pgm

FIGURES = (UPRIGHT, LEVEL, CROSS)


def write_png(path, pixels, height, width):
    """8-bit grey PNG without filters."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + pixels[y * width:(y + 1) * width] for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows))
                   + chunk(b"IEND", b""))
    return path


def labels(run, files, *options):
    return [prediction["label"] for prediction in dime_json("predict", run, *files, *options)["predictions"]]


def test_any_size(checks, folder, run):
    """Large pictures, dark on light and light on dark, small and off the centre."""
    files, expected = [], []
    for kind in FIGURES:
        dark = draw(kind, 200, 300, (30, 150, 120), 20, 230, 15)
        light = draw(kind, 90, 64, (40, 10, 45), 8, 20, 200)
        files.append(write_png(f"{folder}/dark{kind}.png", dark, 200, 300))
        files.append(write_pgm(f"{folder}/light{kind}.pgm", light, 90, 64))
        expected += [kind, kind]
    checks.equal(labels(run, files), expected, "labels of large pictures")


def test_sizes_taken_as_they_are(checks, folder, run):
    files = []
    for size in (28, 16):
        for kind in FIGURES:
            pixels = draw(kind, size, size, (size // 7, size // 7, size * 5 // 7), size // 7)
            files.append(write_pgm(f"{folder}/{kind}-{size}.pgm", pixels, size, size))
    checks.equal(labels(run, files), [*FIGURES, *FIGURES], "labels of 28x28 and 16x16 pictures")


def test_json(checks, folder, run):
    path = write_pgm(f"{folder}/a.pgm", draw(LEVEL, 80, 80, (10, 10, 60), 9, 255, 0), 80, 80)
    prediction = dime_json("predict", run, path)["predictions"][0]
    logits = prediction["logits"]
    checks.equal(prediction["file"], path, "file")
    checks.equal(prediction["label"], logits.index(max(logits)), "the label is the largest logit's")
    checks.equal(prediction["class"], str(prediction["label"]), "class name")
    checks.equal(prediction["margin"], sorted(logits)[-1] - sorted(logits)[-2], "margin")
    checks.equal(len(logits), 3, "number of logits")
    checks.equal(prediction["inverted"], True, "dark on light is noticed")
    checks.equal(prediction["blank"], False, "blank")


def test_text(checks, folder, run):
    path = write_pgm(f"{folder}/a.pgm", draw(CROSS, 80, 80, (10, 10, 60), 9), 80, 80)
    result = dime("predict", run, path)
    checks.equal(result.returncode, 0, "exit status")
    checks.check(result.stdout.startswith(f"{path}: {CROSS}  (margin "), f"line: {result.stdout!r}")
    shown = dime("predict", run, path, "--show").stdout.splitlines()
    checks.equal(len(shown), 17, "lines with --show")
    checks.equal({len(line) for line in shown[:16]}, {32}, "width of the drawing")
    checks.check("@" in shown[7] and shown[0].strip() == "", "drawing of a cross")


def test_polarity(checks, folder, run):
    path = write_pgm(f"{folder}/a.pgm", draw(UPRIGHT, 28, 28, (4, 4, 20), 4, 255, 0), 28, 28)
    found = {choice: dime_json("predict", run, path, "--invert", choice)["predictions"][0]
             for choice in ("auto", "yes", "no")}
    checks.equal(found["auto"]["logits"], found["yes"]["logits"], "auto inverts")
    checks.equal(found["auto"]["label"], UPRIGHT, "label of the inverted picture")
    checks.check(found["no"]["logits"] != found["yes"]["logits"], "--invert no does not invert")


def test_blank(checks, folder, run):
    path = write_pgm(f"{folder}/blank.pgm", bytes([200]) * 5000, 50, 100)
    result = dime("predict", run, path)
    checks.equal(result.returncode, 0, "exit status of a blank picture")
    checks.check("blank" in result.stdout, f"blank is said: {result.stdout!r}")
    prediction = dime_json("predict", run, path)["predictions"][0]
    checks.equal((prediction["blank"], prediction["label"]), (True, None), "blank in JSON")


def test_bad_pictures(checks, folder, run):
    """A bad picture is reported, the good one behind it is still classified."""
    good = write_pgm(f"{folder}/good.pgm", draw(LEVEL, 28, 28, (4, 4, 20), 4), 28, 28)
    text = os.path.join(folder, "text.png")
    with open(text, "w", encoding="ascii") as file:
        file.write("not a picture")
    for bad in (text, os.path.join(folder, "missing.pgm")):
        result = dime("predict", run, bad, good)
        checks.refused(result, 1, [bad], f"bad picture {os.path.basename(bad)}")
        checks.check(result.stdout.startswith(f"{good}: {LEVEL}"), "the good picture is classified")


def test_usage(checks, folder, run):
    path = write_pgm(f"{folder}/a.pgm", bytes(784), 28, 28)
    checks.refused(dime("predict", run), 2, ["few"], "no picture")
    checks.refused(dime("predict", run, path, "--invert", "maybe"), 2, ["maybe", "auto"], "--invert maybe")
    checks.refused(dime("predict", run, path, "--show", "--json"), 2, ["--show"], "--show --json")
    checks.refused(dime("predict", folder, path), 1, [folder], "a folder without model")


def test_float_model(checks, folder, _run):
    run = train(folder, make_data(folder), "None", 32)
    path = write_pgm(f"{folder}/a.pgm", bytes(784), 28, 28)
    checks.refused(dime("predict", run, path), 1, ["dime quantize"], "float model")


if __name__ == "__main__":
    run_tests(test_any_size, test_sizes_taken_as_they_are, test_json, test_text, test_polarity, test_blank,
              test_bad_pictures, test_usage, test_float_model)
