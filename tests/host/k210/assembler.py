"""A small assembler for RV64: what the test programs of the virtual K210 need, in the syntax of the GNU assembler.

One statement a line, `#` begins a comment, `name:` a label. Numbers are decimal or 0x; a name is a label or one of the
constants that the caller hands over; `name+4` works for both. Compressed instructions are not made.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

MASK = (1 << 64) - 1

NAMES = (
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7",
    "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
)  # fmt: skip
REGISTERS = {name: number for number, name in enumerate(NAMES)}
CSRS = {
    "mstatus": 0x300, "mie": 0x304, "mtvec": 0x305, "mscratch": 0x340, "mepc": 0x341, "mcause": 0x342, "mtval": 0x343,
    "mip": 0x344, "mcycle": 0xB00, "mhartid": 0xF14,
}  # fmt: skip
LOADS = {"lb": 0, "lh": 1, "lw": 2, "ld": 3, "lbu": 4, "lhu": 5, "lwu": 6}
STORES = {"sb": 0, "sh": 1, "sw": 2, "sd": 3}
BRANCHES = {"beq": 0, "bne": 1, "blt": 4, "bge": 5, "bltu": 6, "bgeu": 7}
ZERO_BRANCHES = {"beqz": "beq", "bnez": "bne", "bltz": "blt", "bgez": "bge"}
IMMEDIATES = {"addi": 0, "slti": 2, "sltiu": 3, "xori": 4, "ori": 6, "andi": 7}
SHIFTS = {"slli": (1, 0), "srli": (5, 0), "srai": (5, 0x400)}
REGISTER_FORMS = {
    "add": (0, 0), "sub": (0, 0x20), "sll": (1, 0), "sltu": (3, 0), "xor": (4, 0), "srl": (5, 0), "or": (6, 0),
    "and": (7, 0), "mul": (0, 1), "divu": (5, 1), "remu": (7, 1),
}  # fmt: skip
CSR_FORMS = {"csrrw": 1, "csrrs": 2, "csrrc": 3, "csrrwi": 5, "csrrsi": 6, "csrrci": 7}
CSR_WRITES = {
    "csrw": "csrrw",
    "csrs": "csrrs",
    "csrc": "csrrc",
    "csrwi": "csrrwi",
    "csrsi": "csrrsi",
    "csrci": "csrrci",
}
PLAIN = {"ecall": 0x73, "mret": 0x3020_0073, "nop": 0x13, "fence": 0x0FF0_000F, "fence.i": 0x100F, "ret": 0x8067}


class AssemblyError(Exception):
    """A line that the assembler does not understand."""


def signed(value: int, bits: int) -> int:
    """Return the low bits of a value as a signed number."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> bits - 1 else value


def load_immediate(register: int, value: int) -> list[int]:
    """Return instructions that load a 64-bit number."""
    value = signed(value, 64)
    low = signed(value, 12)
    if value == low:
        return [low << 20 & 0xFFFF_FFFF | register << 7 | 0x13]
    if -(1 << 31) <= value < 1 << 31:
        words = [(value - low) & 0xFFFF_F000 | register << 7 | 0x37]
        # The addition in 32 bits wraps around where the upper part was rounded up past the largest number.
        return [*words, low << 20 & 0xFFFF_FFFF | register << 15 | register << 7 | 0x1B] if low else words
    upper, shift = value - low >> 12, 12
    while not upper & 1:
        upper, shift = upper >> 1, shift + 1
    words = [*load_immediate(register, upper), shift << 20 | register << 15 | 1 << 12 | register << 7 | 0x13]
    return [*words, low << 20 & 0xFFFF_FFFF | register << 15 | register << 7 | 0x13] if low else words


@dataclass
class Assembly:
    """`code` begins at `origin`; `labels` are addresses."""

    origin: int
    code: bytearray = field(default_factory=bytearray)
    labels: dict[str, int] = field(default_factory=dict)


