#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""dime firmware and dime flash from the command line. Skipped without a RISC-V cross compiler."""
import glob
import json
import os
import re
import shutil
import stat
import subprocess
import sys

from tiny_model import CONFIG, DIME, dime, dime_json, make_data, run_tests

PREFIX = os.environ.get("DIME_CROSS", "riscv64-unknown-elf-")
APPS = ("demo", "testset", "selftest")
# Registers that RV32E does not have, and instructions outside RV32EC with Zicsr. Padding shows as unimp.
FOREIGN_REGISTER = re.compile(r"\b(a[67]|s[2-9]|s1[01]|t[3-6])\b")
FOREIGN = re.compile(r"^(mul|div|rem|amo|lr\.|sc\.|f[a-z]+\.|\.word|\.short|\.2byte|\.4byte)")


def tool(name, *arguments):
    return subprocess.run([PREFIX + name, *arguments], check=True, capture_output=True, text=True).stdout


def build(run, out, *options):
    return dime_json("firmware", run, "--out", out, *options)


def instructions(elf):
    """(mnemonic, operands) of everything in the image that is code; the vector table holds addresses."""
    found, counts = [], True
    for line in tool("objdump", "-d", "--no-show-raw-insn", elf).splitlines():
        if line.startswith("Disassembly of section"):
            counts = ".vectors" not in line
        if not counts:
            continue
        line = re.sub(r"[0-9a-f]+ <.*", "", line)  # targets: a6 is an address as well as a register
        parts = re.match(r"\s*[0-9a-f]+:\t(\S+)\s*([^#]*)", line)
        if parts:
            found.append(parts.groups())
    return found


def intel_hex(path):
    """Bytes by address."""
    memory, base = {}, 0
    with open(path, encoding="ascii") as file:
        for line in file:
            record = bytes.fromhex(line.strip()[1:])
            count, address, kind = record[0], record[1] << 8 | record[2], record[3]
            assert sum(record) & 255 == 0
            if kind == 0:
                memory.update((base + address + i, value) for i, value in enumerate(record[4:4 + count]))
            elif kind == 4:
                base = (record[4] << 8 | record[5]) << 16
    return memory


def symbol(elf, name):
    rows = [row.split() for row in tool("nm", elf).splitlines()]
    return next(int(row[0], 16) for row in rows if row[-1] == name)


def check_image(checks, report, text):
    code = instructions(report["elf"])
    checks.check(len(code) > 200, f"{text}: {len(code)} instructions")
    bad = [f"{mnemonic} {operands}" for mnemonic, operands in code
           if FOREIGN.match(mnemonic) or FOREIGN_REGISTER.search(operands)]
    checks.equal(bad, [], f"{text}: instructions outside RV32EC")
    header = tool("readelf", "-h", report["elf"])
    checks.check("RISC-V" in header and "ELF32" in header and "RVE" in header, f"{text}: ELF header")
    with open(report["bin"], "rb") as file:
        image = file.read()
    checks.equal(len(image), report["flash_bytes"], f"{text}: bytes of flash")
    memory = intel_hex(report["hex"])
    filled = bytes(memory.get(address, 0) for address in range(len(image)))  # BIN has zeros between sections
    checks.check(filled == image and max(memory) < len(image), f"{text}: HEX and BIN differ")
    checks.equal(report["ram_bytes"], symbol(report["elf"], "_end") - 0x20000000, f"{text}: static RAM")
    total = report["ram_bytes"] + report["stack_bytes"]
    checks.check(report["flash_bytes"] <= 16384 and 0 < total <= 2048, f"{text}: fits: {report}")


def test_every_application(checks, folder, run):
    for app in APPS:
        for code in ("flash", "ram"):
            report = build(run, os.path.join(folder, f"{app}-{code}.elf"), "--app", app, "--code", code)
            check_image(checks, report, f"{app} from {code}")
            if app == "selftest":
                continue
            report = build(run, report["elf"], "--app", app, "--code", code, "--kernels", "reference")
            check_image(checks, report, f"{app} from {code}, reference")
            section = symbol(report["elf"], "dime_layer_sums") >> 28
            checks.equal(section, 2 if code == "ram" else 0, f"{app}: dime_layer_sums is in {code}")


