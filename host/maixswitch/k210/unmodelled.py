"""Registers that a firmware used and that no device models."""

from __future__ import annotations

from collections import Counter


class Unmodelled:
    """Which registers a firmware used that no device models: (device, offset, access) -> how often."""

    def __init__(self, strict: bool) -> None:
        self.strict = strict
        self.counts: Counter[tuple[str, int, str]] = Counter()

    def count(self, device: str, offset: int, access: str) -> None:
        """Note an access.

        Raises UnmodelledRegister in strict mode.
        """
        self.counts[device, offset, access] += 1
        if self.strict:
            raise UnmodelledRegister(f"{device}: {access} of the register at {offset:#x}, which nobody models")


class UnmodelledRegister(Exception):
    """The firmware used a register that no device models, and the chip is strict about it."""
