#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`dime sim` from outside: output, JSON, faults, profile, waveforms, and a debugger's side of the
remote protocol."""
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

DIME = os.environ.get("DIME", "build/dime")
failures = []

USART = 0x40013800
PC = 32


def check(truth, message):
    if not truth:
        failures.append(message)
        print("FAIL", message)


# ---- programs, assembled here

def u_type(opcode, rd, value):
    return (value & 0xFFFFF000) | rd << 7 | opcode


def i_type(opcode, funct3, rd, rs1, imm):
    return (imm & 0xFFF) << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode


def s_type(funct3, rs1, rs2, imm):
    return (imm >> 5 & 0x7F) << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | (imm & 31) << 7 | 0x23


def li(rd, value):
    return [u_type(0x37, rd, (value + 0x800) & 0xFFFFFFFF), i_type(0x13, 0, rd, rd, value & 0xFFF)]


def sw(rs2, rs1, imm):
    return [s_type(2, rs1, rs2, imm)]


def lw(rd, rs1, imm):
    return [i_type(3, 2, rd, rs1, imm)]


def addi(rd, rs1, imm):
    return [i_type(0x13, 0, rd, rs1, imm)]


def andi(rd, rs1, imm):
    return [i_type(0x13, 7, rd, rs1, imm)]


def branch(funct3, rs1, rs2, offset):
    imm = offset & 0x1FFF
    return [(imm >> 12) << 31 | (imm >> 5 & 63) << 25 | rs2 << 20 | rs1 << 15 |
            funct3 << 12 | (imm >> 1 & 15) << 8 |
            (imm >> 11 & 1) << 7 | 0x63]


def jal(rd, offset):
    imm = offset & 0x1FFFFF
    return [(imm >> 20) << 31 | (imm >> 1 & 0x3FF) << 21 | (imm >> 11 & 1) << 20 | (imm >> 12 & 0xFF) << 12 |
            rd << 7 |
            0x6F]


RET = [i_type(0x67, 0, 0, 1, 0)]
EBREAK = [0x00100073]


def elf(words, symbols):
    """A 32-bit RISC-V executable with one segment at 0; symbols: (name, address, size)."""
    code = struct.pack("<%dI" % len(words), *words)
    names = b"\0"
    table = bytes(16)
    for name, address, size in symbols:
        table += struct.pack("<IIIBBH", len(names), address, size, 0x12, 0, 1)
        names += name.encode() + b"\0"
    offset = 52 + 32
    symbol_offset = offset + len(code)
    name_offset = symbol_offset + len(table)
    section_offset = name_offset + len(names)
    header = b"\x7fELF\1\1\1" + bytes(9) + struct.pack("<HHIIIIIHHHHHH", 2, 243, 1, 0, 52, section_offset, 9,
                                                            52, 32, 1,
                                                       40, 3, 0)
    segment = struct.pack("<IIIIIIII", 1, offset, 0, 0, len(code), len(code), 5, 4)
    sections = bytes(40) + struct.pack("<10I", 0, 2, 0, 0, symbol_offset, len(table), 2, 0, 4, 16)
    sections += struct.pack("<10I", 0, 3, 0, 0, name_offset, len(names), 0, 0, 1, 0)
    return header + segment + code + table + names + sections


def hello():
    """Lights 4 on the display, sends "Prediction: 4\\n" and ends with `ebreak` and status 0."""
    words = li(8, 0x40021000) + li(10, 0x4030) + sw(10, 8, 0x18)          # clocks of ports C, D and USART1
    words += li(9, 0x40011000) + li(10, 0x11111111) + sw(10, 9, 0) + addi(10, 0, 0x7F & ~0x66) + sw(10, 9, 12)
    words += li(9, 0x40011400) + li(10, 0x44B44444) + sw(10, 9, 0)        # PD5: alternate function, push-pull
    words += li(9, USART) + addi(10, 0, 0x45) + sw(10, 9, 8)              # baud rate divisor
    words += li(10, 0x2008) + sw(10, 9, 12)
    text = "Prediction: 4\n"
    calls = []
    for letter in text:
        words += addi(10, 0, ord(letter))
        calls.append(len(words))
        words += [0]
    wait = lw(11, 9, 0) + andi(11, 11, 0x40) + branch(0, 11, 0, -8)       # TC
    words += wait + addi(10, 0, 0) + EBREAK
    send = len(words)
    words += lw(11, 9, 0) + andi(11, 11, 0x80) + branch(0, 11, 0, -8) + sw(10, 9, 4) + RET
    for at in calls:
        words[at] = jal(1, 4 * (send - at))[0]
    return elf(words, [("start", 0, 4 * send), ("send", 4 * send, 20)]), 4 * send


def fault():
    words = jal(1, 8) + EBREAK + li(11, 0x20000002) + lw(10, 11, 0) + RET
    return elf(words, [("main", 0, 8), ("reads_badly", 8, 16)])


def counter():
    """Counts a0 up at 0x20000100 for ever."""
    words = li(11, 0x20000100) + addi(10, 10, 1) + sw(10, 11, 0) + jal(0, -8)
    return elf(words, [("count", 0, 4 * len(words))])


def endless():
    return elf(jal(0, 4) + jal(0, -4), [("endless", 0, 8)])


# ---- the command

def run(*arguments):
    return subprocess.run([DIME, "sim", *arguments], capture_output=True, text=True, timeout=60)


def write(folder, name, content):
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(content)
    return path


def test_hello(folder):
    path = write(folder, "hello.elf", hello()[0])
    done = run(path, "--json")
    check(done.returncode == 0, "hello: status %d: %s" % (done.returncode, done.stderr))
    result = json.loads(done.stdout)
    check(result["uart"] == "Prediction: 4\n", "hello: uart %r" % result["uart"])
    check(result["predictions"] == [4], "hello: predictions %r" % result["predictions"])
    check(result["display"] == [4], "hello: display %r" % result["display"])
    check(result["exit"] == "ebreak" and result["exit_code"] == 0, "hello: exit %r" % result["exit"])
    check(result["cycles"] > 14 * 0x45 * 10 and result["instructions"] > 100, "hello: too few cycles")
    again = json.loads(run(path, "--json").stdout)
    check(again["cycles"] == result["cycles"], "hello: another number of cycles the second time")
    plain = run(path)
    check("Prediction: 4\n" in plain.stdout and "|_|" in plain.stdout,
          "hello: no text or no display: " + plain.stdout)
    check("exit: ebreak 0" in plain.stdout, "hello: no exit reason")


def test_fault(folder):
    done = run(write(folder, "fault.elf", fault()))
    check(done.returncode == 1, "fault: status %d" % done.returncode)
    for part in ("misaligned load", "0x20000002", "reads_badly+0x8",
                 "called from 0x00000004 main+0x4", "exit: fault"):
        check(part in done.stderr + done.stdout, "fault: no %r in %s" % (part, done.stderr))


def test_limits_and_usage(folder):
    path = write(folder, "endless.elf", endless())
    result = json.loads(run(path, "--json", "--max-cycles", "100000").stdout)
    check(result["exit"] == "cycles" and 100000 <= result["cycles"] < 100010, "max-cycles: %r" % result)
    check(run(path, "--chip", "v999").returncode == 2, "an unknown chip is no misuse")
    check(run(path, "--max-cycles", "x").returncode == 2, "a limit that is no number is no misuse")
    missing = run(os.path.join(folder, "missing.elf"))
    check(missing.returncode == 1 and missing.stderr.count("\n") == 1, "missing file: %r" % missing.stderr)


def test_profile(folder):
    program, send = hello()
    path, out = write(folder, "hello.elf", program), os.path.join(folder, "callgrind.out")
    done = run(path, "--profile", "--callgrind", out, "--json")
    result = json.loads(done.stdout)
    rows = re.findall(r"^ *(\d+) +[\d.]+ +(\d+) +(\d+) +(\d+)  (\w+)$", done.stderr, re.M)
    functions = {row[4]: [int(number) for number in row[:4]] for row in rows}
    check(set(functions) == {"start", "send"}, "profile: functions %r" % functions)
    check(functions["send"][3] == 14, "profile: send was called %d times" % functions["send"][3])
    total = functions["start"][0] + functions["send"][0]
    check(abs(total - result["cycles"]) < 16, "profile: %d cycles of %d" % (total, result["cycles"]))
    check(functions["start"][1] == total, "profile: start with callees is not everything")
    with open(out, encoding="utf-8") as file:
        text = file.read()
    check(text.startswith("# callgrind format\n"), "callgrind: no header")
    check(text.count("cfn=send") == 14 and "calls=1 0x%x" % send in text, "callgrind: no calls of send")
    own = sum(int(line.split()[2]) for line in re.findall(r"^0x\S+ \d+ \d+ \d+$", re.sub(
        r"calls=.*\n.*\n", "", text), re.M))
    check(own == total, "callgrind: costs sum to %d, not %d" % (own, total))


def test_vcd(folder):
    path, out = write(folder, "hello.elf", hello()[0]), os.path.join(folder, "waves.vcd")
    check(run(path, "--vcd", out).returncode == 0, "vcd: failed")
    with open(out, encoding="utf-8") as file:
        text = file.read()
    code = re.search(r"\$var wire 8 (\S) uart_sent", text).group(1)
    sent = "".join(chr(int(bits, 2)) for bits in re.findall(r"^b([01]{8}) %s$" % re.escape(code), text, re.M))
    check(sent == "Prediction: 4\n", "vcd: sent %r" % sent)
    times = [int(number) for number in re.findall(r"^#(\d+)$", text, re.M)]
    check(times == sorted(times) and len(times) > 14, "vcd: times do not go up")


def test_trace(folder):
    done = run(write(folder, "fault.elf", fault()), "--trace")
    check(re.search(r"00000008 reads_badly .*li a1,0x20000000 .*a1=20000000", done.stderr) is not None,
          "trace: " + done.stderr[:500])


# ---- the remote protocol

class Debugger:
    def __init__(self, port):
        for _ in range(200):
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
                return
            except OSError:
                time.sleep(0.05)
        raise OSError("no debugger port")

    def send(self, text):
        self.socket.sendall(b"$%s#%02x" % (text.encode(), sum(text.encode()) & 0xFF))

    def byte(self):
        got = self.socket.recv(1)
        if not got:
            raise OSError("connection closed")
        return got

    def receive(self):
        while self.byte() != b"$":
            pass
        text = b""
        while (got := self.byte()) != b"#":
            text += got
        total = int(self.byte() + self.byte(), 16)
        check(total == sum(text) & 0xFF, "gdb: wrong checksum of %r" % text)
        self.socket.sendall(b"+")
        return text.decode()

    def ask(self, text):
        self.send(text)
        return self.receive()

    def register(self, number):
        return struct.unpack("<I", bytes.fromhex(self.ask("p%x" % number)))[0]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def talk(debugger):
    check("qXfer:features:read+" in debugger.ask("qSupported:swbreak+"), "gdb: no target description")
    check("org.gnu.gdb.riscv.cpu" in debugger.ask("qXfer:features:read:target.xml:0,fff"), "gdb: no features")
    check(len(debugger.ask("g")) == 17 * 8, "gdb: not 17 registers")
    check(debugger.ask("s") == "S05" and debugger.register(PC) == 4, "gdb: step")
    check(debugger.ask("Z0,c,4") == "OK" and debugger.ask("c") == "S05", "gdb: breakpoint")
    check(debugger.register(PC) == 12 and debugger.register(10) == 1,
              "gdb: stopped at %x" % debugger.register(PC))
    check(debugger.ask("z0,c,4") == "OK", "gdb: breakpoint removed")
    check(debugger.ask("Z2,20000100,4") == "OK", "gdb: watchpoint")
    check(debugger.ask("c") == "T05watch:20000100;", "gdb: watchpoint not hit")
    check(debugger.ask("m20000100,4") == "01000000", "gdb: memory read")
    check(debugger.ask("z2,20000100,4") == "OK", "gdb: watchpoint removed")
    check(debugger.ask("M20000200,4:78563412") == "OK" and debugger.ask("m20000200,2") == "7856",
              "gdb: memory write")
    check(debugger.ask("m60000000,4") == "E14", "gdb: unmapped memory")
    check(debugger.ask("Pa=00010000") == "OK" and debugger.register(10) == 0x100, "gdb: register write")
    debugger.send("c")
    time.sleep(0.3)
    debugger.socket.sendall(b"\x03")
    check(debugger.receive() == "S02", "gdb: Ctrl-C")
    check(debugger.register(10) > 1000, "gdb: the program did not run")
    check(debugger.ask("D") == "OK", "gdb: detach")


def test_gdb(folder):
    path, port = write(folder, "counter.elf", counter()), free_port()
    with subprocess.Popen([DIME, "sim", path, "--gdb", str(port), "--max-cycles", "20000000000", "--json"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            talk(Debugger(port))
        finally:
            process.kill()


def test_gdb_multiarch(folder):
    if not shutil.which("gdb-multiarch"):
        print("note: gdb-multiarch is not installed: not tried")
        return
    path, port = write(folder, "counter.elf", counter()), free_port()
    with subprocess.Popen([DIME, "sim", path, "--gdb", str(port), "--json"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:
        try:
            time.sleep(0.3)
            commands = ["set architecture riscv:rv32", "target remote 127.0.0.1:%d" % port, "break *12",
                        "continue",
                        "print/x $pc", "print $a0", "x/1wx 0x20000100", "kill"]
            arguments = ["gdb-multiarch", "-batch", "-nx", path]
            for command in commands:
                arguments += ["-ex", command]
            done = subprocess.run(arguments, capture_output=True, text=True, timeout=60)
            check("= 0xc" in done.stdout and "= 1" in done.stdout,
                  "gdb-multiarch: " + done.stdout + done.stderr)
        finally:
            process.kill()


def main():
    with tempfile.TemporaryDirectory() as folder:
        for test in (test_hello, test_fault, test_limits_and_usage, test_profile, test_vcd, test_trace,
                     test_gdb,
                     test_gdb_multiarch):
            try:
                test(folder)
            except (OSError, ValueError, KeyError, AttributeError, subprocess.TimeoutExpired) as error:
                check(False, "%s: %r" % (test.__name__, error))
    sys.exit(1 if failures else 0)


main()
