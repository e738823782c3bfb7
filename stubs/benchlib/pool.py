"""Large pixel memories asked for before the small objects scatter over a small heap."""

_STEP = 2048
_ZEROS = bytes(_STEP)
_waiting = []  # type: list


def reserve(sizes) -> None:
    """Make memories of these sizes now, to be handed out later."""
    for size in sizes:
        _waiting.append(bytearray(size))


def take(size: int) -> bytearray:
    """Return zeroed memory of a size: a reserved one, or a new one."""
    for index in range(len(_waiting)):
        if len(_waiting[index]) == size:
            return _waiting.pop(index)
    return bytearray(size)


def wipe(memory) -> None:
    """Zero a memory, by pieces: a second one as large may not fit beside it."""
    size = len(memory)
    for at in range(0, size - size % _STEP, _STEP):
        memory[at : at + _STEP] = _ZEROS
    for at in range(size - size % _STEP, size):
        memory[at] = 0


def clear() -> None:
    """Forget what was reserved."""
    _waiting.clear()
