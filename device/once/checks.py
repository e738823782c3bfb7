"""Judges the JSON files of a card. A problem is four short texts: file, field, what is there, what was expected.

ujson.loads of this core accepts some broken text, and True equals 1, so every value is checked. Needed only while the
card is read: the reader drops this module again.
"""

import uio
import ujson

JSON_MAX = 8192
BOM = b"\xef\xbb\xbf"


def fits(value, rule):
    """Return whether a value of a JSON file obeys a rule. Users read the rule's text, too. A bool is not a number."""
    words = rule.split(" ")
    if words[0] == "one":
        return isinstance(value, str) and value in words[2:]
    if rule == "true or false":
        return isinstance(value, bool)
    # The last words are the bounds, "1 to 10", so the text that the user reads and the check cannot differ.
    low = int(words[-3])
    high = int(words[-1])
    if "text," in words:
        if not isinstance(value, str) or not low <= len(value) <= high or not value.strip() or min(value) < " ":
            return False
        return words[1] != "ASCII" or max(value) <= "~"
    # True is an int in Python: "top": true would pass for 1.
    if isinstance(value, bool) or not isinstance(value, int if words[1] == "whole" else (int, float)):
        return False
    return low <= value <= high


def all_fit(value, rule, count):
    """Return whether a value is a list of `count` values that obey a rule."""
    return isinstance(value, list) and len(value) == count and all([fits(part, rule) for part in value])


def show(value):
    """Return a value of a JSON file as short text."""
    return ujson.dumps(value)[:40]


def _trouble(data):
    """Return what is wrong with a text that json.loads may accept: open brackets, open quotes, depth over 8; or ""."""
    # show() prints a nested value by recursion, and the stack has 32 KiB.
    depth = 0
    quoted = escaped = False
    for c in data:
        if quoted:
            quoted = escaped or c != 34
            escaped = c == 92 and not escaped
        elif c == 34:
            quoted = True
        elif c == 91 or c == 123:
            depth += 1
            if depth > 8:
                return "nested too deep"
        elif c == 93 or c == 125:
            depth -= 1
    return "cut off" if depth or quoted else ""


def read_json(path, name, problems):
    """Return the object in a JSON file; {} when there is none, with the reason in `problems`.

    name: the file's name in problems.
    Raises OSError 19 when there is no card.
    """
    actual = ""
    data = {}
    try:
        with uio.open(path, "rb") as file:
            # One byte more than allowed shows that the file is too long, without reading megabytes.
            text = file.read(JSON_MAX + 1)
        if text[:3] == BOM:
            text = text[3:]
        actual = "over %d bytes" % JSON_MAX if len(text) > JSON_MAX else _trouble(text)
        if not actual:
            data = ujson.loads(text.decode())
            if not isinstance(data, dict):
                actual = show(data)
    except OSError as error:
        # Without a card nothing is known about the file: the caller must not treat it as missing.
        if error.args[0] == 19:
            raise
        actual = "missing" if error.args[0] == 2 else "error %s" % error.args[0]
    except (ValueError, TypeError):
        actual = "broken text"
    if actual:
        problems.append((name, "", actual, "a JSON object"))
        return {}
    return data
