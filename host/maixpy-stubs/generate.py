"""Writes the .pyi files from table/: table/FOLDER/MODULE.tsv becomes FOLDER/MODULE.pyi.

`python generate.py` renews the files, `python generate.py --check` names those that differ.

A row of the table has four columns, parted by tabs: name, declaration, where, says.

name: of a module's name, or CLASS.MEMBER. Rows of one name in a row are overloads. `import` rows come first.
declaration: `module`, `class`, `(parameters) -> type`, `static (...) -> type`, `= value`, `: type`, `alias TYPE`,
    `same as MODULE`, or `keyword` for a name that Python cannot write.
where: the flavours that have the name, as "only full, with_lvgl", "not minimum" and "since v0.6.2-41"; empty for all.
says: the docstring.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

HERE = Path(__file__).resolve().parent
TABLE = HERE / "table"
FOLDERS = ("typings", "typings-canmv", "typings-pyright")
"""`maix` of CanMV is apart, since Windows and macOS cannot keep Maix.pyi and maix.pyi in one folder. `sys` is apart,
since mypy refuses a stub for it. `collections` has none, as type checkers know namedtuple in their own stub only."""
WIDTH = 120
FROM_TYPING = ("Any", "Final", "Literal", "NoReturn", "TypeAlias", "TypeVar", "overload")
FROM_ABC = ("Callable", "Iterator", "Sequence")
UNKNOWN = "(*args: Any, **kwargs: Any) -> Any"


@dataclass(frozen=True)
class Row:
    """A name of a module, as the table declares it."""

    module: str
    name: str
    declaration: str
    where: str
    says: str

    @property
    def owner(self) -> str:
        """The class of a member, or "" for a name of the module."""
        return self.name.rpartition(".")[0]

    @property
    def own_name(self) -> str:
        """The name without its class."""
        return self.name.rpartition(".")[2]

    @property
    def is_unknown(self) -> bool:
        """Is nothing known about the parameters?"""
        return self.declaration.removeprefix("static ").replace("self, ", "") == UNKNOWN


def read_module(path: Path) -> list[Row]:
    """Return the rows of a file of the table. Raises ValueError for a line without four columns."""
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        columns = line.split("\t")
        if len(columns) != 4:
            raise ValueError(f"{path}:{number}: {len(columns)} columns; expected 4")
        rows.append(Row(path.stem, *columns))
    return rows


def read_table() -> dict[str, list[Row]]:
    """Return the rows of all modules, by module."""
    return {path.stem: read_module(path) for folder in FOLDERS for path in sorted((TABLE / folder).glob("*.tsv"))}


def docstring(row: Row, indent: str) -> str:
    """Return the docstring of a row with the flavours that have it, or "" for neither."""
    where = f"In the firmware: {row.where}." if row.where else ""
    one_line = f'{indent}"""{" ".join(filter(None, (row.says, where)))}"""'
    if not row.says and not where:
        return ""
    if len(one_line) <= WIDTH or not where or not row.says:
        return one_line + "\n"
    return f'{indent}"""{row.says}\n\n{indent}{where}\n{indent}"""\n'


def constant(row: Row, indent: str) -> str:
    """Return the line of an attribute or a constant; the flavours that have it are a comment."""
    declaration = row.declaration
    if declaration.startswith("= "):
        declaration = f": Final {declaration}"
    comment = f"  # {row.where}" if row.where else ""
    text = f"{indent}{row.own_name}{declaration}{comment}\n"
    return text + (f'{indent}"""{row.says}"""\n' if row.says else "")


def function(rows: list[Row], indent: str) -> str:
    """Return a function, or the overloads of one."""
    text = ""
    for row in rows:
        static = row.declaration.startswith("static ")
        doc = docstring(row, indent + "    ")
        text += f"{indent}@overload\n" if len(rows) > 1 else ""
        text += f"{indent}@staticmethod\n" if static else ""
        head = f"{indent}def {row.own_name}{row.declaration.removeprefix('static ')}:"
        short = f"{head} {doc.strip()}\n"
        if doc and (len(short) > WIDTH or "\n" in short[:-1]):
            text += f"{head}\n{doc}"
        else:
            text += short if doc else f"{head} ...\n"
    return text


def member(rows: list[Row], indent: str) -> str:
    """Return the declaration of a name that is not a class."""
    row = rows[0]
    if row.declaration == "keyword":
        return f'{indent}# {row.own_name}(): a keyword of Python; write getattr(value, "{row.own_name}")(...)\n'
    if row.declaration.startswith("alias "):
        return f"{indent}{row.own_name}: TypeAlias = {row.declaration.removeprefix('alias ')}\n"
    if row.declaration.startswith(("=", ":")):
        return constant(row, indent)
    if row.declaration.startswith("variable "):
        return f"{indent}{row.own_name} = {row.declaration.removeprefix('variable ')}\n"
    return function(rows, indent)


def class_text(row: Row, members: list[Row]) -> str:
    """Return a class with its members."""
    body = docstring(row, "    ")
    for _, group in groupby(members, lambda each: each.name):
        body += member(list(group), "    ")
    return f"class {row.name}:\n{body}" if body else f"class {row.name}: ...\n"


def imports(text: str, rows: list[Row]) -> str:
    """Return the lines of imports that a module's text needs."""
    lines = []
    for source, names in (("collections.abc", FROM_ABC), ("typing", FROM_TYPING)):
        used = [name for name in names if re.search(rf"\b{name}\b", text)]
        if used:
            lines.append(f"from {source} import {', '.join(used)}\n")
    return "".join(lines) + "".join(f"{row.declaration}\n" for row in rows if row.name == "import")


