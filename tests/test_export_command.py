#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""dime export from the command line: the folder compiles with `gcc *.c` and proves itself."""
import os
import shutil
import subprocess

from tiny_model import DIME, dime, dime_json, run_tests

CC = os.environ.get("CC", "cc")


def compile_and_run(folder):
    return subprocess.run(f"{CC} *.c && ./a.out", shell=True, cwd=folder, capture_output=True, text=True,
                          check=False)


def test_proves_itself(checks, folder, run):
    out = os.path.join(folder, "out")
    summary = dime_json("export", run, "--out", out)
    result = compile_and_run(out)
    checks.equal(result.returncode, 0, "exit status of the exported program")
    checks.equal(result.stderr, "", "output of the compiler")
    checks.equal(summary["pictures"], 10, "pictures unless set otherwise")
    last = f"{summary['right']} of 10 right, 10 of 10 as computed by the exporting program"
    checks.equal(result.stdout.splitlines()[-1], last, "last line")
    checks.check(summary["right"] >= 9, f"{summary['right']} of 10 are right")
    checks.equal(result.stdout.count("label: "), 10, "pictures shown")
    checks.equal(summary["files"] + 1, len(os.listdir(out)), "number of files, and a.out")
    checks.equal(dime_json("inspect", run, "--assume")["model_bytes"], summary["weight_bytes"],
                 "bytes of weights")


def test_number_of_pictures(checks, folder, run):
    out = os.path.join(folder, "out")
    checks.equal(dime_json("export", run, "--out", out, "--pictures", 25)["pictures"], 25, "pictures")
    checks.equal(compile_and_run(out).stdout.count("label: "), 25, "pictures shown")
    checks.equal(dime_json("export", run, "--out", out, "--pictures", 900)["pictures"], 60, "all there are")
    checks.equal(dime("export", run, "--out", out, "--pictures", 0).returncode, 0, "export without pictures")
    checks.check(not os.path.exists(os.path.join(out, "main.c")), "no main.c without pictures")
    checks.check(os.path.exists(os.path.join(out, "a.out")), "a.out of the user stays")


def test_needs_no_source_tree(checks, folder, run):
    """The program alone, started elsewhere; the result is the same byte for byte."""
    program = shutil.copy(DIME, os.path.join(folder, "moved"))
    for name, command in (("a", DIME), ("b", program)):
        subprocess.run([command, "export", run, "--out", name], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL)
    same = subprocess.run(["diff", "-r", "a", "b"], cwd=folder, capture_output=True, text=True,
                          check=False)
    checks.equal(same.stdout, "", "differences")


def test_into_the_current_folder(checks, folder, run):
    own = os.path.join(folder, "here")
    os.makedirs(own)
    checks.equal(dime("export", run, "--out", ".", cwd=own).returncode, 0, "export into .")
    checks.equal(dime("export", run, "--out", ".", cwd=own).returncode, 0, "again")
    checks.check(os.path.exists(os.path.join(own, "model.c")), "model.c is there")


def test_refusals(checks, folder, run):
    theirs = os.path.join(folder, "theirs")
    os.makedirs(theirs)
    with open(os.path.join(theirs, "notes.txt"), "w", encoding="ascii") as file:
        file.write("precious")
    checks.refused(dime("export", run, "--out", theirs), 1, ["notes.txt", "did not write"],
                   "folder of others")
    checks.equal(os.listdir(theirs), ["notes.txt"], "content of the folder of others")
    out = os.path.join(folder, "out")
    checks.refused(dime("export", run), 2, ["--out"], "no --out")
    for option, value, status, words in (("--as", "onnx", 2, ["onnx", "bitnetmcu"]),
                                         ("--pictures", -1, 2, ["-1"]),
                                         ("--data", folder + "/none", 1, ["none", "--pictures 0"])):
        checks.refused(dime("export", run, "--out", out, option, value), status, words, f"{option} {value}")
    checks.refused(dime("export", os.path.join(folder, "none"), "--out", out), 1, ["none"], "missing model")
    checks.check(not os.path.exists(out), "nothing is written")


def test_bitnetmcu(checks, folder, run):
    """Into a folder under the usual name, or into a file; it comes back by dime import."""
    out, header = os.path.join(folder, "out"), os.path.join(folder, "own.h")
    checks.equal(dime("export", run, "--out", out, "--as", "bitnetmcu").returncode, 0, "into a folder")
    checks.equal(dime("export", run, "--out", header, "--as", "bitnetmcu").returncode, 0, "into a file")
    with open(os.path.join(out, "BitNetMCU_model.h"), encoding="ascii") as first:
        with open(header, encoding="ascii") as second:
            checks.equal(second.read(), first.read(), "the file of its own")
    back = os.path.join(folder, "back.safetensors")
    checks.equal(dime("import", header, "--out", back).returncode, 0, "import")
    found, expected = ([layer["histogram"] for layer in dime_json("inspect", model, "--assume")["layers"]]
                       for model in (back, run))
    checks.equal(found, expected, "weights that came back")


if __name__ == "__main__":
    run_tests(test_proves_itself, test_number_of_pictures, test_needs_no_source_tree,
              test_into_the_current_folder, test_refusals, test_bitnetmcu)
