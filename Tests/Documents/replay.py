# SPDX-License-Identifier: Apache-2.0
"""Documents as scripts: their blocks, and a session of bash that does what these say. The rules are
in scripts/documents."""

import pathlib
import re
import shlex
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
COMPILERS = {"c": "cc -std=c11", "cpp": "c++ -std=c++17"}
STRICT = "-Wall -Wextra -Werror -fsyntax-only -I include"
SWIFT = "swiftc -typecheck -swift-version 6 -warnings-as-errors -I include"
NAMED = re.compile(r"`([^`\s]*\.[^`\s]*)`( has)?:$")
SECONDS_MAX = 300  # for one document
SESSION = """shopt -s expand_aliases
millrace_status=0
step() { { (exit $millrace_status); . "$1.command"; } > "$1.out" 2> "$1.err" < /dev/null
  millrace_status=$?; echo $millrace_status > "$1.status"; }
"""


class Block:
    """A fenced block: its language, the number of its first line, its lines, and the path of the
    file that it is (`writes`) or quotes (`quotes`)."""

    def __init__(self, language, start, above):
        self.language, self.start, self.lines = language, start, []
        name = NAMED.search(above) if language != "console" else None
        self.writes = name[1] if name and not name[2] else None
        self.quotes = name[1] if name and name[2] else None

    @property
    def text(self):
        return "".join(line + "\n" for line in self.lines)


def blocks(text):
    """The blocks of a document; one that nobody closes is an error."""
    block, above = None, ""
    for number, line in enumerate(text.splitlines(), 1):
        if block is not None and line == "```":
            yield block
            block, above = None, ""
        elif block is not None:
            block.lines.append(line)
        elif line.startswith("```"):
            block = Block(line[3:].strip(), number + 1, above)
        elif line.strip():
            above = line.strip()
    if block is not None:
        raise SyntaxError(f"{block.start - 1}: the block is never closed")


def commands(block):
    """(number of its line, command, the lines printed below it) for each command of a console."""
    found, goes_on = [], False
    for number, line in enumerate(block.lines, block.start):
        if goes_on:
            found[-1][1] += "\n" + line
        elif line.startswith("$ "):
            found.append([number, line[2:].split("  #")[0].rstrip(), []])
        elif found:
            found[-1][2].append(line)
        else:
            raise SyntaxError(f"{number}: output without a command")
        goes_on = (goes_on or line.startswith("$ ")) and line.endswith("\\")
    return found


def is_printed(wanted, out, err=""):
    """Are these lines what a terminal shows? Which of two lines comes first is known within one
    stream only; what goes to standard error may be left out as a whole."""
    return any(_is_mixed(wanted.split("\n"), _lines(out), lines) for lines in (_lines(err), []))


def _lines(text):
    return [line.rstrip() for line in text.strip("\n").split("\n")] if text.strip("\n") else []


def _is_mixed(wanted, out, err):
    states = {(0, 0)}  # how many lines of each stream are explained
    for line in wanted:
        if line.strip() == "…":
            states = {(i, j) for a, b in states for i in range(a, len(out) + 1)
                      for j in range(b, len(err) + 1)}
            continue
        pattern = re.compile(".*?".join(map(re.escape, line.rstrip().split("…"))))
        states = {(i + 1, j) for i, j in states if i < len(out) and pattern.fullmatch(out[i])} \
            | {(i, j + 1) for i, j in states if j < len(err) and pattern.fullmatch(err[j])}
    return (len(out), len(err)) in states