class Assembler:
    """Translates one text. The first pass finds the labels, the second one makes the code."""

    def __init__(self, origin: int, constants: Mapping[str, int]) -> None:
        self.constants = dict(constants)
        self.result = Assembly(origin)
        self._final = False

    def assemble(self, text: str) -> Assembly:
        """Return the code of a text.

        Raises AssemblyError with the line that is wrong.
        """
        for self._final in (False, True):
            self.result.code.clear()
            for number, line in enumerate(text.splitlines(), 1):
                try:
                    self._line(line.split("#")[0].strip())
                except (AssemblyError, KeyError, ValueError, IndexError, struct.error) as error:
                    raise AssemblyError(f"line {number}: {line.strip()}: {error!r}") from error
        return self.result

    @property
    def _here(self) -> int:
        return self.result.origin + len(self.result.code)

    def _line(self, line: str) -> None:
        label = re.match(r"(\w+):\s*", line)
        if label:
            name = label[1]
            if not self._final and name in self.result.labels:
                raise AssemblyError(f"the label {name} is there twice")
            self.result.labels[name] = self._here
            line = line[label.end() :]
        if line:
            name, _, rest = line.partition(" ")
            self._statement(name, [part.strip() for part in rest.split(",")] if rest.strip() else [])

    def _value(self, text: str, known: bool = False) -> int:
        """Return a number, constant or label with `+number`. `known` says that the size of the code depends on it."""
        total = 0
        for part in text.split("+"):
            part = part.strip()
            if part in self.constants:
                total += self.constants[part]
            elif re.fullmatch(r"-?(0x[0-9a-fA-F_]+|\d[\d_]*)", part):
                total += int(part, 0)
            elif known or self._final:
                total += self.result.labels[part]
        return total

    def _emit(self, *words: int) -> None:
        for word in words:
            self.result.code += struct.pack("<I", word & 0xFFFF_FFFF)

    def _statement(self, name: str, parts: list[str]) -> None:
        for group in (self._data, self._jump, self._arithmetic, self._memory, self._control):
            if group(name, parts):
                return
        raise AssemblyError(f"no instruction {name}")

    def _data(self, name: str, parts: list[str]) -> bool:
        if name in (".byte", ".half", ".word", ".dword"):
            size = {".byte": 1, ".half": 2, ".word": 4, ".dword": 8}[name]
            for part in parts:
                self.result.code += (self._value(part) & (1 << 8 * size) - 1).to_bytes(size, "little")
        elif name == ".align":
            self.result.code += bytes(-len(self.result.code) % self._value(parts[0], known=True))
        elif name == ".space":
            self.result.code += bytes(self._value(parts[0], known=True))
        elif name == ".org":
            self.result.code += bytes(self._value(parts[0], known=True) - self._here)
        elif name == ".hex":
            self.result.code += bytes.fromhex(parts[0])
        else:
            return False
        return True

    def _jump(self, name: str, parts: list[str]) -> bool:
        if name in ZERO_BRANCHES:
            name, parts = ZERO_BRANCHES[name], [parts[0], "zero", parts[1]]
        if name in BRANCHES:
            offset = self._offset(parts[2], 13)
            word = (
                (offset >> 12 & 1) << 31 | (offset >> 5 & 63) << 25 | (offset >> 1 & 15) << 8 | (offset >> 11 & 1) << 7
            )
            self._emit(word | REGISTERS[parts[1]] << 20 | REGISTERS[parts[0]] << 15 | BRANCHES[name] << 12 | 0x63)
            return True
        if name in ("j", "call", "jal"):
            link = REGISTERS[parts[0]] if name == "jal" else int(name == "call")
            offset = self._offset(parts[-1], 21)
            word = (offset >> 20 & 1) << 31 | (offset >> 1 & 0x3FF) << 21 | (offset >> 11 & 1) << 20
            self._emit(word | (offset >> 12 & 0xFF) << 12 | link << 7 | 0x6F)
            return True
        if name == "jr":
            self._emit(REGISTERS[parts[0]] << 15 | 0x67)
        elif name == "jalr":
            self._emit(REGISTERS[parts[0]] << 15 | 1 << 7 | 0x67)
        else:
            return False
        return True

    def _offset(self, target: str, bits: int) -> int:
        offset = self._value(target) - self._here if self._final else 0
        if not -(1 << bits - 1) <= offset < 1 << bits - 1:
            raise AssemblyError(f"{target} is too far away")
        return offset

    def _small(self, text: str) -> int:
        value = self._value(text)
        if not -0x800 <= value < 0x800:
            raise AssemblyError(f"{text} does not fit into 12 bits")
        return value & 0xFFF

    def _arithmetic(self, name: str, parts: list[str]) -> bool:
        if name == "li":
            self._emit(*load_immediate(REGISTERS[parts[0]], self._value(parts[1], known=True)))
        elif name == "la":
            register = REGISTERS[parts[0]]
            offset = self._value(parts[1]) - self._here if self._final else 0
            low = signed(offset, 12)
            self._emit((offset - low) & 0xFFFF_F000 | register << 7 | 0x17)
            self._emit(low << 20 & 0xFFFF_FFFF | register << 15 | register << 7 | 0x13)
        elif name == "mv":
            self._emit(REGISTERS[parts[1]] << 15 | REGISTERS[parts[0]] << 7 | 0x13)
        elif name in IMMEDIATES:
            word = self._small(parts[2]) << 20 | REGISTERS[parts[1]] << 15
            self._emit(word | IMMEDIATES[name] << 12 | REGISTERS[parts[0]] << 7 | 0x13)
        elif name in SHIFTS:
            function, upper = SHIFTS[name]
            word = (upper | self._value(parts[2]) & 63) << 20 | REGISTERS[parts[1]] << 15
            self._emit(word | function << 12 | REGISTERS[parts[0]] << 7 | 0x13)
        elif name in REGISTER_FORMS:
            function, upper = REGISTER_FORMS[name]
            word = upper << 25 | REGISTERS[parts[2]] << 20 | REGISTERS[parts[1]] << 15
            self._emit(word | function << 12 | REGISTERS[parts[0]] << 7 | 0x33)
        else:
            return False
        return True

    def _memory(self, name: str, parts: list[str]) -> bool:
        if name not in LOADS and name not in STORES:
            return False
        place = re.fullmatch(r"(.*)\((\w+)\)", parts[1])
        if place is None:
            raise AssemblyError("expected offset(register)")
        offset, base = self._small(place[1] or "0"), REGISTERS[place[2]]
        register = REGISTERS[parts[0]]
        if name in LOADS:
            self._emit(offset << 20 | base << 15 | LOADS[name] << 12 | register << 7 | 0x03)
        else:
            self._emit(offset >> 5 << 25 | register << 20 | base << 15 | STORES[name] << 12 | (offset & 31) << 7 | 0x23)
        return True

    def _control(self, name: str, parts: list[str]) -> bool:
        if name in PLAIN:
            self._emit(PLAIN[name])
            return True
        if name == "csrr":
            name, parts = "csrrs", [parts[0], parts[1], "zero"]
        elif name in CSR_WRITES:
            name, parts = CSR_WRITES[name], ["zero", *parts]
        if name not in CSR_FORMS:
            return False
        source = self._value(parts[2]) & 31 if name.endswith("i") else REGISTERS[parts[2]]
        self._emit(CSRS[parts[1]] << 20 | source << 15 | CSR_FORMS[name] << 12 | REGISTERS[parts[0]] << 7 | 0x73)
        return True


def assemble(text: str, origin: int, **constants: int) -> Assembly:
    """Return the code of a text that will lie at `origin`."""
    return Assembler(origin, constants).assemble(text)