def check_layers(checks, layers, text):
    checks.equal([(layer["first"], layer["last"]) for layer in layers], [(1, 1), (2, 2), (3, 3)],
                 f"{text}: {layers}")
    checks.check(all(layer["cycles"] > 0 and layer["weight_bytes"] > 0 and layer["why"] for layer in layers),
                 f"{text}: each layer has cycles, bytes and a reason: {layers}")


def test_reasons(checks, folder, run):
    """Each layer's kernel, place, cycles and why; code beats rows where there is room."""
    out = os.path.join(folder, "x.elf")
    report = build(run, out, "--app", "testset")
    layers = report["layers"]
    check_layers(checks, layers, "auto")
    checks.equal([(layer["kernel"], layer["place"]) for layer in layers],
                 [("rows", "RAM"), ("code", "flash"), ("code", "flash")], "kernels and places")
    checks.check(re.fullmatch(r"code would take [\d,]+ cycles, but its weights need \d+ bytes more flash "
                              "than there are", layers[0]["why"]), f"no room: {layers[0]}")
    checks.check(all(re.fullmatch(r"the fastest; rows would take [\d,]+ cycles", layer["why"])
                     for layer in layers[1:]), f"what is slower: {layers}")
    checks.check("fits" in report["why"], report["why"])
    slow = build(run, out, "--app", "testset", "--kernels", "reference")
    check_layers(checks, slow["layers"], "reference")
    checks.check(all(re.search(r"would take [\d,]+ cycles, but", layer["why"]) for layer in slow["layers"]),
                 f"what is faster: {slow['layers']}")
    checks.equal({layer["place"] for layer in slow["layers"]}, {"RAM"}, "the reference's place")
    shown = dime("firmware", run, "--app", "testset", "--out", out).stdout
    for layer in report["layers"]:
        checks.check(layer["why"] in shown and str(layer["cycles"]) in shown, f"{layer['why']} in {shown}")


def test_smallest(checks, folder, run):
    """--trade size takes least flash of all that can be asked for."""
    out = os.path.join(folder, "x.elf")
    small = build(run, out, "--app", "testset", "--trade", "size")
    others = [build(run, out, "--app", "testset", "--kernels", kernels, "--trade", trade)["flash_bytes"]
              for kernels in ("fast", "compact", "reference") for trade in ("speed", "size")]
    checks.check(small["flash_bytes"] == min(others) < max(others), f"{small['flash_bytes']} of {others}")
    checks.check("least flash" in small["why"], small["why"])


def frames_of_compiler(report, folder):
    """Bytes of stack a function, as GCC's -fstack-usage says of the same sources."""
    objects = os.path.join(folder, "objects")
    os.makedirs(objects)
    for part, optimization in (("firmware", "-Os"), ("model", "-O2")):  # as the reference kernels are built
        sources = [os.path.abspath(path) for path in glob.glob(os.path.join(report["sources"], part, "*.c"))]
        include = ["-I" + os.path.abspath(os.path.join(report["sources"], each))
                   for each in ("firmware", "model")]
        subprocess.run([PREFIX + "gcc", "-march=rv32ec_zicsr", "-mabi=ilp32e", "-std=c11", optimization,
                        "-ffreestanding", "-fno-common", "-fno-jump-tables", "-ffunction-sections",
                        "-fdata-sections", "-fstack-usage", "-c", *include, *sources],
                       check=True, cwd=objects)
    frames = {}
    for path in glob.glob(os.path.join(objects, "*.su")):
        with open(path, encoding="ascii") as file:
            for row in file:
                place, size, kind = row.rstrip("\n").split("\t")
                assert kind == "static"
                frames[place.split(":")[-1]] = int(size)
    return frames


def test_stack(checks, folder, run):
    """The depth from the instructions is the sum of the frames that the compiler says it made. reset_handler
    is assembly and has none, as have the fast kernels."""
    for app in ("demo", "testset"):
        own = os.path.join(folder, app)
        report = build(run, os.path.join(own, "x.elf"), "--app", app, "--kernels", "reference")
        names = re.split(r" [>+] ", report["stack_path"])
        frames = frames_of_compiler(report, own)
        expected = sum(frames.get(name, 0) for name in names if name != "reset_handler")
        checks.equal(report["stack_bytes"], expected, f"{app}: stack of {report['stack_path']}")
        checks.check("main" in names and names[-1].endswith("_handler") == (app == "demo"),
                     f"{app}, of which the demo alone has interrupts: {report['stack_path']}")


