"""The system heap: where blocks lie, what is free, what the firmware can know of it."""

ALIGN = 16


class SystemHeap:
    """Best-fit allocator over one span, as newlib's malloc over the space between firmware and the end of RAM.

    Only large blocks are entered; that makes "camera first, model last" matter here as it does on a board.
    """

    def __init__(self):
        self.reset(0)

    def reset(self, capacity):
        self.capacity = capacity
        self.peak = 0
        self.failed = []  # (name, bytes) of every request that was refused
        self._blocks = []  # [start, size, name], in order of start
        self._top = 0  # program break: first byte never given out
        self.gc_capacity = 0
        self.gc_used = 0  # bytes of picture memory on the Python heap that are alive (CPython only)

    def alloc(self, name: str, size: int):
        """Return a block handle or None when no hole and no room above the break is large enough."""
        want = (size + ALIGN - 1) // ALIGN * ALIGN or ALIGN
        best = None
        best_index = 0
        last = 0
        for index in range(len(self._blocks) + 1):
            start = self._blocks[index][0] if index < len(self._blocks) else self._top
            hole = start - last
            if hole >= want and (best is None or hole < best[1]):
                best = (last, hole)
                best_index = index
            if index < len(self._blocks):
                last = start + self._blocks[index][1]
        if best is None:
            # nothing between the blocks: grow from the last one
            if last + want > self.capacity:
                self.failed.append((name, size))
                return None
            best = (last, want)
            best_index = len(self._blocks)
        block = [best[0], want, name]
        self._blocks.insert(best_index, block)
        if best[0] + want > self._top:
            self._top = best[0] + want
        used = self.used()
        if used > self.peak:
            self.peak = used
        return block

    def free_block(self, block) -> None:
        """Give a block back; None is accepted, as by free()."""
        if block is None:
            return
        self._blocks.remove(block)
        # newlib trims only from the top
        self._top = self._blocks[-1][0] + self._blocks[-1][1] if self._blocks else 0

    def fits(self, size: int) -> bool:
        """Would a block of this size be given now?"""
        return self.largest() >= size

    def used(self) -> int:
        total = 0
        for block in self._blocks:
            total += block[1]
        return total

    def free(self) -> int:
        """Return all free bytes, in however many pieces."""
        return self.capacity - self.used()

    def largest(self) -> int:
        """Return the largest free piece in bytes."""
        last = 0
        best = 0
        for block in self._blocks:
            if block[0] - last > best:
                best = block[0] - last
            last = block[0] + block[1]
        return max(best, self.capacity - last)

    def above_break(self) -> int:
        """Return what the firmware's own counters show: free space above the break, holes below it not counted."""
        return self.capacity - self._top

    def items(self):
        """Return (name, bytes) of every block, in order of address."""
        return [(block[2], block[1]) for block in self._blocks]
