"""The table of boards. Runs under CPython and MicroPython."""

from device.once.boards import find, find_by_config, gestures, names
from tests.device.unit_helpers import raises


def test_each_board_is_found_by_its_own_id():
    assert len(set(names())) == len(names()) > 0
    for name in names():
        assert find(name).id == name


def test_a_miss_lists_the_known_boards():
    text = str(raises(ValueError, find, "raspberry"))
    assert text.startswith("no board raspberry; known: bit dock go")
    for name in names():
        assert name in text
    for name in ("", "bi", "-", "bit ", "BIT"):
        raises(ValueError, find, name)


def test_by_the_type_in_the_boards_own_config():
    assert find_by_config("cube").id == "cube"
    assert find_by_config("Go").id == "go"
    assert find_by_config("duino").id == "maixduino"
    assert find_by_config("ALIENTEK").id == "dnk210"
    assert find_by_config("yahboom").id == "yahboom"  # its devkit says the same: maixswitch.json has to name it
    for kind in (None, "", "-", "unitv", "nothing"):
        assert find_by_config(kind) is None


def test_rows_are_complete_and_in_range():
    for name in names():
        board = find(name)
        assert 1 <= len(board.keys) <= 3
        pins = [pin for pin, _ in board.keys]
        assert len(set(pins)) == len(pins)
        for pin, role in board.keys:
            assert 0 <= pin <= 47
            assert role in ("primary", "next", "prev")
        assert board.keys[0][1] == "primary"
        if board.lcd:
            width, height, kind, freq, invert, lcd_type, pins = board.lcd
            assert (width, height) in ((320, 240), (240, 240), (480, 320), (240, 135))
            assert kind in (1, 3)
            assert 15000000 <= freq <= 40000000
            assert invert in (0, 1)
            assert lcd_type in (0, 1, 2)
            assert pins is None or len(pins) == 4
        assert board.hmirror in (None, 0, 1)
        assert board.vflip in (None, 0, 1)
        assert board.choice in (None, 1, 2)
        assert board.rotation == 0
        assert board.needs_pmu in (None, "AXP173", "AXP192")


def test_some_rows():
    assert find("bit").keys == ((16, "primary"),)
    assert find("bit").lcd == (320, 240, 1, 15000000, 0, 0, None)
    assert find("cube").backlight == (17, 0)
    assert find("cube").direction == 96
    assert find("yahboom").lcd[6] == (23, 31, 30, 28)
    assert find("unitv").lcd is None
    assert find("unitv").config_type is None
    assert find("amigo_tft").choice == 1


def test_gestures():
    assert gestures(((16, "primary"),)) == ((16, "NEXT", "PREVIOUS"),)
    assert gestures(((36, "primary"), (37, "next"))) == ((36, "NEXT", "PREVIOUS"), (37, "PREVIOUS", "RELOAD"))
    assert gestures(find("cube").keys) == ((10, "RELOAD", "PREVIOUS"), (16, "NEXT", None), (11, "PREVIOUS", None))
    assert gestures(()) == ()


def test_every_board_can_go_forward_and_back():
    for name in names():
        events = [event for key in gestures(find(name).keys) for event in key[1:]]
        assert "NEXT" in events
        assert "PREVIOUS" in events