def test_pictures(checks, folder, run):
    out = os.path.join(folder, "x.elf")
    report = build(run, out, "--app", "demo")
    source = os.path.join(report["sources"], "firmware", "pictures.c")
    with open(source, encoding="ascii") as file:
        text = file.read()
    labels = [int(label) for label in re.findall(r"\.label = (\d+)", text)]
    checks.equal(labels, [number % 3 for number in (0, 2, 7, 4)], "labels of the pictures unless chosen")
    build(run, out, "--app", "demo", "--pictures", "5")
    with open(source, encoding="ascii") as file:
        text = file.read()
    checks.equal(re.findall(r"\.label = (\d+)", text), ["2"], "label of the chosen picture")
    for wrong in ("", "a", "1,", "1,,2", "60", "-1", "1;2", "99999999999999999999"):
        result = dime("firmware", run, "--app", "demo", "--out", out, "--pictures", wrong)
        checks.refused(result, 2, ["--pictures"], f"--pictures {wrong}")


def test_refusals(checks, folder, run):
    out = os.path.join(folder, "x.elf")
    for options, words in (([], ["--app", "demo"]), (["--app", "game"], ["game", "demo", "testset"]),
                           (["--app", "demo", "--code", "rom"], ["rom", "flash"]),
                           (["--app", "demo", "--chip", "v001"], ["v001", "v003", "v002"]),
                           (["--app", "demo", "--print", "paper"], ["paper", "swio"]),
                           (["--app", "demo", "--baud", 50], ["--baud"])):
        checks.refused(dime("firmware", run, "--out", out, *options), 2, words, f"options {options}")
    checks.refused(dime("firmware", run, "--app", "demo"), 2, ["--out"], "no --out")
    checks.refused(dime("firmware", "nowhere", "--app", "demo", "--out", out), 1, ["nowhere"], "no model")
    empty = os.path.join(folder, "empty")
    os.makedirs(empty)
    for environment, word in (({"PATH": empty}, "gcc-riscv64-unknown-elf"), ({"DIME_CROSS": "odd-"}, "odd-")):
        result = dime("firmware", run, "--app", "testset", "--out", out, env={**os.environ, **environment})
        checks.refused(result, 1, [word], f"no compiler, {environment}")
    left = [name for name in os.listdir(folder) if name.startswith("x.")]
    checks.equal(left, [], "nothing is left")


def configured(folder, quant, bits, *changes):
    """A network trained for one epoch."""
    config, out = os.path.join(folder, "changed.yaml"), os.path.join(folder, "changed")
    text = CONFIG.format(data=make_data(folder), quant=quant, bits=bits)
    for old, new in (("num_epochs: 6", "num_epochs: 1"), *changes):
        text = re.sub(old, new, text)
    with open(config, "w", encoding="utf-8") as file:
        file.write(text)
    result = dime("train", config, "--out", out)
    assert result.returncode == 0, result.stderr
    return out


def test_order_without_predictions(checks, folder, run):
    """On the CH32V002, for which no cycles are predicted, plans are taken in their order until one fits."""
    del run
    widths = [(f"network_width{i}: .*", f"network_width{i}: 64") for i in (1, 2, 3)]
    large = configured(folder, "4bitsym", 4, *widths, (r"\Z", "input_size: 17\n"))
    report = build(large, os.path.join(folder, "x.elf"), "--app", "testset", "--chip", "v002")
    expected = [f"{kernels} kernels, {place}, compiled for {trade}"
                for kernels, place, trade in (("fast", "inner loops in RAM", "speed"),
                                              ("fast", "inner loops in RAM", "size"),
                                              ("fast", "code in flash", "speed"),
                                              ("fast", "code in flash", "size"),
                                              ("compact", "inner loops in RAM", "speed"),
                                              ("compact", "code in flash", "speed"))]
    tried = [candidate["plan"] for candidate in report["candidates"]]
    checks.check(len(tried) > 1, f"the first does not fit: {tried}")
    checks.equal(tried, expected[:len(tried)], "plans in their order")
    checks.equal([candidate["fits"] for candidate in report["candidates"]],
                 [False] * (len(tried) - 1) + [True], "the first that fits")
    checks.check("the first that fits" in report["why"], report["why"])


