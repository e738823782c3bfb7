"""Read labels from YAML and from the label maps of TensorFlow (.pbtxt), in the forms that training tools write."""

from __future__ import annotations

import json
import re

from .label_values import in_order, labels_of, strings

YAML_KEY = re.compile(r"^(names|labels|classes|class_names|label_names)[ \t]*:[ \t]*(.*)$", re.MULTILINE)
YAML_COUNT = re.compile(r"^(?:nc|num_classes|n_classes)[ \t]*:[ \t]*(\d{1,6})[ \t]*(?:#.*)?$", re.MULTILINE)
ITEM = re.compile(r"item\s*:?\s*\{((?:[^{}\"']|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')*)\}")
FIELD = re.compile(r"(\w+)\s*:\s*(\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|[^\s,;]+)")
COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
MAPPED = re.compile(r"(\d{1,5}|\"[^\"]*\"|'[^']*'|[^\s:#'\"\[{][^:#]*?)[ \t]*:(?:[ \t]+(.*))?$")


def read_yaml(text: str) -> list[str] | None:
    """Return the labels under `names:` and similar keys, or of a document that is one list; None for anything else.

    Knows lists and dictionaries, in brackets or one item a line. Any other form of YAML gives None.
    """
    keys = YAML_KEY.findall(text)
    if not keys:
        return block(text.splitlines())
    if len(keys) != 1:
        return None
    match = YAML_KEY.search(text)
    rest = text[match.end() :] if match else ""
    labels = _flow(keys[0][1] + rest) if keys[0][1][:1] in ("[", "{") else None
    if not _bare(keys[0][1]):
        labels = block(_indented(rest))
    # The file's own count shows whether the reading is right.
    counted = YAML_COUNT.search(text)
    return labels if labels and (counted is None or int(counted[1]) == len(labels)) else None


def block(lines: list[str]) -> list[str] | None:
    """Return the labels of lines such as `- cat` or `0: cat`; None for anything else."""
    items: list[str] = []
    numbered: list[tuple[int, str]] = []
    keys: list[tuple[str, str]] = []
    for line in map(str.strip, lines):
        if not line or line.startswith("#") or line == "---":
            continue
        if line.startswith("- "):
            name = scalar(line[2:])
            items.append(name or "")
        else:
            match = MAPPED.match(line)
            key, value = (scalar(match[1]), scalar(match[2] or "")) if match else (None, None)
            if key is None or not value:
                return None
            keys.append((key, value))
            if key.isdigit() and len(key) < 6:
                numbered.append((int(key), value))
            elif value.isdigit() and len(value) < 6:
                numbered.append((int(value), key))
            else:
                return None
    # Neither a mixture nor a key that occurs twice is a dictionary.
    if (items and numbered) or len({key for key, _ in keys}) != len(keys):
        return None
    return strings(items) if items else in_order(numbered)


def scalar(text: str) -> str | None:
    """Return a plain or quoted text of YAML, without its comment; None if the line has something else."""
    text = text.strip()
    if text[:1] == "'":
        match = re.fullmatch(r"'((?:[^']|'')*)'[ \t]*(?:#.*)?", text)
        return match[1].replace("''", "'") if match else None
    if text[:1] == '"':
        match = re.fullmatch(r'("(?:[^"\\]|\\.)*")[ \t]*(?:#.*)?', text)
        try:
            return str(json.loads(match[1])) if match else None
        except ValueError:
            return None
    text = _bare(text)
    # These characters begin something else in YAML: an anchor, a tag, a block of lines, a nested list.
    if text[:1] in tuple("&*!|>[{%@`") or ": " in text or text.endswith(":"):
        return None
    return text


def _bare(text: str) -> str:
    """Return a line without its comment."""
    return re.split(r"(?:^|[ \t])#", text, maxsplit=1)[0].strip()


def _indented(text: str) -> list[str]:
    """Return the lines that belong to the key above them."""
    lines = []
    for line in text.splitlines():
        # The items of a list may stand in the column of their key; other lines in that column are the next key.
        if line.strip() and line[0] not in " \t-#":
            break
        lines.append(line)
    return lines


def _flow(text: str) -> list[str] | None:
    """Return the labels of `[a, 'b']` or `{0: a, 1: b}` at the start of a text; None for anything else."""
    close = {"[": "]", "{": "}"}[text[0]]
    parts = _split(text[1:], close)
    if parts is None:
        return None
    names = [part.strip() for part in parts]
    if names and not names[-1]:  # a comma behind the last item
        names.pop()
    if close == "]":
        return strings([scalar(name) or "" for name in names])
    return block(names)


def _split(text: str, close: str) -> list[str] | None:
    """Return the parts between commas up to the closing bracket; None without it, or for brackets inside."""
    text = COMMENT.sub("", text)
    parts, start, quote, at = [], 0, "", 0
    while at < len(text):
        c = text[at]
        if quote:
            if c == "\\" and quote == '"':
                at += 1
            elif c == quote:
                quote = ""
        # A quotation mark inside a word, such as in "don't", does not begin a quoted text.
        elif c in "\"'" and not text[start:at].strip(" \t\n").rpartition(":")[2].strip():
            quote = c
        elif c == ",":
            parts.append(text[start:at])
            start = at + 1
        elif c == close:
            return [*parts, text[start:at]]
        elif c in "[]{}":
            return None
        at += 1
    return None


def read_pbtxt(text: str) -> list[str] | None:
    """Return the labels of a label map, `item { id: 1 name: 'cat' }` ..., by their numbers; None for anything else."""
    # Between and around the items only comments may stand: otherwise an item with a strange form would get lost.
    text = COMMENT.sub("", text)
    if ITEM.sub("", text).strip(" \t\r\n,"):
        return None
    records = []
    for item in ITEM.findall(text):
        fields = {name.lower(): _unquoted(value) for name, value in FIELD.findall(item)}
        records.append(fields)
    return labels_of(records)


def _unquoted(value: str) -> str:
    if value[:1] not in "\"'":
        return value
    return re.sub(r"\\(.)", r"\1", value[1:-1])
