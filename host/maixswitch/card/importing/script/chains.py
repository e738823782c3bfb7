"""Networks that run on the boxes of another one: the part of a picture that a box covers, faces upright, features."""

from __future__ import annotations

import ast
from typing import Any

from .values import Detection, Function, Many, Method, Picture, Score, Task, Unknown, Use

SIDES = {"x": 0, "y": 1, "w": 2, "h": 3}
FEATURES = {"face_encode", "calculate", "feature"}
"""What a script does with the output of a network that compares faces or things, as ModelUse.runs has it."""
LIKENESS = (50, 100)
"""Scores of two features from which on they may be of one face: 50 is a right angle, 100 the same."""
MOST_GROWTH = 1.5
MOST = 1000


class Side(Unknown):
    """A side of a box, 0 to 3 for x, y, w, h, times `factor`."""

    def __init__(self, use: Use, side: int, factor: float = 1.0) -> None:
        super().__init__()
        self.use = use
        self.side = side
        self.factor = factor


class Distance(Unknown):
    """How far a picture is from the nearest class that kpu.classifier has learnt."""

    def __init__(self, use: Use) -> None:
        super().__init__()
        self.use = use


def side(machine: Any, value: Detection, at: Any) -> Any:
    """Return a side of a box by its number or name, None for another part of it."""
    number = SIDES.get(at) if isinstance(at, str) else at
    machine.box = value.use
    return Side(value.use, number) if isinstance(number, int) and 0 <= number <= 3 else None


def arithmetic(kind: type, left: Any, right: Any) -> Any:
    """Return `left OP right` for the sides of a box, None for anything else. `x - 0.08 * w` enlarges the box."""
    if kind is ast.Mult:
        for part, number in ((left, right), (right, left)):
            if isinstance(part, Side) and isinstance(number, (int, float)):
                return Side(part.use, part.side, part.factor * number)
    sides = isinstance(left, Side) and isinstance(right, Side) and right.side == left.side + 2
    if kind is ast.Sub and sides and left.factor == 1 and 0 < right.factor < MOST_GROWTH:
        left.use.growth = right.factor
    return None


def cut(machine: Any, picture: Picture, result: Picture, args: list[Any], keywords: dict[str, Any]) -> None:
    """Remember that a part of the camera's picture is that of a box, if its place is not known."""
    given = [*args, *keywords.values()]
    if machine.box is not None and picture.box is None and any(not isinstance(arg, int) for arg in given):
        result.box = machine.box
    elif picture.box is not None:
        result.box, result.upright = picture.box, picture.upright


def warped(machine: Any, args: list[Any]) -> None:
    """Follow image.warp_affine_ai(source, target, T): the target shows the face of the last box upright."""
    if len(args) > 1 and isinstance(args[1], Picture) and machine.box is not None:
        target = args[1]
        target.box, target.upright = machine.box, True
        if isinstance(args[0], Picture):
            target.steps = args[0].steps


def shown(use: Use, picture: Picture) -> None:
    """Remember whose boxes a network sees, from the first picture on."""
    if picture.box is not None and picture.box is not use and use.behind is None:
        use.behind, use.upright = picture.box, picture.upright


def features(args: list[Any], name: str) -> None:
    """Remember that the scores among these arguments are the features of a face or thing."""
    for arg in args:
        use = arg.use if isinstance(arg, Many) and isinstance(arg.item, Score) else None
        if use is not None:
            use.runs.add(name)


def sigmoid(value: Any) -> Any:
    """Follow the firmware's sigmoid of a score."""
    if isinstance(value, Score):
        value.use.sigmoid = True
        return value
    return Unknown()


def is_part(value: Any) -> bool:
    """Is a value `kpu.Feat` or `kpu.Act` of CanMV's newer API?"""
    return isinstance(value, Method) and isinstance(value.value, Task) and not isinstance(value.function, Function)


def call_part(value: Method, name: Any, args: list[Any]) -> Any:
    """Follow a method of `kpu.Feat` or `kpu.Act`."""
    if name == "sigmoid":
        return sigmoid(args[0] if args else None)
    if name == "calculate":
        for arg in [*args, value.value]:
            if isinstance(arg, Task) and arg.use is not None:
                arg.use.runs.add(name)
                break
    return Unknown()


def likeness(tree: ast.Module) -> float | None:
    """Return the score from which on a script takes two features for the same; None if it does not say so clearly."""
    named: dict[str, set[float]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            value = _number(node.value)
            named.setdefault(node.targets[0].id, set()).update({value} if value is not None else set())
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], (ast.Gt, ast.GtE)):
            right = node.comparators[0]
            values = named.get(right.id, set()) if isinstance(right, ast.Name) else {_number(right)}
            found |= {value for value in values if value is not None and LIKENESS[0] < value < LIKENESS[1]}
    return found.pop() if len(found) == 1 else None


def _number(node: ast.AST) -> float | None:
    value = node.value if isinstance(node, ast.Constant) else None
    return float(value) if type(value) in (int, float) and abs(value) < MOST else None  # type: ignore[arg-type]
