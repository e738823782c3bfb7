"""Fake of ujson (extmod/modujson.c of MicroPython v1.11): it takes commas and colons for blanks, and any end for one.

So it reads `{"a": 1,}`, `{"a" 1}` and `{"a": [1 2}`. tests/firmware/probes/json.txt holds the answers of an image.
"""

import json

_BLANKS = " \t\n\r,:"
_SPACE = " \t\n\r\x0b\x0c"
_NUMBER = "0123456789+-.eE"
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = (("null", None), ("false", False), ("true", True))
_END = "\0"  # the parser takes this character for the end of the text

dumps = json.dumps
dump = json.dump


def load(stream):
    """Return the value in a file. Raises ValueError for a text that the firmware refuses."""
    return loads(stream.read())


def loads(text):
    """Return the value in a text or bytes. Raises ValueError for one that the firmware refuses."""
    if not isinstance(text, str):
        text = bytes(text).decode()
    return _parse(text.split(_END)[0] + _END)


def _fail():
    raise ValueError("syntax error in JSON")


def _parse(text):
    """Return the value in a text that ends with _END."""
    top = None  # the list or dict that is open
    outer = []  # those around it
    keys = []  # for each of them, and for `top`, the key that waits for its value: [] or [key]
    at = 0
    while text[at] != _END:
        sign = text[at]
        if sign in _BLANKS:
            at += 1
            continue
        if sign in "]}":
            if top is None:
                _fail()
            at += 1
            keys.pop()
            if not outer:
                return _last(top, text, at)
            top = outer.pop()
            continue
        value, at = _value(text, at)
        nested = isinstance(value, (list, dict))
        if top is None:
            if not nested:
                return _last(value, text, at)
        elif isinstance(top, list):
            top.append(value)
        elif keys[-1]:
            top[keys[-1].pop()] = value
        elif nested:
            _fail()
        else:
            keys[-1].append(value)
        if nested:
            if top is not None:
                outer.append(top)
            top = value
            keys.append([])
    # Open brackets at the end are no error, but a text without a value is one.
    if top is None:
        _fail()
    return outer[0] if outer else top


def _last(value, text, at):
    """Return the value, behind which only white space may follow."""
    while text[at] in _SPACE:
        at += 1
    return value if text[at] == _END else _fail()


def _value(text, at):
    """Return the value that begins at an index, an empty one for a list or dict, and the index behind it."""
    sign = text[at]
    if sign == "[":
        return [], at + 1
    if sign == "{":
        return {}, at + 1
    if sign == '"':
        return _string(text, at + 1)
    if sign == "-" or "0" <= sign <= "9":
        end = at + 1
        while text[end] in _NUMBER:
            end += 1
        return _number(text[at:end]), end
    for word, value in _WORDS:
        if text[at : at + len(word)] == word:
            return value, at + len(word)
    return _fail()


def _string(text, at):
    parts = []
    while text[at] != '"':
        sign = text[at]
        if sign == "\\":
            at += 1
            sign = _ESCAPES.get(text[at], text[at])
            if text[at] == "u":
                sign, at = _code(text, at)
        if text[at] == _END:
            _fail()
        parts.append(sign)
        at += 1
    return "".join(parts), at + 1


def _code(text, at):
    """Return the letter of `uXXXX` and the index of its last digit; other letters count as digits, too."""
    number = 0
    for _ in range(4):
        at += 1
        if text[at] == _END:
            return "", at
        digit = ((ord(text[at]) | 0x20) - 48) & 255
        number = number << 4 | (digit - 39 & 255 if digit > 9 else digit)
    return chr(number & 0xFFFF), at


def _number(text):
    # Python's own int and float take blanks and underscores as well, but _NUMBER has neither.
    is_float = "." in text or "e" in text or "E" in text
    try:
        return float(text) if is_float else int(text, 10)
    except ValueError:
        digits = text[1:] if text[0] == "-" else text
        raise ValueError(
            "invalid syntax for number" if is_float else "invalid syntax for integer with base 10: '%s'" % digits
        )
