"""Rules about titles and labels on the panel: what its font cannot draw, what is too long, what looks the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from maixswitch.card import text
from maixswitch.card.names import printable
from maixswitch.findings.finding import Finding, finding
from maixswitch.language import tr

if TYPE_CHECKING:
    from maixswitch.card.options import Options
    from maixswitch.card.reading import Card, Model

NAMED = 3  # labels in a finding
READ = 1000  # the most labels of a model that are judged; no network on the chip has more


def look(card: Card, options: Options) -> Iterator[Finding]:
    """Yield the findings C310 to C316 and C652 of every readable model.json; nothing for a board without a panel."""
    panel = panel_of(card, options)
    # Without a panel the font and its width limit nothing.
    if panel is None:
        return
    titles: list[tuple[Model, str]] = []
    width = text.FRAME[0]
    for at, model in enumerate(card.models):
        spec = model.spec
        if spec is None or not spec.title:
            continue
        # The position takes room in the status bar, so the last of many models has the least room for its title.
        position = f"{at + 1}/{len(card.models)}"
        pictures = text.view(spec.width, spec.height)
        space = text.room(panel, pictures, spec.kind or "", spec.top, position)
        # The board shows the folder's name instead of a title that belongs to a refused model.
        if spec.loadable:
            titles.append((model, str(spec.panel_title())))
            width = min(width, space.title)
            yield from _title(model, str(spec.panel_title()), space.title)
        # What the panel would show instead of bad ASCII forms follows from that mistake.
        if not any(problem[1] == "ascii_labels" for problem in spec.problems):
            yield from _labels(model, _read_labels(spec), space.label)
        for stage in model.stages:
            yield from _joined(stage, space.label)
    yield from _titles(titles, width)


def panel_of(card: Card, options: Options) -> tuple[int, int] | None:
    """Return width and height of the board's panel, turned as the card's settings say; None without a panel."""
    size = options.screen
    if size is None:
        return None
    # The card's setting overrides the board's row, as it does in the app.
    screen = card.settings.screen if card.settings is not None else {}
    rotation = screen.get("rotation", options.row.rotation if options.row is not None else 0)
    return size[::-1] if rotation in (1, 3) else size


def _title(model: Model, title: str, room: int) -> Iterator[Finding]:
    field = _title_field(model)
    if not text.is_plain(title):
        yield finding("C310", model.json, field, _shown(title), tr("printable ASCII"))
    if len(title) > room:
        length = tr("{count} characters", count=len(title))
        yield finding("C312", model.json, field, length, tr("at most {count}", count=room))


def _labels(model: Model, labels: list[str], room: int) -> Iterator[Finding]:
    field = "ascii_labels" if model.spec.ascii_labels else "labels"
    # The font cannot draw control characters either. Report such a label once, with the more precise finding.
    broken = [label for label in labels if text.controls(label)]
    strange = [label for label in labels if not text.is_plain(label) and not text.controls(label)]
    long = [label for label in labels if len(label) > room]
    if broken:
        yield finding("C316", model.json, field, _several(broken))
    if strange:
        characters = text.strangers(strange)
        detail = tr("{labels} (characters: {characters})", labels=_several(strange), characters=characters)
        yield finding("C311", model.json, field, detail, tr("printable ASCII"))
    if long:
        yield finding("C313", model.json, field, _several(long), tr("at most {count} characters", count=room))
    groups = text.alike(labels, room)
    if groups:
        first = [labels[at] for at in groups[0]]
        detail = tr("{labels}: all shown as {shown}", labels=_several(first), shown=_cut(first[0], room))
        yield finding("C314", model.json, field, detail)


def _joined(stage: Model, room: int) -> Iterator[Finding]:
    """Note a stage whose caption may be too long: it is all labels that hold, joined (device/kinds/attributes.py)."""
    labels = _read_labels(stage.spec) if stage.spec.kind == "attributes" else []
    caption = ", ".join(labels)
    if len(caption) > room and stage.spec.loadable:
        wanted = tr("at most {count} characters", count=room)
        found = tr("{count} characters, shown as {shown}", count=len(caption), shown=_cut(caption, room))
        field = "ascii_labels" if stage.spec.ascii_labels else "labels"
        yield finding("C652", stage.json, stage.prefix + field, found, wanted)


def _titles(titles: list[tuple[Model, str]], width: int) -> Iterator[Finding]:
    shown = [title for _, title in titles]
    for group in text.alike(shown, width):
        first = titles[group[0]][0]
        for at in group[1:]:
            detail = tr("{title}, shown as {shown}", title=printable(shown[at]), shown=_cut(shown[at], width))
            expected = tr("another than {folder} shows", folder=first.folder)
            yield finding("C315", titles[at][0].json, _title_field(titles[at][0]), detail, expected)


def _title_field(model: Model) -> str:
    """Return the field of model.json that the panel shows as the title."""
    return "ascii_title" if model.spec.ascii_title else "title"


def _read_labels(spec: Any) -> list[str]:
    """Return the labels as the board's panel shows them, before its font replaces characters."""
    return [str(spec.panel_label(at)) for at in range(min(len(spec.labels), READ))]


def _shown(title: str) -> str:
    return tr("{title}, shown as {shown}", title=printable(title), shown=text.plain(title))


def _cut(label: str, room: int) -> str:
    return f'"{text.plain(label)[:room].rstrip()}"'


def _several(labels: list[str]) -> str:
    """Return the first labels, and the number of the others, as a text."""
    named = ", ".join(f'"{printable(label)}"' for label in labels[:NAMED])
    more = len(labels) - NAMED
    return tr("{labels} and {count} more", labels=named, count=more) if more > 0 else named
