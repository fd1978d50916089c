# SPDX-License-Identifier: Apache-2.0
"""JSON texts made up by chance, and texts that are JSON no longer."""

import json

SPACE = ["", "", "", " ", "\n", "\t ", "\r\n"]
NAMES = ["a", "b", "id", "amount", "customer", "items", "name", "x y", "", "über", "tags", "a\"b",
         "back\\slash", ",", ":", "}", "a_rather_long_name_that_takes_more_than_one_block_of_sixty_four_bytes_so"]
TEXTS = ["", "a", "DE", "de", "hello world", "{", "}", "[]", ",", ":", "a|b", "\\", "\"", "\n",
         "é", "日本語", "😀", "\u0000", "\ufffd", "x" * 15, "y" * 16, "z" * 70, "\"amount\":7",
         "{\"amount\":7}", "0", "null"]
NUMBERS = ["0", "-0", "1", "-1", "7", "100", "9223372036854775807", "-9223372036854775808",
           "9223372036854775808", "-9223372036854775809", "18446744073709551616", "0.5", "-0.5",
           "100.5", "1e2", "1E+2", "25e-1", "1e22", "1e23", "9007199254740993", "0.1", "0.3",
           "9007199254740992.0", "9007199254740993.0", "1e-400", "-0.0", "5e-324",
           "1.7976931348623157e308", "123456789012345678901234567890", "0.1000000000000000055511151",
           "9223372036854775807.0", "3.0", "2.5", "12345678.90123456789e-3"]
TOO_LARGE = ["1e400", "-1e309", "123e999999999999999999"]


def quoted(chance, text):
    """A text with as many escapes as chance has it."""
    if chance.random() < 0.6:
        return json.dumps(text, ensure_ascii=chance.random() < 0.5)
    out = []
    for unit in text:
        if chance.random() < 0.3:
            data = unit.encode("utf-16-be")
            out += [f"\\u{data[i]:02x}{data[i + 1]:02X}" for i in range(0, len(data), 2)]
        else:
            out.append(json.dumps(unit, ensure_ascii=False)[1:-1])
    return '"' + "".join(out) + '"'


def value(chance, depth=0, too_large=0.0):
    kind = chance.random()
    if depth < 4 and kind < (0.9 if depth == 0 else 0.3):
        return container(chance, depth, too_large)
    if kind < 0.5:
        return quoted(chance, chance.choice(TEXTS))
    if kind < 0.9:
        return chance.choice(TOO_LARGE if chance.random() < too_large else NUMBERS)
    return chance.choice(["true", "false", "null"])


def container(chance, depth, too_large):
    def gap():
        return chance.choice(SPACE)
    count = chance.choice([0, 1, 2, 3, 5, 9])
    items = [gap() + value(chance, depth + 1, too_large) + gap() for _ in range(count)]
    if depth > 0 and chance.random() < 0.4:
        return "[" + (gap() if count == 0 else ",".join(items)) + "]"
    members = [gap() + quoted(chance, chance.choice(NAMES)) + gap() + ":" + item for item in items]
    return "{" + (gap() if count == 0 else ",".join(members)) + "}"


def document(chance, too_large=0.0):
    return (chance.choice(SPACE) + value(chance, 0, too_large) + chance.choice(SPACE)).encode()


def mutated(chance, data):
    """Some bytes are other bytes, gone, there twice, or something that looks like JSON."""
    data = bytearray(data)
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        at = chance.randrange(len(data) + 1)
        kind = chance.random()
        if kind < 0.25 and at < len(data):
            data[at] = chance.randrange(256)
        elif kind < 0.45:
            del data[at:at + chance.choice([1, 1, 2, 8])]
        elif kind < 0.55:
            data = data[:at]
        elif kind < 0.65:
            data[at:at] = data[at:at + chance.choice([1, 4, 20])]
        elif kind < 0.75 and at < len(data):
            data[at] ^= 1 << chance.randrange(8)
        else:
            data[at:at] = chance.choice(
                [b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"0", b"-", b".", b"e", b"+",
                 b" ", b"\x00", b"\x1f", b"\x7f", b"\x80", b"\xc0\x80", b"\xed\xa0\x80", b"\xef\xbb",
                 b"\xf4\x90\x80\x80", b"null", b"tru", b"NaN", b"\\u12", b"\\ud800", b"/**/", b"'",
                 b"\xe2\x80\xa8", b"\xf0\x9f\x98\x80", b"\xef\xbb\xbf", b"\x0c", b"\xc2\xa0"])
    return bytes(data)
