#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs test programs, a few at a time, and prints one line for each and a total at the end.

A cmocka program counts by its cases; any other program counts as one case, unless it ends its output with a
line "N passed, N failed" of its own. Exit status 77 means skipped. Every program's output is kept in a log;
the logs of failed ones are printed.
"""
import argparse
import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import time

SKIPPED = 77
# Seconds of the longest ones, roughly: what a fresh clone, which remembers no times, starts first.
LONG = {"test_firmware.py": 100, "test_firmware_chip": 90, "test_fast_conv": 50, "test_predictor_fits": 45,
        "test_proof": 40, "test_chip_kernels": 35, "test_live_page.py": 34, "test_data_fetch.py": 22,
        "test_board_command.py": 20, "test_predictor_chip": 18, "test_trainer": 15, "test_report.py": 12}
CMOCKA = {
    "run": re.compile(r"^\[==========\] (?:[^:\n]*: )?(\d+) test\(s\) run\.", re.M),
    "passed": re.compile(r"^\[  PASSED  \] (?:[^:\n]*: )?(\d+) test\(s\)\.", re.M),
    "failed": re.compile(r"^\[  FAILED  \] (?:[^:\n]*: )?(\d+) test\(s\)", re.M),
    "skipped": re.compile(r"^\[  SKIPPED \] (?:[^:\n]*: )?(\d+) test\(s\)", re.M),
}
OWN_TOTAL = re.compile(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*\Z")


class Job:
    """One test program: its command, its log, and what became of it."""

    def __init__(self, name, command, log):
        self.name, self.command, self.log = name, command, log
        self.passed = self.failed = self.skipped = 0
        self.seconds = self.processor = 0.0
        self.reason = ""

    def run(self, environment, timeout):
        started = time.monotonic()
        with open(self.log, "wb") as output:
            status = self.execute(output, environment, timeout)
        self.seconds = time.monotonic() - started
        with open(self.log, encoding="utf-8", errors="replace") as output:
            self.judge(status, output.read(), timeout)
        return self

    def execute(self, output, environment, timeout):
        """The exit status; None where the program was stopped because its time was over."""
        try:
            process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                env=environment, start_new_session=True)
        except OSError as error:
            output.write(f"{error}\n".encode())
            return 127
        try:
            return self.wait(process, timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return None

    def wait(self, process, timeout):
        """The exit status; also takes down the processor time of the program and of all that it started."""
        ends = time.monotonic() + timeout
        pause = 0.001
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                self.processor = usage.ru_utime + usage.ru_stime
                process.returncode = os.waitstatus_to_exitcode(status)
                return process.returncode
            if time.monotonic() > ends:
                raise subprocess.TimeoutExpired(self.command, timeout)
            time.sleep(pause)
            pause = min(2 * pause, 0.05)

    def judge(self, status, output, timeout):
        """Counts cases; a program that ends badly without naming a failed case has one more failure."""
        found = {key: sum(map(int, pattern.findall(output))) for key, pattern in CMOCKA.items()}
        own = OWN_TOTAL.search(output)
        if found["run"]:
            self.passed, self.failed, self.skipped = found["passed"], found["failed"], found["skipped"]
        elif own:
            self.passed, self.failed, self.skipped = (int(number or 0) for number in own.groups())
        elif status == SKIPPED:
            self.skipped = 1
        elif status == 0:
            self.passed = 1
        if status is None:
            self.reason = f"stopped after {timeout} s"
        elif status < 0:
            self.reason = f"killed by {signal.Signals(-status).name}"
        elif status not in (0, SKIPPED):
            self.reason = f"exit status {status}"
        if self.reason and not self.failed:
            self.failed = 1

    def line(self):
        word = "FAIL" if self.failed else "ok" if self.passed else "skip"
        cases = self.passed + self.failed + self.skipped
        unit = "case " if cases == 1 else "cases"
        text = f"{word:4}  {self.name:44} {cases:4} {unit} {self.seconds:7.1f} s {self.processor:7.1f} s"
        if self.failed:
            text += f"   {self.failed} failed, {self.reason or 'exit status 0'}"
        return text


def longest_first(jobs, folder):
    """Starts the jobs that were longest last time first, so that no long one is left alone at the end."""
    known = {}
    try:
        with open(os.path.join(folder, "times"), encoding="utf-8") as times:
            for row in times:
                seconds, name = row.rstrip("\n").split(" ", 1)
                known[name] = float(seconds)
    except (OSError, ValueError):
        pass
    return sorted(jobs, key=lambda job: -known.get(job.name, LONG.get(os.path.basename(job.name), 0)))


def remember_times(jobs, folder):
    with open(os.path.join(folder, "times"), "w", encoding="utf-8") as times:
        times.writelines(f"{job.seconds:.1f} {job.name}\n" for job in jobs)


def print_log(job):
    print(f"\n---- {job.name}: {job.log}")
    with open(job.log, encoding="utf-8", errors="replace") as output:
        lines = output.read().splitlines()
    if len(lines) > 200:
        print(f"({len(lines) - 200} lines left out)")
    print("\n".join(lines[-200:]))


def log_name(name):
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name) + ".log"


def make_jobs(arguments):
    jobs = []
    for path in arguments.tests:
        command = ["/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable, path]
        if not path.endswith(".py"):
            command = ["bash", path] if path.endswith(".sh") else [path]
        jobs.append(Job(path, command, os.path.join(arguments.logs, log_name(path))))
    for name, shell in (pair.split("=", 1) for pair in arguments.command):
        jobs.append(Job(name, ["bash", "-c", shell], os.path.join(arguments.logs, log_name(name))))
    return jobs


def environment_for(arguments):
    environment = dict(os.environ, DIME=os.path.abspath(arguments.program), PYTHONDONTWRITEBYTECODE="1",
                       ASAN_OPTIONS="detect_leaks=1:abort_on_error=0",
                       UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1")
    for inherited in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
        environment.pop(inherited, None)
    if arguments.sanitized:
        environment["DIME_SANITIZED"] = "1"
    return environment


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tests", nargs="*", help="test programs, .sh and .py scripts")
    parser.add_argument("--command", action="append", default=[], metavar="NAME=SHELL",
                        help="a shell command as test")
    parser.add_argument("--program", default="build/dime", help="what tests find in $DIME (%(default)s)")
    parser.add_argument("--logs", default="build/logs", help="folder of logs (%(default)s)")
    parser.add_argument("--jobs", type=int, default=2, help="programs at a time (%(default)s)")
    parser.add_argument("--timeout", type=int, default=400, help="seconds a program may take (%(default)s)")
    parser.add_argument("--sanitized", action="store_true",
                        help="set DIME_SANITIZED=1, by which long tests take a smaller sample")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    os.makedirs(arguments.logs, exist_ok=True)
    jobs = longest_first(make_jobs(arguments), arguments.logs)
    environment = environment_for(arguments)
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        running = [pool.submit(job.run, environment, arguments.timeout) for job in jobs]
        for future in concurrent.futures.as_completed(running):
            print(future.result().line(), flush=True)
    remember_times(jobs, arguments.logs)
    for job in jobs:
        if job.failed:
            print_log(job)
    passed, failed = sum(job.passed for job in jobs), sum(job.failed for job in jobs)
    skipped = sum(job.skipped for job in jobs)
    print(f"\n{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""), flush=True)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
