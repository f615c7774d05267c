#!/usr/bin/env python3
"""Writes link/functions.ld: the functions that run while a lesson is walked, which the linker puts side by side.

Which they are is found by walking the first lesson in a terminal, in each language, with a breakpoint at the start of each function
(breakpoints.c). They are written by the names that the compiler gives them, without what it makes of the version and of the types,
and a whole module where most of it runs. What isn't in the list stays where it was: a list that is old costs memory, nothing else.

Needs cc, readelf, lld (which rustc brings) and the right to make a lab; for x86-64. From the top of the project:
python3 benches/hot/order.py
"""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
# In which language and size, and how many seconds after one key the next one comes: threads wait for each other in one walk, and don't in
# another one.
WALKS = [("en", 120, 40, 0.4), ("zh", 80, 24, 0.4), ("en", 120, 40, 0.07), ("en", 80, 24, 0.07), ("en", 120, 40, 0.07)]
KEYS = 45
# How many bytes of code that doesn't run are as bad as one line more.
LINE = 200


def build(folder):
    """The program as it is shipped, and lld's map of it. One that keeps its symbols isn't compiled in quite the same way."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", folder / "target"))
    env = dict(os.environ, CARGO_TARGET_DIR=str(target))
    build = ["cargo", "rustc", "--release", "--locked", "--bin", "sockwalk", "--"]
    subprocess.run([*build, "-C", f"link-arg=-Wl,-Map={folder / 'map'}"], cwd=HERE.parents[1], env=env, check=True)
    return target / "release" / "sockwalk", folder / "map"


def read_functions(linked):
    """Address, size and name of each function: the compiler gives each a section of its own."""
    found = []
    for line in linked.read_text().splitlines():
        if ":(.text." in line:
            at, _, size, _, section = line.split(maxsplit=4)
            name = section.rpartition(":(.text.")[2].rstrip(")").removeprefix("unlikely.")
            found.append((int(at, 16), int(size, 16), name))
    return found


def code_begins(program):
    lines = subprocess.run(["readelf", "-lW", program], capture_output=True, text=True, check=True).stdout.splitlines()
    return next(int(line.split()[2], 16) for line in lines if line.split()[:1] == ["LOAD"] and " R E " in line)


def walk(program, functions, folder, lang, columns, rows, pause):
    """Walks the lesson; the addresses at which a function began to run."""
    (folder / "addresses").write_text("".join(f"{at:x}\n" for at, _, _ in functions))
    hot = f"{program} {folder / 'addresses'} {folder / 'hits'}"
    env = dict(os.environ, XDG_STATE_HOME="/dev/null", LD_PRELOAD=str(folder / "breakpoints.so"), SOCKWALK_HOT=hot)
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(program, [program, "learn", "handshake", "--mode", "lab", "--theme", "dark", "--lang", lang], env)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    shown = read_for(terminal, 2)
    for _ in range(KEYS):
        os.write(terminal, b" ")
        shown += read_for(terminal, pause)
    shown += read_for(terminal, 2)
    if b"TIME_WAIT" not in shown:
        sys.exit("the lesson doesn't come to its end")
    os.write(terminal, b"q")
    read_for(terminal, 1)
    os.close(terminal)
    os.waitpid(pid, 0)
    begins = code_begins(program)
    return {begins + at for at, byte in enumerate((folder / "hits").read_bytes()) if byte}


def read_for(terminal, seconds):
    end, shown = time.monotonic() + seconds, b""
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.05)[0]:
            try:
                shown += os.read(terminal, 1 << 16)
            except OSError:
                break
    return shown


def parts(name):
    """The parts of a mangled name without the compiler's own; one where it isn't of Rust's older form."""
    if not name.startswith("_ZN"):
        # Without a number of the linker's.
        return [re.sub(r"Cs[0-9a-zA-Z]+_", "Cs*_", re.sub(r"\.\d+$", "", name))]
    found, rest = [], name[3:]
    while length := re.match(r"\d+", rest):
        end = length.end() + int(length.group())
        found.append(rest[:end])
        rest = rest[end:]
    return found[:-1] if re.fullmatch(r"17h[0-9a-f]{16}", found[-1]) else found


class Module:
    """What has a common beginning of its name: how much of it runs, in all and at this name itself."""

    def __init__(self):
        self.within, self.runs, self.idle, self.own_runs, self.own_idle = {}, 0, 0, 0, 0

    def add(self, path, size, runs):
        self.runs += size if runs else 0
        self.idle += 0 if runs else size
        if path:
            self.within.setdefault(path[0], Module()).add(path[1:], size, runs)
        else:
            self.own_runs += size if runs else 0
            self.own_idle += 0 if runs else size

    def lines(self, path=()):
        """The cheapest lines that have all of it that runs, and what they cost."""
        if not self.runs:
            return 0, []
        cost, lines = (self.own_idle + LINE, [pattern(path, "17h*")]) if self.own_runs else (0, [])
        for part, module in self.within.items():
            more, further = module.lines((*path, part))
            cost, lines = cost + more, lines + further
        whole = self.idle + LINE
        return (whole, [pattern(path, "*")]) if path and whole < cost else (cost, lines)


def pattern(path, end):
    """The sections of such functions. The compiler names those apart that it thinks are seldom called: .text.unlikely.NAME."""
    return f"*(.text.*_ZN{''.join(path)}{end})" if path[0][0].isdigit() else f"*(.text.*{path[0]} .text.*{path[0]}.*)"


def main():
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)
        program, linked = build(folder)
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", folder / "breakpoints.so", HERE / "breakpoints.c", "-ldl"], check=True)
        functions = read_functions(linked)
        hit = set().union(*(walk(program, functions, folder, *how) for how in WALKS))
    top = Module()
    for at, size, name in functions:
        top.add(parts(name), size, at in hit)
    cost, lines = top.lines()
    head = "/* Written by order.py: what runs while a lesson is walked. */\nSECTIONS {\n  .text.hot : {\n"
    body = "".join(f"    {line}\n" for line in sorted(lines))
    (HERE.parents[1] / "link/functions.ld").write_text(f"{head}{body}  }}\n}} INSERT BEFORE .text;\n")
    idle = cost - LINE * len(lines)
    print(f"{len(lines)} lines: {top.runs} bytes of code that run, with {idle} that don't; {top.runs + top.idle} in all")


main()
