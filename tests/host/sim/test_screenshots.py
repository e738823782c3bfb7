"""Pictures of the panel by script: one for each board and name, always the same bytes, all or none; and the sheet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maixswitch.errors import EXIT_FINDINGS, EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.sim import screenshots, showcase
from maixswitch.sim.camera import Picture
from maixswitch.sim.screenshots import Shot
from maixswitch.sim.script import parse
from maixswitch.sim.session import Options
from tests.host.sim_helpers import Command

SCRIPT = "boxes 40,40,60,60,0,0.9\nscreenshot start\nexpect state RUNNING\nsay Hello\nscreenshot first\n"


def album(card: Path, *boards: str, text: str = SCRIPT, frame: bool = False, zoom: int = 1) -> screenshots.Album:
    return screenshots.take(Options(card=card, script=parse(text, "s"), zoom=zoom), boards, frame)


def shot(height: int, width: int, name: str = "a", board: str = "cube", grey: int = 200) -> Shot:
    return Shot(name, board, np.full((height, width, 3), grey, np.uint8))


def has(picture: Picture, colour: tuple[int, int, int]) -> bool:
    return bool((picture == colour).all(axis=2).any())


def test_each_board_has_its_pictures_in_the_size_of_its_panel(card: Path) -> None:
    result = album(card, "cube", "m5stickv", "cube")
    assert result.code == 0
    assert [(shot.key, shot.picture.shape) for shot in result.shots] == [
        ("start-cube", (240, 240, 3)),
        ("first-cube", (240, 240, 3)),
        ("start-m5stickv", (135, 240, 3)),
        ("first-m5stickv", (135, 240, 3)),
    ]
    assert has(result.shots[1].picture, (0, 255, 0))  # the box
    assert not has(result.shots[0].picture, (0, 255, 0))


def test_zoom_repeats_pixels_and_a_frame_surrounds_them(card: Path) -> None:
    plain, large, framed = (
        album(card, "m5stickv", zoom=zoom, frame=frame).shots[1].picture
        for zoom, frame in ((1, False), (3, False), (1, True))
    )
    assert large.shape == (405, 720, 3)
    assert np.array_equal(large[1::3, 2::3], plain)
    edge = showcase.MARGIN
    assert np.array_equal(framed[edge : edge + 135, edge : edge + 240], plain)
    assert has(framed[edge + 135 :], showcase.SILK)  # "Hello"
    assert has(framed[edge + 135 :], showcase.CARD_IN)


def test_command_writes_the_same_bytes_again(command: Command, card: Path, tmp_path: Path) -> None:
    (tmp_path / "s").write_text(SCRIPT)
    words = ("screenshot", card, "--script", "s", "--board", "dock", "--board", "cube", "--frame", "--sheet", "all.png")
    files = []
    for out in ("one", "two"):
        result = command(*words, "--out", out)
        assert (result.returncode, result.stderr) == (0, f"{out}: 4 pictures\nall.png: the sheet\n")
        assert result.stdout == ""
        paths = [*sorted((tmp_path / out).iterdir()), tmp_path / "all.png"]
        files.append([(path.name, path.read_bytes()) for path in paths])
    assert files[0] == files[1]
    assert [name for name, _ in files[0]] == [
        *("first-cube.png", "first-dock.png", "start-cube.png", "start-dock.png"),
        "all.png",
    ]
    sizes = [Image.open(tmp_path / "one" / f"first-{board}.png").size for board in ("dock", "cube")]
    assert sizes == [(680, 604), (520, 604)]


def test_a_failed_expectation_ends_with_1_and_writes_nothing(command: Command, card: Path, tmp_path: Path) -> None:
    (tmp_path / "s").write_text("screenshot early\nexpect title Nothing within 1s\n")
    result = command("screenshot", card, "--script", "s", "--board", "cube", "--out", "out", "--sheet", "sheet.png")
    assert result.returncode == EXIT_FINDINGS
    assert result.stderr.startswith("maixswitch: cube: s:2: expect title Nothing")
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


def test_without_a_board_the_settings_of_the_card_decide(card: Path) -> None:
    assert [shot.key for shot in album(card).shots] == ["start-dock", "first-dock"]


def test_board_without_panel_is_refused(card: Path) -> None:
    with pytest.raises(MaixSwitchError, match="unitv: no panel") as caught:
        album(card, "unitv")
    assert caught.value.exit_code == EXIT_USAGE


@pytest.mark.parametrize(
    ("text", "boards", "picks", "message"),
    [
        ("wait 1s", ["cube"], [], "s: takes no pictures; expected at least one line `screenshot NAME`"),
        ("screenshot a\nscreenshot A", ["cube"], [], "s:2: a second picture is named A; give each its own name"),
        ("screenshot a", ["cub"], [], "--board: no board cub; known: bit"),
        ("screenshot a", ["cube", "dock"], ["b-cube"], "--pick b-cube: no such picture; there are a-cube, a-dock"),
    ],
)
def test_mistakes_are_reported_before_anything_runs(
    text: str, boards: list[str], picks: list[str], message: str
) -> None:
    with pytest.raises(MaixSwitchError) as caught:
        screenshots.check(parse(text, "s"), boards, picks)
    assert caught.value.message.startswith(message)
    assert caught.value.exit_code == EXIT_USAGE


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--pick", "a-cube"), EXIT_USAGE, "--pick and --columns are for the sheet"),
        (("--sheet", "sheet.gif"), EXIT_USAGE, "--sheet sheet.gif: expected a name that ends in .png"),
        (("--out", "s"), EXIT_USAGE, "--out s: a file; expected a folder"),
        (("--script", "none"), EXIT_IO, "--script: cannot read none: No such file or directory"),
        (("--script", "binary"), EXIT_USAGE, "--script binary: not a text in UTF-8; expected one action a line"),
    ],
)
def test_wrong_commands_end_with_one_line(
    command: Command, card: Path, tmp_path: Path, words: tuple[str, ...], code: int, message: str
) -> None:
    (tmp_path / "binary").write_bytes(b"\x89PNG")
    (tmp_path / "s").write_text("screenshot a")
    result = command("screenshot", card, "--script", "s", "--board", "cube", "--out", "out", *words)
    assert result.returncode == code
    assert result.stderr.startswith(f"maixswitch: {message}")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_the_sheet_is_sorted_by_name_and_picks_keep_their_order() -> None:
    shots = [shot(9, 9, name, board) for board in ("cube", "dock") for name in ("b", "a")]
    assert [shot.key for shot in screenshots.chosen(shots, [])] == ["b-cube", "b-dock", "a-cube", "a-dock"]
    assert [shot.key for shot in screenshots.chosen(shots, ["a-dock", "b-cube"])] == ["a-dock", "b-cube"]
    with pytest.raises(MaixSwitchError, match="--pick c-cube: no such picture; there are b-cube"):
        screenshots.chosen(shots, ["c-cube"])


def test_the_sheet_shows_every_picture_completely_with_its_caption() -> None:
    screenshots.check(parse("screenshot a", "s"), [], [])  # loads the font
    shots = [shot(135, 240, grey=250), shot(240, 320, grey=251), shot(240, 240, "a-long-name-of-a-picture", grey=252)]
    sheet = screenshots.sheet(shots, 2)
    for number, shown in enumerate(shots):
        rows, columns = np.nonzero((sheet == 250 + number).all(axis=2))
        height, width = shown.picture.shape[:2]
        assert len(rows) == height * width
        assert (rows.max() - rows.min() + 1, columns.max() - columns.min() + 1) == (height, width)
    inked = np.nonzero((sheet == showcase.SILK).all(axis=2))[1]
    assert screenshots.GAP <= inked.min() < inked.max() < sheet.shape[1] - screenshots.GAP
    other = screenshots.sheet([*shots[:2], shot(240, 240, "a-lung-name-of-a-picture", grey=252)], 2)
    assert not np.array_equal(sheet, other)


def test_no_file_is_left_if_one_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "b.png").mkdir()
    picture = shot(4, 4).picture
    with pytest.raises(MaixSwitchError, match=r"cannot write .*b\.png: Is a directory") as caught:
        screenshots.write({tmp_path / "a.png": picture, tmp_path / "b.png": picture})
    assert caught.value.exit_code == EXIT_IO
    assert [path.name for path in tmp_path.iterdir()] == ["b.png"]


def test_the_caption_of_a_frame_is_smaller_on_a_narrow_board() -> None:
    """The caption ends before the card at the right."""
    for width in (240, 320):
        show = showcase.Showcase()
        show.hear({"t": 0, "event": "say", "text": "Card out: the screen says what to do"})
        framed = show.dress(0, np.zeros((135, width, 3), np.uint8))
        inked = (framed == showcase.SILK).all(axis=2).any(axis=0)
        assert 0 < inked.nonzero()[0].max() < framed.shape[1] - showcase.MARGIN - 54
