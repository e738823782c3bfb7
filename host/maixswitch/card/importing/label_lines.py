"""Read labels from plain text: one a line, on one line with commas, numbered, quoted, or as a table (CSV)."""

from __future__ import annotations

import csv
import re

from .label_values import MAX_LABELS, in_order, strings, whole

MAX_LINE = 400
NAME_HEADS = (
    "name", "label", "class", "labels", "classes", "class_name", "classname", "display_name", "category", "title",
    "class name", "类别", "标签", "名称",
)  # fmt: skip
NUMBER_HEADS = (
    "id", "index", "idx", "class_id", "classid", "label_id", "number", "no", "no.", "class", "label", "value", "#", "",
    "class id", "编号", "序号",
)  # fmt: skip
SINGLE_HEADS = ("name", "label", "labels", "class_name", "display_name")
MARKED = re.compile(r"[\[(#]?(\d{1,5})[\])]?[ \t]*(?:[:=)\]\t]|\.(?=\D)|[ \t]-(?=[ \t])|(?<=[\])]))[ \t]*(.*)")
"""A number with a mark behind it, such as "0: cat", "1) cat", "2. cat", "3 - cat" or "[4] cat"."""
SPACED = re.compile(r"(\d{1,5})[ \t]+(.*)")
BEHIND = re.compile(r"(.*?)[ \t]*(?:[:=\t]|->|=>)[ \t]*(\d{1,5})")
BEHIND_SPACE = re.compile(r"(.*?)[ \t]+(\d{1,5})")
SYNSET = re.compile(r"n\d{8}[ \t,:]+")
QUOTED = re.compile(r"\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'")
CODE = re.compile(
    r"(?:import|from|def|class|for|while|if|return|with|try|print|const|static|char|var|let)\b.*[:;({\"'=]|#include|#define"
    r"|</\w|<\w+[ /=][^>]*>|<[?!]|[{}\[\]]+[,;]?$|.*[;{]$"
)
PROSE = re.compile(r"[^\w\s]{4,}$|.*https?://|(?:\S+[ \t]+){8,}\S+[.:]$")
"""A ruled line, an address, or a sentence: the file is a note for people."""
SETTING = re.compile(r"[A-Za-z_][\w.-]*[ \t]*(?:=|:(?=[ \t]|$))")


def read_lines(text: str) -> list[str] | None:
    """Return the labels of a plain text; None if it holds none, or looks like code, settings or a table of more."""
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith(("# ", "//"))]
    if not 0 < len(lines) <= MAX_LABELS + 1 or any(len(line) > MAX_LINE for line in lines):
        return None
    if any(CODE.match(line) or PROSE.match(line) for line in lines):
        return None
    if len(lines) == 1:
        lines = _parts(lines[0])
    else:
        table = _table(lines)
        if table is not None:
            return table or None
        lines = _without_commas(lines)
    lines = _without_quotes(lines)
    if not lines:
        return None
    if all(SYNSET.match(line) for line in lines):
        lines = [SYNSET.sub("", line, count=1) for line in lines]
    numbered = _numbered(lines)
    if numbered is not None:
        return numbered or None
    # A file of settings, such as Darknet's .data, has a name before each value. Its lines are not labels.
    if all(SETTING.match(line) for line in lines):
        return None
    return strings(lines)


def _parts(line: str) -> list[str]:
    """Return the labels of a single line, between the first kind of separator that it has."""
    for mark in (",", ";", "\uff0c", "\u3001", "\t"):  # the third and fourth are Chinese commas
        if mark in line:
            cells = _cells(line, mark)
            # A table of one row.
            if len(cells) == 2 and cells[0] == "0" and not cells[1].isdigit():
                return cells[1:]
            # "0: bird, small" is one numbered label; "0: bird, 1: cat" are two.
            numbered = [MARKED.fullmatch(cell) is not None for cell in cells]
            return cells if numbered[:1] != [True] or all(numbered) else [line]
    return [line]


def _cells(line: str, mark: str) -> list[str]:
    """Split a line at a mark, but not inside quotation marks."""
    parts = re.findall(rf"(?:^|{mark})[ \t]*(\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'|[^{mark}]*?)[ \t]*(?={mark}|$)", line)
    parts = [part.strip() for part in parts]
    return [part for part in parts if part]


