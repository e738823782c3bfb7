"""The card pulled between any two operations on its files, and the power cut at every byte of what the app writes."""

from __future__ import annotations

import itertools
from binascii import crc32
from pathlib import Path

import pytest

from tests.device.stories.story import Story

# Everything that the app does with files: start, settings, catalogue, remembered choice, loads, labels, the catalogue
# again, and the choice that is written after five seconds with one model.
DAY = (
    "restart",
    "scores 0.5 0.7 0.2",
    "wait 500ms",
    "press next",
    "wait 500ms",
    "press next",
    "wait 500ms",
    "press primary",
    "wait 500ms",
    "press next",
    "wait 7s",
)


def board(cards: Path, card: str = "good") -> Story:
    return Story(cards, card, "cube").power_on().do("wait 400ms")


NIGHTLY = pytest.mark.nightly
# The card comes after the start, which knew no settings: without them this board has other keys.
LATE = ("eject", "restart", "wait 100ms", "insert", "wait 9s")


@pytest.mark.parametrize("day", [DAY, LATE], ids=["day", "late"])
@pytest.mark.parametrize("stride", [3, pytest.param(1, marks=NIGHTLY)])
@pytest.mark.parametrize("back", [0, pytest.param(1, marks=NIGHTLY), pytest.param(3000, marks=NIGHTLY)])
def test_card_pulled_between_any_two_operations(cards: Path, back: int, stride: int, day: tuple[str, ...]) -> None:
    """It comes back after `back` ms; then the same models are back without a press, and another card works, too."""

    def begin() -> Story:
        return Story(cards, "good", "yahboom_devkit").power_on().do("wait 400ms")

    first = day.index("insert") + 1 if day is LATE else 0
    story = begin().do(*day[:first])
    before = story.bench.card.operations
    story.do(*day[first:])
    count = story.bench.card.operations - before
    story.end()
    assert count > 50
    for nth in range(1, count + 1, stride):
        story = begin().do(*day[:first], f"eject at {nth}")
        for action in day[first:]:
            story.do(action)
            if not story.bench.card.inserted:
                break
        assert not story.bench.card.inserted, f"nothing pulled at {nth}"
        story.do(*([f"wait {back}ms"] if back else []), "insert", "wait 4s")
        if story.state != "RUNNING":  # the day ended on the kmodel v4 or the next, too large one
            story.do("expect state RUNNING within 10s")
        title = story.sim.title
        story.do("press")
        assert story.sim.title != title, f"the key does nothing\n\n{story.text()}"
        story.recover().end()
    print(f"{count} operations")


FOLDERS = ("1-face", "2-digits", "3-things", "4-new")


def slot(number: int, folder: str) -> bytes:
    """Return a slot's file as the app writes it."""
    body = f"{number} {folder}".encode()
    return body + b" %08x" % crc32(body)


def selected(story: Story) -> str:
    return str(story.sim.app.catalog[story.sim.app.selected].folder)


@pytest.mark.parametrize("write", range(4))
def test_power_cut_at_every_byte_of_the_choice(cards: Path, write: int) -> None:
    """The first write and later ones: each slot is written, empty and with an older choice in it."""
    new, old = FOLDERS[write], FOLDERS[max(write - 1, 0)]
    length = len(slot(write, new))
    for cut in range(length + 2):
        story = board(cards)
        for _ in range(write):
            story.do("wait 7s", "press next")
        story.do(f"power cut {cut}", "wait 8s")
        lost = not story.sim.powered
        assert lost == (cut < length), story.text()
        story.do("power")
        assert selected(story) in ((old, new) if lost else (new,)), f"{selected(story)} is next\n\n{story.text()}"
        at = FOLDERS.index(selected(story))
        turn, then = ("next", at + 1) if at < 3 else ("prev", at - 1)
        story.do("expect state RUNNING", f"press {turn}", "expect state RUNNING", "wait 8s", "power")
        assert selected(story) == FOLDERS[then], f"the next choice was lost, {selected(story)}\n\n{story.text()}"
        story.recover().end()
    print(f"{length + 2} cuts")


def torn(new: bytes, old: bytes) -> list[bytes | None]:
    """Return what a cut can leave of a file: nothing, or `new` up to a byte, with old or empty sectors behind it.

    Each board starts anew, so only every third byte is tried, and the last ones.
    """
    ends = [*range(0, len(new) - 1, 3), len(new) - 1, len(new)]
    slots = [new[:end] for end in ends]
    slots += [new[:end] + old[end:] for end in ends]
    slots += [new[:end] + bytes(512 - end) for end in ends]
    slots += [new[:end] + b"\xff" * (512 - end) for end in ends]
    nonsense = [b"x 1-face", b"9", b"9 \xff\xfe", b" "]
    slots += [body + b" %08x" % crc32(body) for body in nonsense]
    return [None, *slots, b"\0" * 9, b"\n", new + b"\n", b"-" * 4096]


@pytest.mark.parametrize("broken", [0, 1])
def test_broken_slots(cards: Path, broken: int) -> None:
    """One slot in every state that a cut can leave, the other one good, older, bad or missing: the app starts."""
    good, older = slot(7, "2-digits"), slot(6, "3-things")
    new, bad = slot(8, "3-things"), slot(7, "2-digits")[:-1]
    for left, other in itertools.product(torn(new, older), [good, bad, None]):
        story = Story(cards, "good", "cube")
        for number, data in ((broken, left), (1 - broken, other)):
            story.lines.append(f"# /sd/maixswitch.s{number} holds {data!r:.80}")
            if data is not None:
                story.sim._card.write(f"maixswitch.s{number}", data)
        story.power_on()
        expected = (
            "3-things" if left == new else "2-digits" if other == good else "3-things" if left == older else "1-face"
        )
        assert selected(story) == expected, story.text()
        if other != good:  # the slots are written again, whatever they hold
            story.do("press next", "expect state RUNNING", "wait 7s", "power")
            assert selected(story) == FOLDERS[FOLDERS.index(expected) + 1], story.text()
        story.end()


def test_the_choice_goes_with_the_card(cards: Path) -> None:
    """A model of the same folder on another card is remembered on that card too."""
    story = Story(cards, "good", "cube").power_on().do("wait 7s")
    assert [row[2:] for row in story.log if row[1] == "choice"] == [("1-face", True)]
    story.do("insert other", "wait 12s", "expect state RUNNING")
    assert selected(story) == "1-face"
    assert [row[2:] for row in story.log if row[1] == "choice"] == [("1-face", True)] * 2
    story.recover().end()


def test_the_card_is_changed_while_the_app_looks_elsewhere(cards: Path) -> None:
    """A change that the app cannot notice, at any time between two looks: it shows no label of the other card."""
    for ms in range(0, 2400, 130):
        story = Story(cards, "good", "cube").power_on().do("boxes 10,10,50,50,1,0.9", "frames 3", f"wait {ms}ms")
        story.do("insert other", "press next", "wait 3s", "expect state RUNNING", "frames 2")
        assert story.sim.app.catalog[0].title == "Things"
        story.recover().end()
