#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""dime inspect --pictures and dime report: pictures that can be read, a document that stands alone and says
what the other commands say."""
import base64
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

from PIL import Image

from tiny_model import dime, dime_json, run_tests

PICTURES = ["confusion", "curves", "first-layer", "mistakes", "weights"]
VOID = {"meta", "img", "br", "wbr", "hr", "link", "input"}
MOST_BYTES = 2_000_000


class Document(HTMLParser):
    """Checks that tags are balanced; collects text, attributes and images."""

    def __init__(self, text):
        super().__init__()
        self.open, self.faults, self.links, self.images, self.ids, self.text = [], [], [], [], [], []
        self.feed(text)
        self.faults += [f"<{tag}> is never closed" for tag in self.open]

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.links += [value for name, value in attrs if name in ("href", "src", "action", "srcset")]
        self.ids += [attributes["id"]] if "id" in attributes else []
        if tag == "img":
            self.images.append(attributes)
        if tag in ("script", "iframe", "object", "embed", "link"):
            self.faults.append(f"has a <{tag}>")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes something else")

    def handle_data(self, data):
        self.text.append(data)


def check_picture(checks, folder, name):
    image = Image.open(os.path.join(folder, name + ".png")).convert("RGB")
    root = ElementTree.parse(os.path.join(folder, name + ".svg")).getroot()
    width, height = (float(root.get(side).removesuffix("px")) for side in ("width", "height"))
    checks.check(root.tag.endswith("}svg"), f"{name}.svg is SVG")
    checks.check(abs(image.width - 2 * width) < 2 and abs(image.height - 2 * height) < 2,
                 f"{name}.png is twice as large as the SVG: {image.size}, {width} x {height}")
    dark = sum(sum(pixel) < 300 for pixel in image.getdata()) / (image.width * image.height)
    checks.check(0.001 < dark < 0.7, f"{name}.png has ink: {dark:.4f}")
    grey = [pixel for pixel in image.crop((0, 0, 8, image.height)).getdata() if sum(pixel) < 600]
    checks.equal(len(grey), 0, f"{name}.png: nothing is cut at the left")
    edge = image.crop((image.width - 4, 0, image.width, image.height)).getdata()
    checks.equal(sum(sum(pixel) < 600 for pixel in edge), 0, f"{name}.png: nothing is cut at the right")


def test_pictures(checks, folder, run):
    out = os.path.join(folder, "pictures")
    result = dime("inspect", run, "--pictures", out)
    checks.equal(result.returncode, 0, f"exit status; {result.stderr}")
    files = sorted(os.listdir(out))
    wrong = any(row[i] for confusion in [dime_json("eval", run)["confusion"]]
                for row in [[count for k, count in enumerate(counts) if k != number]
                            for number, counts in enumerate(confusion)] for i in range(len(row)))
    expected = [name for name in PICTURES if name != "mistakes" or wrong]
    checks.equal(files, sorted(name + ending for name in expected for ending in (".png", ".svg")), "files")
    for name in expected:
        check_picture(checks, out, name)


def test_pictures_without_a_run(checks, folder, run):
    """A model file alone has no curves, and without its data no test."""
    model = shutil.copy(os.path.join(run, "model.safetensors"), folder)
    out = os.path.join(folder, "pictures")
    checks.equal(dime("inspect", model, "--pictures", out).returncode, 0, "exit status")
    checks.check("curves.png" not in os.listdir(out) and "confusion.png" in os.listdir(out), "no curves")


def read_report(checks, path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    document = Document(text)
    checks.equal(document.faults, [], "tags")
    checks.check(len(text) < MOST_BYTES, f"{len(text)} bytes")
    outside = [link for link in document.links if not link.startswith(("data:image/svg+xml;base64,", "#"))]
    checks.equal(outside, [], "links to the outside")
    checks.check("@import" not in text and "url(" not in text, "the style sheet loads nothing")
    checks.equal(len(document.ids), len(set(document.ids)), "identifiers are unique")
    for image in document.images:
        ElementTree.fromstring(base64.b64decode(image["src"].partition(",")[2]))
        checks.check(len(image["alt"]) > 20, "alternative text")
    if shutil.which("tidy"):
        tidy = subprocess.run(["tidy", "-q", "-e", path], capture_output=True, text=True, check=False)
        checks.equal((tidy.returncode, tidy.stderr), (0, ""), "tidy")
    return document, re.sub(r"\s+", " ", " ".join(document.text))


def test_report(checks, _folder, run):
    result = dime("report", run)
    path = os.path.join(run, "report.html")
    checks.equal((result.returncode, result.stdout.strip()), (0, path), f"the file is named; {result.stderr}")
    document, text = read_report(checks, path)
    evaluation, model = dime_json("eval", run), dime_json("inspect", run)
    for words in (f"{evaluation['integer_accuracy']:.2f} %", f"{evaluation['mismatches']} of 60 images",
                  f"{model['model_bytes']} bytes of weights", "300 images to train on and 30 for validation",
                  "dime train", "--out again", "cycles for one picture", "validation_size: 30"):
        checks.check(words in text, f"the report says {words!r}")
    checks.equal(len(document.images) >= 4, True, "figures")


def test_chip(checks, folder, run):
    """Cycles and bytes are those of a firmware that is built and run by itself."""
    found = dime_json("report", run, "--out", os.path.join(folder, "chip.html"))["runs"][0]
    checks.equal({"cycles", "flash_bytes", "ram_bytes", "stack_bytes"} - set(found), set(), "keys")
    built = dime_json("firmware", run, "--app", "testset", "--out", os.path.join(folder, "t.elf"), "--baud",
                      "460800")
    checks.check(abs(found["flash_bytes"] - built["flash_bytes"]) <= 8, f"flash: {found}, {built}")
    checks.equal(found["ram_bytes"], built["ram_bytes"], "RAM")


def test_comparison(checks, folder, run):
    other, path = os.path.join(folder, "<other> & more"), os.path.join(folder, "both.html")
    shutil.copytree(run, other)
    result = dime("report", run, other, "--out", path, "--pictures", folder, "--without-chip")
    checks.equal(result.returncode, 0, f"exit status; {result.stderr}")
    document, text = read_report(checks, path)
    checks.check("2 runs compared" in text and "<other> & more" in text, "both are named")
    checks.equal([image["alt"][:13] for image in document.images][0], "Test accuracy", "the comparing figure")
    check_picture(checks, folder, "comparison")


def test_wrong_usage(checks, folder, run):
    model = os.path.join(run, "model.safetensors")
    checks.refused(dime("report", run, run), 2, ["--out"], "several runs without a file")
    checks.refused(dime("report", model), 2, ["--out"], "a model file without a file")
    checks.refused(dime("report", folder), 1, ["model.safetensors"], "no run folder")
    broken = os.path.join(folder, "broken")
    shutil.copytree(run, broken, ignore=shutil.ignore_patterns("report.html"))
    with open(os.path.join(broken, "metrics.csv"), "w", encoding="ascii") as file:
        file.write("epoch,train_loss\n1,two\n")
    checks.refused(dime("report", broken), 1, ["metrics.csv:2", "no number"], "a broken metrics.csv")
    checks.check(not os.path.exists(os.path.join(broken, "report.html")), "nothing is left behind")


run_tests(test_pictures, test_pictures_without_a_run, test_report, test_chip, test_comparison,
          test_wrong_usage)
