"""Read lists of labels and of anchors, in the forms that training tools write, and shorten labels to the limit."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Sequence
from typing import Any

from .label_lines import read_lines
from .label_markup import YAML_KEY, read_pbtxt, read_yaml
from .label_text import decode_list
from .label_values import labels_of, strings
from .literals import BROKEN, from_json, literal, numbers
from .script.broken import assignments
from .script.read import read_script

__all__ = ["anchor_lines", "anchors", "fit_label", "fit_labels", "read_anchors", "read_labels", "strings"]
LABEL_NAMES = ("labels", "label", "classes", "class_names", "classes_name", "names", "obj_name")
ANCHOR_NAMES = ("anchors", "anchor", "anchor_in")
MAX_LABEL = 64
"""Characters of a label. The board refuses a longer one."""
MAX_TEXT = 256 << 10
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?")
SEPARATORS = re.compile(r"[\s,;()\[\]\"']*")
ARRAY = re.compile(r"\[\s*(?:'[^'\n]*'|\"[^\"\n]*\")(?:\s+(?:'[^'\n]*'|\"[^\"\n]*\"))+\s*\]")
"""An array of texts as numpy prints it, without commas. Python would join its texts."""
ASSIGNS = re.compile(r"^[ \t]*[A-Za-z_][\w.]*[ \t]*(?::[^=\n]+)?=(?!=)", re.MULTILINE)
DECLARES = re.compile(r"^[ \t]*(?:export[ \t]+)?(?:const|var|let)[ \t]+(?=[A-Za-z_]\w*[ \t]*=)", re.MULTILINE)
LISTED = re.compile(r"^[ \t]*[A-Za-z_][\w.]*[ \t]*(?::[^=\n]+)?=[ \t]*[\[({]", re.MULTILINE)
NAMED_NUMBERS = re.compile(r"^[ \t\"']*(?:anchors?|anchor_in|biases)[\"']?[ \t]*[:=]", re.MULTILINE | re.IGNORECASE)
SIDES = re.compile(r"\s*[\"']?(?:w|width|x)[\"']?\s*[,;\t ]\s*[\"']?(?:h|height|y)[\"']?\s*\n", re.IGNORECASE)


def read_labels(data: bytes) -> list[str] | None:
    """Read the labels of a file, in any of the forms that docs/import.md lists.

    Blank lines are left out.
    Returns None if the file holds no labels, more than 2000, or a form that leaves a doubt.
    """
    text = decode_list(data)
    if text is None or len(text) > MAX_TEXT:
        return None
    text = text.strip("\ufeff \t\r\n\v\f\u3000")
    labels = _labels(text) if text else None
    return [clean(label) for label in labels] if labels and all(map(clean, labels)) else None


def clean(label: str) -> str:
    """Return a label with a plain blank for each tab, wide blank, or blank that does not break."""
    # Editors of Chinese systems and web pages write such blanks. The panel would show question marks.
    return "".join(" " if c.isspace() else c for c in label if c not in "\ufeff\u200b").strip()


def _labels(text: str) -> list[str] | None:
    """Return the labels of a text, by the form that its first characters show."""
    # A text that begins like a list but is none is damaged. As plain lines its brackets would become labels.
    if text[0] in "[{" and not re.match(r"\[\d{1,5}\]", text):
        return _bracketed(text)
    if text[0] == "(" and not re.match(r"\(\d{1,5}\)", text):
        return _bracketed(text) or (read_lines(text) if "\n" in text else None)
    if re.match(r"item\s*:?\s*\{", text):
        return read_pbtxt(text)
    if re.match(r"(?:\w+\.)*\w+\([\[({]", text):
        return _called(text)
    if re.match(r"(?:\ufeff)?(?:#[^\n]*\n|---[^\n]*\n|[ \t]*\n)*(?:- |[\w-]+[ \t]*:(?:[ \t]|\r?\n))", text):
        labels = read_yaml(text)
        if labels or text.startswith("- ") or YAML_KEY.search(text):
            return labels
    # The words of JavaScript before a name hide that the rest of the line is the same as in Python.
    code = DECLARES.sub("", text)
    if ASSIGNS.search(code) and re.search(r"[\[({]", code):
        labels = _assigned(code)
        if labels or LISTED.search(code):
            return labels
    return read_lines(text)


def _bracketed(text: str) -> list[str] | None:
    """Return the labels of a list, a tuple, a dictionary, or one JSON object a line; None for anything else."""
    if ARRAY.fullmatch(text):
        return strings(re.findall(r"'([^'\n]*)'", text) if "'" in text.split(None, 1)[0] else _double(text))
    # JSON comes first, because it is stricter, and Python's literals do not include true and null.
    for read in (_json, literal, _json_lines):
        try:
            value = read(text)
        except ValueError:
            continue
        return labels_of(value) if read is not literal or not _joins(text) else None
    return read_yaml("names: " + text) if text[0] != "(" else None


def _double(text: str) -> list[str]:
    return re.findall(r"[\"']([^\"'\n]*)[\"']", text)


def _json(text: str) -> Any:
    """Return the value of a JSON text, whose objects must not have a key twice."""
    from_json(text)  # refuses what is too deep

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) != len(pairs):
            raise ValueError("a key twice")
        return dict(pairs)

    return json.loads(text, object_pairs_hook=unique)


def _json_lines(text: str) -> Any:
    return [_json(line) for line in text.splitlines() if line.strip()]


def _joins(text: str) -> bool:
    """Does a Python literal join two texts, because a comma is missing, or have a key twice?"""
    try:
        tree = ast.parse(text, mode="eval")
    except BROKEN:
        return True
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            source = ast.get_source_segment(text, node) or ""
            # One text has its quotation marks at the ends only.
            if re.search(r"([\"'])\s+[rbu]?[\"']", source[1:-1]) and _pieces(source) > 1:
                return True
        if isinstance(node, ast.Dict):
            keys = [ast.dump(key) for key in node.keys if key is not None]
            if len(set(keys)) != len(keys):
                return True
    return False


def _pieces(source: str) -> int:
    """Return the number of texts that an expression joins."""
    return len(re.findall(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", source))


def _called(text: str) -> list[str] | None:
    """Return the labels in `dict_keys([...])`, `OrderedDict([...])`, `array([...], dtype=...)`; None for others."""
    try:
        node = ast.parse(text, mode="eval").body
    except BROKEN:
        return None
    if not isinstance(node, ast.Call) or len(node.args) != 1:
        return None
    source = ast.get_source_segment(text, node.args[0])
    return _bracketed(source) if source else None


def _assigned(text: str) -> list[str] | None:
    """Return the labels of a script: those that it uses, its list of a usual name, or its only list."""
    script = read_script(text, "labels", lambda path: None)
    used = [use.labels.value for use in script.uses if use.labels is not None]
    named = [item.value for item in script.lists if item.name.lower() in LABEL_NAMES]
    # The script reader leaves out a line that is not Python, such as one with a comment of C behind the list.
    searched = [(name, labels_of(value)) for name, value, _ in assignments(text)] if not script.lists else []
    others = [(name.lower() in LABEL_NAMES, tuple(value)) for name, value in searched if value]
    named += [value for usual, value in others if usual]
    for lists in (used, named, [item.value for item in script.lists], [value for _, value in others]):
        different = list(dict.fromkeys(lists))
        if different:
            return strings(list(different[0])) if len(different) == 1 else None
    return None


def fit_label(text: str) -> tuple[str, bool]:
    """Shorten a label to the board's limit: at its first comma if that is enough, otherwise at a blank or anywhere.

    Returns the label, and whether it was shortened.
    """
    if len(text) <= MAX_LABEL:
        return text, False
    # Lists with synonyms put the usual name first.
    first = re.split(r"[,;\uff0c\uff1b\u3001]", text, maxsplit=1)[0].strip()
    if 0 < len(first) <= MAX_LABEL:
        return first, True
    words = text[: MAX_LABEL + 1].rpartition(" ")[0].strip()
    return (words if len(words) > MAX_LABEL // 2 else text[:MAX_LABEL].strip()), True


def fit_labels(labels: Sequence[str]) -> tuple[list[str], int]:
    """Shorten the labels that are over the limit, and keep those apart that become equal by it.

    Returns the labels, and the number of those that were shortened.
    """
    shortened = [fit_label(label) for label in labels]
    taken = {label for label, changed in shortened if not changed}
    fitted: dict[str, str] = {}
    # Labels that were equal before stay equal.
    for original, (label, changed) in zip(labels, shortened, strict=True):
        if original not in fitted:
            fitted[original] = apart(label, taken) if changed and label in taken else label
            taken.add(fitted[original])
    return [fitted[original] for original in labels], sum(changed for _, changed in shortened)


def apart(label: str, taken: set[str], most: int = MAX_LABEL) -> str:
    """Return a label with the first number behind it that makes it differ from all others, within the limit."""
    number = 2
    while True:
        end = f" {number}"
        candidate = label[: most - len(end)].rstrip() + end
        if candidate not in taken:
            return candidate
        number += 1


def read_anchors(data: bytes) -> list[float] | None:
    """Read the anchors of a file: a list, nested or not, ``anchors = [...]``, or numbers with commas or blanks between.

    Returns an even number of finite numbers above 0, in grid cells or fractions of the picture; None for anything else.
    """
    text = decode_list(data)
    if text is None or len(text) > MAX_TEXT:
        return None
    text = text.strip("\ufeff \t\r\n\v\f\u3000")
    if not text:
        return None
    if text[0] == "{":
        return _anchors_of(text)
    # Try the name first: the reader of plain numbers would refuse it.
    named = _named_numbers(text)
    return named if named else anchors(_plain(SIDES.sub("", text + "\n", count=1) if SIDES.match(text) else text))


def _anchors_of(text: str) -> list[float] | None:
    """Return the anchors of a JSON object or a dictionary of Python, on any level; None if they differ."""
    for read in (from_json, literal):
        try:
            todo = [read(text)]
        except ValueError:
            continue
        lists: list[list[float]] = []
        while todo:
            item = todo.pop()
            for key, value in item.items() if isinstance(item, dict) else ():
                values = anchors(value) if str(key).lower() in ANCHOR_NAMES else None
                if values and values not in lists:
                    lists.append(values)
                todo.append(value)
        return lists[0] if len(lists) == 1 else None
    return None


def _named_numbers(text: str) -> list[float] | None:
    """Return the anchors behind their name in a script, a Darknet .cfg or YAML; None if there are none or several."""
    lists = []
    for match in NAMED_NUMBERS.finditer(text):
        rest = text[match.end() :].lstrip(" \t")
        if rest[:1] in ("[", "("):
            value = anchors(_plain(_closed(rest)))
        else:
            # A name alone on its line has its numbers in the lines below, each behind a dash (YAML).
            head, _, below = rest.partition("\n")
            lines = re.match(r"(?:[ \t]*-[^\n]*(?:\n|$))+", below) if not head.strip() else None
            plain = re.sub(r"(?m)^[ \t]*(?:-[ \t]+)+", " ", lines[0]) if lines else re.split(r"#|//", head)[0]
            value = anchors(_plain(plain))
        if value is None:
            return None
        if value not in lists:
            lists.append(value)
    return lists[0] if len(lists) == 1 else None


def _closed(text: str) -> str:
    """Return a text up to the bracket that closes its first one; "" if none does."""
    depth = 0
    for at, c in enumerate(text[: 64 << 10]):
        depth += (c in "[(") - (c in "])")
        if not depth:
            return text[: at + 1]
    return ""


def anchor_lines(data: bytes) -> list[list[float]]:
    """Read a file with one list of anchors per line; [] if a line holds anything else."""
    text = decode_list(data)
    lists = []
    for line in (text or "").splitlines():
        if line.strip():
            values = anchors(_plain(line))
            if values is None:
                # After one strange line the meaning of the others is doubtful, too.
                return []
            lists.append(values)
    return lists


def _plain(text: str) -> list[float] | None:
    """Return numbers with only separators between them, None for any other text."""
    # A text with other words is prose, whose numbers are not anchors.
    if len(text) > 64 << 10 or SEPARATORS.sub("", NUMBER.sub(" ", text)).strip():
        return None
    return [float(number) for number in NUMBER.findall(text)]


def anchors(value: Any) -> list[float] | None:
    """Return an even number of finite numbers above 0 from nested lists; None for anything else."""
    values = numbers(value)
    if not values or len(values) % 2 or min(values) <= 0:
        return None
    return values
