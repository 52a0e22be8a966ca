#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Resizing and picture files against Pillow.

Reads PNG, PGM and PPM files that Pillow has written and compares each grey level with Pillow's convert('L'),
then runs scripts/check_resize.py on all 70,000 MNIST pictures. Exit status 77 (skipped) without Pillow and
numpy, or without MNIST when all else is well.
"""
import ctypes
import os
import shlex
import subprocess
import sys
import tempfile

try:
    import numpy
    from PIL import Image
except ImportError as missing:
    print(f"skipped: {missing}; install python3-pil and python3-numpy")
    sys.exit(77)

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DIME = os.environ.get("DIME", os.path.join(ROOT, "build", "dime"))
SOURCES = ["src/data/picture.c", "src/data/png.c", "src/data/pnm.c", "src/base/file.c", "src/base/error.c"]


class Picture(ctypes.Structure):
    _fields_ = [("height", ctypes.c_uint32), ("width", ctypes.c_uint32),
                ("pixels", ctypes.POINTER(ctypes.c_uint8))]


def build(folder):
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libpng"], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.split()
    path = os.path.join(folder, "picture.so")
    compiler = shlex.split(os.environ.get("CC") or "gcc")
    subprocess.run([*compiler, "-std=c11", "-D_GNU_SOURCE", "-O2", "-fPIC", "-shared", "-Isrc", "-o", path,
                    *SOURCES, *flags, "-lm"], check=True, cwd=ROOT)
    library = ctypes.CDLL(path)
    library.dime_error_message.restype = ctypes.c_char_p
    return library


def read_ours(library, path):
    picture = Picture()
    if library.dime_picture_read(path.encode(), ctypes.byref(picture)) != 0:
        raise SystemExit(library.dime_error_message().decode())
    pixels = numpy.ctypeslib.as_array(picture.pixels, (picture.height, picture.width)).copy()
    library.dime_picture_free(ctypes.byref(picture))
    return pixels


def make_pictures():
    """(file name, picture)"""
    random = numpy.random.default_rng(3)
    grey = Image.fromarray(random.integers(0, 256, (37, 41), numpy.uint8))
    colour = Image.fromarray(random.integers(0, 256, (512, 400, 3), numpy.uint8))
    every_grey = Image.fromarray(numpy.repeat(numpy.arange(256, dtype=numpy.uint8)[None, :, None], 3, 2))
    for name in ("grey.png", "grey.pgm"):
        yield name, grey
    for name in ("colour.png", "colour.ppm"):
        yield name, colour
        yield "every-" + name, every_grey
    yield "bit.png", grey.convert("1")
    for colours in (2, 4, 16, 200):
        yield f"palette-{colours}.png", colour.quantize(colours)


def check_pictures(library, folder):
    failed = 0
    for name, picture in make_pictures():
        path = os.path.join(folder, name)
        picture.save(path)
        expected = numpy.asarray(Image.open(path).convert("L"))
        ours = read_ours(library, path)
        if ours.shape != expected.shape or (ours != expected).any():
            print(f"FAIL {name}: differs from Pillow's convert('L')")
            failed += 1
    return failed


def check_scaled_pgm(library, folder):
    """Every greatest value up to 255, every grey level."""
    failed = 0
    for most in range(1, 256):
        path = os.path.join(folder, "scaled.pgm")
        with open(path, "wb") as stream:
            stream.write(f"P5 {most + 1} 1 {most}\n".encode() + bytes(range(most + 1)))
        if (read_ours(library, path) != numpy.asarray(Image.open(path).convert("L"))).any():
            print(f"FAIL P5 with a greatest value of {most}: differs from Pillow")
            failed += 1
    return failed


def check_resize():
    """None when there is no MNIST."""
    fetched = subprocess.run([DIME, "data", "fetch", "mnist"], stdout=subprocess.DEVNULL, check=False)
    if fetched.returncode != 0:
        return None
    script = os.path.join(ROOT, "scripts", "check_resize.py")
    return subprocess.run([sys.executable, script], check=False).returncode


def main():
    with tempfile.TemporaryDirectory() as folder:
        library = build(folder)
        failed = check_pictures(library, folder) + check_scaled_pgm(library, folder)
    resized = check_resize()
    if failed or resized:
        return 1
    return 77 if resized is None else 0


if __name__ == "__main__":
    sys.exit(main())
