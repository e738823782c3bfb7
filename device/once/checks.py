"""Judging the JSON files of a card. A problem is (file, field, found, wanted), short texts all.

json.loads of this core takes broken text, and true passes for 1, so every value is looked at. Needed only while the
card is read: who reads it has this module forgotten again.
"""

import json

import uio

JSON_MAX = 8192
BOM = b"\xef\xbb\xbf"


def fits(value, rule):
    """Return whether a value of a JSON file keeps a rule; the rule is what the user reads. A bool is no number here."""
    words = rule.split(" ")
    if words[0] == "one":
        return isinstance(value, str) and value in words[2:]
    if rule == "true or false":
        return isinstance(value, bool)
    low = int(words[-3])
    high = int(words[-1])
    if words[1] == "text,":
        return isinstance(value, str) and low <= len(value) <= high and value.strip() != "" and min(value) >= " "
    if isinstance(value, bool) or not isinstance(value, int if words[1] == "whole" else (int, float)):
        return False
    return low <= value <= high


def all_fit(value, rule, count):
    """Return whether a value is a list of `count` values that keep a rule."""
    return isinstance(value, list) and len(value) == count and all([fits(part, rule) for part in value])


def show(value):
    """Return a value of a JSON file as short text."""
    return json.dumps(value)[:40]


def _trouble(data):
    """Return "" for text whose brackets and quotes close, at most 8 deep, else what is wrong: json may not say."""
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
    """Return the object in a JSON file, {} when there is none and the reason in problems, with `name` for the file.

    OSError 19 (no card) is passed on.
    """
    found = ""
    data = {}
    try:
        with uio.open(path, "rb") as file:
            text = file.read(JSON_MAX + 1)
        if text[:3] == BOM:
            text = text[3:]
        found = "over %d bytes" % JSON_MAX if len(text) > JSON_MAX else _trouble(text)
        if not found:
            data = json.loads(text.decode())
            if not isinstance(data, dict):
                found = show(data)
    except OSError as error:
        if error.args[0] == 19:
            raise
        found = "missing" if error.args[0] == 2 else "error %s" % error.args[0]
    except (ValueError, TypeError):
        found = "broken text"
    if found:
        problems.append((name, "", found, "a JSON object"))
        return {}
    return data
