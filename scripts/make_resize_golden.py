#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes tests/data/resize_golden.bin: pictures and what Pillow's Image.resize(..., BILINEAR) makes of them.

The file begins with one line of text that says how it was made. Then, for each picture: height, width, target
height, target width (16-bit little endian each), the grey levels of the picture, those of the result.
"""
import os
import struct

import numpy
import PIL
from PIL import Image, ImageDraw

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PATH = os.path.join(ROOT, "tests", "data", "resize_golden.bin")

# (height, width, target height, target width)
SIZES = [
    (28, 28, 16, 16), (28, 28, 28, 28), (28, 28, 14, 14), (28, 28, 64, 64), (16, 16, 28, 28),
    (28, 28, 28, 16), (28, 28, 16, 28), (1, 1, 5, 4), (5, 4, 1, 1), (7, 5, 3, 9), (2, 3, 31, 1),
    (33, 17, 20, 40), (3, 100, 50, 7), (96, 64, 16, 16), (61, 59, 13, 17), (256, 2, 2, 3),
]


def draw_digit(height, width, random):
    """A soft-edged stroke on black, like a handwritten digit."""
    picture = Image.new("L", (4 * width, 4 * height))
    draw = ImageDraw.Draw(picture)
    points = [(int(random.integers(0, 4 * width)), int(random.integers(0, 4 * height))) for _ in range(5)]
    draw.line(points, fill=255, width=max(1, min(height, width) // 2), joint="curve")
    return numpy.asarray(picture.resize((width, height), Image.BOX))


def make_pictures():
    random = numpy.random.default_rng(2024)
    for size in SIZES:
        yield draw_digit(size[0], size[1], random), size[2:]
    for size in SIZES:
        yield random.integers(0, 256, size[:2], numpy.uint8), size[2:]
    yield numpy.full((28, 28), 255, numpy.uint8), (16, 16)


def main():
    with open(PATH, "wb") as golden:
        golden.write(f"made by scripts/make_resize_golden.py with Pillow {PIL.__version__}\n".encode())
        for picture, (height, width) in make_pictures():
            result = numpy.asarray(Image.fromarray(picture).resize((width, height), Image.BILINEAR))
            golden.write(struct.pack("<4H", *picture.shape, height, width))
            golden.write(picture.tobytes() + result.tobytes())


if __name__ == "__main__":
    main()
