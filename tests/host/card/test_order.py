"""The order of the models on a card: numbered folders, renamed so that no model is ever lost."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maixswitch.card import ordering
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from tests.host.card.failing_disk import FailingDisk

NAMES = ("10-face", "20-things", "30-face", "zebra")


@pytest.fixture
def models(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "who").write_text(name)
    return tmp_path


def contents(models: Path) -> list[str]:
    """Returns the original name of each model, in the order of the button."""
    names = sorted((path.name for path in models.iterdir()), key=ordering.key)
    return [(models / name / "who").read_text() for name in names]


@pytest.mark.parametrize("order", list(itertools.permutations(NAMES)))
def test_every_order_is_reached_and_every_model_kept(models: Path, order: tuple[str, ...]) -> None:
    ordering.rename(models, ordering.renumbered(order))
    assert contents(models) == list(order)


def test_an_unchanged_order_renames_nothing() -> None:
    assert ordering.renumbered(NAMES) == []


@pytest.mark.parametrize("fails_at", range(1, 5))
def test_a_failure_puts_everything_back(models: Path, fails_at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = FailingDisk(monkeypatch, fails_at, OSError(5, "Input/output error"))
    order = ("30-face", "zebra", "10-face", "20-things")
    with pytest.raises(MaixSwitchError, match="Input/output error"):
        ordering.rename(models, ordering.renumbered(order))
    assert sorted(path.name for path in models.iterdir()) == sorted(NAMES)
    assert len(disk.targets) >= fails_at
    assert not [target for target in disk.targets if target.name.startswith(".")], "the board would not see it"


def test_a_taken_name_stops_before_the_first_rename(models: Path) -> None:
    with pytest.raises(MaixSwitchError, match="20-things exists already"):
        ordering.rename(models, [("10-face", "40-face"), ("30-face", "20-things")])
    assert contents(models) == list(NAMES)


def test_find_by_folder_name_and_title() -> None:
    models = [("10-face", "Face"), ("20-face", "Face small"), ("30-cats", "Dogs"), ("dogs", "x")]
    assert ordering.find(models, "10-face") == "10-face"
    assert ordering.find(models, "models/20-face/") == "20-face"
    assert ordering.find(models, "CATS") == "30-cats"
    assert ordering.find(models, "face SMALL") == "20-face"
    for query, text in (
        ("face", "10-face, 20-face; name the folder"),
        ("none", r"no model none; the card has: 10-face \(F"),
    ):
        with pytest.raises(MaixSwitchError, match=text) as caught:
            ordering.find(models, query)
        assert caught.value.exit_code == EXIT_USAGE


@given(st.integers(1, 130))
def test_the_next_folder_is_the_last(count: int) -> None:
    names: list[str] = []
    for number in range(count):
        names.append(ordering.following(names, f"m{number}"))
    assert names == sorted(names, key=ordering.key)
    assert len({name.casefold() for name in names}) == count


@given(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=8, unique=True), st.data())
def test_between_returns_a_folder_at_the_position_or_none(words: list[str], data: st.DataObject) -> None:
    numbers = sorted(data.draw(st.sets(st.integers(0, 99), min_size=len(words), max_size=len(words))))
    names = [f"{number:02d}-{word}" for number, word in zip(numbers, words, strict=True)]
    position = data.draw(st.integers(1, len(names)))
    folder = ordering.between(names, position, "new")
    if folder is not None:
        assert sorted([*names, folder], key=ordering.key).index(folder) == position - 1


def test_slugs_are_plain() -> None:
    assert ordering.slug("Face (small) No. 2") == "face-small-no-2"
    assert ordering.slug("人脸") == "model"
    assert len(ordering.slug("x" * 32)) == 24
