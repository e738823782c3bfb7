"""Which ports are boards, by what the system says of their USB chips; nothing is opened."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from maixswitch.board.doctor.examine import judge_ports
from maixswitch.board.failures import BoardError
from maixswitch.board.ports import Port, boards, choose, sort


def listed(device: str, vid: int | None, pid: int = 0, serial: str = "") -> SimpleNamespace:
    return SimpleNamespace(device=device, vid=vid, pid=pid, serial_number=serial, description="x")


def test_chips_and_order() -> None:
    found = sort(
        [
            listed("/dev/ttyUSB10", 0x1A86, 0x7523),
            listed("/dev/ttyUSB2", 0x10C4),
            listed("/dev/ttyS0", None),
            listed("/dev/ttyACM0", 0x2E8A),
        ]
    )
    assert [(item.device, item.chip) for item in found] == [
        ("/dev/ttyACM0", ""),
        ("/dev/ttyUSB2", "CP210x"),
        ("/dev/ttyUSB10", "CH340"),
    ]
    assert [item.device for item in boards(found)] == ["/dev/ttyUSB2", "/dev/ttyUSB10"]
    assert "B615" in [item.code for item in judge_ports(found)]


def test_of_two_ports_of_one_chip_the_second_or_for_the_trainer_the_first() -> None:
    found = sort([listed(f"/dev/ttyUSB{at}", 0x0403, 0x6010, "sipeed") for at in (1, 0)])
    assert [item.device for item in boards(found)] == ["/dev/ttyUSB1"]
    assert [item.device for item in boards(found, "trainer")] == ["/dev/ttyUSB0"]


def test_two_boards_with_such_a_chip_are_two_boards() -> None:
    found = sort([listed(f"/dev/ttyUSB{at}", 0x0403, 0x6010) for at in range(4)])
    assert [item.device for item in boards(found)] == ["/dev/ttyUSB1", "/dev/ttyUSB3"]


def test_a_port_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BoardError) as error:
        choose(str(tmp_path / "none"))
    assert error.value.code == "B601"


def test_a_port_that_may_not_be_opened_is_told(tmp_path: Path) -> None:
    found = judge_ports([Port(str(tmp_path / "gone"), "CH340", "dan", "", "")])
    assert [item.code for item in found] == ["B604"]
