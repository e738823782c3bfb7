"""Large memories for pixels, allocated early: later the small objects leave no free piece of that size."""

_STEP = 2048
_ZEROS = bytes(_STEP)
_waiting = []  # type: list


def reserve(sizes) -> None:
    """Allocate memories of these sizes, in bytes, for later calls of take()."""
    for size in sizes:
        _waiting.append(bytearray(size))


def take(size: int) -> bytearray:
    """Return zeroed memory of `size` bytes: a reserved one if one has exactly this size, or a new one."""
    for index in range(len(_waiting)):
        if len(_waiting[index]) == size:
            return _waiting.pop(index)
    return bytearray(size)


def wipe(memory) -> None:
    """Fill a memory with zeros, piece by piece: the heap may have no room for a second one of that size."""
    size = len(memory)
    for at in range(0, size - size % _STEP, _STEP):
        memory[at : at + _STEP] = _ZEROS
    for at in range(size - size % _STEP, size):
        memory[at] = 0


def clear() -> None:
    """Forget the reserved memories."""
    _waiting.clear()
