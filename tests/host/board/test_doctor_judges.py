"""How the doctor judges the answers of a board: firmware, card, programs that start, camera, panel and keys."""

from __future__ import annotations

import pytest

from maixswitch.board.doctor import devices, firmware, starts, storage
from maixswitch.board.doctor.questions import answers
from maixswitch.board.failures import BoardError
from maixswitch.board.sync.journal import Step, dump

PORT = "/dev/x"
KIB = 1024
ANSWERS = {
    "platform": "MaixPy",
    "python": "micropython",
    "uname": ("MaixPy", "MaixPy", "v0.6.2", "v0.6.2-84-g8fcd84a58 on 2022-01-01", "Sipeed_M1 with kendryte-k210"),
    "gc_heap": 512 * KIB,
    "system_free": 4400 * KIB,
    "modules": ["KPU"],
    "ide": False,
}
APP = {name: size for name, (size, _) in starts.own().items()}
CRCS = {name: crc for name, (_, crc) in starts.own().items()}
OWN_BOOT, OWN_MAIN = (starts.source(name).encode() for name in ("boot.py", "main.py"))


def codes(judgement: object) -> set[str]:
    return {item.code for item in judgement.findings}  # type: ignore[attr-defined]


def firmware_of(**more: object) -> firmware.Firmware:
    return firmware.read({**ANSWERS, **more})


def version(text: str) -> tuple[str, ...]:
    return ("MaixPy", "MaixPy", text, text, "Sipeed_M1 with kendryte-k210")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"uname": version("v0.6.2-76-gabc on 2021")}, "B630"),
        ({"uname": version("v0.6.2-77-gabc")}, "B630"),
        ({"uname": version("nightly")}, "B635"),
        ({"gc_heap": 128 * KIB}, "B632"),
        ({"gc_heap": 1024 * KIB}, "B633"),
        ({"system_free": 2500 * KIB}, "B634"),
    ],
)
def test_firmware(more: dict[str, object], code: str) -> None:
    assert codes(firmware.judge(firmware_of(**more), PORT)) == {code}
    assert codes(firmware.judge(firmware_of(), PORT)) == set()


@pytest.mark.parametrize(
    ("banner", "lacking"),
    [
        ("v0.4.0-39", {"B636": "Maix.config", "B637": "machine.SDCard"}),
        ("v0.5.0-89-ge893fb4c1 on 2020-05-01", {"B636": "Maix.utils.heap_free", "B637": "machine.SDCard"}),
        ("9720594 on 2021-01-01", {"B637": "machine.SDCard"}),
        ("v0.6.2-35-g59a21b849", {"B637": "machine.SDCard"}),
        ("v0.6.2-41-g02d12688e", {}),
    ],
)
def test_what_a_version_lacks(banner: str, lacking: dict[str, str]) -> None:
    """B636 names what the app needs to start; B637 names what only a part of the app needs."""
    findings = {item.code: item.found for item in firmware.judge(firmware_of(uname=version(banner)), PORT).findings}
    assert findings.keys() == lacking.keys()
    assert all(name in findings[code] for code, name in lacking.items())


def test_the_flavour_by_the_figures_of_its_version() -> None:
    """The figures of the same version decide: the speech build of v0.6.0 is recognised by its 3492 KiB."""
    speech = firmware_of(
        uname=version("9720594"), system_free=3492 * KIB, modules=["KPU", "speech_recognizer"], ide=True
    )
    assert firmware.guess(speech) == ["minimum_speech_with_ide_support"]
    lvgl = firmware_of(system_free=2344 * KIB, modules=["KPU", "_thread", "lvgl"], ide=True)
    assert firmware.guess(lvgl) == ["with_lvgl"]


def test_kmodel_versions_from_the_message_of_the_loader() -> None:
    head = "[MAIXPY]kpu: load error:2002, ERR_KMODEL_VERSION: only support kmodel "
    assert (firmware.v4(head + "V3/V4 now"), firmware.v4(head + "V3"), firmware.v4("other")) == (True, False, None)
    only3 = firmware.Firmware(**{**vars(firmware_of()), "v4": False})
    assert codes(firmware.judge(only3, PORT)) == {"B631"}
    assert "minimum" in firmware.guess(only3)
    assert "minimum_with_kmodel_v4_support" not in firmware.guess(only3)


