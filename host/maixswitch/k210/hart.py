"""A hart: one RV64GC core on Unicorn, with the traps of machine mode that Unicorn leaves to its user."""

from __future__ import annotations

from typing import Any

import unicorn
from unicorn import riscv_const as r

from .clock import SLICE
from .firmware_code import Sites
from .memory import CACHED, SIZE, UNCACHED, host_address
from .native import Budget, Registers
from .peripherals.chip_view import ChipView

LEAST_COST = SLICE // 100
"""Instructions that a stop inside a slice is taken to cost at least, so that a storm of traps ends with the slice."""
MIE, MPIE, MPP = 1 << 3, 1 << 7, 3 << 11
INTERRUPT = 1 << 63
EXTERNAL, SOFT, TIMER = 11, 3, 7
"""Interrupt causes, in the order in which a hart takes them."""
ILLEGAL, ECALL = 2, 11
ECALLS = (8, 9, 11)
"""Calls from user, supervisor and machine mode; a firmware is always in machine mode."""
LOOP_BYTES = 64
"""A hart whose pc is this close to where it was a slice ago may be in a loop that only waits."""
LOOP_STEPS = 24
"""Instructions within which the state of a hart that only waits comes back."""
LEAST_ROUNDS = 4
"""A delay of fewer rounds is run as it is."""
WAKING_SLICE = 2_000
"""Instructions after which a hart that an interrupt took out of a loop is looked at: it may wait there again."""
WAITING_SLICE = 200
"""Instructions of a slice of a hart that only waits for memory to change."""
FAULTS = {
    unicorn.UC_ERR_FETCH_UNMAPPED: 1,
    unicorn.UC_ERR_FETCH_PROT: 1,
    unicorn.UC_ERR_INSN_INVALID: 2,
    unicorn.UC_ERR_READ_UNALIGNED: 4,
    unicorn.UC_ERR_READ_UNMAPPED: 5,
    unicorn.UC_ERR_READ_PROT: 5,
    unicorn.UC_ERR_WRITE_UNALIGNED: 6,
    unicorn.UC_ERR_WRITE_UNMAPPED: 7,
    unicorn.UC_ERR_WRITE_PROT: 7,
}
"""What stopped Unicorn -> cause of the exception that the firmware sees."""
GENERAL = tuple(range(r.UC_RISCV_REG_X1, r.UC_RISCV_REG_X31 + 1))
FLOATS = tuple(range(r.UC_RISCV_REG_F0, r.UC_RISCV_REG_F31 + 1))
CONTROL = (
    r.UC_RISCV_REG_MSTATUS, r.UC_RISCV_REG_MIE, r.UC_RISCV_REG_MTVEC, r.UC_RISCV_REG_MEPC, r.UC_RISCV_REG_MCAUSE,
    r.UC_RISCV_REG_MTVAL, r.UC_RISCV_REG_FCSR,
)  # fmt: skip

OUTSIDE = ((0, UNCACHED - 1), (UNCACHED + SIZE, CACHED - 1), (CACHED + SIZE, (1 << 64) - 1))
"""All addresses but the memory."""