class Session:
    """The steps of one document, as one script for bash; then what came of them."""

    def __init__(self, name, work, environment):
        self.name, self.work, self.environment = name, work, environment
        self.script, self.steps, self.quotes, self.failures = SESSION, [], [], []
        self.log = work / ".log"
        self.log.mkdir()

    def run(self, line, command, wanted=""):
        place = self.log / str(len(self.steps))
        place.with_suffix(".command").write_text(command + "\n")
        self.script += f"step {shlex.quote(str(place))}\n"
        self.steps.append((line, command, wanted, place))

    def file(self, block, suffix):
        """Puts the block into its file, or one beside the document's folder; answers its path."""
        place = self.log / f"block{block.start}.{suffix}"
        place.write_text(block.text)
        if block.writes is None:
            return shlex.quote(str(place))
        path = shlex.quote(block.writes)
        self.script += f"mkdir -p $(dirname {path}) && cp {shlex.quote(str(place))} {path}\n"
        return path

    def quote(self, block):
        place = self.log / f"quoted{block.start}"
        self.script += f"cp {shlex.quote(block.quotes)} {shlex.quote(str(place))}\n"
        self.quotes.append((block, place))

    def add(self, block):
        root = shlex.quote(str(self.work))
        if block.quotes is not None:
            self.quote(block)
        elif block.language == "yaml":
            self.run(block.start, f"millrace check {self.file(block, 'yaml')}")
        elif block.language in COMPILERS:
            file = self.file(block, block.language)
            strict = STRICT.replace("include", f"{root}/include")
            self.run(block.start, f"{COMPILERS[block.language]} {strict} {file}")
        elif block.language == "swift":
            file = self.file(block, "swift")
            library = "-parse-as-library " if "millrace_plugin_v1" in block.text else ""
            if "import PackageDescription" not in block.text:
                modules = f'{SWIFT.replace("include", root + "/include")} -I "$SDK_MODULES"'
                self.run(block.start, f"{modules} {library}{file}")
        elif block.language == "console":
            for number, command, printed in commands(block):
                self.run(number, command, "\n".join(printed).strip("\n"))
        elif block.language == "text":
            if block.writes is not None:
                self.file(block, "text")
        elif block.language != "sh" or not self.name.startswith("docs/reference/"):
            self.failures.append(f"{self.name}:{block.start}: nothing is known to do with a block "
                                 f"of `{block.language}`; is it `text`?")

    def finish(self):
        try:
            done = subprocess.run(["bash", "-c", self.script], cwd=self.work, text=True,
                                  env=self.environment, timeout=SECONDS_MAX,
                                  stdin=subprocess.DEVNULL, capture_output=True)
            if done.stderr:
                self.failures.append(f"{self.name}: {done.stderr.strip()}")
        except subprocess.TimeoutExpired:
            self.failures.append(f"{self.name}: not done after {SECONDS_MAX} s")
        for position, step in enumerate(self.steps):
            after = self.steps[position + 1][1] if position + 1 < len(self.steps) else ""
            self.judge(*step, may_fail=after == "echo $?")
        for block, place in self.quotes:
            if not place.exists() or block.text.strip("\n") not in place.read_text():
                self.failures.append(f"{self.name}:{block.start}: {block.quotes} has no such lines")
        return self.failures, len(self.steps) + len(self.quotes)

    def judge(self, line, command, wanted, place, may_fail):
        def read(kind):
            file = place.with_suffix(kind)
            return file.read_text(errors="replace") if file.exists() else ""

        out, err, status = read(".out"), read(".err"), read(".status").strip()
        where = f"{self.name}:{line}"
        if status != "0" and not may_fail:
            self.failures.append(f"{where}: exit {status or '(never ran)'} of `{command}`\n"
                                 f"{out}{err}")
        elif wanted and not is_printed(wanted, out, err):
            self.failures.append(f"{where}: `{command}` prints\n{out}{err}instead of\n{wanted}")


def replay(file, folder, environment):
    """(what is wrong, how many things were tried) of one document, in a folder of its own."""
    name = str(file.relative_to(ROOT))
    folder.mkdir()
    for entry in ("README.md", "LICENSE", "docs", "include", "SDK"):
        (folder / entry).symlink_to(ROOT / entry)
    (folder / ".home").mkdir()
    (folder / ".run").mkdir(mode=0o700)
    home = dict(environment, HOME=str(folder / ".home"), XDG_RUNTIME_DIR=str(folder / ".run"))
    session = Session(name, folder, home)
    try:
        for block in blocks(file.read_text()):
            session.add(block)
    except SyntaxError as error:
        return [f"{name}:{error}"], 1
    return session.finish()
