# SPDX-License-Identifier: Apache-2.0
"""The validator beside Python's json, and beside what RFC 8259 says about tricky texts."""

import json
import random
import unittest

import documents
import mrx

ROUNDS = 6_000


def refuse_constant(name):
    raise ValueError(name)


def is_json(data):
    """By Python: UTF-8 without surrogates, and no NaN, which its reader would take."""
    try:
        json.loads(data.decode("utf-8"), parse_constant=refuse_constant, parse_int=str,
                   parse_float=str)
        return True
    except ValueError:
        return False


# What must be taken and what must not, and where that is seen: text, place of the fault.
TAKEN = [b"0", b"-0", b"-1.5e+10", b"1E400", b'""', b"null", b"true", b"false", b"[]", b"{}",
         b" \t\r\n[ ] ", b'{"":0}', b'{"a":1,"a":2}', b'"\\u0000"', b'"\\uD800"', b'"\\ud83d\\ude00"',
         b'"\x7f"', b'"\xc2\x80"', b'"\xed\x9f\xbf"', b'"\xee\x80\x80"', b'"\xf4\x8f\xbf\xbf"',
         b'"\xe2\x80\xa8"', b'"\\/\\b\\f"', b"[[[[[]]]]]", b"123456789" * 50,
         b"[" * 1024 + b"]" * 1024, b'"' + b"x" * 10_000 + b'"']
REFUSED = [
    # nothing, too little, too much
    (b"", 0), (b" ", 1), (b"1 2", 2), (b"{}{}", 2), (b"[] x", 3), (b"\xef\xbb\xbf1", 0), (b"\x00", 0),
    (b"1\x00", 1), (b"[1]]", 3), (b"\xc2\xa01", 0), (b"\x0c1", 0),
    # numbers
    (b"01", 1), (b"-", 1), (b"-01", 2), (b"+1", 0), (b".5", 0), (b"1.", 2), (b"1.e1", 2), (b"1e", 2),
    (b"1e+", 3), (b"0x10", 1), (b"1_000", 1), (b"NaN", 0), (b"-Infinity", 1), (b"1.5.2", 3),
    (b"--1", 1), (b"1e1.5", 3), (b"\xef\xbc\x91", 0), (b"-a", 1),
    # words
    (b"nul", 0), (b"nulL", 0), (b"True", 0), (b"truetrue", 4), (b"undefined", 0), (b"nullx", 4),
    # strings
    (b'"', 1), (b'"a', 2), (b"'a'", 0), (b'"\\"', 3), (b'"\\x41"', 1), (b'"\\u12"', 1),
    (b'"\\u12G4"', 1), (b'"\\', 1), (b'"\\u', 1), (b'"a\nb"', 2), (b'"\x1f"', 1), (b'"\x00"', 1),
    (b'"\t"', 1), (b'"\x80"', 1), (b'"\xff"', 1), (b'"\xc0\x80"', 1), (b'"\xc1\xbf"', 1),
    (b'"\xe0\x80\x80"', 1), (b'"\xed\xa0\x80"', 1), (b'"\xf0\x80\x80\x80"', 1),
    (b'"\xf4\x90\x80\x80"', 1), (b'"\xf5\x80\x80\x80"', 1), (b'"\xe2\x82"', 1), (b'"\xe2\x82', 1),
    (b'"\xc3', 1), (b'"aaaaaaaaaaaaaaaaaaaaaaaa\x01"', 25), (b'"' + b"a" * 40 + b'\xff"', 41),
    # arrays
    (b"[", 1), (b"]", 0), (b"[1", 2), (b"[,", 1), (b"[1,]", 3), (b"[,1]", 1), (b"[1 2]", 3),
    (b"[1}", 2), (b"[1,,2]", 3), (b'["a" "b"]', 5), (b"[1:2]", 2), (b"[" * 1025, 1024),
    # objects
    (b"{", 1), (b"}", 0), (b'{"a"', 4), (b'{"a":', 5), (b'{"a":1', 6), (b'{"a":1,}', 7),
    (b"{1:2}", 1), (b"{a:1}", 1), (b"{'a':1}", 1), (b'{"a" 1}', 5), (b'{"a":}', 5), (b'{"a",1}', 4),
    (b'{"a":1 "b":2}', 7), (b'{,"a":1}', 1), (b'{"a":1]', 6), (b'{"a"::1}', 5), (b'{"a":1,,}', 7),
    (b'{"a":1;"b":2}', 6), (b'{null:1}', 1), (b'{"a":1}/', 7),
    # comments
    (b"/**/1", 0), (b"1//x", 1), (b"[1,#2\n2]", 3)]


class JSONTests(unittest.TestCase):
    def test_what_must_be_taken_is_taken(self):
        for library in mrx.libraries():
            for data in TAKEN:
                self.assertIsNone(library.json_fault(data), data[:60])

    def test_what_must_be_refused_is_refused_at_its_byte(self):
        for library in mrx.libraries():
            for data, at in REFUSED:
                fault = library.json_fault(data)
                self.assertIsNotNone(fault, data[:60])
                self.assertEqual(fault[0], at, (data[:60], fault))

    def test_texts_by_chance_are_judged_as_python_judges_them(self):
        chance = random.Random(1)
        fast, scalar = mrx.libraries()
        valid = 0
        for _ in range(ROUNDS):
            data = documents.document(chance)
            if chance.random() < 0.8:
                data = documents.mutated(chance, data)
            fault = fast.json_fault(data)
            self.assertEqual(fault is None, is_json(data), (data, fault))
            self.assertEqual(fault, scalar.json_fault(data), data)
            valid += fault is None
            if fault is not None:
                # All before the fault is as it should be: it is the end that is missing there.
                before = fast.json_fault(data[:fault[0]])
                self.assertTrue(before is None or before[0] == fault[0], (data, fault, before))
        self.assertGreater(valid, ROUNDS // 5)
        self.assertGreater(ROUNDS - valid, ROUNDS // 5)

    def test_every_cut_of_a_text_is_judged_without_a_look_behind_it(self):
        data = '{"a\\u00e9": [1.5e3, "é日😀\\n", {"b": null}], "c": "0123456789abcdef"}'.encode()
        for library in mrx.libraries():
            for end in range(len(data)):
                fault = library.json_fault(data[:end])
                self.assertIsNotNone(fault)
                self.assertLessEqual(fault[0], end)

    def test_compact_text_means_the_same_and_has_no_space_to_lose(self):
        chance = random.Random(2)
        for _ in range(2_000):
            data = documents.document(chance)
            for library in mrx.libraries():
                short = library.compact(data)
                pairs = {"object_pairs_hook": list, "parse_int": str, "parse_float": str}
                self.assertEqual(json.loads(short, **pairs), json.loads(data, **pairs))
                self.assertEqual(short, library.compact(short))
                self.assertLessEqual(len(short), len(data))
        self.assertEqual(fast_compact(b' { "a b" : [ 1 , "\\" " ] } '), b'{"a b":[1,"\\" "]}')
        self.assertEqual(fast_compact(b' "a b'), b'"a b')


def fast_compact(data):
    return mrx.libraries()[0].compact(data)


if __name__ == "__main__":
    unittest.main()
