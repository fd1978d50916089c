# SPDX-License-Identifier: Apache-2.0
"""`millrace top` on a real terminal: usage: top.py SCENARIO MILLRACE FOLDER

FOLDER is empty and takes sockets and caches. Each scenario is a function here; its name is that
of a test in TopTerminalTests.swift.
"""

import os
import signal
import subprocess
import sys
import time

from terminal import Terminal

MILLRACE = ""
OPEN = []


def start_run(*words):
    """A run that lasts, and its id."""
    process = subprocess.Popen(
        [MILLRACE, "run", *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, start_new_session=True)
    OPEN.append(process)
    for line in process.stderr:
        if "watch: millrace top " in line:
            return process, line.split()[-1]
    raise AssertionError("the run did not start")


def start(*words, columns=80, rows=24, **variables):
    terminal = Terminal(list(words), columns, rows, variables)
    OPEN.append(terminal)
    return terminal


def start_top(*words, columns=80, rows=24, **variables):
    return start(MILLRACE, "top", *words, columns=columns, rows=rows, **variables)


def flow():
    return start_run("generate", "rate=1k/s", "!", "pass", "!", "null")


def keys():
    """Keys move, sort, open, go back and leave; the terminal is as before."""
    _, job = flow()
    top = start_top()
    top.wait(r"pass +[0-9]")
    assert top.modes == {25: False, 7: False, 1049: True}, top.modes
    top.type("s")
    top.wait(r"NODE\*")
    assert [line.split()[0] for line in top.lines[4:7]] == ["generate", "null", "pass"]
    top.type("\x1b[B\r")
    top.wait(r"null@")
    top.wait(r"#0 +")
    top.type("\x1b")
    top.wait(r"\npass +[0-9]")
    top.type("h")
    top.wait("any key goes back")
    top.type("x")
    top.wait(r"\npass +[0-9]")
    top.type(" ")
    top.wait("PAUSED")
    top.type("q")
    assert top.end() == 0
    top.check_restored()


def resize():
    """A new size is drawn at once, however long the interval; too small is told and recovers."""
    flow()
    top = start_top("--interval", "1h")
    top.wait("pass")
    top.resize(200, 10)
    top.wait(r"OPERATOR")
    top.resize(20, 5)
    top.wait("20x5 is too small")
    top.resize(80, 24)
    top.wait(r"\npass +")
    for step in range(200):
        top.resize(20 + step % 90, 3 + step % 30)
    top.resize(61, 12)
    top.until(lambda: len(top.lines[11]) > 20 and "pass" in top.text, "the last size")
    assert max(len(line) for line in top.lines) <= 61
    top.type("q")
    assert top.end() == 0
    top.check_restored()


def small():
    """It starts on a terminal that is too small."""
    flow()
    top = start_top(columns=12, rows=3)
    top.wait("12x3 is too")
    top.resize(80, 20)
    top.wait("pass")
    top.type("q")
    assert top.end() == 0
    top.check_restored()


def interrupt():
    """^C and signals leave the terminal as it was."""
    flow()
    for end, code in [
        (lambda top: top.type("\x03"), 130),
        (lambda top: os.kill(top.pid, signal.SIGTERM), 143),
        (lambda top: os.kill(top.pid, signal.SIGHUP), 129),
        (lambda top: top.type("\x1c"), 131),
    ]:
        top = start_top()
        top.wait("pass")
        end(top)
        assert top.end() == code
        top.check_restored()


def crash():
    """Even a crash leaves the terminal as it was."""
    flow()
    for number in [signal.SIGSEGV, signal.SIGILL, signal.SIGTRAP, signal.SIGABRT]:
        top = start_top()
        top.wait("pass")
        os.kill(top.pid, number)
        assert top.end() == -number
        top.check_restored()


def suspend():
    """^Z gives the shell its terminal back, fg gives it to us again, also in another size."""
    flow()
    shell = start("bash", "--norc", "--noprofile", "-i", PS1="$ ", MILLRACE=MILLRACE)
    shell.wait(r"\$")
    shell.type("\"$MILLRACE\" top\n")
    shell.wait(r"\npass +[0-9]")
    shell.type("\x1a")
    shell.wait_all("Stopped")
    shell.until(lambda: shell.modes == {25: True, 7: True, 1049: False}, "the shell's screen")
    shell.type("echo it is $((6 * 7))\n")
    shell.wait_all("it is 42")
    shell.resize(100, 12)
    shell.type("fg\n")
    shell.until(lambda: shell.modes[1049], "our screen")
    shell.wait(r"OPERATOR[^$]*\npass +")
    shell.type("q")
    shell.until(lambda: not shell.modes[1049], "the shell's screen")
    shell.type("echo left $?\n")
    shell.wait_all("left 0")
    shell.type("exit\n")
    shell.end()


def stopped_from_outside():
    """After SIGSTOP and SIGCONT the screen is whole again."""
    flow()
    top = start_top("--interval", "1h")
    top.wait("pass")
    os.kill(top.pid, signal.SIGSTOP)
    os.waitpid(top.pid, os.WUNTRACED)
    top.screen = top.blank()
    os.kill(top.pid, signal.SIGCONT)
    top.wait(r"\npass +")
    top.type("q")
    assert top.end() == 0
    top.check_restored()


def run_ends():
    """The end of a run that was named is the end of top; of another it is said."""
    process, job = flow()
    named, other = start_top(job), start_top()
    named.wait("pass")
    other.wait("pass")
    process.terminate()
    assert named.end() == 0
    named.check_restored()
    named.wait_all(f"{job} is over")
    other.wait(f"{job}  is over; last seen")
    other.type("q")
    assert other.end() == 0
    other.check_restored()


def run_killed():
    """kill -9 of the run while top watches; its socket is cleaned away."""
    process, job = flow()
    named = start_top(job)
    named.wait("pass")
    process.kill()
    assert named.end() == 0
    named.check_restored()
    named.wait_all(f"{job} is over")
    socket = os.path.join(os.environ["XDG_RUNTIME_DIR"], "millrace", f"{job}.sock")
    again = start_top()
    again.wait("nothing runs")
    assert not os.path.exists(socket)
    again.type("q")
    assert again.end() == 0


def run_stuck():
    """A run that is stopped is told to be silent, q works meanwhile, and it is seen again."""
    process, job = flow()
    top = start_top("--interval", "100ms")
    top.wait("pass")
    os.kill(process.pid, signal.SIGSTOP)
    top.wait("no answer for")
    os.kill(process.pid, signal.SIGCONT)
    top.until(lambda: "no answer" not in top.text and "RUNNING" in top.text, "the run again")
    os.kill(process.pid, signal.SIGSTOP)
    top.wait("no answer for")
    begin = time.monotonic()
    top.type("q")
    assert top.end() == 0
    assert time.monotonic() - begin < 0.9, "q waited for the run"
    os.kill(process.pid, signal.SIGCONT)


def several():
    """Runs of the same name are listed, and a name that means two is refused."""
    (_, first), (_, second) = flow(), flow()
    top = start_top()
    top.wait(f"{min(first, second)} .*\n{max(first, second)} ")
    top.type("j\r")
    top.wait(f"{max(first, second)}  RUNNING")
    top.type("\x1b")
    top.wait("2 runs")
    top.type("q")
    assert top.end() == 0
    refused = start_top("command-line")
    assert refused.end() == 64
    refused.wait_all("MR1002")
    refused.check_restored()


def no_colour():
    """NO_COLOR: nothing but bold, faint and reversed is gone too."""
    flow()
    plain = start_top(NO_COLOR="1")
    plain.wait("pass")
    assert b"\x1b[0;7m" in plain.all
    assert not any(code in plain.all for code in [b"\x1b[0;3", b"\x1b[0;1m", b"\x1b[0;2m"])
    plain.type("q")
    assert plain.end() == 0
    colours = start_top()
    colours.wait("pass")
    assert b"\x1b[0;32m" in colours.all
    colours.type("q")
    assert colours.end() == 0


def hangup():
    """The terminal goes away: so do we."""
    flow()
    top = start_top()
    top.wait("pass")
    os.close(top.slave)
    os.close(top.master)
    OPEN.remove(top)
    for _ in range(300):
        pid, status = os.waitpid(top.pid, os.WNOHANG)
        if pid:
            assert os.waitstatus_to_exitcode(status) == 129
            return
        time.sleep(0.1)
    raise AssertionError("top outlived its terminal")


def dumb():
    """A terminal that cannot be drawn on gets tables."""
    _, job = flow()
    top = start_top(job, "--interval", "100ms", TERM="dumb")
    top.wait_all(r"NODE +OPERATOR(.|\n)*NODE +OPERATOR")
    assert b"\x1b[?1049h" not in top.all
    top.type("\x03")
    assert top.end() == -signal.SIGINT


def main():
    global MILLRACE
    scenario, MILLRACE, folder = sys.argv[1:]
    for name in ["XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_DATA_HOME", "HOME"]:
        os.environ[name] = folder
    for name in ["NO_COLOR", "CLICOLOR_FORCE", "MILLRACE_PLUGIN_PATH"]:
        os.environ.pop(name, None)
    try:
        globals()[scenario]()
    finally:
        for thing in OPEN:
            if isinstance(thing, Terminal):
                thing.close()
            else:
                thing.kill()
                thing.wait()


main()
