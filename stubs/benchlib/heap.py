"""The system heap: its blocks, its free memory, and what the firmware reports of it."""

import flavours


class SystemHeap:
    """A best-fit allocator, like malloc of newlib in the memory between the firmware and the end of RAM.

    Only large blocks are allocated here, so the order of camera and model matters as on a board. The program break
    moves by pages, up and down, as newlib moves it, so above_break() is what heap_free() returns on the board.
    """

    def __init__(self):
        self.reset(0)

    def reset(self, free):
        """Start with `free` bytes above the program break."""
        self.capacity = free
        self._break = flavours.UNDER_BREAK  # the first byte that malloc does not own; 0 is where its free memory starts
        self._end_of_ram = free + self._break
        self.peak = 0
        self.failed = []  # (name, bytes) of every request that was refused
        self._blocks = []  # [start, bytes with header, name, bytes], sorted by start
        self.gc_capacity = 0
        self.gc_used = 0  # bytes of living pictures on the Python heap (CPython only)

    def alloc(self, name: str, size: int):
        """Allocate `size` bytes. Returns the block, or None without a piece of free memory for it."""
        needed = flavours.chunk(size)
        best = None
        best_index = 0
        last = 0
        for index in range(len(self._blocks)):
            hole = self._blocks[index][0] - last
            # newlib takes the smallest hole that fits, because it keeps its free blocks sorted by size.
            if hole >= needed and (best is None or hole < best[1]):
                best = (last, hole)
                best_index = index
            last = self._end(index)
        # Without a hole the block goes behind the last one. If it does not fit under the break, the break moves by
        # whole pages, so heap_free() falls by pages and not by the size of the block.
        if best is None:
            if self._break - last < needed + flavours.REST:
                step = flavours.pages(needed)
                if self._break + step > self._end_of_ram:
                    # The firmware prints only that it is out of memory; a test may ask which block failed.
                    self.failed.append((name, size))
                    return None
                self._break += step
            best = (last, needed)
            best_index = len(self._blocks)
        block = [best[0], needed, name, size]
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
        """Free a block; None is accepted, as by free()."""
        if block is None:
            return
        top = self._last()
        self._blocks.remove(block)
        under = self._break - self._last()
        # newlib moves the break down only when the last block is freed, and keeps at most a page under it.
        if self._last() < top and under >= flavours.TRIM:
            self._break -= (under - flavours.REST - 1) // flavours.PAGE * flavours.PAGE

    def fits(self, size: int) -> bool:
        """Return whether a block of `size` bytes could be allocated now."""
        return self.largest() >= size

    def used(self) -> int:
        """Return the bytes of all blocks, without their headers."""
        total = 0
        for block in self._blocks:
            total += block[3]
        return total

    def free(self) -> int:
        """Return the free bytes in all pieces together, without headers."""
        return self.capacity - self.used()

    def largest(self) -> int:
        """Return the size in bytes of the largest block that could be allocated now."""
        last = 0
        best = 0
        for index in range(len(self._blocks)):
            best = max(best, self._blocks[index][0] - last)
            last = self._end(index)
        # A block is in a hole, under the break, or in new pages. What is free under the break does not add to the
        # new pages: where it is too small, alloc() takes pages for the whole block.
        under = self._break - last
        above = self.above_break() // flavours.PAGE * flavours.PAGE
        best = max(best, under - flavours.REST, above - flavours.REST)
        return max(best // 16 * 16 - 8, 0)

    def above_break(self) -> int:
        """Return the bytes above the break, which is what the firmware reports; holes below it do not count."""
        return self._end_of_ram - self._break

    def items(self):
        """Return (name, bytes) of every block, sorted by address."""
        return [(block[2], block[3]) for block in self._blocks]
