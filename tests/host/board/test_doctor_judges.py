"""What the doctor makes of a board's answers: firmware, card, what starts, camera, panel, keys; no board needed."""

from __future__ import annotations

import pytest

from maixswitch.board.doctor import devices, firmware, starts, storage
from maixswitch.board.doctor.questions import answers
from maixswitch.board.failures import BoardError
from maixswitch.board.sync.journal import Step, dump

PORT = "/dev/x"
KIB = 1024
SAID = {
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


def codes(look: object) -> set[str]:
    return {item.code for item in look.findings}  # type: ignore[attr-defined]


def firmware_of(**more: object) -> firmware.Firmware:
    return firmware.read({**SAID, **more})


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
    ("banner", "wanted"),
    [
        ("v0.4.0-39", {"B636": "Maix.config", "B637": "machine.SDCard"}),
        ("v0.5.0-89-ge893fb4c1 on 2020-05-01", {"B636": "Maix.utils.heap_free", "B637": "machine.SDCard"}),
        ("9720594 on 2021-01-01", {"B637": "machine.SDCard"}),
        ("v0.6.2-35-g59a21b849", {"B637": "machine.SDCard"}),
        ("v0.6.2-41-g02d12688e", {}),
    ],
)
def test_what_a_version_lacks(banner: str, wanted: dict[str, str]) -> None:
    """Without a need the app does not start; without the card's second mount a part of it does not work."""
    found = {item.code: item.found for item in firmware.judge(firmware_of(uname=version(banner)), PORT).findings}
    assert found.keys() == wanted.keys()
    assert all(name in found[code] for code, name in wanted.items())


def test_the_flavour_by_the_figures_of_its_version() -> None:
    """The image of the same version counts: v0.6.0's speech build is known by its 3492 KiB."""
    speech = firmware_of(
        uname=version("9720594"), system_free=3492 * KIB, modules=["KPU", "speech_recognizer"], ide=True
    )
    assert firmware.guess(speech) == ["minimum_speech_with_ide_support"]
    lvgl = firmware_of(system_free=2344 * KIB, modules=["KPU", "_thread", "lvgl"], ide=True)
    assert firmware.guess(lvgl) == ["with_lvgl"]


def test_kmodel_versions_by_the_loaders_words() -> None:
    head = "[MAIXPY]kpu: load error:2002, ERR_KMODEL_VERSION: only support kmodel "
    assert (firmware.v4(head + "V3/V4 now"), firmware.v4(head + "V3"), firmware.v4("other")) == (True, False, None)
    only3 = firmware.Firmware(**{**vars(firmware_of()), "v4": False})
    assert codes(firmware.judge(only3, PORT)) == {"B631"}
    assert "minimum" in firmware.guess(only3)
    assert "minimum_with_kmodel_v4_support" not in firmware.guess(only3)


def test_flavours_and_the_banner() -> None:
    full = firmware_of(system_free=2560 * KIB, modules=["KPU", "_thread"], ide=True)
    assert firmware.guess(full)[0] == "full"
    assert firmware.free_by_banner("[MaixPy] gc heap=0x80130e20-0x801b0e20(524288)") == 0x80600000 - 0x801B0E20
    assert firmware.free_by_banner("hello") is None


def test_what_a_model_took_from_the_heap_is_not_the_firmwares_fault() -> None:
    """The firmware's count never rises again, the banner of the restart tells what there was."""
    used = firmware_of(system_free=2500 * KIB)
    again = firmware.started(used, "[MaixPy] gc heap=0x80130e20-0x801b0e20(524288)\r\n[MaixPy] init end")
    assert codes(firmware.judge(again, PORT)) == set()
    assert "system_heap_at_start" in {fact.key for fact in firmware.judge(again, PORT).facts}
    assert codes(firmware.judge(firmware.started(used, ""), PORT)) == {"B634"}


def test_another_python_is_no_maixpy() -> None:
    """B606, as `probe` raises it."""
    assert not firmware.read({"platform": "rp2", "python": "micropython"}).known
    assert not firmware.read("nonsense").known
    assert firmware_of().known


def good() -> storage.Storage:
    files = {f"/sd/{name}": size for name, size in APP.items()}
    found = storage.Storage(mounts={"sd": (32768, 1000, 500), "flash": (131072, 24, 20)})
    found.files = {**files, "/sd/models/10-a/model.json": 100}
    found.folders = {"/sd/models", "/sd/models/10-a"}
    found.texts = {"/sd/boot.py": OWN_BOOT, "/sd/main.py": OWN_MAIN}
    return found


def test_a_good_card_has_no_findings() -> None:
    assert codes(storage.judge(good(), PORT)) | codes(starts.judge(good(), CRCS, PORT)) == set()


def spoiled(code: str) -> storage.Storage:
    found = good()
    files, texts = found.files, found.texts

    def add(path: str, data: bytes) -> None:
        files[path], texts[path] = len(data), data

    match code:
        case "B620":
            del found.mounts["sd"]
        case "B623":
            found.broken["/sd/models"] = 5
        case "B625":
            add("/sd/SYNC/STEPS", dump([Step("delete", "a")]))
        case "B626":
            files["/sd/SYNC/A1234567"] = 7
        case "B627":
            found.mounts["sd"] = (512, 1000, 10)
        case "B629":
            add("/sd/SYNC/STEPS", b"delete\ta")
        case "B640":
            found.files = {path: size for path, size in files.items() if "/device/" not in path}
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
            found.folders, found.files = set(), {k: v for k, v in files.items() if "models" not in k}
        case "B651":
            add("/flash/main.py", b"print(1)\n")
        case "B652":
            found.folders.add("/sd/models/20-b")
    return found


@pytest.mark.parametrize("code", ["B620", "B623", "B625", "B626", "B627", "B629"])
def test_storage(code: str) -> None:
    assert codes(storage.judge(spoiled(code), PORT)) == {code}


@pytest.mark.parametrize("code", [f"B6{at}" for at in range(40, 53)])
def test_starts(code: str) -> None:
    assert codes(starts.judge(spoiled(code), CRCS, PORT)) == {code}


def test_a_changed_file_of_the_same_size() -> None:
    assert codes(starts.judge(good(), {**CRCS, "device/hal.py": 1}, PORT)) == {"B642"}


@pytest.mark.parametrize(
    ("look", "code"),
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
def test_devices(look: object, code: str) -> None:
    assert codes(look) == ({code} if code else set())


def test_keys_of_the_settings_of_the_board_and_of_none() -> None:
    found = storage.Storage()
    assert devices.keys_of(found) == [(16, "primary")]
    found.texts["/flash/config.json"] = b'{"type": "cube"}'
    assert len(devices.keys_of(found)) == 3
    found.texts["/sd/maixswitch.json"] = b'{"keys": [{"pin": 9, "role": "next"}, {"pin": 99, "role": "next"}, 3]}'
    assert devices.keys_of(found) == [(9, "next")]


def test_answers_are_literals_among_other_lines() -> None:
    assert answers("init i2c2\n=> (1, 'a')\nkpu_net __del__\n[MAIXPY]: x=> None\n", PORT) == [(1, "a"), None]
    with pytest.raises(BoardError) as error:
        answers("=> __import__('os').getcwd()\n", PORT)
    assert error.value.code == "B609"


def test_a_cluster_of_one_sector() -> None:
    """512 bytes are no "0 KiB"."""
    found = good()
    found.mounts["sd"] = (512, 60000, 30000)
    assert "clusters of 512 bytes" in next(
        fact.value for fact in storage.judge(found, PORT).facts if fact.key == "card"
    )
