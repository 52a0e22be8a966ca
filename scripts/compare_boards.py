#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Photographs to lit digits on simulated boards, against the PC's answers.

    scripts/compare_boards.py MODEL [BOARD] [COUNT] [OPTION...]

Draws COUNT (100) camera-like pictures (dime photos) and takes them with the simulated camera of BOARD
(boards/two-minis.yaml). The chips must show what `dime predict` reads in the frames that the camera put
out, a dash where it is not sure; exit status 1 where one does not. Then come how many are right, on the
boards and where `dime predict` reads the photographs themselves, without camera, and the longest time
from button to digit. OPTIONS go to `dime sim`, --damage 1 for example: what ends with E, in turns with
a fault's number, is no answer and is counted by itself.
"""
import glob
import json
import os
import subprocess
import sys
import tempfile

DIME = os.environ.get("DIME", "build/dime")
DASH = 0x40  # segment G


def ask(*arguments):
    result = subprocess.run([DIME, *arguments, "--json"], stdout=subprocess.PIPE, check=True)
    return json.loads(result.stdout)


def expected(entry):
    """What the chips show for this prediction: -1 is a dash."""
    return entry["label"] if entry["sure"] else -1


def is_answer(photo):
    """Not what did not change, which may show what it showed before, and not E with a code, nor its turns."""
    return photo["changed"] and "frame" in photo and (photo["digit"] >= 0 or photo["segments"] == DASH)


def take(model, board, count, options):
    """Photographs, what `dime sim` told of them, and what the PC reads in them and in the camera's frames."""
    with tempfile.TemporaryDirectory() as folder:
        ask("photos", "--count", count, "--out", folder)
        # Not by label: a display that goes on showing the same digit tells nothing.
        files = sorted(glob.glob(os.path.join(folder, "*.png")), key=lambda name: name[-9:])
        told = ask("sim", "--board", board, "--model", model, "--limit", "4000", "--frames",
                   os.path.join(folder, "frames"), *options, *files)
        frames = [photo["frame"] for photo in told["photos"] if is_answer(photo)]
        return files, told, ask("predict", model, *files)["predictions"], \
            ask("predict", model, *frames)["predictions"]


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    board = sys.argv[2] if len(sys.argv) > 2 else "boards/two-minis.yaml"
    count = sys.argv[3] if len(sys.argv) > 3 else "100"
    files, told, by_photo, by_frame = take(sys.argv[1], board, count, sys.argv[4:])
    labels = [int(os.path.basename(file)[0]) for file in files]
    changed = [i for i, photo in enumerate(told["photos"]) if is_answer(photo)]
    errors = sum(photo["changed"] and not is_answer(photo) for photo in told["photos"])
    chip = [told["photos"][i]["digit"] for i in changed]
    wrong = [f"{os.path.basename(files[i])}: {one} instead of {expected(entry)}"
             for i, one, entry in zip(changed, chip, by_frame) if one != expected(entry)]
    print(f"{len(files)} photographs, {len(changed)} answered: "
          f"{len(chip) - chip.count(-1)} digits, {chip.count(-1)} dashes; {errors} show E and a code")
    print(f"  as the PC reads the same frames   {len(changed) - len(wrong)} of {len(changed)}")
    print(f"  right on the boards               {sum(one == labels[i] for i, one in zip(changed, chip))} "
          f"of {len(changed)}")
    for name, sure in (("right on the PC, dashes left out", True), ("right on the PC, guesses too", False)):
        right = sum(by_photo[i]["label"] == labels[i] and (by_photo[i]["sure"] or not sure) for i in changed)
        print(f"  {name:33} {right} of {len(changed)}")
    times = sorted(told["photos"][i]["button_to_digit_milliseconds"] for i in changed)
    print(f"  button to digit                   {times[len(times) // 2]:.1f} ms (median), "
          f"{times[-1]:.1f} ms (longest)")
    print(f"  a frame of the camera             {told['frame_milliseconds']:.1f} ms")
    for line in wrong:
        print(f"different: {line}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