def _table(lines: list[str]) -> list[str] | None:
    """Return the labels of a table; None if the lines are not a table, [] if its labels are not certain."""
    for mark in (",", ";", "\t"):
        if not all(mark in line for line in lines):
            continue
        try:
            rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=mark, skipinitialspace=True)]
        except csv.Error:
            return []
        width = len(rows[0])
        if width < 2 or any(len(row) != width for row in rows):
            continue
        head = [cell.lower() for cell in rows[0]]
        if any(cell in NAME_HEADS for cell in head):
            return _columns(rows[1:], head) or []
        # Without a head only a column of numbers shows that this is a table: a label may hold a comma.
        numbers = [at for at in range(width) if all(whole(row[at]) is not None for row in rows)]
        if width == 2 and len(numbers) == 1:
            return _columns(rows, ["name", "id"] if numbers[0] else ["id", "name"]) or []
        # "0,cat,animal": which of the columns has the label is a guess.
        if numbers:
            return []
    if _unquoted(lines[0]).lower() in SINGLE_HEADS:
        return _without_quotes(lines[1:])
    return None


def _columns(rows: list[list[str]], head: list[str]) -> list[str] | None:
    """Return the labels of a table's rows, by the heads of its columns; None if they are not certain."""
    if not rows:
        return None
    # "class" may be the head of the names or of the numbers: the contents tell.
    columns = list(zip(*rows, strict=True))
    counted = [at for at, cells in enumerate(columns) if all(whole(cell) is not None for cell in cells)]
    numbers = [at for at in counted if head[at] in NUMBER_HEADS]
    names = [at for at, title in enumerate(head) if title in NAME_HEADS and at not in numbers[:1]]
    if not names:
        return None
    labels = [_unquoted(cell) for cell in columns[names[0]]]
    if numbers:
        return in_order([(whole(cell) or 0, label) for cell, label in zip(columns[numbers[0]], labels, strict=True)])
    # A table of training pictures names each class many times.
    return strings(labels) if len(set(labels)) == len(labels) else None


def _without_commas(lines: list[str]) -> list[str]:
    """Return the lines without the commas behind them, if every line but the last has one."""
    if all(line.endswith(",") for line in lines[:-1]):
        return [line.removesuffix(",").strip() for line in lines]
    return lines


def _without_quotes(lines: list[str]) -> list[str]:
    """Return the lines without their quotation marks, if a table with one column would be written that way."""
    quoted = [QUOTED.fullmatch(line) is not None for line in lines]
    plain = [line for line, is_quoted in zip(lines, quoted, strict=True) if not is_quoted]
    # A file that quotes only what must be quoted has no plain line with a comma or a quotation mark.
    if not any(quoted) or any("," in line or '"' in line for line in plain):
        return lines
    return [_unquoted(line) for line in lines]


def _unquoted(text: str) -> str:
    """Return a text without the quotation marks around it, if it has any."""
    return text[1:-1].replace(text[0] * 2, text[0]).strip() if QUOTED.fullmatch(text) else text


def _numbered(lines: list[str]) -> list[str] | None:
    """Return the names of numbered lines; None without numbers, [] if numbers with marks have gaps or doubles."""
    for pattern, number, name in ((MARKED, 1, 2), (BEHIND, 2, 1)):
        matches = [pattern.fullmatch(line) for line in lines]
        if all(match and match[name].strip() for match in matches):
            rows = [(int(match[number]), match[name].strip()) for match in matches if match]
            # "10:30" is a time, not a number and a name.
            if not all(text.isdigit() for _, text in rows) or (pattern is MARKED and " " in lines[0]):
                return in_order(rows) or []
    # With a blank only, the number may be part of the label, such as "2 euro": it must count the lines.
    for pattern, number, name in ((SPACED, 1, 2), (BEHIND_SPACE, 2, 1)):
        matches = [pattern.fullmatch(line) for line in lines]
        if not all(matches):
            continue
        rows = [(int(match[number]), match[name].strip()) for match in matches if match]
        first = rows[0][0]
        counts = [row[0] for row in rows] == list(range(first, first + len(rows)))
        # "class 1", "class 2" are names; so is "1 euro" alone.
        least = 0 if len(rows) == 1 or pattern is BEHIND_SPACE else 1
        if counts and first <= least and len({text for _, text in rows}) == len(rows):
            return [text for _, text in rows]
    return None
