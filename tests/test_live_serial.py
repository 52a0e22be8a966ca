#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""dime live --serial and dime predict --serial, against a predictor that is written after docs/link.md alone:
framing, retries, and messages where there is no board. It stands behind a pseudo-terminal, which the program
opens as what it is, or, where tests/serial/port_shim.c is loaded before libserialport, as the serial port of
a USB device."""
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
import tty
import urllib.error
import urllib.request

from tiny_model import CROSS, DIME, dime, draw, run_tests, write_pgm

VERSION = 2
PACKED = 2  # kind of picture
GAP, REFUSED = 5, 4  # faults
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


def unpack(data):
    """Grey levels; a byte of 0 is followed by how many of 0 there are."""
    out, at = b"", 0
    while at < len(data):
        if data[at]:
            out += data[at:at + 1]
        else:
            at += 1
            out += bytes(data[at])
        at += 1
    return out


class Predictor(threading.Thread):
    """Answers 2 to every picture that is whole. `trouble` answers are damaged or left out first."""

    def __init__(self):
        super().__init__(daemon=True)
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        self.port = os.ttyname(self.slave)
        self.version, self.size, self.trouble, self.fault = VERSION, 16, [], 0
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
        if self.fault:
            self.answer(encode(ERROR, sequence, struct.pack("<BI", self.fault, 0)))
            return
        pixels = self.picture.setdefault(sequence, bytearray())
        if offset == len(pixels):
            pixels += unpack(payload[9:]) if flags == PACKED else payload[9:]
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

    def __init__(self, model, port, **environment):
        self.process = subprocess.Popen([DIME, "live", model, "--serial", port, "--port", "0", "--json"],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, **environment})
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
    checks.check(predictor.port in about["about"] and len(about["classes"]) == 3 and not about["simulated"],
                 f"about: {about}")
    answer = live.read(80, 80, bar())
    checks.equal((answer["class"], answer["margin"], answer["cycles"], answer["milliseconds"]),
                 (2, 100000, 48000, 1.0), "what the board said")
    checks.equal(answer["segments"], 0x5B, "the drawn display shows a 2")
    checks.equal(len(answer["outputs"]), 3, "outputs")
    flags, width, height, pixels = predictor.pictures[-1]
    checks.equal((flags, width, height, list(pixels)), (PACKED, 16, 16, answer["input"]), "the picture sent")
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


def test_another_version(checks, folder, run):
    path = write_pgm(f"{folder}/a.pgm", draw(CROSS, 80, 80, (10, 10, 60), 9), 80, 80)
    for version in (VERSION - 1, VERSION + 1):
        predictor = Predictor()
        predictor.version = version
        predictor.start()
        for command in (("predict", run, path), ("live", run)):
            checks.refused(dime(*command, "--serial", predictor.port), 1,
                           [f"version {version} of the link", f"this program version {VERSION}",
                            "dime firmware"],
                           f"{command[0]}: version {version}")
        checks.equal(predictor.pictures, [], "pictures sent to it")


def test_a_refused_picture(checks, folder, run):
    path = write_pgm(f"{folder}/a.pgm", draw(CROSS, 80, 80, (10, 10, 60), 9), 80, 80)
    predictor = Predictor()
    predictor.start()
    predictor.fault = REFUSED
    refused = dime("predict", run, path, "--serial", predictor.port)
    checks.refused(refused, 1, [predictor.port, "refuses", "16x16", "dime firmware"], "a refused picture")
    checks.check("does not answer" not in refused.stderr, f"it has answered: {refused.stderr}")
    predictor.fault = GAP
    checks.refused(dime("predict", run, path, "--serial", predictor.port), 1, ["does not answer"],
                   "another fault is tried again")


def test_another_model(checks, _folder, run):
    predictor = Predictor()
    predictor.size = 28
    predictor.start()
    checks.refused(dime("live", run, "--serial", predictor.port), 1, ["28x28", "16x16"], "another model")


class UsbPort:
    """A folder that the shim shows as /sys/class/tty and /dev: one USB device and its port."""
    NAME = "/dev/ttyACM77"

    def __init__(self, folder, predictor):
        device = f"{folder}/sys/devices/usb1/1-1"
        os.makedirs(f"{device}/1-1:1.0/tty/ttyACM77")
        os.makedirs(f"{folder}/sys/class/tty")
        os.makedirs(f"{folder}/dev")
        for name, text in (("busnum", 1), ("devnum", 9), ("idVendor", "1a86"), ("idProduct", 8012),
                           ("product", "WCH-Link")):
            with open(f"{device}/{name}", "w", encoding="ascii") as file:
                file.write(f"{text}\n")
        os.symlink("../..", f"{device}/1-1:1.0/tty/ttyACM77/device")
        os.symlink("../../devices/usb1/1-1/1-1:1.0/tty/ttyACM77", f"{folder}/sys/class/tty/ttyACM77")
        if predictor:
            os.symlink(predictor.port, folder + self.NAME)
        shim = f"{folder}/port_shim.so"
        subprocess.run([os.environ.get("CC", "gcc"), "-shared", "-fPIC", "-D_GNU_SOURCE", "-o", shim,
                        "tests/serial/port_shim.c", "-ldl"], check=True)
        self.environment = {"LD_PRELOAD": shim, "DIME_PORT_SHIM": folder,
                            "ASAN_OPTIONS": "verify_asan_link_order=0"}

    def dime(self, *arguments):
        return dime(*arguments, env={**os.environ, **self.environment})


def test_libserialport(checks, folder, run):
    """Through the library: to the port, its settings, a picture by each command."""
    predictor = Predictor()
    termios.tcsetattr(predictor.slave, termios.TCSANOW, awkward_settings(predictor.slave))
    usb = UsbPort(folder, predictor)
    predictor.start()
    path = write_pgm(f"{folder}/a.pgm", draw(CROSS, 80, 80, (10, 10, 60), 9), 80, 80)
    predictor.trouble = ["damage", "silence"]
    result = usb.dime("predict", run, path, "--serial", usb.NAME, "--json")
    checks.equal(result.returncode, 0, f"predict: {result.stderr}")
    checks.equal(json.loads(result.stdout)["predictions"][0]["board"],
                 {"label": 2, "shown": True, "margin": 100000, "cycles": 48000, "milliseconds": 1},
                 "what the board said")
    check_settings(checks, predictor.slave)
    live = Live(run, usb.NAME, **usb.environment)
    answer = live.read(80, 80, bar())
    checks.equal(answer.get("class"), 2, f"on the page: {answer}")
    checks.equal(list(predictor.pictures[-1][3]), answer.get("input"), "the picture sent")
    checks.equal(live.stop(), 0, "Ctrl-C ends it")


def awkward_settings(terminal):
    """As some other program may have left the port: 9600 7E2, lines instead of bytes."""
    settings = termios.tcgetattr(terminal)
    settings[0] |= termios.ICRNL | termios.IXON
    settings[1] |= termios.OPOST | termios.ONLCR
    settings[2] = settings[2] & ~termios.CSIZE | termios.CS7 | termios.PARENB | termios.CSTOPB
    settings[3] |= termios.ICANON | termios.ECHO
    settings[4] = settings[5] = termios.B9600
    return settings


def check_settings(checks, terminal):
    inputs, outputs, control, local, speed_in, speed_out, _ = termios.tcgetattr(terminal)
    checks.equal((speed_in, speed_out), (termios.B115200, termios.B115200), "speed")
    checks.equal(control & (termios.CSIZE | termios.PARENB | termios.CSTOPB | termios.CRTSCTS), termios.CS8,
                 "8 bits, no parity, 1 stop bit, no flow control")
    checks.equal((inputs & (termios.ICRNL | termios.IXON), outputs & termios.OPOST,
                  local & (termios.ICANON | termios.ECHO)), (0, 0, 0), "bytes as they are")


def test_libserialport_refuses(checks, folder, run):
    """The ports that there are, by the library's list, where the one asked for does not answer or exist."""
    silent = Predictor()
    usb = UsbPort(folder, silent)
    path = write_pgm(f"{folder}/a.pgm", draw(CROSS, 80, 80, (10, 10, 60), 9), 80, 80)
    ports = "/dev/ttyACM77 (WCH-Link)"
    for command in (("predict", run, path), ("live", run)):
        checks.refused(usb.dime(*command, "--serial", "/dev/ttyACM5"), 1,
                       ["/dev/ttyACM5: there is no such serial port", ports], f"{command[0]}: no such port")
        checks.refused(usb.dime(*command, "--serial", path), 1, ["no such serial port"], "a file")
    checks.refused(usb.dime("predict", run, path, "--serial", usb.NAME), 1,
                   ["/dev/ttyACM77: the predictor does not answer", ports], "silence")
    os.unlink(folder + usb.NAME)
    checks.refused(usb.dime("predict", run, path, "--serial", usb.NAME), 1,
                   ["/dev/ttyACM77: No such file", ports], "a port that has just been unplugged")


run_tests(test_a_board, test_no_board, test_another_version, test_a_refused_picture, test_another_model,
          test_libserialport, test_libserialport_refuses)
