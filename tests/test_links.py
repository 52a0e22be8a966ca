#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Relative links in the Markdown files lead to files that exist, and to headings that exist in them."""
import glob
import os
import re
import sys
import tempfile

LINK = re.compile(r"\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
FENCE = re.compile(r"^(```|~~~).*?^\1\s*?$", re.M | re.S)
SPAN = re.compile(r"`[^`\n]*`")
HEADING = re.compile(r"^#+\s+(.*?)\s*#*$", re.M)
REMOTE = re.compile(r"[a-z][a-z0-9+.-]*:")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def anchors(text):
    """The names that GitHub gives to headings."""
    found = set()
    for heading in HEADING.findall(FENCE.sub("", text)):
        name = re.sub(r"\]\([^)]*\)", "", heading).lower()
        name = re.sub(r"[^\w\- ]", "", name).replace(" ", "-")
        number, unique = 0, name
        while unique in found:
            number += 1
            unique = f"{name}-{number}"
        found.add(unique)
    return found


def fault_of(source, link):
    """What is wrong with a link in a file, or None."""
    target, _, anchor = link.partition("#")
    path = os.path.normpath(os.path.join(os.path.dirname(source), target)) if target else source
    if not os.path.exists(path):
        return f"{path} does not exist"
    if anchor and path.endswith(".md") and anchor not in anchors(read(path)):
        return f"{path} has no heading #{anchor}"
    return None


def faults_in(source):
    text = SPAN.sub("", FENCE.sub("", read(source)))
    links = [link for link in LINK.findall(text) if not REMOTE.match(link)]
    faults = [(link, fault_of(source, link)) for link in links]
    return len(links), [f"{source}: link {link}: {fault}" for link, fault in faults if fault]


def check_the_checker():
    """Good links pass and broken ones are seen."""
    with tempfile.TemporaryDirectory(prefix="dime-test.") as folder:
        path = os.path.join(folder, "a.md")
        with open(path, "w", encoding="utf-8") as file:
            file.write("# One two\n[a](a.md) [b](a.md#one-two) [c](https://x.invalid/y) `[d](d.md)`\n"
                       "```\n[e](e.md)\n```\n[f](gone.md) [g](#three)\n")
        count, faults = faults_in(path)
    words = ["gone.md does not exist", "no heading #three"]
    if count != 4 or len(faults) != 2 or any(word not in line for word, line in zip(words, faults)):
        return [f"the checker itself: {count} links, {faults}"]
    return []


def main():
    faults, total = check_the_checker(), 0
    files = sorted(path for path in glob.glob("**/*.md", recursive=True)
                   if not path.startswith(("build/", "runs/")))
    for path in files:
        count, found = faults_in(path)
        total += count
        faults += found
    if not total:
        faults.append("no links at all: is this the root of the repository?")
    print(*faults, sep="\n", end="\n" if faults else "")
    print(f"{total} links in {len(files)} files, {len(faults)} broken")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
