"""The values of the evaluator: Python's own for what is known, and the classes here for everything else."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any

from .reading import DetectorCall, Floor, LabelUse, Preprocessing

MAX_ITEMS = 20_000
MAX_TEXT = 256 << 10
MAX_BITS = 1024
MAX_PLAIN = 5000
MAX_NESTED = 4
SCALARS = (str, bytes, int, float, bool, type(None))
MISSING = object()


class Unknown:
    """A value that is not known. `truth` and `bound` remember what a path has assumed about it."""

    def __init__(self) -> None:
        self.truth: bool | None = None
        self.bound: Any = MISSING


class Comparison(Unknown):
    """Whether an unknown value equals a known one."""

    def __init__(self, left: Unknown, right: Any, equal: bool) -> None:
        super().__init__()
        self.left = left
        self.right = right
        self.equal = equal


class Opposite(Unknown):
    """`not` of an unknown value."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


@dataclass(eq=False)
class Use:
    """A ModelUse while the script is being followed.

    trusted: whether the path so far is one that the board takes. Labels that a use gets later are only guessed.
    """

    model: str | int | None
    line: int
    function: str
    trusted: bool = True
    detector: DetectorCall | None = None
    runs: set[str] = field(default_factory=set)
    outputs: list[tuple[int, ...]] = field(default_factory=list)
    layers: int | None = None
    labels: list[LabelUse] = field(default_factory=list)
    guesses: list[LabelUse] = field(default_factory=list)
    floor: Floor | None = None
    picture: Preprocessing | None = None
    behind: Use | None = None
    upright: bool = False
    growth: float = 0.0
    sigmoid: bool = False
    numbered: bool = False
    limit: Floor | None = None

    def label(self, value: tuple[str, ...], name: str, line: int) -> None:
        """Add a list that the classes of the results index."""
        known = self.labels if self.trusted else self.guesses
        if len(known) < 16 and all(value != item.value for item in (*self.labels, *known)):
            known.append(LabelUse(value, name, line))


@dataclass(eq=False)
class Task:
    """What kpu.load returns; with CanMV the object KPU(), whose use is None before load_kmodel."""

    use: Use | None


class Score(Unknown):
    """A score of a task's results, times `factor`."""

    def __init__(self, use: Use, factor: float = 1.0) -> None:
        super().__init__()
        self.use = use
        self.factor = factor


class ClassIndex(Unknown):
    """The number of a class in a task's results.

    order: if it is a position in another list, the class that each position stands for.
    """

    def __init__(self, use: Use, order: tuple[int, ...] | None = None) -> None:
        super().__init__()
        self.use = use
        self.order = order


class Position(int):
    """A number that a loop over a task's scores uses as the number of a class."""

    use: Use

    @classmethod
    def of(cls, value: int, use: Use) -> Position:
        """Return the number `value` as a class of this use."""
        position = cls(value)
        position.use = use
        return position


class Detection(Unknown):
    """One box of a detector."""

    def __init__(self, use: Use) -> None:
        super().__init__()
        self.use = use


@dataclass(eq=False)
class Many:
    """A list of unknown length whose items are all like `item`. aligned: its positions are the classes of `use`."""

    item: Any
    use: Use | None = None
    aligned: bool = False


@dataclass(eq=False)
class Count(Unknown):
    """The length of a Many."""

    of: Many

    def __post_init__(self) -> None:
        Unknown.__init__(self)


class Picked(Unknown):
    """The item of a list that a class of a task chooses; `values` holds the item of each class."""

    def __init__(self, use: Use, values: tuple[Any, ...], name: str, line: int) -> None:
        super().__init__()
        self.use = use
        self.values = values
        self.name = name
        self.line = line


@dataclass(eq=False)
class Picture:
    """A picture and what was done to it. size: (width, height) of an empty picture.

    box: the detector whose box it shows. upright: whether it shows the face of that box turned upright.
    """

    steps: Preprocessing | None
    size: tuple[int, ...] | None = None
    box: Use | None = None
    upright: bool = False


@dataclass(frozen=True)
class Firmware:
    """A module of the firmware or a name in it, such as "KPU" or "sensor.QVGA"."""

    path: str


@dataclass(eq=False)
class Module:
    """A module whose file lies in the source."""

    name: str
    names: dict[str, Any]


@dataclass(eq=False)
class Frame:
    """The names of a module, class or function that is being followed."""

    names: dict[str, Any]
    module: Module
    parent: Frame | None = None
    function: str = ""
    owner: Class | None = None
    is_class: bool = False
    shared: set[str] = field(default_factory=set)
    outer: set[str] = field(default_factory=set)
    result: Any = None
    yields: list[Any] | None = None


