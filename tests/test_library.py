#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The shared library of a model: its symbols, its answers through ctypes and C, threads, the Windows DLL."""
import concurrent.futures
import ctypes
import json
import os
import random
import re
import shutil
import subprocess
import sys

from tiny_model import DIME, UPRIGHT, dime_json, draw, run_tests, write_pgm

CC = os.environ.get("CC", "cc")
MINGW = "x86_64-w64-mingw32-gcc"
EXAMPLE = "examples/python/predict.py"
SYMBOLS = {"Inference", "dime_model_classes", "dime_model_input_size", "dime_model_inputs", "dime_model_name",
           "dime_model_predict", "dime_model_predict_encoded", "dime_model_version"}
CLIENT = """\
#include <stdio.h>
#include "dime_model.h"
int main(void) {
    static uint8_t grey[4096];
    static int8_t input[4096];
    int32_t logits[255];
    for (uint32_t i = 0; i < dime_model_inputs(); i++) {
        grey[i] = (uint8_t)(i * 37 % 256);
        input[i] = (int8_t)(i * 91 % 128);
    }
    int label = dime_model_predict(grey, logits);
    printf("%d %d %d", label, dime_model_predict_encoded(input, NULL), (int)Inference(input));
    for (uint32_t i = 0; i < dime_model_classes(); i++) printf(" %ld", (long)logits[i]);
    printf("\\n");
    return dime_model_predict(NULL, NULL) == -1 ? 0 : 1;
}
"""


def make_library(model, out, **environment):
    return subprocess.run(["scripts/make_library.sh", model, out], capture_output=True, text=True,
                          check=False, env={**os.environ, "DIME": DIME, **environment})


def library_of(checks, run):
    """The library of the trained model, built once."""
    out = os.path.join(run, "..", "library")
    if not os.path.isdir(out):
        result = make_library(run, out)
        checks.equal(result.returncode, 0, f"make_library.sh ({result.stderr})")
    return out


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_symbols(checks, _folder, run):
    out = library_of(checks, run)
    listed = output_of("nm", "-D", "--defined-only", os.path.join(out, "libdime_model.so"))
    checks.equal({line.split()[-1] for line in listed.splitlines()}, SYMBOLS, "symbols of the .so")
    checks.check(os.path.exists(os.path.join(out, "dime_model.h")), "the header lies beside it")
    checks.equal(sorted(name for name in os.listdir(out) if name.startswith(".")), [], "leftovers")


def test_example(checks, folder, run):
    """The Python example says what dime predict says."""
    source = random.Random(2)
    files = []
    for number in range(20):
        noise = bytes(source.randrange(120) for _ in range(256))
        figure = draw(number % 3, 16, 16, (2, 2, 12), 2)
        pixels = bytes(max(pair) for pair in zip(noise, figure))
        files.append(write_pgm(f"{folder}/{number}.pgm", pixels, 16, 16))
    library = os.path.join(library_of(checks, run), "libdime_model.so")
    found = json.loads(output_of(sys.executable, EXAMPLE, "--json", library, *files))
    expected = dime_json("predict", run, *files, "--invert", "no")["predictions"]
    for left, right in zip(found["predictions"], expected):
        for key in ("file", "label", "logits", "margin"):
            checks.equal(left[key], right[key], f"{left['file']}: {key}")
    checks.equal(len(found["predictions"]), 20, "predictions")
    checks.equal(found["model"], os.path.basename(run), "name of the model")
    checks.check(re.fullmatch(r"dime \d+\.\d+\.\d+", found["version"]), f"version {found['version']}")


def test_example_reads_pgm(checks, folder, run):
    """Plain PGM, comments and 16-bit levels give what binary PGM gives; a cut file is one line."""
    pixels = draw(UPRIGHT, 16, 16, (2, 2, 12), 3)
    files = [write_pgm(f"{folder}/binary.pgm", pixels, 16, 16), f"{folder}/plain.pgm", f"{folder}/wide.pgm"]
    with open(files[1], "w", encoding="ascii") as file:
        file.write("P2 # plain\n16 16\n# levels\n255\n" + "\n".join(map(str, pixels)) + "\n")
    with open(files[2], "wb") as file:
        file.write(b"P5 16 16 65535\n" + b"".join(bytes((level, level)) for level in pixels))
    library = os.path.join(library_of(checks, run), "libdime_model.so")
    found = json.loads(output_of(sys.executable, EXAMPLE, "--json", library, *files))["predictions"]
    checks.equal([prediction["label"] for prediction in found], [UPRIGHT] * 3, "labels")
    checks.equal(found[1]["logits"], found[0]["logits"], "logits of plain PGM")
    checks.equal(found[2]["logits"], found[0]["logits"], "logits of 16-bit PGM")
    cut = write_pgm(f"{folder}/cut.pgm", pixels[:100], 16, 16)
    result = subprocess.run([sys.executable, EXAMPLE, library, cut], capture_output=True, text=True,
                            check=False)
    checks.refused(result, 1, [cut, "100 found"], "cut PGM")


