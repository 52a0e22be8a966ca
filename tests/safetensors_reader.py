#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A second reader of safetensors files, from the format's description alone: the checks of its reference
implementation, and strictly those.

    safetensors_reader.py FILE      prints the metadata and each tensor as one JSON object
"""
import array
import json
import math
import struct
import sys

TYPES = {"U8": ("B", 1), "I8": ("b", 1), "I16": ("h", 2), "I32": ("i", 4), "I64": ("q", 8), "F32": ("f", 4),
         "F64": ("d", 8)}
LARGEST_HEADER = 100_000_000


def unique(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError(f"a name stands twice among {names}")
    return dict(pairs)


def refuse_fraction(text):
    raise ValueError(f"{text} is not a whole number")


def read_header(data):
    if len(data) < 8:
        raise ValueError("too short")
    length, = struct.unpack_from("<Q", data)
    if length > min(LARGEST_HEADER, len(data) - 8):
        raise ValueError("the header is longer than the file")
    text = data[8:8 + length].decode("utf-8")
    if not text.startswith("{"):
        raise ValueError("the header does not start with {")
    header = json.loads(text, object_pairs_hook=unique, parse_float=refuse_fraction)
    metadata = header.pop("__metadata__", {})
    if not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError("metadata maps to more than strings")
    return metadata, header, data[8 + length:]


def read_tensor(name, info, payload):
    if set(info) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{name}: keys {sorted(info)}")
    code, size = TYPES[info["dtype"]]
    begin, end = info["data_offsets"]
    if end - begin != size * math.prod(info["shape"]):
        raise ValueError(f"{name}: {end - begin} bytes for {info['dtype']} {info['shape']}")
    numbers = array.array(code, payload[begin:end])
    if numbers.itemsize != size:
        raise ValueError("this machine's C types have other sizes")
    if sys.byteorder == "big":
        numbers.byteswap()
    return {"dtype": info["dtype"], "shape": info["shape"], "offset": begin, "values": numbers.tolist()}


def read(path):
    """(metadata, {name: {dtype, shape, offset, values}}); ValueError where the file breaks a rule."""
    with open(path, "rb") as file:
        metadata, header, payload = read_header(file.read())
    end = 0
    for info in sorted(header.values(), key=lambda info: info["data_offsets"]):
        if info["data_offsets"][0] != end:
            raise ValueError(f"a hole or an overlap at data byte {end}")
        end = info["data_offsets"][1]
    if end != len(payload):
        raise ValueError(f"{len(payload)} data bytes, the tensors end at {end}")
    return metadata, {name: read_tensor(name, info, payload) for name, info in header.items()}


if __name__ == "__main__":
    found = read(sys.argv[1])
    print(json.dumps({"metadata": found[0], "tensors": found[1]}))
