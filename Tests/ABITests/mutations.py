#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows that the golden file is a gate: changes the headers in ways that break plugins, and
in ways that do not, and compiles it against each changed copy."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "Tests/ABITests/golden/abi_1_0.c"

# (what changes, header, old text, new text, what the complaint must name; None: must pass)
MUTATIONS = [
    (
        "nothing", "types.h", "MR_OK = 0", "MR_OK = 0", None,
    ),
    (
        "a field is appended to a growable struct", "host.h",
        "  void (*wake)(mr_ctx *c);\n};\nMR_GROWABLE(struct mr_host, wake);",
        "  void (*wake)(mr_ctx *c);\n  void (*nap)(mr_ctx *c);\n};\n"
        "MR_GROWABLE(struct mr_host, nap);",
        None,
    ),
    (
        "a constant is appended", "types.h",
        "MR_E_IO = -13", "MR_E_IO = -13,\n  MR_E_NEW = -14", None,
    ),
    (
        "an extension is added", "ext/metrics.h",
        '#define MR_EXT_METRICS "millrace.metrics/1"',
        '#define MR_EXT_METRICS "millrace.metrics/1"\n#define MR_EXT_NEW "millrace.new/1"',
        None,
    ),
    (
        "a field is inserted in the middle", "host.h",
        "  const char *name;\n", "  const char *vendor;\n  const char *name;\n", "mr_host",
    ),
    (
        "a field is appended to a frozen struct", "types.h",
        "copy it along */\n} mr_record;\nMR_FROZEN(mr_record, 32);",
        "copy it along */\n  uint64_t more;\n} mr_record;\nMR_FROZEN(mr_record, 40);", "mr_record",
    ),
    (
        "two fields of one type change places", "operator.h",
        "  const char *title;\n  const char *description;",
        "  const char *description;\n  const char *title;", "mr_operator",
    ),
    (
        "a field changes its type", "types.h",
        "  uint32_t schema; ", "  int32_t schema; ", "mr_record.schema",
    ),
    (
        "a constant is renumbered", "types.h", "MR_E_DATA = -4", "MR_E_DATA = -14", "MR_E_DATA",
    ),
    (
        "a flag moves to another bit", "operator.h",
        "MR_OP_BLOCKS = 1 << 4", "MR_OP_BLOCKS = 1 << 6", "MR_OP_BLOCKS",
    ),
    (
        "a function pointer gets a parameter", "host.h",
        "void (*wake)(mr_ctx *c);", "void (*wake)(mr_ctx *c, uint32_t why);", "mr_host.wake",
    ),
    (
        "an inline function changes its signature", "out.h",
        "static inline void *mr_reserve(mr_out *o, uint32_t length) {",
        "static inline void *mr_reserve(mr_out *o, uint64_t length) {", "mr_reserve",
    ),
    (
        "a callback type gets another result", "ext/async.h",
        "typedef mr_status (*mr_async_fn)", "typedef void (*mr_async_fn)", "mr_async_fn",
    ),
    (
        "an extension id changes", "ext/source.h",
        "millrace.source/1", "millrace.source/2", "MR_EXT_SOURCE",
    ),
    (
        "the entry symbol changes", "abi.h",
        '"millrace_plugin_v1"', '"millrace_plugin_v2"', "MR_ENTRY_SYMBOL",
    ),
]


def complaint(header, old, new):
    """What clang says about the golden file with this change; empty when it is content."""
    with tempfile.TemporaryDirectory() as folder:
        include = pathlib.Path(folder, "include")
        shutil.copytree(ROOT / "include", include)
        changed = include / "millrace" / header
        text = changed.read_text()
        if text.count(old) != 1:
            sys.exit(f"mutations: {header} has {text.count(old)} places like {old!r}, want one")
        changed.write_text(text.replace(old, new))
        command = ["clang", "-std=c11", "-fsyntax-only", f"-I{include}", str(GOLDEN)]
        return subprocess.run(command, text=True, capture_output=True).stderr


def main():
    wrong = 0
    for what, header, old, new, named in MUTATIONS:
        said = complaint(header, old, new)
        passed = not said if named is None else f"{GOLDEN.name}:" in said and named in said
        if not passed:
            wrong += 1
            wanted = "to pass" if named is None else f"a complaint about {named}"
            print(f"mutations: {what}: wanted {wanted}, got: {said or 'silence'}", file=sys.stderr)
    if wrong:
        sys.exit(1)
    print(f"mutations: {len(MUTATIONS)} changes of the headers judged as they should be")


if __name__ == "__main__":
    main()