@dataclass(eq=False)
class Function:
    """A function of the script. kind: "", "static", "class" or "property"."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    name: str
    frame: Frame
    defaults: list[Any]
    keyword_defaults: dict[str, Any]
    owner: Class | None = None
    kind: str = ""


@dataclass(eq=False)
class Class:
    """A class of the script. fields: the names of a namedtuple, None for other classes."""

    name: str
    bases: list[Any]
    names: dict[str, Any]
    fields: tuple[str, ...] | None = None

    def find(self, name: str, depth: int = 0) -> Any:
        """Return an attribute of the class or of its bases, MISSING if there is none."""
        if name in self.names:
            return self.names[name]
        for base in self.bases:
            if isinstance(base, Class) and depth < 20:
                value = base.find(name, depth + 1)
                if value is not MISSING:
                    return value
        return MISSING


@dataclass(eq=False)
class Instance:
    """An object of a class of the script."""

    cls: Class
    names: dict[str, Any]


@dataclass(eq=False)
class Parent:
    """What super() returns."""

    owner: Class
    instance: Any


@dataclass(eq=False)
class Method:
    """A method of a value: a function of the script, or the name of one of Python's or the firmware's."""

    value: Any
    function: Function | str


@dataclass(eq=False)
class File:
    """A file of the source that the script opened, and how far it has read."""

    text: str | bytes
    at: int = 0


class ScriptRaise(Exception):
    """The script raises an exception of this name."""


class ScriptExit(Exception):
    """The script ends itself."""


class OutOfSteps(Exception):
    """The budget of a path or of the whole script is spent."""


def plain_size(value: Any, room: int = MAX_PLAIN) -> int:
    """Return how many texts and numbers a value holds in at most four levels of lists and dictionaries.

    Returns -1 for anything else, and for more than `room`.
    """
    # Python compares, prints and hashes shared lists item by item: for ever, if they are nested in each other.
    todo = [(value, 0)]
    size = 0
    while todo:
        item, depth = todo.pop()
        size += 1
        if size > room:
            return -1
        if isinstance(item, (list, tuple, set, frozenset)):
            if depth >= MAX_NESTED or len(item) > room:
                return -1
            todo.extend((inner, depth + 1) for inner in item)
        elif isinstance(item, dict):
            if depth >= MAX_NESTED or len(item) > room:
                return -1
            todo.extend((inner, depth + 1) for pair in item.items() for inner in pair)
        elif not isinstance(item, SCALARS):
            return -1
    return size


def is_key(value: Any) -> bool:
    """May a value be the key of a dictionary here? The number of a class is a key by its identity."""
    if isinstance(value, tuple):
        return plain_size(value, 100) > 0
    return isinstance(value, (ClassIndex, *SCALARS))


def texts(value: Any) -> tuple[str, ...] | None:
    """Return a list of texts, or the texts of a dictionary in the order of its numbers; None for anything else.

    The texts lose the blanks around them, and the list loses empty texts at its end.
    """
    if isinstance(value, dict):
        value = by_number(value)
    if not isinstance(value, (list, tuple)) or not 0 < len(value) <= MAX_ITEMS:
        return None
    if not all(isinstance(item, str) for item in value):
        return None
    stripped = [item.strip() for item in value]
    # A file that ends with a line break gives one empty text after split("\n").
    while stripped and not stripped[-1]:
        stripped.pop()
    return tuple(stripped) or None


def by_number(value: dict[Any, Any]) -> list[Any] | None:
    """Return the values of {0: value, ...} or the keys of {key: 0, ...} in the order of the numbers 0, 1, 2 ..."""
    pairs = list(value.items())
    for swapped in (False, True):
        numbered: dict[int, Any] = {}
        for key, item in pairs:
            number, content = (item, key) if swapped else (key, item)
            if isinstance(number, str) and number.isascii() and number.isdigit() and len(number) < 6:
                number = int(number)
            if isinstance(number, int) and not isinstance(number, bool):
                numbered[int(number)] = content
        if pairs and len(numbered) == len(pairs) and set(numbered) == set(range(len(pairs))):
            return [numbered[number] for number in range(len(pairs))]
    return None


def whole_numbers(values: Any) -> tuple[int, ...] | None:
    """Return a list of one to eight whole numbers as a tuple; None for anything else."""
    if isinstance(values, (list, tuple)) and 0 < len(values) <= 8:
        numbers = [int(item) for item in values if isinstance(item, int) and abs(item) < 1 << 31]
        if len(numbers) == len(values):
            return tuple(numbers)
    return None
