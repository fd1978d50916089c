# SPDX-License-Identifier: Apache-2.0
"""The C library of expressions, compiled here and called from Python: the one with SSE2 and the one
without, which must never differ."""

import ctypes
import functools
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = ROOT / "Sources" / "CMillraceExpression"
NOT_JSON, WRONG_TYPE, ABSENT = -4001, -4002, -4003
TIME_NONE = -(2**63)
PATH, CONDITION, ABSENT_FALSE, ABSENT_TRUE = 1, 2, 4, 8
KINDS = ["absent", "null", "bool", "int", "float", "text", "json"]


class Fault(ctypes.Structure):
    _fields_ = [("at", ctypes.c_uint32), ("length", ctypes.c_uint32), ("text", ctypes.c_char * 200),
                ("next", ctypes.c_char * 200)]


class JSONFault(ctypes.Structure):
    _fields_ = [("at", ctypes.c_uint64), ("expected", ctypes.c_char_p)]


class Record(ctypes.Structure):
    _fields_ = [("value", ctypes.c_void_p), ("size", ctypes.c_uint64), ("key", ctypes.c_void_p),
                ("key_size", ctypes.c_uint64), ("time", ctypes.c_int64)]


class Datum(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int32), ("reserved0", ctypes.c_uint32),
                ("integer", ctypes.c_int64), ("number", ctypes.c_double),
                ("text", ctypes.c_void_p), ("size", ctypes.c_uint64), ("at", ctypes.c_uint64),
                ("length", ctypes.c_uint64)]


class Guarded:
    """Memory whose last byte lies right before a page that may not be read."""

    ROOM = 1 << 20

    def __init__(self):
        libc = ctypes.CDLL(None, use_errno=True)
        libc.mmap.restype = ctypes.c_void_p
        libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int,
                              ctypes.c_int, ctypes.c_long]
        libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        base = libc.mmap(None, self.ROOM + 4096, 3, 0x22, -1, 0)
        assert libc.mprotect(base + self.ROOM, 4096, 0) == 0
        self.end = base + self.ROOM

    def put(self, data):
        at = self.end - len(data)
        ctypes.memmove(at, data, len(data))
        return at


class Library:
    def __init__(self, path):
        self.path = path
        c = self.c = ctypes.CDLL(str(path))
        c.mrx_compile.restype = ctypes.c_void_p
        c.mrx_compile.argtypes = [ctypes.c_char_p, ctypes.c_uint64, ctypes.c_uint32,
                                  ctypes.POINTER(Fault)]
        c.mrx_keep_text.argtypes = c.mrx_release.argtypes = [ctypes.c_void_p]
        c.mrx_value.argtypes = [ctypes.c_void_p, ctypes.POINTER(Record), ctypes.POINTER(Datum)]
        c.mrx_test.argtypes = [ctypes.c_void_p, ctypes.POINTER(Record),
                               ctypes.POINTER(ctypes.c_int)]
        c.mrx_refusal.restype = ctypes.c_char_p
        c.mrx_refusal.argtypes = [ctypes.c_void_p]
        c.mrx_json_check.argtypes = [ctypes.c_void_p, ctypes.c_uint64, ctypes.POINTER(JSONFault)]
        c.mrx_json_compact.restype = ctypes.c_uint64
        c.mrx_json_compact.argtypes = [ctypes.c_char_p, ctypes.c_uint64, ctypes.c_char_p]
        self.guarded, self.guarded_key = Guarded(), Guarded()

    def fault(self, text, flags=0):
        """None, or (at, length, text, next)."""
        data, fault = text.encode("utf-8", "surrogateescape"), Fault()
        program = self.c.mrx_compile(data, len(data), flags, fault)
        if program:
            self.c.mrx_release(program)
            return None
        return fault.at, fault.length, fault.text.decode(), fault.next.decode()

    def json_fault(self, data):
        """None, or (at, expected)."""
        fault = JSONFault()
        at = self.guarded.put(data)
        if self.c.mrx_json_check(at, len(data), fault):
            return None
        return fault.at, fault.expected.decode()

    def compact(self, data):
        into = ctypes.create_string_buffer(len(data) + 1)
        size = self.c.mrx_json_compact(data, len(data), into)
        return into.raw[:size]


class Program:
    def __init__(self, library, text, flags=0):
        self.library, fault = library, Fault()
        data = text.encode("utf-8", "surrogateescape")
        self.program = library.c.mrx_compile(data, len(data), flags, fault)
        if not self.program:
            raise ValueError(f"{text!r} at {fault.at}: {fault.text.decode()}")
        assert library.c.mrx_keep_text(self.program)

    def __del__(self):
        if getattr(self, "program", None):
            self.library.c.mrx_release(self.program)

    def _record(self, value, key, time):
        at = self.library.guarded.put(value)
        key_at = None if key is None else self.library.guarded_key.put(key)
        return Record(at, len(value), key_at, len(key or b""), TIME_NONE if time is None else time)

    @property
    def refusal(self):
        return self.library.c.mrx_refusal(self.program).decode("utf-8", "replace")

    def value(self, value, key=None, time=None):
        """(kind, value), or (MRX code, None). Texts and JSON are bytes."""
        datum, record = Datum(), self._record(value, key, time)
        code = self.library.c.mrx_value(self.program, record, datum)
        if code:
            return code, None
        kind = KINDS[datum.kind]
        if kind in ("text", "json"):
            return kind, ctypes.string_at(datum.text, datum.size) if datum.size else b""
        if kind in ("int", "float"):
            return kind, datum.integer if kind == "int" else datum.number
        return kind, bool(datum.integer) if kind == "bool" else None

    def span(self, value):
        """The bytes of the record that a path stands for."""
        datum, record = Datum(), self._record(value, None, None)
        assert self.library.c.mrx_value(self.program, record, datum) == 0
        return value[datum.at:datum.at + datum.length]

    def test(self, value, key=None, time=None):
        """True, False, or an MRX code."""
        holds, record = ctypes.c_int(), self._record(value, key, time)
        code = self.library.c.mrx_test(self.program, record, holds)
        return code or bool(holds.value)


@functools.cache
def libraries():
    """[with SSE2, without]; built into the folder that MRX_BUILD names."""
    folder = pathlib.Path(os.environ.get("MRX_BUILD", ROOT / "build" / "expression"))
    folder.mkdir(parents=True, exist_ok=True)
    built = []
    for name, more in (("fast", []), ("scalar", ["-DMRX_SCALAR"])):
        target = folder / f"libmrx_{name}.so"
        subprocess.run(["cc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC",
                        f"-I{SOURCES}/include", f"-I{ROOT}/include", *more,
                        *sorted(SOURCES.glob("*.c")), "-o", target], check=True)
        built.append(Library(target))
    return built