class Hart:
    """`lines` are the waiting interrupts, in the bits of mip. `running` is False until the hart is started."""

    def __init__(self, chip: ChipView, number: int, limit: int) -> None:
        self.chip = chip
        self.number = number
        self.lines = 0
        self.running = False
        self.idle = False
        self.pc = CACHED
        self._loops: dict[int, bool] = {}
        self.fault: tuple[int, int, int] | None = None
        self.uc = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV64)
        address = host_address(chip.memory.buffer)
        for base in (CACHED, UNCACHED):
            self.uc.mem_map_ptr(base, SIZE, unicorn.UC_PROT_ALL, address)
        self._registers = Registers(self.uc)
        self._budget = Budget(self.uc, chip.memory.buffer, limit)
        self.uc.hook_add(unicorn.UC_HOOK_INTR, self._exception)
        # A hook over the memory itself would make each store there slow.
        for begin, end in OUTSIDE:
            self.uc.hook_add(
                unicorn.UC_HOOK_MEM_INVALID & ~unicorn.UC_HOOK_MEM_WRITE_PROT, self._bad_address, begin=begin, end=end
            )
        self.uc.reg_write(r.UC_RISCV_REG_MSCRATCH, number)
        self._trap: int | None = None
        self._behind_store = False
        self._bad = 0

    def watch(self, sites: Sites) -> None:
        """Look for waiting interrupts at the places where a firmware may enable them."""
        for offset in sites.enables:
            address = CACHED + offset
            self.uc.hook_add(unicorn.UC_HOOK_CODE, self._enabled, begin=address, end=address)
        for offset in sites.returns:
            address = CACHED + offset
            self.uc.hook_add(unicorn.UC_HOOK_CODE, self._returns, begin=address, end=address)

        for offset, register, cycles in sites.delays:
            address = CACHED + offset
            counter = r.UC_RISCV_REG_X0 + register
            self.uc.hook_add(unicorn.UC_HOOK_CODE, self._delays, (counter, cycles), begin=address, end=address)

    # Hooks. They only note what happened and stop Unicorn; `run` acts on it.

    def _exception(self, uc: Any, number: int, user: Any) -> None:
        self._trap = number
        uc.emu_stop()

    def _bad_address(self, uc: Any, access: int, address: int, size: int, value: int, user: Any) -> bool:
        self._bad = address
        return False

    def _enabled(self, uc: Any, address: int, size: int, user: Any) -> None:
        if self.lines and self._waiting():
            uc.emu_stop()

    def _returns(self, uc: Any, address: int, size: int, user: Any) -> None:
        if self.lines:
            self._mret = True
            uc.emu_stop()

    def _delays(self, uc: Any, address: int, size: int, loop: tuple[int, int]) -> None:
        # The rounds up to the next event pass at once: they change nothing but the counter. A camera's reset waits
        # in such loops, which would be 60 million instructions (seen with v0.6.2-72).
        counter, cycles = loop
        rounds = self._registers.read(counter)
        skipped = min(rounds - 1, self.chip.cycles_to_next_change() // cycles)
        if skipped >= LEAST_ROUNDS:
            self._registers.write(counter, rounds - skipped)
            self.chip.clock.cycles += skipped * cycles
            if rounds - skipped > 1:
                uc.emu_stop()

    _mret = False

    def stop_behind_store(self) -> None:
        """End the run behind the store that a device is handling: its interrupt must be taken before the next
        instruction."""
        # Unicorn leaves the pc on a store whose callback stops it, and would do the store again.
        self._behind_store = True
        self.uc.emu_stop()

    def set_line(self, line: int, high: bool) -> None:
        """Raise or lower one of the interrupt lines, given as its bit of mip."""
        lines = self.lines | line if high else self.lines & ~line
        if lines != self.lines:
            self.lines = lines
            self._registers.write(r.UC_RISCV_REG_SSCRATCH, lines)

    def _waiting(self) -> int:
        """Return the cause of the interrupt that the hart would take now, 0 for none."""
        if not self._registers.read(r.UC_RISCV_REG_MSTATUS) & MIE:
            return 0
        active = self.lines & self._registers.read(r.UC_RISCV_REG_MIE)
        for cause in (EXTERNAL, SOFT, TIMER):
            if active >> cause & 1:
                return cause
        return 0

    def _enter_trap(self, cause: int, value: int = 0) -> None:
        registers = self._registers
        status = registers.read(r.UC_RISCV_REG_MSTATUS)
        status = status & ~(MIE | MPIE) | (MPIE if status & MIE else 0) | MPP
        registers.write(r.UC_RISCV_REG_MSTATUS, status)
        registers.write(r.UC_RISCV_REG_MEPC, self.pc)
        registers.write(r.UC_RISCV_REG_MCAUSE, cause)
        registers.write(r.UC_RISCV_REG_MTVAL, value)
        self.pc = registers.read(r.UC_RISCV_REG_MTVEC) & ~3

    def _return_from_trap(self) -> None:
        registers = self._registers
        status = registers.read(r.UC_RISCV_REG_MSTATUS)
        status = status & ~MIE | (MIE if status & MPIE else 0) | MPIE
        registers.write(r.UC_RISCV_REG_MSTATUS, status)
        self.pc = registers.read(r.UC_RISCV_REG_MEPC)

    def run(self, count: int) -> None:
        """Run about `count` instructions; less when the hart only waits, more when an interrupt ends its waiting."""
        before, left = self.pc, count
        woken = extended = False
        while left > 0 and not self.chip.stopping:
            cause = self._waiting() if self.lines else 0
            if cause:
                self._enter_trap(INTERRUPT | cause)
                if self.idle and not woken:
                    woken, left = True, SLICE
            # A handler is short, and the hart often waits again behind it: look soon, not at the end of the slice.
            piece = min(left, WAKING_SLICE) if woken else left
            done = self._advance(piece)
            left -= max(piece - self._budget.left, LEAST_COST)
            if done and (left <= 0 or abs(self.pc - before) < LOOP_BYTES):
                self.idle = abs(self.pc - before) < LOOP_BYTES and self._only_waits()
                if self.idle or left <= 0:
                    return
            # An interrupt that came up in the slice is still taken in it.
            if left <= 0 and not extended and self.lines and self._waiting():
                left, extended = WAKING_SLICE, True
        self.idle = False

    def _advance(self, count: int) -> bool:
        """Run up to `count` instructions and act on what stopped them; return whether nothing did."""
        failure = None
        try:
            self._budget.run(self.pc, count)
        except unicorn.UcError as error:
            failure = error
        self.chip.raise_failure()
        self.pc = self._registers.read(r.UC_RISCV_REG_PC)
        if self._behind_store:
            self._behind_store = False
            self.pc += 4 if self.chip.memory.data[self.pc & SIZE - 1] & 3 == 3 else 2
        elif self._trap is not None:
            number, self._trap = self._trap, None
            # Unicorn hands over the pc behind these instructions, as if all of them had four bytes.
            if number in (ILLEGAL, *ECALLS):
                self.pc -= 4
            if number == ILLEGAL:
                self.fault = (ILLEGAL, self.pc, 0)
            elif number in ECALLS:
                number = ECALL
            self._enter_trap(number)
        elif failure is not None:
            self._take_fault(failure)
        elif self._mret:
            self._mret = False
            self._return_from_trap()
        else:
            return not (self.lines and self._waiting())
        return False

    def _only_waits(self) -> bool:
        """Tell whether the hart is in a loop that changes nothing: it waits for the other hart or for an interrupt.

        What the code at a pc does is found out once: its registers come back after a few instructions.
        """
        start = self.pc
        known = self._loops.get(start)
        if known is None:
            known = False
            accesses = self.chip.accesses
            first = self.uc.reg_read_batch(GENERAL)
            steps = 0
            while steps < LOOP_STEPS:
                if not self._advance(1):
                    return False
                steps += 1 - self._budget.left
                if self.pc == start and self.uc.reg_read_batch(GENERAL) == first:
                    known = self.chip.accesses == accesses
                    break
            self._loops[start] = known
        return known

    def _take_fault(self, error: unicorn.UcError) -> None:
        cause = FAULTS.get(error.errno)
        if cause is None:
            raise error
        self.fault = (cause, self.pc, self._bad)
        self._enter_trap(cause, self._bad)

    def reset(self) -> None:
        """Go back to the state after a reset, asleep."""
        for register in (*CONTROL[1:], *GENERAL):
            self.uc.reg_write(register, 0)
        self.uc.reg_write(r.UC_RISCV_REG_MSTATUS, 0)
        self.uc.reg_write(r.UC_RISCV_REG_SSCRATCH, 0)
        self.lines, self.pc, self.running, self.idle = 0, CACHED, False, False

    def state(self) -> dict[str, Any]:
        """Return the registers and lines for a saved state."""
        read = self.uc.reg_read
        return {
            "pc": self.pc,
            "general": [read(register) for register in GENERAL],
            "floats": [read(register) for register in FLOATS],
            "control": [read(register) for register in CONTROL],
            "lines": self.lines,
            "running": self.running,
            "idle": self.idle,
            # Finding out what a loop does runs it, so a hart that had to find out again would be ahead.
            "loops": dict(self._loops),
            "fault": self.fault,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned."""
        write = self.uc.reg_write
        # The floats can be written only when mstatus has switched their unit on, so the control registers come first.
        for registers, key in ((CONTROL, "control"), (GENERAL, "general"), (FLOATS, "floats")):
            for register, value in zip(registers, state[key], strict=True):
                write(register, value)
        self.pc, self.running, self.idle = state["pc"], state["running"], state["idle"]
        self.lines = state["lines"]
        self._loops = dict(state["loops"])
        self.fault = tuple(state["fault"]) if state["fault"] else None
        write(r.UC_RISCV_REG_SSCRATCH, self.lines)
