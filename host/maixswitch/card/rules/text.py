"""Titles and labels on the panel: what its font cannot draw, what is too long, and what then looks the same."""

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

NAMED = 3  # labels that a finding shows
READ = 1000  # labels of a model that are looked at: no network that the chip holds has more


def look(card: Card, options: Options) -> Iterator[Finding]:
    """Findings C310 to C316 of every model whose model.json can be read; nothing for a board without a panel."""
    panel = panel_of(card, options)
    if panel is None:
        return
    titles: list[tuple[Model, str]] = []
    width = text.FRAME[0]
    for at, model in enumerate(card.models):
        spec = model.spec
        if spec is None or not spec.title:
            continue
        place = f"{at + 1}/{len(card.models)}"
        pictures = text.view(spec.width, spec.height)
        space = text.room(panel, pictures, spec.kind or "", spec.top, place)
        if spec.loadable:
            titles.append((model, str(spec.title)))
            width = min(width, space.title)
            yield from _title(model, str(spec.title), space.title)
        yield from _labels(model, _read_labels(spec), space.label)
    yield from _titles(titles, width)


def panel_of(card: Card, options: Options) -> tuple[int, int] | None:
    """Width and height of the board's panel, turned as the card's settings say; None for a board without one."""
    size = options.screen
    if size is None:
        return None
    wanted = card.settings.screen if card.settings is not None else {}
    rotation = wanted.get("rotation", options.row.rotation if options.row is not None else 0)
    return size[::-1] if rotation in (1, 3) else size


def _title(model: Model, title: str, room: int) -> Iterator[Finding]:
    if not text.is_plain(title):
        yield finding("C310", model.json, "title", _shown(title), tr("printable ASCII"))
    if len(title) > room:
        found = tr("{count} characters", count=len(title))
        yield finding("C312", model.json, "title", found, tr("at most {count}", count=room))


def _labels(model: Model, labels: list[str], room: int) -> Iterator[Finding]:
    broken = [label for label in labels if text.controls(label)]
    strange = [label for label in labels if not text.is_plain(label) and not text.controls(label)]
    long = [label for label in labels if len(label) > room]
    if broken:
        yield finding("C316", model.json, "labels", _several(broken))
    if strange:
        characters = text.strangers(strange)
        found = tr("{labels} (characters: {characters})", labels=_several(strange), characters=characters)
        yield finding("C311", model.json, "labels", found, tr("printable ASCII"))
    if long:
        yield finding("C313", model.json, "labels", _several(long), tr("at most {count} characters", count=room))
    groups = text.alike(labels, room)
    if groups:
        first = [labels[at] for at in groups[0]]
        found = tr("{labels}: all shown as {shown}", labels=_several(first), shown=_cut(first[0], room))
        yield finding("C314", model.json, "labels", found)


def _titles(titles: list[tuple[Model, str]], width: int) -> Iterator[Finding]:
    shown = [title for _, title in titles]
    for group in text.alike(shown, width):
        first = titles[group[0]][0]
        for at in group[1:]:
            found = tr("{title}, shown as {shown}", title=printable(shown[at]), shown=_cut(shown[at], width))
            wanted = tr("another than {folder} shows", folder=first.folder)
            yield finding("C315", titles[at][0].json, "title", found, wanted)


def _read_labels(spec: Any) -> list[str]:
    """The labels as the board reads them."""
    return [str(spec.label(at)) for at in range(min(len(spec.labels), READ))]


def _shown(title: str) -> str:
    return tr("{title}, shown as {shown}", title=printable(title), shown=text.plain(title))


def _cut(label: str, room: int) -> str:
    return f'"{text.plain(label)[:room].rstrip()}"'


def _several(labels: list[str]) -> str:
    """The first labels and how many more there are."""
    named = ", ".join(f'"{printable(label)}"' for label in labels[:NAMED])
    more = len(labels) - NAMED
    return tr("{labels} and {count} more", labels=named, count=more) if more > 0 else named
