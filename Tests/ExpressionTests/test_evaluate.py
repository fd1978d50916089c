# SPDX-License-Identifier: Apache-2.0
"""The evaluator beside a slow one in Python, over expressions and records made by chance."""

import json
import random
import re
import unittest

import documents
import mrx
import reference

EXPRESSIONS = 1_000
RECORDS = 10


def as_found(value):
    """What the library answers for a value of Python."""
    if value is None:
        return "null", None
    if isinstance(value, bool):
        return "bool", value
    if isinstance(value, int):
        return "int", value
    if isinstance(value, float):
        return "float", value
    if isinstance(value, str):
        return "text", reference.bytes_of(value)
    return "json", value


def expected(tree, record, is_path):
    try:
        return as_found(reference.evaluate(tree, record))
    except reference.Refused as refused:
        if refused.code == reference.ABSENT and is_path:
            return "absent", None
        return refused.code, None


class EvaluateTests(unittest.TestCase):
    def check(self, program, tree, data, where):
        found = program.value(data)
        wanted = expected(tree, reference.parse(data), tree[0] == "path")
        if wanted[0] == "json" and found[0] == "json":
            found = found[0], reference.parse(found[1])
        if wanted[0] == "float" and found[0] == "float":
            self.assertEqual(repr(found[1]), repr(wanted[1]), where)
        self.assertEqual(found, wanted, where)
        return wanted[0]

    def test_expressions_by_chance_are_worth_what_the_reference_says(self):
        chance = random.Random(3)
        seen = {}
        compiled = 0
        for _ in range(EXPRESSIONS):
            tree = reference.tree(chance)
            text = reference.text(chance, tree)
            fast, scalar = mrx.libraries()
            if fast.fault(text) is not None:
                # Refused by its form alone: then it is worth nothing for any record either.
                self.assertEqual(fast.fault(text), scalar.fault(text))
                continue
            compiled += 1
            programs = mrx.Program(fast, text), mrx.Program(scalar, text)
            for _ in range(RECORDS):
                data = documents.document(chance, too_large=0.02)
                for program in programs:
                    got = self.check(program, tree, data, (text, data))
                seen[got] = seen.get(got, 0) + 1
        self.assertGreater(compiled, EXPRESSIONS // 2)
        for kind in ("bool", "int", "float", "text", "json", "null", "absent", mrx.ABSENT,
                     mrx.WRONG_TYPE):
            self.assertGreater(seen.get(kind, 0), 0, seen)

    def test_what_the_form_refuses_no_record_could_use(self):
        chance = random.Random(4)
        refused = 0
        for _ in range(EXPRESSIONS):
            tree = reference.tree(chance)
            text = reference.text(chance, tree)
            if mrx.libraries()[0].fault(text) is None:
                continue
            refused += 1
            # A part that is not reached may be wrong without harm, so only trees without one.
            if any(word in text for word in (" and ", " or ", "coalesce", " in [")):
                continue
            for _ in range(5):
                record = reference.parse(documents.document(chance))
                with self.assertRaises(reference.Refused, msg=text):
                    reference.evaluate(tree, record)
        self.assertGreater(refused, 30)

    def test_a_path_finds_its_bytes_in_records_of_every_form(self):
        chance = random.Random(5)
        fast, scalar = mrx.libraries()
        found = 0
        for _ in range(3_000):
            data = documents.document(chance)
            _, steps = reference.path(chance)
            text = reference.path_text(steps)
            try:
                wanted = reference.locate(reference.parse(data), steps)
            except reference.Refused:
                self.assertEqual(mrx.Program(fast, text).value(data), ("absent", None))
                self.assertEqual(mrx.Program(scalar, text).value(data), ("absent", None))
                continue
            found += 1
            for library in (fast, scalar):
                span = mrx.Program(library, text, mrx.PATH).span(data)
                self.assertEqual(reference.parse(span), wanted, (text, data))
        self.assertGreater(found, 100)

    def test_what_looks_like_the_name_between_two_texts_is_not_it(self):
        for library in mrx.libraries():
            for name, data in [(",", b'{"a":"x",":":1,",":2}'), (":", b'{"a":":", "b":":",":":2}'),
                               ("a", b'{"b":"a","c":["a"],"a":2}'), ("a", b'{"b":{"a":1},"a":2}'),
                               ("a", b'{"b":"\\"a\\":1","a":2}'), ("", b'{"b":"","":2}'),
                               ("a", b'{"b":"}","a":2}'), ("a", b'{"b":"{","a" \n: 2}'),
                               ("a\"b", b'{"a":1,"a\\"b":2}'), ("é", b'{"b":1,"\\u00e9":2}')]:
                program = mrx.Program(library, reference.path_text([name]))
                self.assertEqual(program.value(data), ("int", 2), (name, data))

    def test_records_that_are_no_json_are_refused_or_read_alike_and_never_read_past(self):
        chance = random.Random(6)
        texts = ["amount", "customer.items[1]", "len($value)", "tags[-1]", "upper(name)",
                 "has(id) and id > 1", "$value[\"x y\"] == 1", "name matches 'a.c$'", "len(items)",
                 "$value", "coalesce(a.b, name, \"x\")", "name == \"é\""]
        fast, scalar = mrx.libraries()
        pairs = [(mrx.Program(fast, text), mrx.Program(scalar, text)) for text in texts]
        codes = set()
        for _ in range(6_000):
            data = documents.mutated(chance, documents.document(chance))
            for one, other in pairs:
                got = one.value(data)
                self.assertEqual(got, other.value(data), data)
                if isinstance(got[0], int):
                    self.assertEqual(one.refusal, other.refusal)
                codes.add(got[0])
        self.assertIn(mrx.NOT_JSON, codes)


class ConditionTests(unittest.TestCase):
    def test_an_absent_field_decides_as_asked(self):
        library = mrx.libraries()[0]
        for text in ("a > 1", "not (a > 1)", "b == 1 and a > 1"):
            for flags, wanted in ((0, mrx.ABSENT), (mrx.ABSENT_FALSE, False),
                                  (mrx.ABSENT_TRUE, True)):
                program = mrx.Program(library, text, mrx.CONDITION | flags)
                self.assertEqual(program.test(b'{"b": 1}'), wanted, text)
        self.assertFalse(mrx.Program(library, "b == 2 and a > 1", mrx.CONDITION).test(b'{"b":1}'))

    def test_key_and_time_are_there_or_absent(self):
        library = mrx.libraries()[0]
        key = mrx.Program(library, "$key")
        self.assertEqual(key.value(b"", key=b"\xff\\u0041"), ("text", b"\xff\\u0041"))
        self.assertEqual(key.value(b"", key=b""), ("text", b""))
        self.assertEqual(key.value(b""), ("absent", None))
        self.assertEqual(mrx.Program(library, "$time").value(b"", time=-5), ("int", -5))
        self.assertEqual(mrx.Program(library, "$time > 0").value(b""), (mrx.ABSENT, None))
        self.assertEqual(mrx.Program(library, "has($key) or has($time)").value(b"", time=1),
                         ("bool", True))

    def test_bytes_that_are_no_utf_8_count_one_by_one(self):
        for library in mrx.libraries():
            program = mrx.Program(library, "len($key)")
            for key, count in [(b"\xc0\x80", 2), (b"\xe0\x80\x80", 3), (b"\xed\xa0\x80", 3),
                               (b"\xf4\x90\x80\x80", 4), (b"\xf0\x8f\xbf\xbf", 4), (b"a\xc3", 2),
                               (b"\xe2\x82a", 3), (b"\xe2\x82\xac", 1), (b"\xf0\x9f\x98\x80", 1)]:
                self.assertEqual(program.value(b"", key=key), ("int", count), key)
            self.assertEqual(mrx.Program(library, "upper($key)").value(b"", key=b"a\xffb"),
                             ("text", b"A\xffB"))
            self.assertTrue(mrx.Program(library, "$key matches '^a.b$'").test(b"", key=b"a\xffb"))

    def test_values_at_the_edge(self):
        library = mrx.libraries()[0]
        for text, wanted in [
                ("9223372036854775807 + 1", ("float", 2.0**63)),
                ("-9223372036854775808", ("int", -2**63)),
                ("- 9223372036854775808", ("float", -2.0**63)),
                ("-(-9223372036854775808)", ("float", 2.0**63)),
                ("-9223372036854775808 / -1", ("float", 2.0**63)),
                ("-9223372036854775808 % -1", ("int", 0)),
                ("9223372036854775807 < 9223372036854775808", ("bool", True)),
                ("9223372036854775807 == 9223372036854775807.0", ("bool", False)),
                ("9007199254740993 == 9007199254740992.0", ("bool", False)),
                ("0.1 + 0.2 == 0.3", ("bool", False)), ("-0.0 == 0", ("bool", True)),
                ("7 / 2", ("float", 3.5)), ("6 / 2", ("int", 3)), ("-7 % 3", ("int", -1)),
                ("1e308 * 10 > 1", None), ("1 / 0", None), ("1 % 0.5", None), ("1 / -0", None),
                ("2 + 3 * 4 - -1", ("int", 15)), ("2 - 3 - 4", ("int", -5)),
                ("100 / 10 / 5", ("int", 2)), ("\"\\ud83d\\ude00\" == '😀'", ("bool", True)),
                ("\"😀\" > \"\uffff\"", ("bool", True)), ("\"a\" < \"B\"", ("bool", False)),
                ("true or 1 == 2 and false", ("bool", True)), ("not true == false", ("bool", True)),
                ("null == null", ("bool", True)), ("1 in []", ("bool", False)),
                ("1 not in [true, \"1\", null, 1.0]", ("bool", False)), ("len(\"é😀\")", ("int", 2))]:
            if wanted is None:
                self.assertIsNotNone(library.fault(text), text)
            else:
                self.assertEqual(mrx.Program(library, text).value(b""), wanted, text)


class RegexTests(unittest.TestCase):
    ATOMS = ["a", "b", "é", "😀", ".", "\\d", "\\w", "\\s", "\\D", "\\W", "\\S", "[ab]", "[^ab]",
             "[a-c0-5]", "[^\\d]", "[é-ü]", "[]a]", "[a-]", "\\.", "^", "$", " ", "1", "_", "\\u00e9"]

    def pattern(self, chance, depth=0):
        def piece():
            atom = chance.choice(self.ATOMS)
            if depth < 3 and chance.random() < 0.25:
                atom = chance.choice(["(", "(?:"]) + self.pattern(chance, depth + 1) + ")"
            if atom not in "^$" and chance.random() < 0.35:
                atom += chance.choice(["*", "+", "?", "{2}", "{0,2}", "{1,}", "*?", "+?"])
            return atom
        parts = ["".join(piece() for _ in range(chance.choice([0, 1, 2, 3])))
                 for _ in range(chance.choice([1, 1, 1, 2]))]
        return "|".join(parts)

    def test_patterns_by_chance_match_as_those_of_python(self):
        chance = random.Random(7)
        outcomes = {True: 0, False: 0}
        for _ in range(3_000):
            pattern = self.pattern(chance)
            python = re.compile(pattern.replace("$", "\\Z"), re.ASCII)
            program = mrx.Program(mrx.libraries()[0],
                                  f"x matches {json.dumps(pattern, ensure_ascii=False)}")
            for _ in range(8):
                text = "".join(chance.choice("aabbc01_ .é😀ü\n") for _ in range(chance.choice(
                    [0, 1, 2, 4, 9])))
                data = '{"x":%s}' % json.dumps(text, ensure_ascii=chance.random() < 0.5)
                wanted = python.search(text) is not None
                self.assertEqual(program.test(data.encode()), wanted, (pattern, text))
                outcomes[wanted] += 1
        self.assertGreater(min(outcomes.values()), 1_000)

    def test_a_pattern_that_ruins_others_takes_no_time(self):
        program = mrx.Program(mrx.libraries()[0], "x matches '(a*)*(a|aa)+$|^(a?){100}a{100}b$'")
        self.assertFalse(program.test(b'{"x":"' + b"a" * 20_000 + b'c"}'))


if __name__ == "__main__":
    unittest.main()
