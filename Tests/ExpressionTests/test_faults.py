# SPDX-License-Identifier: Apache-2.0
"""Texts that are no expressions: where each is wrong, what is said, what to do instead."""

import unittest

import mrx

# text, flags, place, length, what is said, the next step
BROKEN = [
    ("", 0, 0, 0, "expected an expression, found nothing", ""),
    ("   ", 0, 0, 0, "expected an expression, found nothing", ""),
    ("a >", 0, 3, 0, "expected a value, found the end", ""),
    ("> 1", 0, 0, 1, "expected a value, found `>`", ""),
    ("a > > 1", 0, 4, 1, "expected a value, found `>`", ""),
    ("a = 1", 0, 2, 1, "`=` means nothing here", "write `==`"),
    ("a === 1", 0, 2, 3, "`===` means nothing here", "write `==`"),
    ("a && b", 0, 2, 2, "`&&` means nothing here", "write `and`"),
    ("a || b", 0, 2, 2, "`||` means nothing here", "write `or`"),
    ("!a", 0, 0, 1, "`!` means nothing here", "write `not`"),
    ("a <> 1", 0, 2, 2, "`<>` means nothing here", "write `!=`"),
    ('a =~ "x"', 0, 2, 2, "`=~` means nothing here", "write `matches`"),
    ("a ? 1", 0, 2, 1, "`?` means nothing here", "write `coalesce`"),
    ("a ; b", 0, 2, 1, "`;` means nothing here", ""),
    ("a & b", 0, 2, 1, "`&` means nothing here", "write `and`"),
    ("a 1", 0, 2, 1, "expected an operator or the end, found `1`", ""),
    ("a b", 0, 2, 1, "expected an operator or the end, found `b`", ""),
    ("a and", 0, 5, 0, "expected a value, found the end", ""),
    ("and", 0, 0, 3, "expected a value, found `and`", "a field of this name is written $value.and"),
    ("not", 0, 3, 0, "expected a value, found the end", ""),
    ("a or or b", 0, 5, 2,
     "expected a value, found `or`",
     "a field of this name is written $value.or"),
    ("(a", 0, 2, 0, "expected `)`, found the end", ""),
    ("a)", 0, 1, 1, "expected an operator or the end, found `)`", ""),
    ("((a)", 0, 4, 0, "expected `)`, found the end", ""),
    ("()", 0, 1, 1, "expected a value, found `)`", ""),
    ("a < b < c", 0, 6, 1,
     "one comparison cannot follow another",
     "join two comparisons with `and`"),
    ("1 < 2 == true", 0, 6, 2,
     "one comparison cannot follow another",
     "join two comparisons with `and`"),
    ("a.", 0, 2, 0, "expected a name, found the end", ""),
    ("a..b", 0, 2, 1, "expected a name, found `.`", ""),
    ("a.1", 0, 2, 1, "expected a name, found `1`", ""),
    ("a[", 0, 2, 0,
     'expected a position such as [0], or a name such as ["a b"], found the end',
     ""),
    ("a[]", 0, 2, 1, 'expected a position such as [0], or a name such as ["a b"], found `]`', ""),
    ("a[x]", 0, 2, 1, 'expected a position such as [0], or a name such as ["a b"], found `x`', ""),
    ("a[1.5]", 0, 1, 4, "a position is a whole number", ""),
    ("a[-0]", 0, 1, 3, "there is no position -0", "the last one is [-1]"),
    ("a[0", 0, 3, 0, "expected `]`, found the end", ""),
    ('a["x', 0, 2, 2, "expected the end of this text", 'close the text with "'),
    ("[1]", 0, 0, 1, "expected a value, found `[`", ""),
    ("$foo", 0, 0, 4, "there is no `$foo`", "write $value, $key or $time"),
    ("$key.x", 0, 4, 1, "`$key` has no fields", ""),
    ("$time[0]", 0, 5, 1, "`$time` has no fields", ""),
    ('"abc', 0, 0, 4, "expected the end of this text", 'close the text with "'),
    ("'abc", 0, 0, 4, "expected the end of this text", "close the text with '"),
    ('"a\\qb"', 0, 2, 2,
     'expected one of \\" \\\' \\\\ \\/ \\b \\f \\n \\r \\t \\u',
     "write \\\\ for a backslash, or put the text in '…', where there are no escapes"),
    ('"\\u12"', 0, 1, 2, 'expected four hexadecimal digits behind \\u', ""),
    ('"\\ud800"', 0, 1, 6,
     "half of a surrogate pair is no character",
     'write both halves, as in \\uD83D\\uDE00, or the character itself'),
    ("01", 0, 0, 2, "this is no number", "write it as in JSON: 12, 0.5, 1e9"),
    ("1.", 0, 0, 2, "this is no number", "write it as in JSON: 12, 0.5, 1e9"),
    ("1e", 0, 0, 2, "this is no number", "write it as in JSON: 12, 0.5, 1e9"),
    ("1e400", 0, 0, 5, "the number is outside of what a double holds", ""),
    ("1x", 0, 0, 2, "this is no number", "write it as in JSON: 12, 0.5, 1e9"),
    ("1.2.3", 0, 0, 5, "this is no number", "write it as in JSON: 12, 0.5, 1e9"),
    ("a in 1", 0, 5, 1, "expected a list such as [1, 2], found `1`", ""),
    ("a in [1,", 0, 8, 0, "expected a value, found the end", ""),
    ("a in [1 2]", 0, 8, 1, "expected `,` or `]`, found `2`", ""),
    ("a not 1", 0, 6, 1, "expected `in`, found `1`", ""),
    ("a matches b", 0, 10, 1, "expected a regular expression in quotes, found `b`", ""),
    ('a matches "("', 0, 11, 1, "expected the `)` of this group", 'write \\( for the sign'),
    ('a matches "a)"', 0, 12, 1, "there is no `(` for this", 'write \\) for the sign'),
    ('a matches "*a"', 0, 11, 1,
     "there is nothing to repeat",
     'put \\ before the sign to find the sign itself'),
    ('a matches "[a"', 0, 11, 2, "expected the `]` of this class", 'write \\[ for the sign'),
    ('a matches "[z-a]"', 0, 12, 3, "this range has no end behind its start", ""),
    ("a matches '\\1'", 0, 11, 2, "there are no references to groups", ""),
    ("a matches '\\q'", 0, 11, 2,
     "this escape means nothing here",
     'there are \\d \\w \\s \\D \\W \\S \\t \\n \\r \\f \\u and \\ before a sign'),
    ("a matches 'x{2,1}'", 0, 12, 5, "the second count is below the first", ""),
    ("a matches 'x{1001}'", 0, 13, 4, "a count is at most 1000", ""),
    ("a matches '(?=a)'", 0, 11, 2,
     "only (?: can begin with a question mark",
     "there is no look-ahead and no named group"),
    ("a matches '(x{1000}){3}'", 0, 11, 12,
     "the regular expression takes more than 2000 states",
     "repeat less"),
    ('1 matches "a"', 0, 0, 1, "expected a text, found a number", ""),
    ("foo(1)", 0, 0, 3,
     "there is no function `foo`",
     "there are has, len, lower, upper and coalesce"),
    ("has()", 0, 0, 5, "`has` takes one argument, found 0", ""),
    ("has(1)", 0, 4, 1, "`has` takes a path", "name a field, as in has(customer.id)"),
    ("has(a+1)", 0, 4, 3, "`has` takes a path", "name a field, as in has(customer.id)"),
    ("has(a,b)", 0, 0, 8, "`has` takes one argument, found 2", ""),
    ("len()", 0, 0, 5, "`len` takes one argument, found 0", ""),
    ("len(1)", 0, 4, 1, "expected a text, an array or an object, found a number", ""),
    ("len(a", 0, 5, 0, "expected `,` or `)`, found the end", ""),
    ("lower(1)", 0, 6, 1, "expected a text, found a number", ""),
    ("coalesce(a)", 0, 0, 11, "`coalesce` takes two arguments or more, found 1", ""),
    ("coalesce()", 0, 0, 10, "`coalesce` takes two arguments or more, found 0", ""),
    ('"a" + 1', 0, 0, 3, "expected a number, found a text", ""),
    ("1 + true", 0, 4, 4, "expected a number, found true or false", ""),
    ('-"a"', 0, 1, 3, "expected a number, found a text", ""),
    ("not 1", 0, 4, 1, "expected true or false, found a number", ""),
    ("1 and true", 0, 0, 1, "expected true or false, found a number", ""),
    ('a and "x"', 0, 6, 3, "expected true or false, found a text", ""),
    ('"a" < 1', 0, 0, 7,
     "a text with a number cannot be compared: only two numbers or two texts are in order",
     ""),
    ("true < false", 0, 0, 4,
     "only two numbers or two texts are in order",
     "compare with == or !="),
    ("null < 1", 0, 0, 8,
     "null with a number cannot be compared: only two numbers or two texts are in order",
     ""),
    ("1 / 0", 0, 0, 5, "division by zero", ""),
    ("5 % 0", 0, 0, 5, "division by zero", ""),
    ("1e308 * 10", 0, 0, 10, "the result is outside of what a double holds", ""),
    ("a > 1 2", 0, 6, 1, "expected an operator or the end, found `2`", ""),
    ("größe = 1", 0, 8, 1, "`=` means nothing here", "write `==`"),
    ("a\u0001b", 0, 1, 1, "`?` means nothing here", ""),
    ("a # b", 0, 2, 1, "`#` means nothing here", ""),
    ("coalesce(a, )", 0, 12, 1, "expected a value, found `)`", ""),
    ('a.b."c"', 0, 4, 3, 'expected a name, found `"c"`', ""),
    ("--1", 0, 1, 1, "expected a value, found `-`", ""),
    ("+1", 0, 0, 1, "expected a value, found `+`", ""),
    ("1", mrx.PATH, 0, 1, "expected a path", "name a field, such as customer.id"),
    ("a+1", mrx.PATH, 0, 3, "expected a path", "name a field, such as customer.id"),
    ("has(a)", mrx.PATH, 0, 6, "expected a path", "name a field, such as customer.id"),
    ("1", mrx.CONDITION, 0, 1, "expected a condition, found a number", ""),
    ("a+1", mrx.CONDITION, 0, 3, "expected a condition, found a number", ""),
    ("lower(a)", mrx.CONDITION, 0, 8, "expected a condition, found a text", ""),
    ("null", mrx.CONDITION, 0, 4, "expected a condition, found null", ""),
]

