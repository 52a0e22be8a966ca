#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`dime sim --board`: photographs in front of the simulated camera become lit digits, on two boards and on
one, with the images that a user would flash; and what is said where something is wrong."""
import os
import shutil
import sys

from tiny_model import CROSS, LEVEL, UPRIGHT, dime, dime_json, draw, run_tests, write_pgm

BOARDS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "boards")
TWO, ONE = os.path.join(BOARDS, "two-minis.yaml"), os.path.join(BOARDS, "one-mini.yaml")


def photos(folder):
    """Dark ink on grey paper, as a photograph of 320x240."""
    return [write_pgm(os.path.join(folder, f"{kind}.pgm"),
                      draw(kind, 240, 320, (60, 100, 120), 22, 190, 50), 240, 320)
            for kind in (UPRIGHT, LEVEL, CROSS)]


def build(_folder, run, app, built={}):  # pylint: disable=dangerous-default-value
    """Builds an application once, beside the model. One way to build it: choosing one has its own tests."""
    if app not in built:
        elf = os.path.join(os.path.dirname(run), f"{app}.elf")
        options = [] if app == "camera" else [run, "--kernels", "fast", "--code", "flash", "--trade", "size"]
        built[app] = elf, dime_json("firmware", *options, "--app", app, "--out", elf)
    return built[app]


def check_answers(checks, told, name):
    frame = told["frame_milliseconds"]
    checks.equal([photo["digit"] for photo in told["photos"]], [UPRIGHT, LEVEL, CROSS], f"{name}: digits")
    for photo in told["photos"]:
        checks.check(0 < photo["button_to_digit_milliseconds"] <= frame + 100,
                     f"{name}: {photo['button_to_digit_milliseconds']} ms, a frame takes {frame}")


def check_frames(checks, run, told, name):
    """The chips show what the PC reads in the very frames that the camera put out, noise and all."""
    frames = [photo["frame"] for photo in told["photos"]]
    read = dime_json("predict", run, *frames)["predictions"]
    checks.equal([photo["digit"] for photo in told["photos"]],
                 [entry["label"] if entry["sure"] else -1 for entry in read], f"{name}: as the PC reads them")


def test_two_boards(checks, folder, run):
    camera, report = build(folder, run, "camera")
    checks.check(report["ram_bytes"] + report["stack_bytes"] <= 2048, "the camera's RAM")
    predictor, _ = build(folder, run, "predictor")
    given = ["--firmware", f"camera={camera}", "--firmware", f"predictor={predictor}"]
    frames = os.path.join(folder, "frames")
    told = dime_json("sim", "--board", TWO, *given, "--frames", frames, *photos(folder))
    check_answers(checks, told, "two boards")
    check_frames(checks, run, told, "two boards")
    for chip in told["chips"]:
        checks.equal(chip["exit"], "running", f"{chip['name']} goes on")
    spoilt = dime_json("sim", "--board", TWO, *given, "--damage", "1", "--seed", "3", *photos(folder))
    for photo, kind in zip(spoilt["photos"], (UPRIGHT, LEVEL, CROSS)):
        checks.check(not photo["changed"] or photo["digit"] in (kind, -1),
                     f"a damaged line: {photo['digit']} instead of {kind}")
    checks.check(spoilt["wires"][0]["damaged"] > 0, "bytes were damaged")
    result = dime("sim", "--board", TWO, *given, photos(folder)[2])
    checks.check("   ######\n" in result.stdout and ": 2, " in result.stdout, f"a large 2: {result.stdout}")


def test_one_board(checks, folder, run):
    """The firmware is built on the way; what does not fit would be refused."""
    frames = os.path.join(folder, "frames")
    told = dime_json("sim", "--board", ONE, "--model", run, "--frames", frames, *photos(folder))
    check_answers(checks, told, "one board")
    check_frames(checks, run, told, "one board")


def change_board(folder, old, new):
    """The board of two with a line changed."""
    with open(TWO, encoding="utf-8") as file:
        text = file.read()
    path = os.path.join(folder, "wrong.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(old, new))
    return path


def test_faults(checks, folder, run):
    """A wire off: the LED never stays on, and the predictor shows E, 7, and the fault in turns."""
    camera, _ = build(folder, run, "camera")
    predictor, _ = build(folder, run, "predictor")
    given = ["--firmware", f"camera={camera}", "--firmware", f"predictor={predictor}", *photos(folder)[:1]]
    for old, new in (("sda: PC1", "sda: PD7"), ("pclk: PD0", "pclk: PD7"), ("PC7]", "'-']")):
        board = change_board(folder, old, new)
        result = dime("sim", "--board", board, "--limit", "3000", *given)
        checks.refused(result, 1, ["not ready", "blinks"], new)
    board = change_board(folder, "sda: PC1", "sda: PD7")
    told = dime_json("sim", "--board", board, "--press", "2500", "--limit", "1500", *given)
    checks.check(-1 in told["display"] and 7 in told["display"] and 1 in told["display"],
                 f"E, 7 and 1 on the display: {told['display']}")


def test_usage(checks, folder, run):
    photo = photos(folder)[0]
    checks.refused(dime("sim", "--board", TWO, photo), 2, ["chip camera", "--model"], "no firmware")
    checks.refused(dime("sim", "--board", TWO, "--model", run), 2, ["--photo"], "no photograph")
    result = dime("sim", "--board", TWO, "--firmware", "radio=x.elf", photo)
    checks.refused(result, 2, ["radio", "CHIP=FILE.elf"], "unknown chip")
    result = dime("sim", "--board", TWO, "--damage", "x", "--model", run, photo)
    checks.refused(result, 2, ["--damage"], "damage")
    result = dime("firmware", "--app", "demo", "--out", os.path.join(folder, "x.elf"))
    checks.refused(result, 2, ["MODEL"], "no model")
    result = dime("sim", "--board", os.path.join(folder, "none.yaml"), photo)
    checks.refused(result, 1, ["none.yaml"], "no board")


if __name__ == "__main__":
    if shutil.which(os.environ.get("DIME_CROSS", "riscv64-unknown-elf-") + "gcc") is None:
        print("skipped: there is no cross compiler")
        sys.exit(77)
    run_tests(test_two_boards, test_one_board, test_faults, test_usage)
