"""Reads one JSON text a line, in hexadecimal; prints what it means in the
canonical form of support.lua, or "refused". RFC 8259 by Python's json module,
with its extensions turned off."""
import json
import sys

sys.set_int_max_str_digits(0) if hasattr(sys, "set_int_max_str_digits") else None
sys.setrecursionlimit(100000)


def refuse(word):
    raise ValueError(word)


class Decimal(str):
    """The digits of a number that is neither a 64-bit integer nor within the range of a double."""


def integer(digits):
    value = int(digits)
    return value if -(2**63) <= value < 2**63 else Decimal(digits)


def fraction(digits):
    value = float(digits)
    return Decimal(digits) if value in (float("inf"), float("-inf")) else value


def string(text):
    return text.encode("utf-8", "surrogatepass").hex()


def canonical(v):
    if v is None:
        return "null"
    if v is True or v is False:
        return str(v).lower()
    if isinstance(v, int):
        return "i%d" % v
    if isinstance(v, float):
        return "d%.17g" % v
    if isinstance(v, Decimal):
        return "n" + v
    if isinstance(v, str):
        return "s" + string(v)
    if isinstance(v, list):
        return "[" + ",".join(map(canonical, v)) + "]"
    return "{" + ",".join(sorted(string(k) + ":" + canonical(x) for k, x in v.items())) + "}"


for line in sys.stdin:
    try:
        text = bytes.fromhex(line).decode("utf-8")
        print(canonical(json.loads(text, parse_int=integer, parse_float=fraction, parse_constant=refuse)))
    except ValueError:
        print("refused")