def test_example_goes_on(checks, folder, run):
    """A picture that is not there does not hide the answers for the others."""
    good = write_pgm(f"{folder}/good.pgm", draw(UPRIGHT, 16, 16, (2, 2, 12), 3), 16, 16)
    library = os.path.join(library_of(checks, run), "libdime_model.so")
    for more in ([], ["--json"]):
        result = subprocess.run([sys.executable, EXAMPLE, *more, library, f"{folder}/nope.png", good],
                                capture_output=True, text=True, check=False)
        checks.refused(result, 1, [f"{folder}/nope.png: No such file"], "missing picture")
        checks.check(f"{good}: {UPRIGHT} " in result.stdout if not more else
                     [one["file"] for one in json.loads(result.stdout)["predictions"]] == [good],
                     f"answer beside a missing picture: {result.stdout}")


def test_header_stands_alone(checks, _folder, run):
    """It names nothing of headers that are not delivered with the library."""
    with open(os.path.join(library_of(checks, run), "dime_model.h"), encoding="ascii") as file:
        text = file.read()
    checks.equal(re.findall(r'#include (?!<)|\w+\.h(?!>)', text), [], "other headers")


def test_threads(checks, _folder, run):
    """Eight threads at once compute what one computes. ctypes lets them run side by side."""
    library = ctypes.CDLL(os.path.join(library_of(checks, run), "libdime_model.so"))
    source = random.Random(3)
    pictures = [bytes(source.randrange(256) for _ in range(256)) for _ in range(64)]

    def predict(picture):
        logits = (ctypes.c_int32 * 3)()
        return [(library.dime_model_predict(picture, logits), tuple(logits)) for _ in range(50)]

    expected = [predict(picture) for picture in pictures]
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        checks.check(list(threads.map(predict, pictures)) == expected, "answers of eight threads")
    checks.check(len({answers[0] for answers in expected}) > 32, "different pictures give different logits")


def test_c_client(checks, folder, run):
    out = library_of(checks, run)
    source, client = os.path.join(folder, "client.c"), os.path.join(folder, "client")
    with open(source, "w", encoding="ascii") as file:
        file.write(CLIENT)
    subprocess.run([*CC.split(), "-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror", f"-I{out}",
                    source, "-o", client, f"-L{out}", "-ldime_model",
                    f"-Wl,-rpath,{os.path.abspath(out)}"], check=True)
    native = output_of(client)
    label, encoded, inference, *logits = map(int, native.split())
    checks.equal(label, logits.index(max(logits)), "class of the C client")
    checks.equal(inference, encoded, "Inference and dime_model_predict_encoded")
    if shutil.which(MINGW):
        check_windows_client(checks, source, out, native)


def check_windows_client(checks, source, out, native):
    """The same client links with the DLL; it runs where wine is there."""
    program = source.replace(".c", ".exe")
    subprocess.run([MINGW, "-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{out}", source, "-o", program,
                    os.path.join(out, "libdime_model.dll")], check=True)
    wine = shutil.which("wine64") or shutil.which("wine")
    if wine:
        shutil.copy(os.path.join(out, "libdime_model.dll"), os.path.dirname(program))
        checks.equal(output_of(wine, program).split(), native.split(), "answers of the DLL")


def test_dll(checks, _folder, run):
    if not shutil.which(MINGW):
        print("the DLL is not tested: mingw-w64 is not installed")
        return
    library = os.path.join(library_of(checks, run), "libdime_model.dll")
    listed = output_of("x86_64-w64-mingw32-objdump", "-p", library)
    table = listed.split("[Ordinal/Name Pointer] Table", 1)[1].split("\n\n", 1)[0]
    checks.equal(set(re.findall(r"\]\s+(?:\+base\[[^]]*\]\s+\S+\s+)?(\w+)\s*$", table, re.M)), SYMBOLS,
                 "symbols of the DLL")


def test_without_mingw(checks, folder, run):
    """A library without DLL, and one clear line."""
    out = os.path.join(folder, "out")
    result = make_library(run, out, MINGW_CC="no-such-compiler")
    checks.equal(result.returncode, 0, "exit status")
    words = "libdime_model.dll is left out: no-such-compiler is not installed"
    checks.check(words in result.stderr, result.stderr)
    checks.equal(sorted(os.listdir(out)), ["dime_model.h", "libdime_model.so"], "files")


def test_same_bytes(checks, folder, run):
    """The same model gives the same library."""
    def content(out):
        return {name: open(os.path.join(out, name), "rb").read() for name in sorted(os.listdir(out))}

    out = os.path.join(folder, "out")
    make_library(run, out)
    first, second = content(library_of(checks, run)), content(out)
    checks.equal(sorted(name for name in first if first[name] != second[name]), [], "files that differ")


def test_failures(checks, folder, _run):
    out = os.path.join(folder, "out")
    checks.refused(make_library("", out), 2, ["MODEL="], "no model")
    result = make_library(os.path.join(folder, "none"), out)
    checks.refused(result, 1, ["none", "expected a run folder or a model file"], "missing model")
    checks.equal(os.listdir(out), [], "nothing is left behind")


if __name__ == "__main__":
    run_tests(test_symbols, test_example, test_example_reads_pgm, test_example_goes_on,
              test_header_stands_alone, test_threads, test_c_client, test_dll,
              test_without_mingw, test_same_bytes, test_failures)
