"""Write the labels of a model into model.json or beside it, and ASCII forms of names that the panel cannot draw."""

from __future__ import annotations

from collections.abc import Sequence

from maixswitch.language import tr

from .imported import ImportedModel
from .labels import MAX_LABEL, fit_labels
from .messages import ImportMessage
from .naming import ascii_labels, is_plain, set_ascii_title

INLINE = 24
"""The most labels that go into model.json. More go into labels.txt, which takes less memory on the board."""
INLINE_BYTES = 1000
SHOWN = 4


def write_labels(result: ImportedModel, labels: Sequence[str], where: str) -> None:
    """Write the labels, shortened to the board's limit, and their ASCII forms if they need some.

    where: the file and line that they come from, for messages.
    """
    fitted, shortened = fit_labels(labels)
    if shortened:
        text = tr("{where}: labels that were shortened to at most {limit} characters: {count}",
                  where=where, count=shortened, limit=MAX_LABEL)  # fmt: skip
        result.notes.append(ImportMessage("C545", text))
    strange = [label for label in fitted if not label.isprintable()]
    if strange:
        text = tr("{where}: label {label}: expected 1 to 64 printable characters", where=where,
                  label=ascii(strange[0][:40]))  # fmt: skip
        result.problems.append(ImportMessage("C523", text))
        return
    result.labels = len(fitted)
    lists = {"labels": ("labels.txt", fitted)}
    forms = _forms(result, fitted)
    if forms:
        lists["ascii_labels"] = ("ascii.txt", forms)
        result.panel_forms += [pair for pair in zip(fitted, forms, strict=True) if pair[0] != pair[1]]
    texts = {field: "".join(label + "\n" for label in names).encode() for field, (_, names) in lists.items()}
    inline = len(fitted) <= INLINE and sum(map(len, texts.values())) <= INLINE_BYTES
    for field, (file, names) in lists.items():
        result.model[field] = list(names) if inline else file
        if not inline:
            result.files[file] = texts[field]


def write_ascii_title(result: ImportedModel) -> None:
    """Write an ASCII form of the title if it needs one, and tell the user about all ASCII forms of the model."""
    claims = result.evidence.claims.get("ascii_title", [])
    set_ascii_title(result.model, str(claims[0].value) if claims else "")
    pairs = result.panel_forms
    if "ascii_title" in result.model:
        pairs.insert(0, (result.title, str(result.model["ascii_title"])))
    if not pairs:
        return
    examples = ", ".join(f"{name} -> {form}" for name, form in pairs[:SHOWN]) + (", ..." if len(pairs) > SHOWN else "")
    text = tr("the panel's font has only ASCII; names that have an ASCII form for it: {count} ({examples})",
              count=len(pairs), examples=examples)  # fmt: skip
    result.notes.append(ImportMessage("C546", text))


def _forms(result: ImportedModel, labels: Sequence[str]) -> list[str] | None:
    """Return the ASCII forms of the labels; None if they need none."""
    forms = ascii_labels(labels)
    # The card of another MaixSwitch may have forms that somebody wrote by hand.
    for claim in result.evidence.claims.get("ascii_labels", []):
        if forms and len(claim.value) == len(labels) and all(is_plain(form) for form in claim.value):
            return list(claim.value)
    return forms