def parts(rows: list[Row]) -> Iterator[str]:
    """Yield the declarations of a module, classes with their members."""
    members: dict[str, list[Row]] = {}
    for row in rows:
        if row.owner:
            members.setdefault(row.owner, []).append(row)
    for _, group in groupby((row for row in rows if not row.owner), lambda each: each.name):
        same = list(group)
        if same[0].declaration == "class":
            yield class_text(same[0], members.pop(same[0].name, []))
        else:
            yield member(same, "")
    if members:
        raise ValueError(f"members without a class: {', '.join(members)}")


def module_text(rows: list[Row]) -> str:
    """Return the text of a module's .pyi file."""
    head, *rest = rows
    text = docstring(head, "") + "# Generated by generate.py.\n"
    if head.declaration.startswith("same as "):
        return text + f"\nfrom {head.declaration.removeprefix('same as ')} import *\n"
    body = "".join(parts([row for row in rest if row.name != "import"]))
    needed = imports(body, rest)
    return text + (f"\n{needed}" if needed else "") + (f"\n{body}" if body else "")


def files() -> dict[Path, str]:
    """Return the text of each generated file."""
    return {
        HERE / folder / f"{path.stem}.pyi": module_text(read_module(path))
        for folder in FOLDERS
        for path in sorted((TABLE / folder).glob("*.tsv"))
    }


def main(arguments: list[str]) -> int:
    """Write the files, or with --check name those that differ. Returns the exit code."""
    generated = files()
    existing = {path for folder in FOLDERS for path in (HERE / folder).glob("*.pyi")}
    stale = sorted(existing - set(generated))
    differing = [path for path, text in generated.items() if path not in existing or path.read_text("utf-8") != text]
    if arguments == ["--check"]:
        for path in [*differing, *stale]:
            print(f"{path.relative_to(HERE)}: not what the table says; run {Path(__file__).name}", file=sys.stderr)
        return 1 if differing or stale else 0
    for path in differing:
        path.parent.mkdir(exist_ok=True)
        path.write_text(generated[path], encoding="utf-8")
    for path in stale:
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
