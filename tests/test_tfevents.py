#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Reads event files with an own TFRecord reader and google.protobuf; compares all values with metrics.csv.

Two runs are read: the sample of `test_run_log FOLDER`, whose weights are known by formula, and a tiny
training run of the program. Where TensorBoard is installed, it has to agree about both.
"""
import csv
import glob
import io
import json
import math
import os
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter

from PIL import Image
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

DIME = os.environ.get("DIME", "build/dime")
WRITER = os.path.join(os.path.dirname(DIME), "tests", "test_run_log")
failures = []


def check(condition, text):
    if not condition:
        failures.append(text)
        print(f"test_tfevents: {text}", file=sys.stderr)


# ---- the schema: tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto ----
DOUBLE, FLOAT, INT64, STRING, MESSAGE, BYTES, ENUM = 1, 2, 3, 9, 11, 12, 14
SCHEMA = {
    "HistogramProto": [("min", 1, DOUBLE), ("max", 2, DOUBLE), ("num", 3, DOUBLE), ("sum", 4, DOUBLE),
                       ("sum_squares", 5, DOUBLE), ("bucket_limit", 6, [DOUBLE]), ("bucket", 7, [DOUBLE])],
    "Image": [("height", 1, INT64), ("width", 2, INT64), ("colorspace", 3, INT64),
              ("encoded_image_string", 4, BYTES)],
    "Value": [("tag", 1, STRING), ("simple_value", 2, FLOAT), ("image", 4, "Image"),
              ("histo", 5, "HistogramProto"), ("tensor", 8, BYTES), ("metadata", 9, BYTES)],
    "Summary": [("value", 1, ["Value"])],
    "SessionLog": [("status", 1, INT64), ("checkpoint_path", 2, STRING), ("msg", 3, STRING)],
    "Event": [("wall_time", 1, DOUBLE), ("step", 2, INT64), ("file_version", 3, STRING),
              ("graph_def", 4, BYTES), ("summary", 5, "Summary"), ("log_message", 6, BYTES),
              ("session_log", 7, "SessionLog")],
}


def event_class():
    file = descriptor_pb2.FileDescriptorProto(name="events.proto", package="t", syntax="proto3")
    for name, fields in SCHEMA.items():
        message = file.message_type.add(name=name)
        for field_name, number, kind in fields:
            repeated = isinstance(kind, list)
            kind = kind[0] if repeated else kind
            field = message.field.add(name=field_name, number=number, label=3 if repeated else 1)
            field.type = MESSAGE if isinstance(kind, str) else kind
            if isinstance(kind, str):
                field.type_name = ".t." + kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    descriptor = pool.FindMessageTypeByName("t.Event")
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory(pool).GetPrototype(descriptor)


Event = event_class()


# ---- TFRecord ----
def make_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


CRC_TABLE = make_table()


def masked_crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC_TABLE[(crc ^ byte) & 255] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


assert masked_crc32c(b"123456789") == ((0xE3069283 >> 15 | 0xE3069283 << 17) + 0xA282EAD8) & 0xFFFFFFFF


def read_records(path):
    with open(path, "rb") as file:
        data = file.read()
    at = 0
    while at < len(data):
        length, length_crc = struct.unpack_from("<QI", data, at)
        check(masked_crc32c(data[at:at + 8]) == length_crc, f"{path}: checksum of the length at {at}")
        record = data[at + 12:at + 12 + length]
        check(len(record) == length and len(data) >= at + 16 + length, f"{path}: record at {at} is cut")
        (crc,) = struct.unpack_from("<I", data, at + 12 + length)
        check(masked_crc32c(record) == crc, f"{path}: checksum of the record at {at}")
        yield record
        at += 16 + length


def has_unknown_fields(message):
    """Whether the message, encoded again from the fields of the schema alone, gets shorter."""
    before = message.ByteSize()
    message.DiscardUnknownFields()
    return message.ByteSize() != before


def read_events(path):
    now = time.time()
    events = []
    for record in read_records(path):
        event = Event.FromString(record)
        check(not has_unknown_fields(event), f"{path}: a field that the schema lacks")
        check(now - 3600 < event.wall_time <= now + 1, f"{path}: wall_time {event.wall_time}")
        events.append(event)
    check(events[0].file_version == "brain.Event:2", f"{path}: the first record is no file version")
    check(not any(event.file_version for event in events[1:]), f"{path}: a second file version")
    return events


def read_run(folder):
    """{tag: {step: value}}, files joined as TensorBoard does: a session start discards later steps."""
    values, starts = {}, []
    for path in sorted(glob.glob(os.path.join(glob.escape(folder), "events.out.tfevents.*"))):
        for event in read_events(path):
            if event.HasField("session_log"):
                check(event.session_log.status == 1, f"{path}: session log is no START")
                starts.append(event.step)
                for steps in values.values():
                    for step in [step for step in steps if step >= event.step]:
                        del steps[step]
            for value in event.summary.value:
                steps = values.setdefault(value.tag, {})
                check(event.step not in steps, f"{path}: {value.tag} {event.step} twice")
                steps[event.step] = (value.histo if value.HasField("histo") else
                                     value.image if value.HasField("image") else value.simple_value)
    return values, starts


# ---- comparison with metrics.csv ----
COLUMNS = {
    "Loss/train": "train_loss",
    "Accuracy/train": "train_accuracy",
    "Loss/validation": "validation_loss",
    "Accuracy/validation": "validation_accuracy",
    "learning_rate": "learning_rate",
    "Activations/positive_fraction": "active_fraction",
    "images_per_second": "images_per_second",
}


def as_float(number):
    try:
        return struct.unpack("<f", struct.pack("<f", number))[0]
    except OverflowError:
        return math.copysign(math.inf, number)


def same(a, b):
    return a == b or (math.isnan(a) and math.isnan(b))


def read_metrics(folder):
    with open(os.path.join(folder, "metrics.csv"), newline="", encoding="ascii") as file:
        return list(csv.DictReader(file, strict=True))


def scalar_tags(layers):
    tags = dict(COLUMNS)
    for layer in range(1, layers + 1):
        tags[f"Clip/layer{layer}"] = f"clip_{layer}"
        tags[f"Entropy/layer{layer}"] = f"entropy_{layer}"
    return tags


def compare_scalars(folder, values, rows, layers):
    for tag, column in scalar_tags(layers).items():
        expected = {int(row["epoch"]): as_float(float(row[column])) for row in rows if row[column] != ""}
        found = {step: value for step, value in values.get(tag, {}).items() if not math.isnan(value)}
        check(found.keys() == expected.keys(),
              f"{folder}: {tag} has steps {list(found)}, not {list(expected)}")
        for step in found.keys() & expected.keys():
            check(same(found[step], expected[step]),
                  f"{folder}: {tag} of epoch {step} is {found[step]}, {column} is {expected[step]}")


def check_tags(folder, values, expected):
    check(set(values) == set(expected), f"{folder}: unexpected tags: {sorted(set(values) ^ set(expected))}")


def compare_histogram(name, histogram, numbers):
    """Moments; bucket counts by counting, a value at a limit may be on either side of it."""
    numbers = [number for number in numbers if math.isfinite(number)]
    limits = list(histogram.bucket_limit)
    check(histogram.num == len(numbers) == sum(histogram.bucket),
          f"{name}: {histogram.num} of {len(numbers)}")
    check(histogram.min == min(numbers) and histogram.max == max(numbers), f"{name}: minimum or maximum")
    check(math.isclose(histogram.sum, math.fsum(numbers), rel_tol=1e-9, abs_tol=1e-6), f"{name}: sum")
    squares = math.fsum(number * number for number in numbers)
    check(math.isclose(histogram.sum_squares, squares, rel_tol=1e-9), f"{name}: sum of squares")
    check(len(limits) == len(histogram.bucket), f"{name}: limits and buckets differ in number")
    check(all(a < b for a, b in zip(limits, limits[1:])), f"{name}: limits do not rise")
    check(limits[-1] >= histogram.max, f"{name}: the last limit is below the maximum")
    slack = 1e-9 * max(abs(limits[0]), abs(limits[-1]), 1e-9)
    total = 0
    for limit, count in zip(limits, histogram.bucket):
        total += count
        low = sum(number < limit - slack for number in numbers)
        high = sum(number <= limit + slack for number in numbers)
        check(low <= total <= high, f"{name}: {total} values up to {limit}, not {low} to {high}")


def compare_with_tensorboard(folder, values):
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    except ImportError:
        return
    accumulator = EventAccumulator(folder, size_guidance={"scalars": 0, "histograms": 0, "images": 0})
    accumulator.Reload()
    tags = accumulator.Tags()
    found = set(tags["scalars"] + tags["histograms"] + tags["images"])
    check(found == set(values), f"{folder}: TensorBoard sees {tags}")
    for tag in tags["scalars"]:
        for scalar in accumulator.Scalars(tag):
            check(same(scalar.value, values[tag].get(scalar.step, 0.125)),
                  f"{folder}: TensorBoard: {tag} {scalar}")
        check(len(accumulator.Scalars(tag)) == len(values[tag]), f"{folder}: TensorBoard: number of {tag}")
    for tag in tags["histograms"]:
        found = {event.step: event.histogram_value for event in accumulator.Histograms(tag)}
        check(found.keys() == values[tag].keys(), f"{folder}: TensorBoard: steps of {tag}")
        for step, histogram in found.items():
            check(list(histogram.bucket) == list(values[tag][step].bucket),
                  f"{folder}: TensorBoard: {tag} {step}")


# ---- the sample; the formulas are those of tests/test_run_log.c ----
def sample_weights(count, epoch):
    return [((i * 37 + epoch) % 101 - 50) / 64 for i in range(count)]


def sample_values(count, epoch):
    return [i * (7 + epoch) % 16 * 2 - 15 for i in range(count)]


def test_sample(folder):
    subprocess.run([WRITER, folder], check=True)
    values, starts = read_run(folder)
    rows = read_metrics(folder)
    check(starts == [1, 3], f"sample: sessions start at {starts}")
    check([row["epoch"] for row in rows] == list("12345"), "sample: epochs of metrics.csv")
    check(list(values["Loss/train"]) == [1, 2, 3, 4, 5] and math.isnan(values["Loss/train"][4]),
          "sample: a loss that is no number is not shown")
    check(2 not in values["Accuracy/validation"], "sample: a point without validation")
    check(math.isinf(values["learning_rate"][5]), "sample: 1e300 as a float")
    check(values["Accuracy/test"] == {5: as_float(98.76)}, f"sample: test accuracy {values['Accuracy/test']}")
    compare_scalars("sample", values, rows, layers=4)
    histograms = {
        "Weights/layer1": lambda epoch: sample_weights(400, epoch),
        "Weights/layer2": lambda epoch: sample_weights(320, epoch),
        "Weights/layer4": lambda epoch: [0.75] * 18,
        "IntegerWeights/layer1": lambda epoch: sample_values(400, epoch),
        "IntegerWeights/layer3": lambda epoch: sample_values(48, epoch),
    }
    for tag, numbers in histograms.items():
        check(list(values.get(tag, {})) == [1, 2, 3, 4, 5], f"sample: steps of {tag}")
        for epoch, histogram in values.get(tag, {}).items():
            compare_histogram(f"sample: {tag} of epoch {epoch}", histogram, numbers(epoch))
    for epoch, histogram in values["IntegerWeights/layer1"].items():
        counts = Counter(sample_values(400, epoch))
        check(list(histogram.bucket) == [counts[value] for value in sorted(counts)],
              f"sample: integer weights of epoch {epoch}: not a bucket for each value")
    check_tags("sample", values,
               (set(scalar_tags(4)) - {"Entropy/layer2"}) | set(histograms) | {"Accuracy/test"})
    compare_with_tensorboard(folder, values)


# ---- a real run ----
def write_data(folder):
    """Two kinds of pictures, a bar that lies and one that stands, somewhere; 8 x 8 pixels."""
    os.mkdir(folder)
    for name, count in (("train.csv", 240), ("test.csv", 40)):
        with open(os.path.join(folder, name), "w", encoding="ascii") as file:
            for i in range(count):
                place = i // 2 % 8
                pixels = [200 + i % 50 if (y if i % 2 else x) == place else 0
                          for y in range(8) for x in range(8)]
                print(i % 2, *pixels, sep=",", file=file)


def read_tensors(path):
    with open(path, "rb") as file:
        data = file.read()
    (size,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    kinds = {"U8": "B", "I8": "b", "I16": "h", "I32": "i", "I64": "q", "F32": "f", "F64": "d"}
    tensors = {}
    for name, tensor in header.items():
        start, end = tensor["data_offsets"]
        content = data[8 + size + start:8 + size + end]
        tensors[name] = [number for (number,) in struct.iter_unpack("<" + kinds[tensor["dtype"]], content)]
    return tensors


def test_training(folder):
    data, run = os.path.join(folder, "data"), os.path.join(folder, "run")
    write_data(data)
    config = os.path.join(folder, "config.yaml")
    with open(config, "w", encoding="ascii") as file:
        file.write(f"dataset: {data}\nQuantType: 4bitsym\nnum_epochs: 3\nbatch_size: 16\ninput_size: 8\n"
                   "validation_size: 40\nnetwork_width1: 12\nnetwork_width2: 8\nnetwork_width3: 0\n")
    done = subprocess.run([DIME, "train", config, "--out", run, "--json"], capture_output=True, text=True,
                          check=False)
    check(done.returncode == 0, f"training: {done.stderr}")
    if done.returncode != 0:
        return
    values, starts = read_run(run)
    rows = read_metrics(run)
    check(starts == [1] and [row["epoch"] for row in rows] == ["1", "2", "3"], f"training: {starts}, {rows}")
    compare_scalars("training", values, rows, layers=3)
    histograms = {f"{what}/layer{layer}" for what in ("Weights", "IntegerWeights") for layer in (1, 2, 3)}
    check_tags("training", values, set(scalar_tags(3)) | histograms | {"Accuracy/test", "FirstLayer"})
    report = json.loads(done.stdout)
    check(as_float(report["test_accuracy"]) == values["Accuracy/test"].get(3), "training: test accuracy")
    compare_with_model(run, values)
    compare_images(run, values["FirstLayer"])
    compare_with_tensorboard(run, values)


def compare_with_model(run, values):
    """The histograms of the last epoch are those of a tensor in the model of that size."""
    tensors = read_tensors(os.path.join(run, "model.safetensors"))
    for layer, size in ((1, 64 * 12), (2, 12 * 8), (3, 8 * 2)):
        for what, whole in (("Weights", False), ("IntegerWeights", True)):
            histogram = values[f"{what}/layer{layer}"][3]
            alike = [numbers for numbers in tensors.values() if len(numbers) == size
                     and isinstance(numbers[0], int) == whole and min(numbers) == histogram.min
                     and max(numbers) == histogram.max]
            check(len(alike) == 1, f"training: no tensor of layer {layer} that the histogram {what} tells of")
            for numbers in alike:
                compare_histogram(f"training: {what}/layer{layer}", histogram, numbers)


def compare_images(run, images):
    """Each weight of the first layer is a square of 2 x 2 pixels, the lighter the greater."""
    check(list(images) == [1, 2, 3], f"training: images of the epochs {list(images)}")
    picture = images[3]
    image = Image.open(io.BytesIO(picture.encoded_image_string)).convert("RGB")
    check(image.size == (picture.width, picture.height) == (2 * (4 * 9 - 1), 2 * (3 * 9 - 1))
          and picture.colorspace == 3, f"training: size of the image {image.size}")
    weights = [numbers for numbers in read_tensors(os.path.join(run, "model.safetensors")).values()
               if len(numbers) == 12 * 64 and isinstance(numbers[0], int)][0]
    colours = {}
    for i, weight in enumerate(weights):
        unit, place = divmod(i, 64)
        left, top = 2 * (unit % 4 * 9 + place % 8), 2 * (unit // 4 * 9 + place // 8)
        colours.setdefault(weight, set()).update(
            image.getpixel((left + x, top + y)) for x in (0, 1) for y in (0, 1))
    light = [sum(part * share for part, share in zip(next(iter(colours[weight])), (0.3, 0.59, 0.11)))
             for weight in sorted(colours)]
    check(all(len(colour) == 1 for colour in colours.values()), "training: a weight has several colours")
    check(all(a < b for a, b in zip(light, light[1:])), f"training: colours do not get lighter: {light}")


def main():
    for program in (DIME, WRITER):
        if not os.path.exists(program):
            sys.exit(f"test_tfevents: {program} is not there; `make all tests` builds it")
    with tempfile.TemporaryDirectory(prefix="dime-tfevents-") as folder:
        sample = os.path.join(folder, "sample")
        os.mkdir(sample)
        test_sample(sample)
        test_training(folder)
    sys.exit(1 if failures else 0)


main()
