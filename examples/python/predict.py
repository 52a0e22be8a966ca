#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Classifies pictures with a shared library that `make lib MODEL=...` built.

    predict.py [--json] libdime_model.so PICTURE...

Bright strokes on a dark background are expected, and pictures of the network's input size. PGM files are
read without further packages; where Pillow (Debian: python3-pil) is installed, other formats are read too and
other sizes are resized. A picture that cannot be read is named, the others are classified, and the exit
status is 1.
"""

import argparse
import ctypes
import json
import os
import re
import sys


class Model:
    """libdime_model.so or libdime_model.dll; dime_model.h documents the calls."""

    def __init__(self, path):
        library = ctypes.CDLL(os.path.abspath(path))
        for name in ("dime_model_version", "dime_model_name"):
            getattr(library, name).restype = ctypes.c_char_p
        for name in ("dime_model_input_size", "dime_model_inputs", "dime_model_classes"):
            getattr(library, name).restype = ctypes.c_uint32
        library.dime_model_predict.argtypes = [ctypes.c_char_p, ctypes.POINTER(ctypes.c_int32)]
        library.dime_model_predict.restype = ctypes.c_int
        self.library = library
        self.name = library.dime_model_name().decode()
        self.version = library.dime_model_version().decode()
        self.size = library.dime_model_input_size()
        self.classes = library.dime_model_classes()

    def predict(self, pixels):
        """The class and the logits of size x size grey levels."""
        if len(pixels) != self.size * self.size:
            raise ValueError(f"{len(pixels)} pixels; the network takes {self.size}x{self.size}")
        logits = (ctypes.c_int32 * self.classes)()
        return self.library.dime_model_predict(bytes(pixels), logits), list(logits)


def read_pgm(data):
    """Width, height and 8-bit grey levels of a PGM file (P2 or P5)."""
    space = rb"(?:\s|#[^\n]*\n)+"
    header = re.match(rb"P([25])" + 3 * (space + rb"(\d+)") + rb"\s", data)
    if not header:
        raise ValueError("not a PGM file")
    kind, width, height, highest = (int(number) for number in header.groups())
    if not 1 <= highest <= 65535:
        raise ValueError(f"a highest grey level of {highest}; 1 to 65535 are possible")
    body = data[header.end():]
    if kind == 2:
        levels = [int(number) for number in re.sub(rb"#[^\n]*", b"", body).split()]
    elif highest < 256:
        levels = list(body)
    else:
        levels = [high << 8 | low for high, low in zip(body[::2], body[1::2])]
    levels = levels[:width * height]
    if len(levels) < width * height:
        raise ValueError(f"{width}x{height} pixels expected, {len(levels)} found")
    return width, height, bytes((min(level, highest) * 255 + highest // 2) // highest for level in levels)


def read_with_pillow(path, size):
    try:
        from PIL import Image
    except ImportError:
        raise ValueError(f"only PGM pictures of {size}x{size} pixels can be read without Pillow") from None
    with Image.open(path) as picture:
        return picture.convert("L").resize((size, size), Image.BILINEAR).tobytes()


def read_picture(path, size):
    """size x size grey levels."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:2] in (b"P2", b"P5"):
        width, height, pixels = read_pgm(data)
        if width == height == size:
            return pixels
    return read_with_pillow(path, size)


def main():
    parser = argparse.ArgumentParser(description="Classifies pictures with a library built by `make lib`.")
    parser.add_argument("library")
    parser.add_argument("pictures", nargs="+", metavar="PICTURE")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    model = Model(arguments.library)
    predictions, failed = [], False
    for path in arguments.pictures:
        try:
            label, logits = model.predict(read_picture(path, model.size))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            print(f"{path}: {reason}", file=sys.stderr)
            failed = True
            continue
        best, second = sorted(logits, reverse=True)[:2]
        predictions.append({"file": path, "label": label, "logits": logits, "margin": best - second})
        if not arguments.json:
            print(f"{path}: {label}  (margin {best - second})", flush=True)
    if arguments.json:
        print(json.dumps({"model": model.name, "version": model.version, "predictions": predictions}))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
