#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compares dime_resize with Pillow's Image.resize(..., BILINEAR), byte for byte.

usage: check_resize.py [FOLDER]

FOLDER holds the four MNIST files (default: the cache folder of `dime data fetch mnist`). All 70,000 pictures
are reduced to 16x16, and random pictures go through random sizes. The C side is compiled by $CC (default gcc)
into a shared library and called through ctypes. Exit status 1 when a byte differs.
"""
import ctypes
import gzip
import os
import platform
import shlex
import subprocess
import sys
import tempfile
import time

import numpy
from PIL import Image

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


SOURCES = ["data/resize", "data/picture_kernels", "data/picture_kernels_generic", "data/picture_kernels_avx2",
           "data/picture_kernels_avx512", "base/processor", "base/error"]
VECTORS = {"avx2": "-mavx2 -mfma", "avx512": "-mavx512f -mavx512dq -mavx512bw -mavx512vl -mavx2 -mfma"}


def vector_flags(source):
    """What the Makefile adds for the files of one instruction set."""
    return VECTORS.get(source.rpartition("_")[2], "").split() if platform.machine() == "x86_64" else []


def build(folder):
    library = os.path.join(folder, "resize.so")
    compiler = shlex.split(os.environ.get("CC") or "gcc")
    objects, headers = [], [f"-I{os.path.join(ROOT, name)}" for name in ("src", "device")]
    for source in SOURCES:
        objects.append(os.path.join(folder, os.path.basename(source) + ".o"))
        subprocess.run([*compiler, "-std=c11", "-D_GNU_SOURCE", "-O2", "-fPIC", "-Wno-psabi", *headers,
                        *vector_flags(source), "-c", "-o", objects[-1],
                        os.path.join(ROOT, "src", source + ".c")], check=True)
    subprocess.run([*compiler, "-shared", "-o", library, *objects], check=True)
    return ctypes.CDLL(library)


def cache_folder():
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(os.environ.get("DIME_CACHE") or os.path.join(home, "dime"), "mnist")


def read_pictures(folder, name):
    path = os.path.join(folder, name)
    stream = open(path, "rb") if os.path.exists(path) else gzip.open(path + ".gz")
    with stream:
        content = stream.read()
    count, height, width = (int.from_bytes(content[i:i + 4], "big") for i in (4, 8, 12))
    return numpy.frombuffer(content, numpy.uint8, offset=16).reshape(count, height, width)


def resize_ours(library, pictures, height, width):
    pictures = numpy.ascontiguousarray(pictures)
    count = len(pictures)
    target = numpy.zeros((count, height, width), numpy.uint8)
    code = library.dime_resize_many(pictures.ctypes.data_as(ctypes.c_void_p), count, pictures.shape[1],
                                    pictures.shape[2], target.ctypes.data_as(ctypes.c_void_p), height, width)
    if code != 0:
        raise SystemExit(f"dime_resize_many returned {code}")
    return target


def resize_pillow(pictures, height, width):
    target = numpy.empty((len(pictures), height, width), numpy.uint8)
    for index, picture in enumerate(pictures):
        target[index] = numpy.asarray(Image.fromarray(picture).resize((width, height), Image.BILINEAR))
    return target


def check(library, what, pictures, height, width):
    started = time.perf_counter()
    ours = resize_ours(library, pictures, height, width)
    seconds = time.perf_counter() - started
    different = (ours != resize_pillow(pictures, height, width)).any(axis=(1, 2)).sum()
    if different or len(pictures) > 1:
        print(f"{what}: {different} of {len(pictures)} pictures differ ({seconds:.3f} s)")
    return int(different)


def check_other_sizes(library, rounds):
    random = numpy.random.default_rng(1)
    different = 0
    extremes = [(4096, 3, 1, 4096), (1, 4096, 4096, 1), (1, 1, 4096, 2), (4096, 4095, 2, 3), (2, 2, 3, 1)]
    for sizes in extremes + random.integers(1, 200, (rounds, 4)).tolist():
        height, width, target_height, target_width = sizes
        picture = random.integers(0, 256, (1, height, width), numpy.uint8)
        what = f"{width}x{height} -> {target_width}x{target_height}"
        different += check(library, what, picture, target_height, target_width)
    print(f"other sizes: {different} of {len(extremes) + rounds} pictures differ")
    return different


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else cache_folder()
    with tempfile.TemporaryDirectory() as scratch:
        library = build(scratch)
    different = 0
    for part in ("train", "t10k"):
        pictures = read_pictures(folder, f"{part}-images-idx3-ubyte")
        different += check(library, f"{part} to 16x16", pictures, 16, 16)
    different += check_other_sizes(library, 2000)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