def test_too_large(checks, folder, run):
    """784 inputs of 8 bits do not fit: the message, then a table; nothing is written."""
    del run
    out = os.path.join(folder, "x.elf")
    large = configured(folder, "8bit", 8, ("network_width1: 16", "network_width1: 32"),
                       (r"\Z", "input_size: 28\n"))
    result = dime("firmware", large, "--app", "demo", "--out", out, "--trade", "speed")
    checks.equal(result.returncode, 1, "exit status")
    checks.check("compiled for size" in result.stderr, f"all that may be fastest: {result.stderr}")
    first, *table = result.stderr.splitlines()
    checks.check("does not fit" in first and "16384" in first, f"message: {first}")
    checks.check(any(re.match(r"\s+layer1_weights\s+25088\s+0$", row) for row in table), f"table: {table}")
    checks.check(any("bytes too many" in row for row in table), f"last line: {table}")
    left = [name for name in os.listdir(folder) if name.startswith("x.")]
    checks.equal(left, [], "nothing is left")


def test_from_anywhere(checks, folder, run):
    """The program alone, started elsewhere, makes the same image."""
    program = shutil.copy(DIME, os.path.join(folder, "moved"))
    here = build(run, os.path.join(folder, "a.elf"), "--app", "testset")
    subprocess.run([program, "firmware", os.path.abspath(run), "--app", "testset", "--out", "b.elf"],
                   cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with open(here["bin"], "rb") as first, open(os.path.join(folder, "b.bin"), "rb") as second:
        checks.equal(first.read(), second.read(), "images")
    left = os.listdir(here["sources"])
    checks.equal(sorted(left), ["firmware", "model"], "what is left among the sources")


def fake_tool(folder, name, status):
    """A program that notes its arguments."""
    path = os.path.join(folder, name)
    with open(path, "w", encoding="ascii") as file:
        file.write(f'#!/bin/sh\necho "$@" >"{folder}/called-{name}"\necho "{name} was here"\nexit {status}\n')
    os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
    return path


def called(folder, name):
    try:
        with open(os.path.join(folder, f"called-{name}"), encoding="ascii") as file:
            return file.read().strip()
    except FileNotFoundError:
        return None


def test_flash(checks, folder, run):
    del run
    elf, image = os.path.join(folder, "digits.elf"), os.path.join(folder, "digits.bin")
    for path in (elf, image):
        with open(path, "w", encoding="ascii"):
            pass
    programs = os.path.join(folder, "programs")
    os.makedirs(programs)
    environment = {**os.environ, "PATH": f"{programs}:/usr/bin:/bin"}

    def flash(*options):
        return dime("flash", *options, env=environment)

    checks.refused(flash(elf), 1, ["minichlink", "wlink", "https://"], "no programmer is installed")
    fake_tool(programs, "wlink", 0)
    checks.equal(flash(elf).returncode, 0, "wlink")
    checks.equal(called(programs, "wlink"), f"flash {elf}", "arguments of wlink")
    fake_tool(programs, "minichlink", 0)
    dry = flash(elf, "--dry-run")
    checks.equal(dry.stdout, f"{programs}/minichlink -w {image} flash -b\n", "dry run")
    checks.equal(called(programs, "minichlink"), None, "a dry run runs nothing")
    result = flash(elf)
    checks.equal(result.returncode, 0, "minichlink")
    checks.equal(called(programs, "minichlink"), f"-w {image} flash -b", "arguments of minichlink")
    checks.check("with minichlink" in result.stderr and "minichlink was here" in result.stderr, "says which")
    dry = flash(elf, "--tool", "wlink", "--dry-run")
    checks.equal(dry.stdout, f"{programs}/wlink flash {elf}\n", "--tool")
    checks.equal(json.loads(flash(elf, "--dry-run", "--json").stdout)["tool"], "minichlink", "JSON")
    fake_tool(programs, "minichlink", 9)
    failed = flash(elf)
    checks.check(failed.returncode == 1 and "status 9" in failed.stderr, "a programmer that fails")
    checks.refused(flash(os.path.join(folder, "none.elf")), 1, ["none.bin"], "no such file")
    checks.refused(flash(os.path.join(folder, "x.txt")), 2, ["x.txt", ".elf"], "no ELF file")
    checks.refused(flash(elf, "--tool", "hammer"), 2, ["hammer", "wlink"], "unknown programmer")


if __name__ == "__main__":
    if not shutil.which(PREFIX + "gcc"):
        print(f"no {PREFIX}gcc")
        sys.exit(77)
    run_tests(test_every_application, test_reasons, test_smallest, test_stack, test_pictures, test_refusals,
              test_order_without_predictions,
              test_too_large, test_from_anywhere, test_flash)
