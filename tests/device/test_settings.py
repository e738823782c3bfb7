"""maixswitch.json and the remembered choice on a fake card. Runs under CPython and MicroPython."""

# ruff: noqa: E402

import json
from binascii import crc32

import bench

bench.install()

from device.once.choice import SLOTS, choice_read, choice_write
from device.once.settings import Settings


def read(text=None):
    """Return the Settings of a card. text: maixswitch.json as text, bytes or a dict; None: there is no such file."""
    bench.reset()
    files = {}
    if text is not None:
        files["maixswitch.json"] = json.dumps(text) if isinstance(text, dict) else text
    bench.card.insert(bench.MemoryCard(files))
    return Settings.read("/sd")


def values(it):
    return (it.board, it.keys, it.screen, it.camera, it.link, it.watchdog)


DEFAULTS = ("", None, {}, {}, False, 0)


def test_without_file_or_card_there_is_no_problem():
    assert values(read()) == DEFAULTS
    assert read().problems == []
    bench.reset()
    it = Settings.read("/sd")
    assert (values(it), it.problems) == (DEFAULTS, [])


def test_every_setting():
    it = read(
        {
            "board": "cube",
            "keys": [{"pin": 10, "role": "primary"}, {"pin": 16, "role": "next"}],
            "screen": {"rotation": 2, "invert": True, "mirror": False},
            "camera": {"hmirror": True, "vflip": False, "choice": 1},
            "link": True,
            "watchdog": 20000,
        }
    )
    assert it.problems == []
    assert values(it) == (
        "cube",
        ((10, "primary"), (16, "next")),
        {"rotation": 2, "invert": True, "mirror": False},
        {"hmirror": True, "vflip": False, "choice": 1},
        True,
        20000,
    )


def test_a_wrong_setting_is_named_and_the_others_count():
    for field, value, where in (
        ("board", "raspberry", "board"),
        ("board", 5, "board"),
        ("keys", [], "keys"),
        ("keys", {"pin": 1, "role": "next"}, "keys"),
        ("keys", [5], "keys"),
        ("keys", [{"pin": 16, "role": "next"}, {"pin": 16, "role": "prev"}], "keys"),
        ("keys", [{"pin": 16}], "keys"),
        ("keys", [{"pin": i, "role": "next"} for i in range(5)], "keys"),
        ("keys", None, "keys"),
        ("keys", [{"pin": 48, "role": "next"}], "keys.pin"),
        ("keys", [{"pin": True, "role": "next"}], "keys.pin"),
        ("keys", [{"pin": 16, "role": "up"}], "keys.role"),
        ("keys", [{"pin": 16, "role": "next", "level": 1}], "keys.level"),
        ("screen", 1, "screen"),
        ("screen", {"rotation": 4}, "screen.rotation"),
        ("screen", {"rotation": True}, "screen.rotation"),
        ("screen", {"mirror": 1}, "screen.mirror"),
        ("screen", {"colour": 1}, "screen.colour"),
        ("camera", [], "camera"),
        ("camera", {"vflip": "yes"}, "camera.vflip"),
        ("link", "yes", "link"),
        ("watchdog", -1, "watchdog"),
        ("watchdog", False, "watchdog"),
        ("watchdog", 1.5, "watchdog"),
        ("colour", 1, "colour"),
    ):
        data = {"board": "bit", "link": True}
        data[field] = value
        it = read(data)
        assert it.problems, (field, value)
        for problem in it.problems:
            assert problem[0] == "maixswitch.json"
            assert "" not in problem
        assert it.problems[0][1] == where, it.problems
        if field != "board":
            assert it.board == "bit"
        if field != "link":
            assert it.link is True


