#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Photographs to lit digits on simulated boards, against the PC's answers to the same photographs.

    scripts/compare_boards.py MODEL [BOARD] [COUNT] [OPTION...]

Draws COUNT (100) camera-like pictures (dime photos), lets `dime predict` read them, then takes them with the
simulated camera of BOARD (boards/two-minis.yaml), and prints how often both give the same digit, how often
either is right, and the longest time from button to digit. A dash is counted by itself: the chip shows one
where the network is not sure. OPTIONS, such as --damage 1, go to `dime sim`.
"""
import glob
import json
import os
import subprocess
import sys
import tempfile

DIME = os.environ.get("DIME", "build/dime")


def ask(*arguments):
    result = subprocess.run([DIME, *arguments, "--json"], stdout=subprocess.PIPE, check=True)
    return json.loads(result.stdout)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    model = sys.argv[1]
    board = sys.argv[2] if len(sys.argv) > 2 else "boards/two-minis.yaml"
    count = sys.argv[3] if len(sys.argv) > 3 else "100"
    with tempfile.TemporaryDirectory() as folder:
        ask("photos", "--count", count, "--out", folder)
        # Not by label: a display that goes on showing the same digit tells nothing.
        files = sorted(glob.glob(os.path.join(folder, "*.png")), key=lambda name: name[-9:])
        host = [entry["label"] for entry in ask("predict", model, *files)["predictions"]]
        told = ask("sim", "--board", board, "--model", model, "--limit", "4000", *sys.argv[4:], *files)
    labels = [int(os.path.basename(file)[0]) for file in files]
    # What did not change was not answered: the display still shows what it showed before.
    chip = [photo["digit"] if photo["changed"] else None for photo in told["photos"]]
    shown = [(one, other, label) for one, other, label in zip(chip, host, labels)
             if one is not None and one >= 0]
    print(f"{len(files)} photographs, {len(shown)} digits shown, {chip.count(-1)} dashes or faults, "
          f"{chip.count(None)} without a change of the display")
    print(f"  the same digit as the PC  {sum(one == other for one, other, _ in shown)} of {len(shown)}")
    print(f"  right on the board        {sum(one == label for one, _, label in shown)} of {len(files)}")
    right = sum(one == label for one, label in zip(host, labels))
    print(f"  right on the PC           {right} of {len(files)}")
    times = sorted(photo["button_to_digit_milliseconds"] for photo in told["photos"]
                   if photo["changed"])
    median = times[len(times) // 2]
    print(f"  button to digit           {median:.1f} ms (median), {times[-1]:.1f} ms (longest)")
    print(f"  a frame of the camera     {told['frame_milliseconds']:.1f} ms")


if __name__ == "__main__":
    main()
