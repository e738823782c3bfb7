"""Rules about titles and labels on the panel: what it cannot draw, what is too long, what looks the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from maixswitch.card import text
from maixswitch.card.glyphs import font_file, messages
from maixswitch.card.glyphs.font_file import Glyphs, foreign, parse
from maixswitch.card.glyphs.renewing import ALL_LABELS, labels, texts
from maixswitch.card.names import printable
from maixswitch.findings.finding import Finding, finding
from maixswitch.language import series, tr

if TYPE_CHECKING:
    from maixswitch.card.options import Options
    from maixswitch.card.reading import Card, Model

NAMED = 3  # labels in a finding


def look(card: Card, options: Options) -> Iterator[Finding]:
    """Yield the findings C310 to C316, C652 and C740 to C742; nothing for a board without a panel."""
    panel = panel_of(card, options)
    # Without a panel the font and its width limit nothing.
    if panel is None:
        return
    titles: list[tuple[Model, str]] = []
    width = text.FRAME[0]
    glyphs = text.NO_GLYPHS
    if font_file.NAME in card.sizes or is_chinese(card):
        found, glyphs = judged(card, options)
        yield from found
    for at, model in enumerate(card.models):
        spec = model.spec
        if spec is None or not spec.title:
            continue
        # The position takes room in the status bar, so the last of many models has the least room for its title.
        position = f"{at + 1}/{len(card.models)}"
        pictures = text.view(spec.width, spec.height)
        # The names of a stage stand in the place of the model's own labels.
        own = list(labels(spec.names or spec))
        space = text.room(panel, pictures, spec.kind or "", spec.top, position, bool(glyphs.records and foreign(own)))
        # The board shows the folder's name instead of a title that belongs to a refused model.
        if spec.loadable:
            drawn = not text.is_plain(spec.title) and glyphs.covers(spec.title)
            title = str(spec.title if drawn else spec.panel_title())
            titles.append((model, title))
            width = min(width, space.title)
            yield from _title(model, title, space.title, glyphs)
        # What the panel would show instead of bad ASCII forms follows from that mistake.
        if not any(problem[1] == "ascii_labels" for problem in spec.problems):
            yield from _labels(model, _read_labels(spec, glyphs), space.label, glyphs)
        for stage in model.stages:
            yield from _joined(stage, space.label, glyphs)
    yield from _titles(titles, width, glyphs)


def is_chinese(card: Card) -> bool:
    """Do the card's settings ask for messages in Chinese?"""
    return card.settings is not None and card.settings.language == "zh"


def judged(card: Card, options: Options) -> tuple[list[Finding], Glyphs]:
    """Return the findings about the card's file of glyphs, and the glyphs that all firmwares would draw."""
    glyphs = parse(card.read(font_file.NAME)) if font_file.NAME in card.sizes else text.NO_GLYPHS
    if glyphs is None:
        return [finding("C741", font_file.NAME, card=card.shell)], text.NO_GLYPHS
    old = [item.name for item in options.flavours if not item.font]
    if old:
        return [finding("C742", font_file.NAME, found=", ".join(old))], text.NO_GLYPHS
    missing = sorted(foreign([*texts(card), messages.table() if is_chinese(card) else ""]) - set(glyphs.records))
    return [finding("C740", font_file.NAME, found=_several(missing), card=card.shell)] if missing else [], glyphs


def panel_of(card: Card, options: Options) -> tuple[int, int] | None:
    """Return width and height of the board's panel, turned as the card's settings say; None without a panel."""
    size = options.screen
    if size is None:
        return None
    # The card's setting overrides the board's row, as it does in the app.
    screen = card.settings.screen if card.settings is not None else {}
    rotation = screen.get("rotation", options.row.rotation if options.row is not None else 0)
    return size[::-1] if rotation in (1, 3) else size


