"""The texts of faults when their table cannot be read: the card that holds the app is gone, or the heap is full."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import pytest

from device import errors
from device.errors import NEAR, DeviceError, describe, from_exception
from device.once.error_texts import codes

TEXTS = {code: describe(code) for code in codes()}
FAR = [code for code in codes() if code not in NEAR]


@contextmanager
def unreadable(error: BaseException) -> Iterator[None]:
    """Let the import of any part of the app raise `error`."""

    class Finder:
        @staticmethod
        def find_spec(name: str, *_: object) -> None:
            if name.startswith("device."):
                raise error

    sys.meta_path.insert(0, Finder)
    try:
        yield
    finally:
        sys.meta_path.remove(Finder)


GONE = [ImportError("no module"), OSError(5), SyntaxError("cut off"), ValueError("incompatible .mpy file")]


@pytest.mark.parametrize("error", [*GONE, MemoryError()], ids=repr)
def test_faults_that_card_or_heap_can_cause_keep_their_texts(error: Exception) -> None:
    with unreadable(error):
        assert {code: describe(code) for code in NEAR} == {code: TEXTS[code] for code in NEAR}
    assert {from_exception(cause).code for cause in (MemoryError(), OSError(5), OSError(19), OSError(2))} <= set(NEAR)


@pytest.mark.parametrize("code", FAR)
def test_any_other_fault_keeps_its_name_and_tells_why_its_texts_are_missing(code: int) -> None:
    for error, instead in [*[(error, 108) for error in GONE], (MemoryError(), 106)]:
        with unreadable(error):
            assert describe(code) == (TEXTS[code][0], *TEXTS[instead][1:])
            assert str(DeviceError(code, "detail")) == f"{code} {TEXTS[code][0]}: detail"
        assert describe(code) == TEXTS[code]


def test_ctrl_c_while_the_table_is_read_passes_through() -> None:
    with unreadable(KeyboardInterrupt()), pytest.raises(KeyboardInterrupt):
        describe(2006)
    assert describe(2006) == TEXTS[2006]


def test_a_half_imported_module_is_not_used_again() -> None:
    """v1.11 keeps a module whose import failed."""
    sys.modules["device.once.error_texts"] = ModuleType("device.once.error_texts")
    assert describe(2006) == ("ERR_NO_MEM", *TEXTS[108][1:])
    assert describe(2006) == TEXTS[2006]


def test_an_unknown_code_is_not_taken_for_an_unreadable_table() -> None:
    with unreadable(ImportError()), pytest.raises(KeyError):
        describe(2000)


def test_the_table_does_not_stay() -> None:
    describe(2006)
    assert "device.once.error_texts" not in sys.modules
    kept = "".join(value for value in vars(errors).values() if isinstance(value, str))
    assert [code for code in codes() if TEXTS[code][2] in kept] == [code for code in codes() if code in NEAR]
