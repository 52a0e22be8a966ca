#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The live page in a browser, served by `dime live` and made by `make web`: digits drawn stroke by stroke in
two handwritings light the right segments, on both pages the same.

tests/web/strokes.json has the strokes: points along each, in a square of 100 x 100, written by hand as curves
and shaken a little. tests/web/digits.txt is the network that reads them, written by `dime export --as
bitnetmcu` after `dime train configs/seed-16x16.yaml --set network_width1=48 --set network_width2=48 --set
network_width3=32 --set num_epochs=40`.

Skipped without Chromium, npm (for playwright-core), the chip's compiler, or clang and lld for WebAssembly.
"""
import functools
import http.server
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading

DIME = os.path.abspath(os.environ.get("DIME", "build/dime"))
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PLAYWRIGHT = "playwright-core@1.61.0"  # newer ones need more than the Node.js 18 of Debian 12
LEAST_NODE = 18
PACKAGES = os.path.abspath("build/npm")
LEAST_RIGHT = 19
CAMERA = {"on": "true", "twice": "false", "failed": "false", "hidden": True}
failures = []


def check(condition, text):
    if not condition:
        failures.append(text)
        print(f"FAILED: {text}")


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def check_machine():
    if os.environ.get("DIME_SANITIZED"):
        skip("the browser is too slow with the sanitizers")
    for program in ("node", "npm", "clang", "wasm-ld", "riscv64-unknown-elf-gcc"):
        if not (shutil.which(program) or (program == "wasm-ld" and shutil.which("wasm-ld-14"))):
            skip(f"{program} is not installed (scripts/setup.sh test)")
    node = int(run("node", "--version").lstrip("v").split(".")[0])
    if node < LEAST_NODE:
        skip(f"node is version {node}, {PLAYWRIGHT} needs {LEAST_NODE}")
    if not os.path.exists(CHROMIUM):
        skip("chromium is not installed (scripts/setup.sh test)")


def check_program():
    told = subprocess.run([DIME, "firmware", "model", "--app", "predictor", "--out", "x.elf"],
                          capture_output=True, text=True, check=False).stderr
    if "unknown" in told:
        skip("this program has no firmware for the predictor")


def version_of(package):
    try:
        with open(os.path.join(package, "package.json"), encoding="utf-8") as file:
            return json.load(file)["version"]
    except OSError:
        return None


def find_playwright():
    """playwright-core in build/npm, fetched once."""
    place = os.path.join(PACKAGES, "node_modules", "playwright-core")
    if version_of(place) != PLAYWRIGHT.split("@")[1]:
        os.makedirs(PACKAGES, exist_ok=True)
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--prefix", PACKAGES, PLAYWRIGHT],
                              capture_output=True, text=True, timeout=120, check=False)
        if done.returncode or not version_of(place):
            skip(f"npm cannot install {PLAYWRIGHT}: {done.stderr.strip()[-200:]}")
    return place


def run(*command, **environment):
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          env={**os.environ, **environment})
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout


class Quiet(http.server.SimpleHTTPRequestHandler):
    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".js": "text/javascript",
                      ".wasm": "application/wasm"}

    def log_message(self, *_):
        pass


def serve(folder):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"


def check_page(name, found):
    times = found["milliseconds"]
    print(f"{name}: {found['right']} of {found['drawn']} digits right: {found['answers']}; from stroke to "
          f"digit {statistics.median(times):.1f} ms (median), {max(times):.1f} ms at most, "
          f"{sum(time > 50 for time in times)} of {len(times)} above 50 ms")
    check(found["drawn"] == 20 and found["right"] >= LEAST_RIGHT, f"{name}: {found['right']} digits right")
    check(found["keyboard"] == 1, f"{name}: by keyboard: {found['keyboard']}, {found['verdict']}")
    check(found["told"] == "Pen up, 50 % from the left, 76 % from the top", f"{name}: {found['told']}")
    check(found["phone"] == {"digit": 3, "wide": 0, "seen": True}, f"{name}: on a phone: {found['phone']}")
    check(found["dropped"] == 0, f"{name}: a picture that is dropped: {found['dropped']}")
    check(found["camera"] == CAMERA, f"{name}: the camera is on, clicked twice, refused: {found['camera']}")
    check(found["troubles"] == [], f"{name}: {found['troubles']}")


def browse(folder, playwright):
    model, firmware = os.path.join(folder, "digits.safetensors"), os.path.join(folder, "predictor.elf")
    run(DIME, "import", "tests/web/digits.txt", "--out", model)
    # Named, so that not every plan is built to find the fastest that fits.
    run(DIME, "firmware", model, "--app", "predictor", "--kernels", "compact", "--code", "ram",
        "--out", firmware)
    run("scripts/make_web.sh", model, os.path.join(folder, "web"), DIME=DIME, FIRMWARE=firmware)
    live = subprocess.Popen([DIME, "live", model, "--port", "0", "--firmware", firmware],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        url = live.stdout.readline().strip()
        pages = json.loads(run("node", "tests/web/browse.mjs", playwright, url,
                               serve(os.path.join(folder, "web")), CHROMIUM=CHROMIUM))
    finally:
        live.terminate()
        _, said = live.communicate(timeout=10)
    check(live.returncode == 0, f"dime live ends with {live.returncode}: {said}")
    return pages


def main():
    check_machine()
    check_program()
    playwright = find_playwright()
    with tempfile.TemporaryDirectory(prefix="dime-live.") as folder:
        served, alone = browse(folder, playwright)
    check_page("served", served)
    check_page("WebAssembly", alone)
    check(served["answers"] == alone["answers"], "both pages read the same")
    sys.exit(1 if failures else 0)


main()