def _title(model: Model, title: str, room: int, glyphs: Glyphs) -> Iterator[Finding]:
    field = _title_field(model, title)
    if not glyphs.covers(title):
        yield finding("C310", model.json, field, _shown(title), tr("printable ASCII"))
    if glyphs.cells(title) > room:
        length = tr("{count} characters", count=glyphs.cells(title))
        yield finding("C312", model.json, field, length, tr("at most {count}", count=room))


def _labels(model: Model, labels: list[str], room: int, glyphs: Glyphs) -> Iterator[Finding]:
    field = "ascii_labels" if model.spec.ascii_labels else "labels"
    # The font cannot draw control characters either. Report such a label once, with the more precise finding.
    broken = [label for label in labels if text.controls(label)]
    strange = [label for label in labels if not glyphs.covers(label) and not text.controls(label)]
    long = [label for label in labels if glyphs.cells(label) > room]
    if broken:
        yield finding("C316", model.json, field, _several(broken))
    if strange:
        characters = text.strangers(strange)
        detail = tr("{labels} (characters: {characters})", labels=_several(strange), characters=characters)
        yield finding("C311", model.json, field, detail, tr("printable ASCII"))
    if long:
        yield finding("C313", model.json, field, _several(long), tr("at most {count} characters", count=room))
    groups = text.alike(labels, room, glyphs)
    if groups:
        first = [labels[at] for at in groups[0]]
        detail = tr("{labels}: all shown as {shown}", labels=_several(first), shown=_cut(first[0], room, glyphs))
        yield finding("C314", model.json, field, detail)


def _joined(stage: Model, room: int, glyphs: Glyphs) -> Iterator[Finding]:
    """Note a stage whose caption may be too long: it is all labels that hold, joined (device/kinds/attributes.py)."""
    labels = _read_labels(stage.spec, glyphs) if stage.spec.kind == "attributes" else []
    caption = ", ".join(labels)
    if glyphs.cells(caption) > room and stage.spec.loadable:
        wanted = tr("at most {count} characters", count=room)
        found = tr("{count} characters, shown as {shown}", count=len(caption), shown=_cut(caption, room, glyphs))
        field = "ascii_labels" if stage.spec.ascii_labels else "labels"
        yield finding("C652", stage.json, stage.prefix + field, found, wanted)


def _titles(titles: list[tuple[Model, str]], width: int, glyphs: Glyphs) -> Iterator[Finding]:
    shown = [title for _, title in titles]
    for group in text.alike(shown, width, glyphs):
        first = titles[group[0]][0]
        for at in group[1:]:
            detail = tr("{title}, shown as {shown}", title=printable(shown[at]), shown=_cut(shown[at], width, glyphs))
            expected = tr("another than {folder} shows", folder=first.folder)
            yield finding("C315", titles[at][0].json, _title_field(*titles[at]), detail, expected)


def _title_field(model: Model, title: str) -> str:
    """Return the field of model.json that the panel shows as the title."""
    return "ascii_title" if title == model.spec.ascii_title else "title"


def _read_labels(spec: Any, glyphs: Glyphs) -> list[str]:
    """Return the labels as the board's panel shows them, before its font replaces characters."""
    own = [str(spec.label(at)) for at in range(min(len(spec.labels), ALL_LABELS))]
    # The app draws a model's labels in glyphs if one of them needs it (device/glyph_overlay.py).
    drawn = bool(glyphs.records and foreign(own))
    return [label if drawn and glyphs.covers(label) else str(spec.panel_label(at)) for at, label in enumerate(own)]


def _shown(title: str) -> str:
    return tr("{title}, shown as {shown}", title=printable(title), shown=text.plain(title))


def _cut(label: str, room: int, glyphs: Glyphs) -> str:
    return f'"{text.shown(label, room, glyphs)}"'


def _several(labels: list[str]) -> str:
    """Return the first labels, and the number of the others, as a text."""
    named = series(f'"{printable(label)}"' for label in labels[:NAMED])
    more = len(labels) - NAMED
    return tr("{labels} and {count} more", labels=named, count=more) if more > 0 else named
