# SPDX-License-Identifier: Apache-2.0
"""What expressions mean, written for reading: trees made by chance, their text, and their value over
a record that Python has parsed. Nothing here is shared with the C library."""

import fractions
import json
import math

ABSENT, NOT_JSON, WRONG_TYPE = -4003, -4001, -4002
LEAST, MOST = -(2**63), 2**63 - 1


class Refused(Exception):
    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Pairs(list):
    """An object, with names that come twice."""


class Number:
    """As written in JSON: INT if it is one and fits, else the nearest double."""

    def __init__(self, text):
        whole = all(c not in text for c in ".eE")
        self.value = int(text) if whole and LEAST <= int(text) <= MOST else float(text)


def parse(data):
    def number(text):
        return Number(text).value
    return json.loads(data.decode(), object_pairs_hook=Pairs, parse_int=number, parse_float=number)


def kind(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    return "text" if isinstance(value, str) else "json"


def finite(value):
    if isinstance(value, float) and not math.isfinite(value):
        raise Refused(WRONG_TYPE)
    return value


def locate(value, steps):
    for step in steps:
        if isinstance(step, str):
            found = [v for k, v in value if k == step] if isinstance(value, Pairs) else []
        elif isinstance(value, list) and not isinstance(value, Pairs):
            found = value[step:step + 1 or None]
        else:
            found = []
        if not found:
            raise Refused(ABSENT)
        value = found[0]
    return value


def is_wanted(value, wanted):
    if kind(value) != wanted:
        raise Refused(WRONG_TYPE)
    return value


def exact(value):
    return fractions.Fraction(value)


def equal(a, b):
    if kind(a) != kind(b):
        return False
    if kind(a) == "json":
        raise Refused(WRONG_TYPE)
    return exact(a) == exact(b) if kind(a) == "number" else a == b


def ordered(op, a, b):
    if kind(a) != kind(b) or kind(a) not in ("number", "text"):
        raise Refused(WRONG_TYPE)
    a, b = (exact(a), exact(b)) if kind(a) == "number" else (bytes_of(a), bytes_of(b))
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[op]


def bytes_of(text):
    """A lone surrogate of an escape is shown as U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def arithmetic(op, a, b):
    is_wanted(a, "number")
    is_wanted(b, "number")
    whole = isinstance(a, int) and isinstance(b, int)
    if op in "/%" and b == 0 or op == "%" and not whole:
        raise Refused(WRONG_TYPE)
    if op == "%":
        return int(math.fmod(1, 1)) if b in (1, -1) else abs(a) % abs(b) * (-1 if a < 0 else 1)
    if op == "/":
        if whole and a % b == 0 and LEAST <= a // b <= MOST:
            return a // b
        try:
            return finite(float(a) / float(b))
        except OverflowError:
            raise Refused(WRONG_TYPE)
    exactly = {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b}
    if whole:
        result = exactly[op]()
        if LEAST <= result <= MOST:
            return result
    a, b = float(a), float(b)
    return finite(exactly[op]())


def change_case(text, upper):
    table = {c: c ^ 32 for c in (range(97, 123) if upper else range(65, 91))}
    return text.translate(table)


def evaluate(tree, record):
    op, *args = tree
    if op == "literal":
        return args[0]
    if op == "path":
        return finite(locate(record, args[0]))
    if op in ("and", "or"):
        for arg in args:
            value = is_wanted(evaluate(arg, record), "bool")
            if value == (op == "or"):
                return value
        return value
    if op == "not":
        return not is_wanted(evaluate(args[0], record), "bool")
    if op == "has":
        try:
            locate(record, args[0][1])
            return True
        except Refused:
            return False
    if op == "coalesce":
        for last, arg in enumerate(args, 1):
            try:
                value = evaluate(arg, record)
                if value is not None or last == len(args):
                    return value
            except Refused as refused:
                if refused.code != ABSENT or last == len(args):
                    raise
    values = [evaluate(args[0], record)]
    if op == "negate":
        value = is_wanted(values[0], "number")
        return -float(value) if value == LEAST and isinstance(value, int) else -value
    if op == "len":
        if kind(values[0]) not in ("text", "json"):
            raise Refused(WRONG_TYPE)
        return len(values[0])
    if op in ("lower", "upper"):
        return change_case(is_wanted(values[0], "text"), op == "upper")
    if op in ("in", "not in"):
        for element in args[1]:
            if equal(values[0], evaluate(element, record)):
                return op == "in"
        return op == "not in"
    values.append(evaluate(args[1], record))
    if op in ("==", "!="):
        return equal(*values) == (op == "==")
    if op in ("<", "<=", ">", ">="):
        return ordered(op, *values)
    return arithmetic(op, *values)


# ---- trees by chance, and their text ----------------------------------------------------------

LEVEL = {"or": 0, "and": 1, "not": 2, "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "in": 3,
         "not in": 3, "+": 4, "-": 4, "*": 5, "/": 5, "%": 5, "negate": 6}
NAMES = ["a", "b", "id", "amount", "customer", "items", "name", "tags", "x y", "", "über", "a\"b", ",", ":",
         "a_rather_long_name_that_takes_more_than_one_block_of_sixty_four_bytes_so"]
LITERALS = [0, 1, -1, 7, 100, MOST, LEAST, 0.5, 100.5, 1e22, 1e300, 9007199254740993,
            9007199254740992.0, 0.1, "", "a", "DE", "de", "é", "日本語", "\"", "\\", "hello world",
            None, True, False]


def path(chance):
    steps = [chance.choice(NAMES)]
    while chance.random() < 0.4:
        steps.append(chance.choice(NAMES) if chance.random() < 0.5
                     else chance.choice([0, 1, 2, -1, -2, 9, -9]))
    return ("path", steps)


def leaf(chance, want):
    if chance.random() < 0.6:
        return path(chance)
    of = [v for v in LITERALS if want in (None, kind(v))]
    return ("literal", chance.choice(of or LITERALS))


def tree(chance, depth=0, want=None):
    """Mostly of the kind that is wanted, as what is made of any kinds is mostly refused."""
    def below(*kinds):
        return tree(chance, depth + 1, chance.choice(kinds) if chance.random() < 0.9 else None)
    want = want or chance.choice(["bool", "bool", "bool", "number", "text", None])
    if depth > 3 or chance.random() < 0.2:
        return leaf(chance, want)
    pick = chance.random()
    if want == "bool":
        if pick < 0.3:
            count = chance.choice([2, 2, 3])
            return (chance.choice(["and", "or"]), *(below("bool") for _ in range(count)))
        if pick < 0.4:
            return ("not", below("bool"))
        if pick < 0.6:
            return (chance.choice(["==", "!="]), below(None), below(None))
        if pick < 0.8:
            kind_of_both = chance.choice(["number", "text"])
            op = chance.choice(["<", "<=", ">", ">="])
            return (op, below(kind_of_both), below(kind_of_both))
        if pick < 0.9:
            elements = [below(None) for _ in range(chance.choice([0, 1, 3]))]
            return (chance.choice(["in", "not in"]), below(None), elements)
        return ("has", path(chance))
    if pick < 0.2:
        return ("coalesce", *(below(want) for _ in range(chance.choice([2, 3]))))
    if want == "text":
        return (chance.choice(["lower", "upper"]), below("text"))
    if pick < 0.3:
        return ("len", below("text"))
    if pick < 0.4:
        return ("negate", below("number"))
    return (chance.choice("+-*/%"), below("number"), below("number"))


def literal_text(value):
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return repr(value)


def path_text(steps):
    first, *rest = steps
    out = first if first.isidentifier() else f"$value[{json.dumps(first, ensure_ascii=False)}]"
    for step in rest:
        if isinstance(step, int):
            out += f"[{step}]"
        else:
            plain = step.isidentifier()
            out += f".{step}" if plain else f"[{json.dumps(step, ensure_ascii=False)}]"
    return out


def text(chance, node, least=0):
    """With the parentheses it needs and now and then some more."""
    op, *args = node
    if op == "literal":
        out = literal_text(args[0])
    elif op == "path":
        out = path_text(args[0])
    elif op in ("has", "len", "lower", "upper", "coalesce"):
        out = f"{op}({', '.join(text(chance, arg) for arg in args)})"
    else:
        level = LEVEL[op]
        if op in ("and", "or"):
            out = f" {op} ".join(text(chance, arg, level + 1) for arg in args)
        elif op == "not":
            out = f"not {text(chance, args[0], 3)}"
        elif op == "negate":
            out = f"-{text(chance, args[0], 7)}"
            out = f"-({out[1:]})" if out[1] in "-0123456789" else out
        elif op in ("in", "not in"):
            inner = ", ".join(text(chance, arg) for arg in args[1])
            out = f"{text(chance, args[0], 4)} {op} [{inner}]"
        else:
            right = 4 if level == 3 else level + 1
            out = f"{text(chance, args[0], 4 if level == 3 else level)} {op} " \
                  f"{text(chance, args[1], right)}"
        if level < least:
            return f"({out})"
    return f"({out})" if chance.random() < 0.05 else out
