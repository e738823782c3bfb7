"""Pictures of the panel that a script takes, on one or more boards, as files and as one sheet."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from maixswitch import board_code, files
from maixswitch.errors import EXIT_OK, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr
from maixswitch.sim.actions import Screenshot
from maixswitch.sim.board_options import check_board
from maixswitch.sim.camera import Picture, from_rgb565
from maixswitch.sim.pictures import Colour
from maixswitch.sim.script import Script
from maixswitch.sim.session import Options, Session
from maixswitch.sim.showcase import BOARD, EDGE, SILK, Showcase

GAP = 16
BORDER = 2
LETTER_SCALE = 2  # enlargement of the board's letters in a caption
DIM = (142, 166, 178)


@dataclass(frozen=True)
class Shot:
    """One picture (height, width, 3), its name in the script, and the board that showed it."""

    name: str
    board: str
    picture: Picture

    @property
    def key(self) -> str:
        """NAME-BOARD: the name of its file and in the sheet."""
        return f"{self.name}-{self.board}"


@dataclass
class Album:
    """The pictures of all runs, board by board.

    code, reason: exit code and message of the run that failed, which ended all of them; EXIT_OK and "" without one.
    """

    shots: list[Shot] = field(default_factory=list)
    code: int = EXIT_OK
    reason: str = ""


def names(script: Script) -> list[str]:
    """Return the names of the script's pictures, in order.

    Raises MaixSwitchError (usage) if there are none, or if two are the same for a file system that ignores case.
    """
    picture_names: list[str] = []
    for line in script.lines:
        if not isinstance(line.action, Screenshot):
            continue
        # Refuse this, or the second file would replace the first one on some PCs.
        if line.action.name.casefold() in {name.casefold() for name in picture_names}:
            raise MaixSwitchError(
                tr(
                    "{script}:{line}: a second picture is named {name}; give each its own name",
                    script=script.name,
                    line=line.number,
                    name=line.action.name,
                ),
                EXIT_USAGE,
            )
        picture_names.append(line.action.name)
    if not picture_names:
        raise MaixSwitchError(
            tr("{script}: takes no pictures; expected at least one line `screenshot NAME`", script=script.name),
            EXIT_USAGE,
        )
    return picture_names


def check(script: Script, boards: Sequence[str], picks: Sequence[str]) -> None:
    """Raise MaixSwitchError (usage) for wrong boards, names or picks, before any run."""
    picture_names = names(script)
    for board in boards:
        check_board(board)
    keys = [f"{name}-{board}" for name in picture_names for board in boards]
    for pick in picks:
        # Without boards the card chooses one, whose name is known only after the run: then `chosen` checks the picks.
        if boards and pick not in keys:
            raise MaixSwitchError(_no_pick(pick, keys), EXIT_USAGE)


def take(options: Options, boards: Sequence[str], frame: bool = False) -> Album:
    """Play the script of `options` on each board and return the pictures; stop at the first failure.

    options: of the runs; `zoom` enlarges the panel. Nothing is written.
    boards: ids of boards; none for the board of the card's settings.
    frame: whether to draw the board around the panel.
    """
    album = Album()
    # Run a board that was named twice only once, since its pictures would have the same names.
    for board in dict.fromkeys(boards) or [options.board]:
        show = Showcase(options.zoom)
        # Set a narrator even without a frame: it keeps the terminal quiet, where several runs would mix.
        session = Session(Options(**{**vars(options), "board": board, "out": None, "narrator": show.hear}))
        collector = _Collector(session, show if frame else None)
        session.recorder.keep = collector.keep
        album.code = session.run()
        # Stop at the first failure: a sheet without one of the boards would look complete.
        if album.code:
            album.reason = f"{session.sim.board}: {session.explain()}"
            break
        album.shots += collector.shots
    return album


class _Collector:
    """Keeps the pictures of one run. show: draws the board around them; None for the panel alone."""

    def __init__(self, session: Session, show: Showcase | None) -> None:
        self.shots: list[Shot] = []
        self._session = session
        self._show = show

    def keep(self, name: str, pixels: bytes | bytearray, width: int, height: int) -> Path:
        """Keep the panel, as RGB565, under a name; return the name of its file."""
        sim, zoom = self._session.sim, self._session.options.zoom
        if not pixels:
            raise MaixSwitchError(
                tr("{board}: no panel to take a picture of; choose a board with one", board=sim.board), EXIT_USAGE
            )
        panel = from_rgb565(pixels, width, height)
        dressed = self._show.dress(sim.now, panel) if self._show else panel.repeat(zoom, axis=0).repeat(zoom, axis=1)
        self.shots.append(Shot(name, sim.board, dressed))
        return Path(f"{self.shots[-1].key}.png")


def chosen(shots: Sequence[Shot], picks: Sequence[str]) -> list[Shot]:
    """Return the picked pictures in the order of the picks; without picks all of them, name by name.

    Raises MaixSwitchError (usage) for a pick that does not exist.
    """
    if not picks:
        # The boards of one picture stand side by side, because people compare them.
        order = list(dict.fromkeys(shot.name for shot in shots))
        return sorted(shots, key=lambda shot: order.index(shot.name))
    known = {shot.key: shot for shot in shots}
    for pick in picks:
        if pick not in known:
            raise MaixSwitchError(_no_pick(pick, list(known)), EXIT_USAGE)
    return [known[pick] for pick in picks]


def _no_pick(pick: str, keys: Sequence[str]) -> str:
    return tr("--pick {pick}: no such picture; there are {known}", pick=pick, known=", ".join(keys))


def sheet(shots: Sequence[Shot], columns: int) -> Picture:
    """Return the pictures side by side, `columns` in a row, each above its name and its board."""
    # Draw the captions in the board's letters: fonts differ from one PC to the next.
    captions = [_stacked(_words(shot.name, SILK), _words(shot.board, DIM)) for shot in shots]
    rows = [range(start, min(start + columns, len(shots))) for start in range(0, len(shots), columns)]
    sizes = [shot.picture.shape for shot in shots]
    # Give each column and row the size of its largest picture: panels differ from board to board.
    widths = [
        max(max(sizes[i][1] + 2 * BORDER, captions[i].shape[1]) for i in range(column, len(shots), columns))
        for column in range(min(columns, len(shots)))
    ]
    heights = [max(sizes[i][0] for i in row) + 2 * BORDER for row in rows]
    foot = captions[0].shape[0] + GAP // 2
    size = (GAP + sum(height + foot + GAP for height in heights), GAP + sum(width + GAP for width in widths))
    canvas = _empty(*size)
    top = GAP
    for row, height in zip(rows, heights, strict=True):
        left = GAP
        # The last row may be shorter.
        for i, width in zip(row, widths, strict=False):
            picture = np.pad(shots[i].picture, ((BORDER, BORDER), (BORDER, BORDER), (0, 0)))
            picture[:BORDER] = picture[-BORDER:] = EDGE
            picture[:, :BORDER] = picture[:, -BORDER:] = EDGE
            middle = left + width // 2
            # Align the pictures at the bottom, so that each caption is close to its picture.
            _put(canvas, picture, middle, top + height - picture.shape[0])
            _put(canvas, captions[i], middle, top + height + GAP // 2)
            left += width + GAP
        top += height + foot + GAP
    return canvas


def _put(canvas: Picture, part: Picture, middle: int, top: int) -> None:
    left = middle - part.shape[1] // 2
    canvas[top : top + part.shape[0], left : left + part.shape[1]] = part


def _stacked(*lines: Picture) -> Picture:
    """Draw centred lines of text, one below the other."""
    width = max(line.shape[1] for line in lines)
    canvas = _empty(sum(line.shape[0] for line in lines), width)
    top = 0
    for line in lines:
        _put(canvas, line, width // 2, top)
        top += line.shape[0]
    return canvas


def _words(text: str, colour: Colour) -> Picture:
    """Draw a line of text; characters without a letter become question marks."""
    font = board_code.font()
    ink = np.zeros((font.HEIGHT, font.WIDTH * len(text)), bool)
    for column, letter in enumerate(text):
        # The table begins at the space; the left column of a letter is in its highest bit.
        at = (ord(letter if " " <= letter <= "~" else "?") - 32) * font.ROWS
        for row, bits in enumerate(font.GLYPHS[at : at + font.ROWS]):
            left = column * font.WIDTH + font.LEFT
            ink[font.TOP + row, left : left + font.BITS] = [bits >> bit & 1 for bit in reversed(range(font.BITS))]
    large = ink.repeat(LETTER_SCALE, axis=0).repeat(LETTER_SCALE, axis=1)
    picture = _empty(*large.shape)
    picture[large] = colour
    return picture


def _empty(height: int, width: int) -> Picture:
    picture: Picture = np.empty((height, width, 3), np.uint8)
    picture[:] = BOARD
    return picture


def write(pictures: dict[Path, Picture]) -> None:
    """Write all files as PNG or none, and make missing folders.

    Raises MaixSwitchError (input or output) if one cannot be written.
    """
    files.write_all({path: _png(picture) for path, picture in pictures.items()}, make_folders=True)


def _png(picture: Picture) -> bytes:
    packed = io.BytesIO()
    Image.fromarray(picture).save(packed, "png", optimize=True)
    return packed.getvalue()
