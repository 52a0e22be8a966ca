#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""dime live --serial, against a predictor at the other end of a pseudo-terminal that is written after
docs/link.md alone: framing, retries, and messages where there is no board."""
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import threading
import tty
import urllib.error
import urllib.request

from tiny_model import DIME, dime, run_tests

PICTURE, ASK, ACCEPTED, RESULT, STATUS, ERROR = 0x01, 0x02, 0x81, 0x82, 0x83, 0x84


def crc16(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    return crc


def encode(kind, sequence, payload=b""):
    frame = bytes((kind, sequence, len(payload))) + payload
    frame += struct.pack(">H", crc16(frame))
    blocks = frame.split(b"\0")
    return b"\0" + b"".join(bytes((len(block) + 1,)) + block for block in blocks) + b"\0"


def decode(stuffed):
    """(kind, sequence, payload) of what was between two zero bytes, or None."""
    out, at = b"", 0
    while at < len(stuffed):
        code = stuffed[at]
        out += stuffed[at + 1:at + code] + (b"\0" if at + code < len(stuffed) else b"")
        at += code
    if len(out) < 5 or crc16(out) or out[2] != len(out) - 5:
        return None
    return out[0], out[1], out[3:-2]


class Predictor(threading.Thread):
    """Answers 2 to every picture that is whole. `trouble` answers are damaged or left out first."""

    def __init__(self):
        super().__init__(daemon=True)
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        self.port = os.ttyname(self.slave)
        self.version, self.size, self.trouble = 1, 16, []
        self.picture, self.pictures = {}, []

    def answer(self, data):
        trouble = self.trouble.pop(0) if self.trouble else None
        if trouble == "damage":
            data = data[:3] + bytes((data[3] ^ 0x40,)) + data[4:]
        if trouble != "silence":
            os.write(self.master, data)

    def take(self, kind, sequence, payload):
        if kind == ASK:
            status = struct.pack("<BBBHHHH", self.version, self.size, 3, 0, 0, 0, 0)
            self.answer(encode(STATUS, sequence, status))
        if kind != PICTURE:
            return
        flags, width, height, offset = struct.unpack_from("<BHHI", payload)
        pixels = self.picture.setdefault(sequence, bytearray())
        if offset == len(pixels):
            pixels += payload[9:]
        if len(pixels) < width * height:
            self.answer(encode(ACCEPTED, sequence, struct.pack("<I", len(pixels))))
        else:
            self.pictures.append((flags, width, height, bytes(pixels)))
            self.answer(encode(RESULT, sequence, struct.pack("<BBBiI", 2, 0, 2, -77 + 100077, 48000)))

    def run(self):
        data = b""
        while True:
            try:
                data += os.read(self.master, 4096)
            except OSError:
                return
            *frames, data = data.split(b"\0")
            for stuffed in frames:
                frame = decode(stuffed) if stuffed else None
                if frame:
                    self.take(*frame)


class Live:
    """The program and its address."""

    def __init__(self, model, port):
        self.process = subprocess.Popen([DIME, "live", model, "--serial", port, "--port", "0", "--json"],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        text = ""
        while not text.rstrip().endswith("}"):
            line = self.process.stdout.readline()
            if not line:
                sys.exit(f"dime live: {self.process.stderr.read()}")
            text += line
        self.url = json.loads(text)["url"]

    def read(self, width, height, pixels):
        body = struct.pack("<HH", width, height) + pixels
        try:
            with urllib.request.urlopen(self.url + "picture", data=body, timeout=20) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            return json.load(error)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=10)
        return self.process.returncode


def bar():
    """An upright bar of ink on white paper, 80 x 80."""
    return bytes(20 if 34 <= x < 46 and 10 <= y < 70 else 235 for y in range(80) for x in range(80))


def test_a_board(checks, _folder, run):
    predictor = Predictor()
    predictor.trouble = ["damage", "silence"]
    predictor.start()
    live = Live(run, predictor.port)
    with urllib.request.urlopen(live.url + "board", timeout=10) as response:
        about = json.load(response)
    checks.check(predictor.port in about["about"] and len(about["classes"]) == 3, f"about: {about}")
    answer = live.read(80, 80, bar())
    checks.equal((answer["class"], answer["margin"], answer["cycles"], answer["milliseconds"]),
                 (2, 100000, 48000, 1.0), "what the board said")
    checks.equal(answer["segments"], 0x5B, "the drawn display shows a 2")
    checks.equal(len(answer["outputs"]), 3, "outputs")
    flags, width, height, pixels = predictor.pictures[-1]
    checks.equal((flags, width, height, list(pixels)), (1, 16, 16, answer["input"]), "the picture sent")
    for trouble in (["damage"], ["silence"], ["damage", "silence"], [None, "damage"]):
        predictor.trouble = list(trouble)
        answer = live.read(80, 80, bar())
        checks.equal(answer.get("class"), 2, f"after {trouble}: {answer}")
        checks.equal(list(predictor.pictures[-1][3]), answer.get("input"), f"the picture after {trouble}")
    predictor.trouble = ["silence"] * 9
    checks.check("does not answer" in live.read(80, 80, bar()).get("error", ""), "a board that fell silent")
    checks.equal(live.stop(), 0, "Ctrl-C ends it")


def test_no_board(checks, _folder, run):
    nowhere = dime("live", run, "--serial", "/dev/nowhere")
    checks.refused(nowhere, 1, ["/dev/nowhere", "serial ports"], "no port")
    checks.refused(dime("live", run, "--serial", "a", "--firmware", "b"), 2, ["together"], "two boards")
    silent = Predictor()
    checks.refused(dime("live", run, "--serial", silent.port), 1, ["does not answer", "predictor"], "silence")


def test_another_model(checks, _folder, run):
    predictor = Predictor()
    predictor.size = 28
    predictor.start()
    checks.refused(dime("live", run, "--serial", predictor.port), 1, ["28x28", "16x16"], "another model")


run_tests(test_a_board, test_no_board, test_another_model)