def test_a_link_is_a_flag_or_fields_that_fit_each_other():
    for value in (
        *(True, False, {}, {"rate": 30}, {"protocol": "json"}, {"protocol": "maixhub"}),
        *({"uart": 3, "tx": 8, "baud": 1500000, "rate": 1}, {"uart": 1, "tx": 8, "rx": 9, "baud": 9600}),
        {"protocol": "husky", "uart": 1, "tx": 8, "rx": 9},
    ):
        it = read({"link": value})
        assert (it.link, it.problems) == (value, [])
    beside = 'beside it "uart", 1 to 3: the REPL keeps its own'
    sends = "the pin that sends"
    free = "a pin that no key has, nor the REPL (4 and 5)"
    for value, extra, problem in (
        ({"tx": 8}, {}, ("link.tx", "8", beside)),
        ({"baud": 115200}, {}, ("link.baud", "115200", beside)),
        ({"uart": 1}, {}, ("link.tx", "missing", sends)),
        ({"uart": 1, "tx": 4}, {}, ("link.tx", "4", free)),
        ({"uart": 1, "tx": 5}, {}, ("link.tx", "5", free)),
        ({"uart": 1, "tx": 11}, {"board": "cube"}, ("link.tx", "11", free)),
        ({"uart": 1, "tx": 7}, {"keys": [{"pin": 7, "role": "next"}]}, ("link.tx", "7", free)),
        ({"uart": 9, "tx": 7}, {}, ("link.uart", "9", "a whole number, 1 to 3")),
        ({"uart": 1, "tx": 7, "cts": 6}, {}, ("link.cts", "unknown", "one of baud protocol rate rx tx uart")),
        ({"uart": 1, "tx": 7, "rx": 5}, {}, ("link.rx", "5", free)),
        ({"uart": 1, "tx": 7, "rx": 11}, {"board": "cube"}, ("link.rx", "11", free)),
        ({"uart": 1, "tx": 7, "rx": 7}, {}, ("link.rx", "7", "another pin than tx")),
        ({"rx": 8}, {}, ("link.rx", "8", beside)),
        ({"protocol": "morse"}, {}, ("link.protocol", '"morse"', "one of husky json maixhub")),
        ({"protocol": "husky"}, {}, ("link.uart", "missing", "1 to 3: husky needs a port of its own")),
        ({"protocol": "husky", "uart": 1, "tx": 7}, {}, ("link.rx", "missing", "the pin that receives")),
    ):
        it = read(dict(extra, link=value))
        assert it.link is False, value
        assert it.problems == [("maixswitch.json", problem[0], problem[1], problem[2])]
    # the settings before and after a bad link count
    it = read('{"watchdog": 9000, "link": {"uart": 9, "tx": 7}, "board": "cube", "screen": {"rotation": 1}}')
    assert (it.link, it.watchdog, it.board, it.screen) == (False, 9000, "cube", {"rotation": 1})
    it = read({"link": {"uart": 1, "tx": 6}})
    assert (it.link, it.problems) == ({"uart": 1, "tx": 6}, [])
    keys = [{"pin": 7, "role": "next"}]
    assert read({"link": {"uart": 1, "tx": 11}, "board": "cube", "keys": keys}).link == {"uart": 1, "tx": 11}


def test_the_good_fields_of_a_section_count():
    assert read({"screen": {"rotation": 9, "invert": True}}).screen == {"invert": True}


def test_unknown_and_wrong_values_tell_what_was_expected():
    assert read({"boardd": 1}).problems == [
        ("maixswitch.json", "boardd", "unknown", "one of board camera keys language link screen watchdog")
    ]
    assert read({"screen": {"rotation": 4}}).problems == [
        ("maixswitch.json", "screen.rotation", "4", "a whole number, 0 to 3")
    ]


WANTED = (
    ("link", 1, "true or false, or an object"),
    ("link.rate", 31, "a whole number, 1 to 30"),
    ("link.uart", 4, "a whole number, 1 to 3"),
    ("link.tx", 48, "a whole number, 0 to 47"),
    ("link.baud", 9599, "a whole number, 9600 to 1500000"),
    ("link.rx", 48, "a whole number, 0 to 47"),
    ("watchdog", 160001, "a whole number, 0 to 160000"),
    ("screen", [90], "an object"),
    ("screen.rotation", 4, "a whole number, 0 to 3"),
    ("screen.invert", 1, "true or false"),
    ("screen.mirror", 1, "true or false"),
    ("camera", "front", "an object"),
    ("camera.choice", 4, "a whole number, 0 to 3"),
    ("camera.hmirror", 1, "true or false"),
    ("camera.vflip", 1, "true or false"),
    ("keys", [], '1 to 4 of {"pin": IO number, "role": primary next or prev}'),
    ("keys.pin", 48, "a whole number, 0 to 47"),
    ("keys.role", "up", "one of primary next prev"),
)


def test_every_problem_shows_the_value_and_what_was_expected():
    for where, value, expected in WANTED:
        section, _, field = where.partition(".")
        inner = {field: value} if field else value
        problem = read({section: [inner] if field and section == "keys" else inner}).problems[0]
        assert problem == ("maixswitch.json", where, json.dumps(value), expected)


def test_the_settings_after_a_wrong_section_count():
    for section in ('"screen": 1', '"keys": []', '"camera": {"vflip": 1}'):
        it = read("{" + section + ', "board": "bit", "link": true}')
        assert (it.board, it.link, len(it.problems)) == ("bit", True, 1), section


def test_one_key_to_four():
    for count in range(1, 5):
        keys = [{"pin": pin, "role": "next"} for pin in range(count)]
        assert read({"keys": keys}).keys == tuple((pin, "next") for pin in range(count))


def test_a_broken_file_gives_the_defaults_and_one_problem():
    for text in ("", "{", "[]", "hello", b"\xff\xfe", '{"board": "bit"', " " * 9000, "[" * 100 + "]" * 100):
        it = read(text)
        assert values(it) == DEFAULTS, text
        assert len(it.problems) == 1
        assert it.problems[0][:2] == ("maixswitch.json", "")


