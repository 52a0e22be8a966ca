# SPDX-License-Identifier: MIT
"""What the tests of export, library, inspect and predict share: a small trained model whose classes anyone
can tell (upright bar, level bar, cross), pictures of these, and a list of checks."""
import json
import os
import random
import subprocess
import sys
import tempfile

DIME = os.path.abspath(os.environ.get("DIME", "build/dime"))
UPRIGHT, LEVEL, CROSS = range(3)
CONFIG = """\
model: FCMNIST
dataset: {data}
QuantType: {quant}
BPW: {bits}
NormType: RMS
WScale: PerTensor
num_epochs: 6
batch_size: 32
scheduler: Cosine
learning_rate: 0.01
augmentation: False
network_width1: 16
network_width2: 16
network_width3: 0
validation_size: 30
"""


def draw(kind, height, width, box, thickness, background=0, ink=255):
    """Grey levels of a picture with one figure in box = (top, left, side)."""
    top, left, side = box
    pixels = bytearray([background]) * (height * width)
    middle = (side - thickness) // 2
    for y in range(side):
        for x in range(side):
            upright = middle <= x < middle + thickness and kind in (UPRIGHT, CROSS)
            level = middle <= y < middle + thickness and kind in (LEVEL, CROSS)
            if upright or level:
                pixels[(top + y) * width + left + x] = ink
    return bytes(pixels)


def write_pgm(path, pixels, height, width):
    with open(path, "wb") as file:
        file.write(b"P5\n%d %d\n255\n" % (width, height) + pixels)
    return path


def write_csv(path, count, source):
    with open(path, "w", encoding="ascii") as file:
        for number in range(count):
            side = source.randint(18, 20)
            corner = (28 - side) // 2
            top, left = corner + source.randint(-1, 1), corner + source.randint(-1, 1)
            thickness, ink = source.randint(2, 6), source.randint(180, 255)
            pixels = draw(number % 3, 28, 28, (top, left, side), thickness, 0, ink)
            file.write(",".join(map(str, (number % 3, *pixels))) + "\n")


def dime(*arguments, **options):
    """Runs the program; the result has returncode, stdout and stderr as text."""
    return subprocess.run([DIME, *map(str, arguments)], capture_output=True, text=True, check=False,
                          **options)


def dime_json(*arguments):
    result = dime(*arguments, "--json")
    if result.returncode:
        sys.exit(f"dime {' '.join(map(str, arguments))}: {result.stderr}")
    return json.loads(result.stdout)


def make_data(folder):
    """A dataset of two CSV files in folder/bars."""
    data = os.path.join(folder, "bars")
    os.makedirs(data)
    source = random.Random(1)
    write_csv(os.path.join(data, "train.csv"), 330, source)
    write_csv(os.path.join(data, "test.csv"), 60, source)
    return data


def train(folder, data, quant="4bitsym", bits=4):
    """A run folder with a trained model."""
    config = os.path.join(folder, f"{quant}.yaml")
    run = os.path.join(folder, f"run-{quant}")
    with open(config, "w", encoding="utf-8") as file:
        file.write(CONFIG.format(data=data, quant=quant, bits=bits))
    result = dime("train", config, "--out", run)
    if result.returncode:
        sys.exit(f"dime train: {result.stderr}")
    return run


class Checks:
    """Counts what holds; prints a line for what does not, and the totals."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, condition, text):
        if condition:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {text}")
        return condition

    def equal(self, found, expected, text):
        return self.check(found == expected, f"{text}: {found!r} instead of {expected!r}")

    def refused(self, result, status, words, text):
        """A command that ended with this status and one line on stderr that contains all words."""
        lines = result.stderr.strip().splitlines()
        self.equal(result.returncode, status, f"{text}: exit status")
        self.check(len(lines) == 1 and all(word in lines[0] for word in words),
                   f"{text}: one line with {words}, found {lines}")

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0


def run_tests(*tests):
    """Calls each test with (checks, folder of its own, run folder of a trained model); exits."""
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="dime-test.") as folder:
        run = train(folder, make_data(folder))
        for test in tests:
            own = os.path.join(folder, test.__name__)
            os.makedirs(own)
            test(checks, own, run)
    sys.exit(checks.finish())
