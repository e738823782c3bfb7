"""Hostile scripts end within a second of processor time and a few megabytes, and nothing of them is executed."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import pytest

from tests.host.card.importing_script.reading import read

SECONDS = 4.0
"""Twice to four times what they take on a slow machine."""
MEGABYTES = 40
LOAD = "\nKPU.load('/sd/x.kmodel')\n"


def many(line: str, count: int) -> str:
    """Return a line `count` times, with its number for %d."""
    return "".join(line % ((number,) * line.count("%d")) for number in range(count))


SCRIPTS = {
    "long text": "a = 'a' * 10**9; b = ('a' * 1000).replace('a', 'b' * 9999); c = ('x' * 9999).join(['a'] * 9999)",
    "long list": "a = [0] * 10**9; b = list(range(10**9)); c = [n for n in range(10**9)]",
    "large numbers": "a = 10**10**10; b = 1 << 10**9; c = 2 ** -10**9; d = 9.9 ** 9999; e = -(1 << 900) * (1 << 900)",
    "wide formats": "a = '{:999999999}'.format(1); b = '%999999999d' % 1; c = f'{1:999999999}'; d = '%*d' % (10**9, 1)",
    "wide methods": "a = 'a'.ljust(10**9); b = 'a'.center(10**9); c = '1'.zfill(10**9)",
    "endless loop": "while True:\n    pass",
    "endless counter": "n = 0\nwhile n < 10**12:\n    n += 1\n    x = [n] * 100",
    "nested loops": "for a in range(10**9):\n    for b in range(10**9):\n        for c in range(10**9):\n"
    "            d = a",
    "doubling": "a = 'x' * 100\nb = [1]\nfor n in range(1000):\n    a = a + a\n    b.extend(b)",
    "branches": many("if keys.read(%d): a = %d\nelse: a = -%d\n", 2000),
    "handlers": many("try:\n    a = %d\nexcept: a = -%d\n", 2000),
    "recursion": "def f(n):\n    return f(n + 1) + f(n + 2)\nf(0)\ng = lambda h: h(h)(h(h))\ng(g)",
    "generator of itself": "def g():\n    while True:\n        yield from g()\nfor n in g(): pass",
    "list in itself": "a = []\na.append(a)\nb = {}\nb['b'] = b\n"
    "print(a == a, str(a), '%s' % a, a in a, sorted(a), f'{b}')",
    "shared lists": "a = ['x'] * 100\nb = ['x'] * 100\nfor n in range(50):\n    a = [a] * 100\n"
    "    b = [b] * 100\nprint(a == b, a)",
    "shared key": "t = ()\nfor n in range(60):\n    t = (t, t)\nd = {t: 1}\ns = {t}\nd[t] = 2",
    "compared lists": "a = [['a'] * 4900]\nfor n in range(5000):\n    a == a\n    str(a)\n    '%s' % (a,)",
    "unpacked lists": "a = list(range(19000))\nfor n in range(4000):\n    *b, c = a\n    d = a[:]\n"
    "    e = dict(enumerate(a))",
    "searched lists": "a = [[1]] * 19000\nfor n in range(4000):\n    [2] in a\n    a.index([2])",
    "long template": "a = '%s' * 50000\nb = '{}' * 50000\nfor n in range(3000):\n    a % 1\n    b.format(1)",
    "brackets": "(" * 5000 + ")" * 5000,
    "signs": "a = " + "-" * 30000 + "1",
    "sum": "a = " + "1 + " * 20000 + "1",
    "chain": "a = b" + ".c" * 20000 + "()" * 5000,
    "indentation": "".join(" " * n + "if keys.read():\n" for n in range(90)) + " " * 90 + "pass",
    "elif": "if a() == 0: pass\n" + many("elif a() == %d: pass\n", 800),
    "digits": "a = " + "9" * 100_000,
    "hexadecimal": "a = 0x" + "f" * 100_000 + "\nb = a * a * a",
    "classes": "class A(A): pass\n" * 100 + "class B:\n    def __getitem__(self, n): return self[n]\nB()[0]",
    "decorators": "def d(f): return d(d)\n@d\n@d\ndef g(): pass",
    "opened lists": "x = [\n" * 3000,
    "json": "import json\nfor n in range(4000): json.loads('[1]')\njson.loads('[' * 100000)",
}  # fmt: skip


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=list(SCRIPTS))
def test_bounded_time(script: str) -> None:
    start = time.process_time()
    reading = read("import KPU\n" + script + LOAD)
    assert time.process_time() - start < SECONDS
    # What comes after the trap is still read.
    assert [use.model for use in reading.uses] == ["/sd/x.kmodel"]


LARGE = (
    "long text",
    "long list",
    "large numbers",
    "doubling",
    "shared lists",
    "unpacked lists",
    "json",
    "wide formats",
)


@pytest.mark.parametrize("name", LARGE)
def test_bounded_memory(name: str) -> None:
    tracemalloc.start()
    try:
        read("import KPU\n" + SCRIPTS[name] + LOAD)
        assert tracemalloc.get_traced_memory()[1] < MEGABYTES << 20
    finally:
        tracemalloc.stop()


def test_a_script_of_the_largest_size() -> None:
    body = "import KPU\n" + many("if keys.read():\n    names_%d = ['ox', 'yak']\n", 3000)
    start = time.process_time()
    reading = read(body[: (128 << 10) - 100] + LOAD)
    assert time.process_time() - start < SECONDS
    assert not reading.uses or reading.uses[0].model == "/sd/x.kmodel"
    assert read("#" * (129 << 10) + LOAD).trouble == "too long or too deep"


def test_endless_new_models() -> None:
    reading = read("import KPU\nn = 0\nwhile True:\n    n += 1\n    task = KPU.load('/sd/%d.kmodel' % n)\n")
    assert 1 < len(reading.uses) < 100


def test_nothing_is_executed(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    reading = read(
        f"""
        import KPU, os
        exec("open({str(mark)!r}, 'w')")
        eval("open({str(mark)!r}, 'w')")
        __import__('os').system('touch {mark}')
        os.system('touch {mark}')
        open({str(mark)!r}, 'w').write('x')
        print('{{0.__class__.__init__.__globals__}}'.format(KPU), [].__class__.__base__.__subclasses__())
        KPU.load('/sd/x.kmodel')
        """
    )
    assert [use.model for use in reading.uses] == ["/sd/x.kmodel"]
    assert not mark.exists()


def test_paths_out_of_the_source_are_only_asked_for() -> None:
    asked: list[str] = []
    from maixswitch.card.importing.script.read import read_script

    def refuse(path: str) -> None:
        asked.append(path)

    read_script("x = open('/etc/passwd').read()\ny = open('a' * 5000)\nimport lcd, secret\n", "main.py", refuse)
    assert asked == ["/etc/passwd", "secret.py", "secret/__init__.py"]
