"""Fake of the micropython module for CPython; a real MicroPython has its own."""

import bench


def const(_value: int) -> int:
    """Return the value."""
    return _value


def schedule(_function, _argument) -> None:
    """Let the scheduler call _function(_argument). Raises RuntimeError("schedule stack full") when 8 calls wait."""
    bench.enter("micropython.schedule")
    if not bench.scheduler.post(_function, _argument):
        raise RuntimeError("schedule stack full")


def kbd_intr(_char: int) -> None:
    """Choose the character that interrupts a program, -1 for none. Simplified: it has no effect."""
    bench.enter("micropython.kbd_intr")


def alloc_emergency_exception_buf(_size: int) -> None:
    """Accept a size; it has no effect."""


def opt_level(*_level: int) -> int:
    """Return 0."""
    return 0


def heap_lock() -> None:
    """Do nothing."""


def heap_unlock() -> None:
    """Do nothing."""


def mem_info(*_verbose) -> None:
    """Print nothing."""


def qstr_info(*_verbose) -> None:
    """Print nothing."""


def stack_use() -> int:
    """Return 0."""
    return 0


def mem_total() -> int:
    """Return 0."""
    return 0


def mem_current() -> int:
    """Return 0."""
    return 0


def mem_peak() -> int:
    """Return 0."""
    return 0


def native(function):
    """Raise SyntaxError: the firmware has no native emitter."""
    raise SyntaxError("invalid micropython decorator")


viper = native


def bytecode(function):
    """Return the function."""
    return function
