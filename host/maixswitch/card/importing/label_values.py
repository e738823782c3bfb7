"""Find the labels in a value that JSON or Python describes: a list, a dictionary in either direction, or records."""

from __future__ import annotations

from typing import Any

MAX_LABELS = 2000
MAX_DEPTH = 4
NAME_KEYS = ("display_name", "name", "label", "class_name", "classname", "class", "title")
NUMBER_KEYS = ("id", "index", "idx", "class_id", "label_id", "category_id", "number", "value")
LIST_KEYS = (
    "labels", "label", "names", "classes", "class_names", "classnames", "label_names", "categories", "label_map",
    "id2label", "label2id", "class_indices", "class_to_idx", "idx_to_class", "label_list", "class_list", "model",
)  # fmt: skip
"""Keys of a document that hold the labels. "model" has them one level below in the settings of aXeleRate."""


def labels_of(value: Any, depth: int = 0) -> list[str] | None:
    """Return the labels in a value.

    Returns None if there are none, more than 2000, or if their numbers have gaps or occur twice.
    """
    if isinstance(value, (list, tuple)):
        return strings(value) or _pairs(value) or _records(value)
    if isinstance(value, dict) and value:
        return _dictionary(value) or _document(value, depth)
    return None


def strings(value: Any) -> list[str] | None:
    """Return a list of texts, or of whole numbers as texts; None for anything else."""
    if not isinstance(value, (list, tuple)) or not 0 < len(value) <= MAX_LABELS:
        return None
    # Digits are common class names, so whole numbers are accepted; True and False, which are numbers too, are not.
    if any(isinstance(item, bool) or not isinstance(item, (str, int)) for item in value):
        return None
    try:
        texts = [str(item).strip() for item in value]
    except ValueError:  # Python refuses to print an integer of thousands of digits.
        return None
    # The board refuses an empty label.
    return texts if all(texts) else None


def in_order(numbered: list[tuple[int, str]]) -> list[str] | None:
    """Return names in the order of their numbers; None unless the numbers run from 0 or 1 without gaps and doubles."""
    if not 0 < len(numbered) <= MAX_LABELS:
        return None
    numbers = sorted(number for number, _ in numbered)
    first = numbers[0]
    # A label map counts from 1, because number 0 is the background there.
    if first not in (0, 1) or numbers != list(range(first, first + len(numbers))):
        return None
    return strings([name for _, name in sorted(numbered)])


def whole(value: Any) -> int | None:
    """Return a number from 0 to 99999, also from its digits; None for anything else."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value.strip()) < 6:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 100_000:
        return value
    return None


def _dictionary(value: dict[Any, Any]) -> list[str] | None:
    """Return the labels of {number: name} or {name: number}; None for others, and if both could be meant."""
    by_key = [(whole(key), _name(item)) for key, item in value.items()]
    by_value = [(whole(item), key) for key, item in value.items()]
    readings = []
    for rows in (by_key, by_value):
        numbered = [(number, str(name)) for number, name in rows if number is not None and isinstance(name, (str, int))]
        labels = in_order(numbered) if len(numbered) == len(rows) else None
        if labels and labels not in readings:
            readings.append(labels)
    # {"0": 1, "1": 2, "2": 0} has two readings, and nothing tells which one is right.
    return readings[0] if len(readings) == 1 else None


def _name(value: Any) -> Any:
    """Return the name in a value of a dictionary by numbers: the text itself, or the last one of a short list."""
    # ImageNet's index says {"0": ["n01440764", "tench"]}.
    if isinstance(value, (list, tuple)) and len(value) == 2 and all(isinstance(item, str) for item in value):
        return value[1]
    if isinstance(value, dict):
        return next((value[key] for key in NAME_KEYS if isinstance(value.get(key), str)), None)
    return None if isinstance(value, bool) else value


def _pairs(value: list[Any] | tuple[Any, ...]) -> list[str] | None:
    """Return the labels of [(number, name), ...] or [(name, number), ...]."""
    if any(not isinstance(item, (list, tuple)) or len(item) != 2 for item in value):
        return None
    for number, name in ((0, 1), (1, 0)):
        if all(type(item[number]) is int and isinstance(item[name], str) for item in value):
            return in_order([(int(item[number]), item[name]) for item in value])
    return None


def _records(value: list[Any] | tuple[Any, ...]) -> list[str] | None:
    """Return the labels of records such as {"id": 0, "name": "cat"}; without numbers, in the order of the list."""
    if not value or any(not isinstance(item, dict) for item in value):
        return None
    # Every record must have the same key, since a mixture would name some classes by something else.
    name = next((key for key in NAME_KEYS if all(isinstance(item.get(key), str) for item in value)), None)
    if name is None:
        return None
    # Roboflow writes the name of the whole set as category 0, and every other category names it as its parent.
    parents = {item.get("supercategory") for item in value[1:]}
    if len(value) > 1 and parents == {value[0][name]} and value[0].get("supercategory") in ("none", None):
        value = value[1:]
    numbers = [next((item[key] for key in NUMBER_KEYS if key in item), None) for item in value]
    if all(number is None for number in numbers):
        return strings([item[name] for item in value])
    rows = [(whole(number), item[name]) for number, item in zip(numbers, value, strict=True)]
    numbered = [(number, text) for number, text in rows if number is not None]
    return in_order(numbered) if len(numbered) == len(rows) else None


def _document(value: dict[Any, Any], depth: int) -> list[str] | None:
    """Return the labels under the keys that hold labels; None if two keys disagree."""
    if depth >= MAX_DEPTH:
        return None
    readings = []
    for key, item in value.items():
        if isinstance(key, str) and key.lower() in LIST_KEYS:
            labels = labels_of(item, depth + 1)
            if labels and labels not in readings:
                readings.append(labels)
    if len(readings) == 1:
        return readings[0]
    # {"cat": {"id": 0}, "dog": {"id": 1}} names its classes by its keys.
    if not readings and all(isinstance(item, dict) for item in value.values()):
        keyed = [{**item, "name": key} for key, item in value.items() if any(number in item for number in NUMBER_KEYS)]
        return _records(keyed) if len(keyed) == len(value) else None
    return None
