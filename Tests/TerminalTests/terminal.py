# SPDX-License-Identifier: Apache-2.0
"""A terminal for tests: a real pseudo-terminal, and of ECMA-48 what our programs send.

What is not known here is an error, so that a test fails when something new is sent.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
import unicodedata

PATIENCE = 30


def wide(character):
    return unicodedata.east_asian_width(character) in "WF"


class Terminal:
    """A program on a terminal of its own, its screen, and what it set the terminal to."""

    def __init__(self, command, columns=80, rows=24, environment=None):
        self.columns, self.rows = columns, rows
        self.screen = self.blank()
        self.row = self.column = 0
        self.modes = {25: True, 7: True, 1049: False}
        self.all = b""
        self.pending = b""
        self.is_over = False
        self.master, self.slave = pty.openpty()
        self.resize(columns, rows, tell=False)
        self.before = termios.tcgetattr(self.slave)
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            # Whoever started the tests may block or ignore them.
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for number in (0, 1, 2):
                os.dup2(self.slave, number)
            os.closerange(3, 256)
            os.execvpe(command[0], command, {**os.environ, "TERM": "xterm", **(environment or {})})

    def blank(self):
        return [[" "] * self.columns for _ in range(self.rows)]

    # what the person does

    def type(self, text):
        os.write(self.master, text.encode())

    def resize(self, columns, rows, tell=True):
        self.columns, self.rows = columns, rows
        self.screen = self.blank()
        # The kernel itself sends SIGWINCH to the group in the foreground.
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    # what the person sees

    @property
    def lines(self):
        return ["".join(line).rstrip() for line in self.screen]

    @property
    def text(self):
        return "\n".join(self.lines)

    def wait(self, pattern, patience=PATIENCE):
        """Reads until the screen matches."""
        return self.until(lambda: re.search(pattern, self.text), f"`{pattern}`", patience)

    def wait_all(self, pattern, patience=PATIENCE):
        """Reads until everything that was ever sent matches."""
        return self.until(
            lambda: re.search(pattern, self.all.decode(errors="replace")), f"`{pattern}`", patience
        )

    def until(self, condition, what, patience=PATIENCE):
        limit = time.monotonic() + patience
        while not (found := condition()):
            if not self.read(limit - time.monotonic()):
                raise AssertionError(f"{what} never came; the screen:\n{self.text}")
        return found

    def read(self, patience):
        """False when nothing comes any more."""
        if self.is_over or patience <= 0:
            return False
        if not select.select([self.master], [], [], patience)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            data = b""
        if not data:
            self.is_over = True
            return False
        self.all += data
        self.feed(data)
        return True

    def quiet(self, seconds):
        """Everything that was sent until nothing has come for so long."""
        start = len(self.all)
        while self.read(seconds):
            pass
        return self.all[start:]

    def end(self, patience=PATIENCE):
        """Waits for the program and gives its exit code, below 0 for a signal."""
        limit = time.monotonic() + patience
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = None
                while self.read(0.05):
                    pass
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > limit:
                raise AssertionError(f"it does not end; the screen:\n{self.text}")
            self.read(0.05)

    def close(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)
        os.close(self.slave)

    def check_restored(self):
        """The terminal is as it was before the program."""
        assert termios.tcgetattr(self.slave) == self.before, "other settings than before"
        assert self.modes == {25: True, 7: True, 1049: False}, f"modes are left: {self.modes}"

    # what the program sends

    def feed(self, data):
        data = self.pending + data
        self.pending = b""
        at = 0
        while at < len(data):
            byte = data[at : at + 1]
            if byte == b"\x1b":
                match = re.match(rb"\x1b\[([?0-9;]*)([A-Za-z])", data[at:])
                if not match:
                    assert len(data) - at < 32, f"unknown sequence {data[at:at + 32]!r}"
                    self.pending = data[at:]
                    return
                self.control(match[1].decode(), match[2].decode())
                at += match.end()
                continue
            size = 1 if byte[0] < 0x80 else 2 if byte[0] < 0xE0 else 3 if byte[0] < 0xF0 else 4
            if at + size > len(data):
                self.pending = data[at:]
                return
            self.put(data[at : at + size].decode())
            at += size

    def put(self, character):
        if character == "\r":
            self.column = 0
        elif character == "\n":
            if self.row + 1 < self.rows:
                self.row += 1
            else:
                self.screen = self.screen[1:] + [[" "] * self.columns]
        elif character in "\x07\x08":
            self.column -= character == "\x08"
        else:
            assert ord(character) >= 32, f"control character {character!r}"
            size = 2 if wide(character) else 0 if unicodedata.combining(character) else 1
            if self.row < self.rows and self.column + size <= self.columns and size:
                self.screen[self.row][self.column] = character
                if size == 2:
                    self.screen[self.row][self.column + 1] = ""
                self.column += size

    def control(self, parameters, final):
        if final in "hl" and parameters.startswith("?"):
            for mode in parameters[1:].split(";"):
                self.modes[int(mode)] = final == "h"
                if mode == "1049":
                    self.screen = self.blank()
                if mode == "2004":
                    del self.modes[2004]  # that of shells
        elif final == "H":
            row, column = (parameters.split(";") + ["1", "1"])[:2]
            self.row, self.column = int(row or 1) - 1, int(column or 1) - 1
        elif final == "J":
            if parameters == "2":
                self.screen = self.blank()
        elif final == "K":
            if self.row < self.rows:
                line = self.screen[self.row]
                line[self.column :] = [" "] * (self.columns - self.column)
        elif final == "m":
            pass
        else:
            raise AssertionError(f"unknown sequence CSI {parameters} {final}")
