#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Enforces who may use whom.

The rule is checked twice: in the #include lines, and in the symbols of what device/ compiles to, since a
declaration can be written without including anything. RULES is the one place where the rule is written down
as data; CONTRIBUTING.md says it in words.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

# Module -> modules whose headers it may include, beside its own. Longest prefix wins.
RULES = {
    "device": {"device"},
    "firmware": {"device", "firmware"},
    "src/base": set(),
    "src/data": {"src/base", "device/vision"},
    "src/model": {"src/base", "device/engine", "device/vision"},
    "src/report": {"src/base", "src/model"},
    "src/train": {"src/base", "src/data", "src/model", "src/report", "device"},
    "src/sim": {"src/base"},
    "src/firmware": {"src/base", "src/model", "device"},
    "src/live": {"src/base", "src/model", "src/sim", "device"},
    "src/cli": {"src", "device"},
    "lib": {"device"},
    "tests": {"src", "device", "tests"},
    "fuzz": {"src", "device", "fuzz"},
    "bench": {"src", "device", "bench"},
}
# Includes of the system that device/ and firmware/ may use: C11, section 4, a freestanding implementation.
FREESTANDING = {"float.h", "iso646.h", "limits.h", "stdalign.h", "stdarg.h", "stdbool.h", "stddef.h",
                "stdint.h", "stdnoreturn.h"}
# Exported templates and the firmware are compiled in flat folders: headers are found where their files are
# here.
FLAT = {"lib": ("lib", "device/engine", "device/vision"),
        "firmware": ("firmware", "firmware/camera", "device/engine", "device/vision", "device/display",
                     "device/link")}
GENERATED = {"lib": {"model.h", "test_pictures.h"}, "firmware": {"model.h", "pictures.h"}}
SEARCH = ("src", "device")
# GCC and Clang may write these calls for a plain loop or assignment; the firmware supplies them.
COMPILER_CALLS = {"memcpy", "memmove", "memset", "memcmp"}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>|(\S+))', re.M)


def module_of(path):
    """The longest rule that the path lies in, or None."""
    fitting = [name for name in RULES if path.startswith(name + "/")]
    return max(fitting, key=len, default=None)


def within(path, modules):
    return any(path.startswith(module + "/") for module in modules)


def find_header(source, name):
    """The project's file that `#include "name"` of a source finds, or None."""
    folders = (os.path.dirname(source), *FLAT.get(module_of(source), ()), *SEARCH, module_of(source))
    for folder in folders:
        path = os.path.normpath(os.path.join(folder, name))
        if os.path.exists(path):
            return path
    return None


def check_quoted(source, name):
    module = module_of(source)
    if name in GENERATED.get(module, ()):
        return None
    if name.endswith(".c"):
        return f"includes the C file {name}"
    if ".." in name.split("/"):
        return f'includes upwards: "{name}"; name it from src/ or device/'
    header = find_header(source, name)
    if header is None:
        return f'includes "{name}", which is not in the project; system headers go in <>'
    if within(header, {module} | RULES[module]):
        return None
    return f"{module} may not use {module_of(header) or header}: includes {header}"


def check_system(source, name):
    if module_of(source) in ("device", "firmware") and name not in FREESTANDING:
        known = ", ".join(sorted(FREESTANDING))
        return f"includes <{name}>: {module_of(source)} has no C library, only {known}"
    if any(os.path.exists(os.path.join(folder, name)) for folder in SEARCH):
        return f"includes the project's own <{name}> in angle brackets"
    return None


def check_file(source):
    """Problems of one file's include lines, as (line number, text)."""
    with open(source, encoding="utf-8") as stream:
        text = stream.read()
    problems = []
    for match in INCLUDE.finditer(text):
        quoted, system, computed = match.groups()
        if computed:
            problem = f"includes {computed}, a macro: write the name out"
        else:
            problem = check_quoted(source, quoted) if quoted else check_system(source, system)
        if problem:
            problems.append((text.count("\n", 0, match.start()) + 1, problem))
    return problems


def sources():
    found = []
    for top in sorted({name.split("/")[0] for name in RULES}):
        found += glob.glob(top + "/**/*.[chS]", recursive=True)
    return sorted(found)


def check_includes():
    problems = []
    for source in sources():
        if module_of(source) is None:
            problems.append(f"{source}: belongs to no module; add its folder to RULES in {__file__}")
            continue
        problems += [f"{source}:{line}: {problem}" for line, problem in check_file(source)]
    return problems


def compile_device(folder):
    """Objects of device/, compiled with no headers but the compiler's own."""
    compiler = os.environ.get("CC", "gcc")
    headers = subprocess.run([compiler, "-print-file-name=include"], check=True, capture_output=True,
                             text=True).stdout.strip()
    objects = []
    for source in sorted(glob.glob("device/**/*.c", recursive=True)):
        target = os.path.join(folder, source.replace("/", "_")[:-2] + ".o")
        subprocess.run([compiler, "-std=c11", "-Os", "-fno-pie", "-ffreestanding", "-fno-builtin",
                        "-nostdinc", "-isystem", headers, "-Idevice", "-c", "-o", target, source], check=True)
        objects.append(target)
    return objects


def symbols(objects):
    """(defined, undefined: name -> object, writable data: name -> object) of all objects together."""
    defined, undefined, writable = set(), {}, {}
    for item in objects:
        listing = subprocess.run(["nm", item], check=True, capture_output=True, text=True).stdout
        for row in listing.splitlines():
            kind, name = row.split()[-2:]
            if kind == "U":
                undefined[name] = item
            elif kind.isupper():
                defined.add(name)
            if kind in "bBdDC":
                writable[name] = item
    return defined, undefined, writable


def check_symbols():
    with tempfile.TemporaryDirectory() as folder:
        try:
            objects = compile_device(folder)
        except subprocess.CalledProcessError:
            return ["device/ does not compile without a C library"]
        defined, undefined, writable = symbols(objects)
    problems = [f"device/ calls {name} ({os.path.basename(item)}), which it does not have"
                for name, item in sorted(undefined.items()) if name not in defined | COMPILER_CALLS]
    problems += [f"device/ has the variable {name} ({os.path.basename(item)}): the caller owns all memory"
                 for name, item in sorted(writable.items())]
    if not objects or not defined:
        problems.append("device/ has no symbols at all")
    return problems


def check_rules():
    """The rule itself must be able to fail."""
    samples = [
        (check_quoted("device/engine/engine.c", "base/error.h"), True),
        (check_quoted("src/base/error.c", "model/model.h"), True),
        (check_quoted("src/data/resize.c", "engine/engine.h"), True),
        (check_quoted("src/model/model.c", "data/dataset.h"), True),
        (check_quoted("src/model/model.c", "../base/error.h"), True),
        (check_quoted("src/model/model.c", "engine/engine.h"), False),
        (check_quoted("src/cli/main.c", "cli/cli.h"), False),
        (check_system("device/engine/engine.c", "string.h"), True),
        (check_system("device/engine/engine.c", "stdint.h"), False),
        (check_system("src/base/error.c", "base/error.h"), True),
    ]
    return [f"the check itself is wrong about sample {index}"
            for index, (problem, wrong) in enumerate(samples) if bool(problem) != wrong]


def main():
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    problems = check_rules() + check_includes() + check_symbols()
    print("\n".join(problems) or f"{len(sources())} files keep the rule")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
