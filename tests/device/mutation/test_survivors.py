"""The table of explained survivors agrees with the code; `make mutation` runs the mutants themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.device.mutation import more_mutants, run
from tests.device.mutation.survivors import SURVIVORS

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("row", SURVIVORS, ids=lambda row: f"{row[0]}: {row[2]}")
def test_an_explained_survivor_names_a_line_that_exists(row: tuple[str, str, str, str]) -> None:
    file, was, now, why = row
    lines = [line.strip() for line in (ROOT / "device" / file).read_text(encoding="utf-8").splitlines()]
    assert was in lines, f"{file} has no such line any more: run `make mutation`"
    assert now != was
    assert why


def test_none_is_explained_twice() -> None:
    assert len({row[:3] for row in SURVIVORS}) == len(SURVIVORS)


DIFF = """--- device/fsm.py
+++ device/fsm.py
@@ -5,3 +5,3 @@
     seen = 0
-    seen = []
+    seen = None
"""


def test_a_survivor_is_named_by_its_line_before_and_after() -> None:
    assert run.difference(DIFF) == ("seen = []", "seen = None")


SOURCE = '''TRANSITIONS = """
A GO: one -> B
B GO: two, one -> A
"""
LIMIT = 3


def act(it):
    """Do not mutate me."""
    try:
        it.go()
    except (OSError, ValueError):
        raise
    if it:
        del it[:]
'''


def test_more_mutants_changes_what_it_promises() -> None:
    actual = {(mutant.was, mutant.now) for mutant in more_mutants.of(SOURCE)}
    assert actual == {
        ("A GO: one -> B", "(removed)"),
        ("A GO: one -> B", "A GO: one -> A"),
        ("A GO: one -> B", "A GO: two -> B"),
        ("B GO: two, one -> A", "(removed)"),
        ("B GO: two, one -> A", "B GO: two, one -> B"),
        ("B GO: two, one -> A", "B GO: one -> A"),
        ("B GO: two, one -> A", "B GO: two -> A"),
        ("LIMIT = 3", "LIMIT = 4"),
        ("it.go()", "pass"),
        ("except (OSError, ValueError):", "except (ValueError,):"),
        ("except (OSError, ValueError):", "except (OSError,):"),
        ("raise", "pass"),
        ("if it:", "if not it:"),
        ("del it[:]", "pass"),
    }


def test_every_mutant_is_one_change_that_compiles() -> None:
    for path in sorted((ROOT / "device").glob("*.py")):
        source = path.read_text(encoding="utf-8")
        for mutant in more_mutants.of(source):
            assert mutant.text != source
            compile(mutant.text, path.name, "exec")