def test_pictures_for_kmodel_v4() -> None:
    """B638 is for a version whose kpu.forward refuses them, in a build that loads v4 at all."""
    facts = vars(firmware_of(uname=version("9720594")))
    for v4, expected in ((True, {"B637", "B638"}), (False, {"B637", "B631"}), (None, {"B637"})):
        assert codes(firmware.judge(firmware.Firmware(**{**facts, "v4": v4}), PORT)) == expected


def test_flavours_and_the_banner() -> None:
    full = firmware_of(system_free=2560 * KIB, modules=["KPU", "_thread"], ide=True)
    assert firmware.guess(full)[0] == "full"
    assert firmware.free_by_banner("[MaixPy] gc heap=0x80130e20-0x801b0e20(524288)") == 0x80600000 - 0x801B0E20
    assert firmware.free_by_banner("hello") is None


def test_memory_of_a_model_is_not_blamed_on_the_firmware() -> None:
    """The firmware never counts freed memory again; the banner after a restart shows what was free at the start."""
    used = firmware_of(system_free=2500 * KIB)
    again = firmware.started(used, "[MaixPy] gc heap=0x80130e20-0x801b0e20(524288)\r\n[MaixPy] init end")
    assert codes(firmware.judge(again, PORT)) == set()
    assert "system_heap_at_start" in {fact.key for fact in firmware.judge(again, PORT).facts}
    assert codes(firmware.judge(firmware.started(used, ""), PORT)) == {"B634"}


@pytest.mark.parametrize(
    ("banner", "expected"),
    [
        ("v0.6.2-75-g973361c0d on 2022-04-16", (0, 6, 2, 75)),
        ("v0.6-9-g88bfd0177 on 2020-12-30", (0, 6, 0, 9)),
        ("v0.6-1-gfa51290", (0, 6, 0, 1)),
        ("v0.6 on 2020-12-30", (0, 6, 0, 0)),
        ("v0.6.2", (0, 6, 2, 0)),
        ("0.6_76_g1234567 on 2022-04-16", (0, 6, 0, 76)),
        ("9720594 on 2020-11-29", (0, 6, 0, 2)),
        ("g88bfd0177 on 2020-12-30", None),
        ("1234567 on 2020.12", None),
        ("", None),
    ],
)
def test_versions_of_two_and_three_numbers(banner: str, expected: tuple[int, ...] | None) -> None:
    answer = firmware_of(uname=version(banner))
    assert answer.version == expected
    assert ("B635" in codes(firmware.judge(answer, PORT))) == (expected is None)


def test_another_python_is_not_maixpy() -> None:
    """`probe` raises B606 for it."""
    assert not firmware.read({"platform": "rp2", "python": "micropython"}).known
    assert not firmware.read("nonsense").known
    assert firmware_of().known


def good() -> storage.Storage:
    """Returns a card without findings."""
    files = {f"/sd/{name}": size for name, size in APP.items()}
    card = storage.Storage(mounts={"sd": (32768, 1000, 500), "flash": (131072, 24, 20)})
    card.files = {**files, "/sd/models/10-a/model.json": 100}
    card.folders = {"/sd/models", "/sd/models/10-a"}
    card.texts = {"/sd/boot.py": OWN_BOOT, "/sd/main.py": OWN_MAIN}
    return card


def test_a_good_card_has_no_findings() -> None:
    assert codes(storage.judge(good(), PORT)) | codes(starts.judge(good(), CRCS, PORT)) == set()