# The largest that is taken, and the smallest that is not.
LIMITS = [
    ("(" * 99 + "a" + ")" * 99, "(" * 100 + "a" + ")" * 100),
    ("+".join(["a"] * 100), "+".join(["a"] * 101)),
    ("a" + ".b" * 63, "a" + ".b" * 64),
    ("a in [" + ",".join(["1"] * 4093) + "]", "a in [" + ",".join(["1"] * 4094) + "]"),
    ("a" * 65536, "a" * 65537),
    ("a matches '" + "x" * 1999 + "'", "a matches '" + "x" * 2000 + "'"),
    ("a matches '" + "(" * 100 + ")" * 100 + "'", "a matches '" + "(" * 101 + ")" * 101 + "'"),
]


class FaultTests(unittest.TestCase):
    def test_each_broken_text_has_its_place_its_words_and_its_next_step(self):
        for library in mrx.libraries():
            for text, flags, at, length, said, todo in BROKEN:
                self.assertEqual(library.fault(text, flags), (at, length, said, todo), text)

    def test_every_cut_of_an_expression_is_read_or_has_a_fault_within_it(self):
        whole = """not (a.b["x\\u00e9"][-1] >= -1.5e3 and has($key)) or """ \
                """coalesce(c, "d", 'e') in [1, "x", null] or """ \
                """lower(f) matches '^(a|[b-d])+\\w{2,3}$' """
        for library in mrx.libraries():
            self.assertIsNone(library.fault(whole))
            for end in range(len(whole)):
                fault = library.fault(whole[:end])
                if fault is not None:
                    self.assertLessEqual(fault[0] + fault[1], end, (whole[:end], fault))

    def test_what_is_at_a_limit_is_taken_and_what_is_beyond_is_not(self):
        library = mrx.libraries()[0]
        for within, beyond in LIMITS:
            self.assertIsNone(library.fault(within), within[:80])
            self.assertIsNotNone(library.fault(beyond), beyond[:80])

    def test_a_repetition_of_nothing_is_not_repeated(self):
        nested = "(" * 50 + ")" + "{1000})" * 49 + "{1000}"
        self.assertIsNone(mrx.libraries()[0].fault(f"a matches '{nested}'"))


if __name__ == "__main__":
    unittest.main()
