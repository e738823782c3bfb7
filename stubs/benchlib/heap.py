"""The system heap: where blocks lie, what is free, what the firmware can know of it."""

import flavours


class SystemHeap:
    """Best-fit allocator over one span, as newlib's malloc over the space between firmware and the end of RAM.

    Only large blocks are entered; that makes "camera first, model last" matter here as it does on a board. The program
    break moves by pages and goes back as newlib moves it, so above_break() answers what heap_free() answers there.
    """

    def __init__(self):
        self.reset(0)

    def reset(self, free):
        """Start with `free` bytes above the program break."""
        self.capacity = free
        self._break = flavours.UNDER_BREAK  # the first byte that malloc does not own, counted from its free rest
        self._end_of_ram = free + self._break
        self.peak = 0
        self.failed = []  # (name, bytes) of every request that was refused
        self._blocks = []  # [start, bytes with header, name, bytes], in order of start
        self.gc_capacity = 0
        self.gc_used = 0  # bytes of picture memory on the Python heap that are alive (CPython only)

    def alloc(self, name: str, size: int):
        """Return a block handle or None when no hole and no room above the break is large enough."""
        want = flavours.chunk(size)
        best = None
        best_index = 0
        last = 0
        for index in range(len(self._blocks)):
            hole = self._blocks[index][0] - last
            # The smallest hole that fits, the first of equal ones: newlib keeps its bins ordered by size.
            if hole >= want and (best is None or hole < best[1]):
                best = (last, hole)
                best_index = index
            last = self._end(index)
        # The break moves by whole pages, so heap_free() drops by pages and not by the size that was asked.
        if best is None:
            # nothing between the blocks: from behind the last one, and the break moves where that is too little
            if self._break - last < want + flavours.REST:
                step = flavours.pages(want)
                if self._break + step > self._end_of_ram:
                    # The test sees who was refused, because the firmware prints only that memory is out.
                    self.failed.append((name, size))
                    return None
                self._break += step
            best = (last, want)
            best_index = len(self._blocks)
        block = [best[0], want, name, size]
        self._blocks.insert(best_index, block)
        used = self.used()
        if used > self.peak:
            self.peak = used
        return block

    def _end(self, index):
        return self._blocks[index][0] + self._blocks[index][1]

    def _last(self):
        return self._end(-1) if self._blocks else 0

    def free_block(self, block) -> None:
        """Give a block back; None is accepted, as by free()."""
        if block is None:
            return
        top = self._last()
        self._blocks.remove(block)
        under = self._break - self._last()
        # newlib trims only from the top, and keeps a rest of at most a page
        if self._last() < top and under >= flavours.TRIM:
            self._break -= (under - flavours.REST - 1) // flavours.PAGE * flavours.PAGE

    def fits(self, size: int) -> bool:
        """Would a block of this size be given now?"""
        return self.largest() >= size

    def used(self) -> int:
        """Return the bytes that were asked for and are held."""
        total = 0
        for block in self._blocks:
            total += block[3]
        return total

    def free(self) -> int:
        """Return what nobody holds of the bytes above the first break, in however many pieces; headers do not count."""
        return self.capacity - self.used()

    def largest(self) -> int:
        """Return the size in bytes of the largest block that would be given."""
        last = 0
        best = 0
        for index in range(len(self._blocks)):
            best = max(best, self._blocks[index][0] - last)
            last = self._end(index)
        # A block comes from a hole, from the free rest under the break, or from new pages. The rest does not add
        # to the pages: where it is too small, alloc() asks for pages for the whole block.
        under = self._break - last
        above = self.above_break() // flavours.PAGE * flavours.PAGE
        best = max(best, under - flavours.REST, above - flavours.REST)
        return max(best // 16 * 16 - 8, 0)

    def above_break(self) -> int:
        """Return what the firmware's own counters show: free space above the break, holes below it not counted."""
        return self._end_of_ram - self._break

    def items(self):
        """Return (name, bytes) of every block, in order of address."""
        return [(block[2], block[3]) for block in self._blocks]