def spoiled(code: str) -> storage.Storage:
    """Returns a card that has exactly this finding."""
    card = good()
    files, texts = card.files, card.texts

    def add(path: str, data: bytes) -> None:
        files[path], texts[path] = len(data), data

    match code:
        case "B620":
            del card.mounts["sd"]
        case "B623":
            card.broken["/sd/models"] = 5
        case "B625":
            add("/sd/SYNC/STEPS", dump([Step("delete", "a")]))
        case "B626":
            files["/sd/SYNC/A1234567"] = 7
        case "B627":
            card.mounts["sd"] = (512, 1000, 10)
        case "B629":
            add("/sd/SYNC/STEPS", b"delete\ta")
        case "B640":
            card.files = {path: size for path, size in files.items() if "/device/" not in path}
        case "B641":
            del files["/sd/device/hal.py"]
        case "B642":
            files["/sd/device/hal.py"] += 1
        case "B643":
            add("/sd/boot.py", b"import KPU as kpu\nwhile True:\n    pass\n")
        case "B644":
            add("/sd/boot.py", b"x = 1\n")
        case "B645":
            add("/sd/main.py", b"import lcd\nlcd.init()\ninfo = 'Welcome to MaixPy'\n")
        case "B646":
            files["/sd/cover.boot.py"] = 3
        case "B647":
            files["/flash/ide_mode.conf"] = 0
        case "B648":
            add("/flash/config.json", b"[" * 5000)
        case "B649":
            add("/flash/config.json", b'{"type": "cube", "lcd": {"dir": 96}}')
        case "B650":
            card.folders, card.files = set(), {k: v for k, v in files.items() if "models" not in k}
        case "B651":
            add("/flash/main.py", b"print(1)\n")
        case "B652":
            card.folders.add("/sd/models/20-b")
    return card


@pytest.mark.parametrize("code", ["B620", "B623", "B625", "B626", "B627", "B629"])
def test_storage(code: str) -> None:
    assert codes(storage.judge(spoiled(code), PORT)) == {code}


@pytest.mark.parametrize("code", [f"B6{at}" for at in range(40, 53)])
def test_starts(code: str) -> None:
    assert codes(starts.judge(spoiled(code), CRCS, PORT)) == {code}


def test_a_changed_file_of_the_same_size() -> None:
    assert codes(starts.judge(good(), {**CRCS, "device/hal.py": 1}, PORT)) == {"B642"}


@pytest.mark.parametrize(
    ("judgement", "code"),
    [
        (devices.judge_camera(("reset", "Reset Failed")), "B660"),
        (devices.judge_camera(("picture", "Sensor timeout!")), "B661"),
        (devices.judge_panel(("init", "12")), "B662"),
        (devices.judge_key(("silent", 0), 16, "primary"), "B663"),
        (devices.judge_key(("held", 0), 16, "primary"), "B664"),
        (devices.judge_key(("failed", "why"), 16, "primary"), "B665"),
        (devices.judge_camera(("ok", 0x2642, 320, 240)), ""),
        (devices.judge_panel(("ok", 320, 240)), ""),
        (devices.judge_key(("pressed", 900), 16, "primary"), ""),
    ],
)
def test_devices(judgement: object, code: str) -> None:
    assert codes(judgement) == ({code} if code else set())


def test_keys_come_from_the_settings_or_the_board_or_the_default() -> None:
    card = storage.Storage()
    assert devices.keys_of(card) == [(16, "primary")]
    card.texts["/flash/config.json"] = b'{"type": "cube"}'
    assert len(devices.keys_of(card)) == 3
    card.texts["/sd/maixswitch.json"] = b'{"keys": [{"pin": 9, "role": "next"}, {"pin": 99, "role": "next"}, 3]}'
    assert devices.keys_of(card) == [(9, "next")]


def test_answers_are_the_literals_among_other_lines() -> None:
    assert answers("init i2c2\n=> (1, 'a')\nkpu_net __del__\n[MAIXPY]: x=> None\n", PORT) == [(1, "a"), None]
    with pytest.raises(BoardError) as error:
        answers("=> __import__('os').getcwd()\n", PORT)
    assert error.value.code == "B609"


def test_a_cluster_of_one_sector() -> None:
    """512 bytes must not be shown as "0 KiB"."""
    card = good()
    card.mounts["sd"] = (512, 60000, 30000)
    assert "clusters of 512 bytes" in next(fact.value for fact in storage.judge(card, PORT).facts if fact.key == "card")
