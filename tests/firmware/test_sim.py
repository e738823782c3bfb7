"""`maixswitch sim --firmware FILE`: the app of a new card runs in real images, through one script."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from maixswitch.sim.camera import from_rgb565
from maixswitch.sim.demo import write_card
from maixswitch.sim.recorder import Recorder
from maixswitch.sim.script import parse
from maixswitch.sim.session import Options, Session
from tests.firmware.boards import IMAGES, board_name, with_each

SCRIPT = """
expect state RUNNING within 20s
expect title Shapes
expect detection circle >= 0.5
screenshot shapes
press
expect title Digits
expect state RUNNING
screenshot digits
hold
expect title Shapes
expect state RUNNING
damage models/20-digits/digits.kmodel
press
expect state FAULT
screenshot fault
heal
press
expect title Colours
expect state RUNNING for 6s
power
expect state RUNNING within 20s
expect title Colours
eject
expect state NO_CARD
screenshot no-card
"""


class Album(Recorder):
    """Keeps the pictures of a script in memory."""

    def __init__(self, out: Path | None, zoom: int) -> None:
        super().__init__(out, zoom)
        self.pictures: dict[str, np.ndarray] = {}  # type: ignore[type-arg]
        self.keep = self._take

    def _take(self, name: str, pixels: bytes | bytearray, width: int, height: int) -> Path:
        self.pictures[name] = from_rgb565(pixels, width, height)
        return Path(name)


@with_each(IMAGES)
def test_the_app_runs_in_the_image(image: Path, tmp_path: Path) -> None:
    card = tmp_path / "card"
    write_card(card)
    options = Options(
        card=card,
        board={"bit": "dock"}.get(board_name(image), board_name(image)),
        flavour=str(image),
        script=parse(SCRIPT, "tour"),
        recorder=Album,
        quiet=True,
    )
    session = Session(options)
    assert (session.run(), session.explain()) == (0, "")
    assert isinstance(session.recorder, Album)
    pictures = session.recorder.pictures
    assert list(pictures) == ["shapes", "digits", "fault", "no-card"]
    # Each is another picture, and none is dark.
    assert len({picture.tobytes() for picture in pictures.values()}) == 4
    assert all(picture.max() > 200 for picture in pictures.values())
