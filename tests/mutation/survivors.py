"""Mutants that no test kills, and why none should: (file, the line, the line as mutated, why)."""

SURVIVORS: tuple[tuple[str, str, str, str], ...] = ()
