"""The model of a new card that learns: it tells digits apart of each of which it saw one picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from maixswitch import models_shipped
from maixswitch.card.check import check
from maixswitch.sim import pictures
from maixswitch.sim.script import parse
from maixswitch.sim.session import Options, Session
from training import evaluate

ANOTHER_SEED = 77_000


def test_one_picture_of_each_digit_is_enough() -> None:
    run = evaluate.network(models_shipped.FOLDER / "learner" / "learner.kmodel")
    assert evaluate.learner(run, 150, ANOTHER_SEED) >= 0.93


def test_it_learns_two_digits_by_the_key_and_knows_other_pictures_of_them(tmp_path: Path) -> None:
    (tmp_path / "card/models").mkdir(parents=True)
    models_shipped.copy_learner(tmp_path / "card/models")
    assert not [item for item in check(tmp_path / "card").findings if item.file.startswith("models/")]
    drawn: dict[int, list[str]] = {3: [], 8: []}
    for index in range(200):
        picture, digit = pictures.digit_picture(np.random.default_rng((ANOTHER_SEED, index)))
        if digit in drawn and len(drawn[digit]) < 2:
            # The model looks at the middle of the frame, whose height its input has.
            frame = Image.new("RGB", (320, 240), tuple(int(v) for v in picture[0, 0]))
            frame.paste(Image.fromarray(picture), (48, 8))
            drawn[digit].append(f"{digit}-{len(drawn[digit])}.png")
            frame.save(tmp_path / drawn[digit][-1])
    threes, eights = drawn[3], drawn[8]
    script = f"camera {threes[0]}\nexpect state RUNNING\nframes 3\npress\npress\nexpect detection 1\n"
    script += f"camera {eights[0]}\nframes 5\npress\npress\nexpect detection 2\n"
    script += f"camera {threes[1]}\nframes 5\nexpect detection 1\ncamera {eights[1]}\nframes 5\nexpect detection 2\n"
    options = Options(tmp_path / "card", camera=tmp_path / threes[0], script=parse(script), script_base=tmp_path,
                      quiet=True)  # fmt: skip
    assert Session(options).run() == 0