def test_a_card_that_fails_gives_the_defaults():
    bench.reset()
    bench.card.insert(bench.MemoryCard({"maixswitch.json": '{"board": "bit"}'}))
    bench.fail_next("file.read", OSError(5))
    it = Settings.read("/sd")
    assert values(it) == DEFAULTS
    assert it.problems == [("maixswitch.json", "", "error 5", "a JSON object")]


def test_settings_are_sure_when_the_card_answered():
    assert read().sure is True
    assert read({"board": "bit"}).sure is True
    assert read("{").sure is True
    bench.reset()  # no card
    assert Settings.read("/sd").sure is False
    bench.card.insert(bench.MemoryCard({"maixswitch.json": "{}"}))
    bench.fail_next("file.read", OSError(5))
    assert Settings.read("/sd").sure is False
    assert Settings.read("/sd").sure is True


# The remembered choice


def slots():
    files = bench.card.backend.files
    return [bytes(files[name[1:]]) if name[1:] in files else None for name in SLOTS]


def fresh():
    bench.reset()
    bench.card.insert(bench.MemoryCard())


def test_nothing_remembered():
    fresh()
    assert choice_read("/sd") == ""
    bench.reset()
    assert choice_read("/sd") == ""


def test_the_last_choice_is_remembered_and_the_slots_take_turns():
    fresh()
    seen = []
    for folder in ("face", "Größe 猫", "a b c", "face", "x" * 200):
        before = slots()
        assert choice_write("/sd", folder) is True
        assert choice_read("/sd") == folder
        seen.append([old != new for old, new in zip(before, slots())])  # noqa: B905
    assert seen == [[True, False], [False, True], [True, False], [False, True], [True, False]]


def test_a_slot_with_a_right_checksum_and_a_wrong_text_is_ignored():
    for body in (b"x face", b"face", b"", b"7 \xff\xfe"):
        fresh()
        choice_write("/sd", "one")
        bench.card.backend.files["maixswitch.s1"] = bytearray(body + b" %08x" % crc32(body))
        assert choice_read("/sd") == "one", body
        assert choice_write("/sd", "two")
        assert choice_read("/sd") == "two", body


def test_slots_written_by_an_earlier_version_are_read():
    for number, line in ((0, b"0 face 50292d71"), (41, b"41 face ebf70148")):
        bench.reset()
        bench.card.insert(bench.MemoryCard({"maixswitch.s0": line}))
        assert choice_read("/sd") == "face", number
        assert choice_write("/sd", "mnist")
        assert bytes(bench.card.backend.files["maixswitch.s0"]) == line  # the good slot is never overwritten
        assert choice_read("/sd") == "mnist"


def test_the_same_choice_is_not_written_again():
    fresh()
    choice_write("/sd", "face")
    before = (slots(), bench.card.written)
    assert choice_write("/sd", "face") is True
    assert (slots(), bench.card.written) == before


def test_a_card_that_refuses_raises_nothing():
    fresh()
    choice_write("/sd", "face")
    for call in ("uio.open", "file.write"):
        bench.fail_next(call, OSError(28), None)
        assert choice_write("/sd", "mnist") is False
        bench.heal()
        assert choice_read("/sd") == "face"
    bench.card.eject()
    assert choice_write("/sd", "mnist") is False
    assert choice_read("/sd") == ""


def test_power_lost_at_any_byte_leaves_the_old_choice_or_the_new():
    for history in ((), ("one",), ("one", "two"), ("one", "two", "three")):
        for cut in range(40):
            fresh()
            for folder in history:
                choice_write("/sd", folder)
            bench.card.power_cut_after(cut)
            try:
                choice_write("/sd", "next")
                done = True
            except bench.PowerCut:
                done = False
            bench.card.power_cut_after(None)
            kept = choice_read("/sd")
            assert kept in ("next", history[-1] if history else ""), (history, cut, kept)
            assert kept == "next" or not done
            # The card works on: the next choice is kept, whatever the slots hold.
            assert choice_write("/sd", "later")
            assert choice_read("/sd") == "later"


def test_stale_torn_and_foreign_slots():
    fresh()
    for folder in ("one", "two"):
        choice_write("/sd", folder)
    newest = slots()[1]
    files = bench.card.backend.files
    for bad in (b"", b"\x00" * 64, newest[:-1], newest[1:], newest + b"0", b"9 " + newest, b"two", b" ", b"1  \n",
                b"\xff" * 30, newest.replace(b"two", b"tow"), b"two 00000000", b"x" * 500):  # fmt: skip
        files["maixswitch.s1"] = bytearray(bad)
        assert choice_read("/sd") == "one", bad
        files["maixswitch.s0"] = bytearray(bad)
        assert choice_read("/sd") == "", bad
        assert choice_write("/sd", "new")
        assert choice_read("/sd") == "new", bad
        fresh()
        for folder in ("one", "two"):
            choice_write("/sd", folder)
        files = bench.card.backend.files
