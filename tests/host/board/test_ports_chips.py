"""Boards are recognised by the USB chip that the system reports for a port; the tests open no port."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from maixswitch.board.doctor.examine import judge_ports
from maixswitch.board.failures import BoardError
from maixswitch.board.ports import Port, boards, choose, sort


def listed(
    device: str, vid: int | None, pid: int = 0, serial: str = "", location: str | None = None
) -> SimpleNamespace:
    return SimpleNamespace(device=device, vid=vid, pid=pid, serial_number=serial, description="x", location=location)


def test_chips_and_order() -> None:
    ports = sort(
        [
            listed("/dev/ttyUSB10", 0x1A86, 0x7523),
            listed("/dev/ttyUSB2", 0x10C4),
            listed("/dev/ttyS0", None),
            listed("/dev/ttyACM0", 0x2E8A),
        ]
    )
    assert [(item.device, item.chip) for item in ports] == [
        ("/dev/ttyACM0", ""),
        ("/dev/ttyUSB2", "CP210x"),
        ("/dev/ttyUSB10", "CH340"),
    ]
    assert [item.device for item in boards(ports)] == ["/dev/ttyUSB2", "/dev/ttyUSB10"]
    assert "B615" in [item.code for item in judge_ports(ports)]


def test_two_names_of_one_chip_are_one_board() -> None:
    """macOS lists a CH340 under the names of Apple's driver and of its maker's, both with the socket's location."""
    names = ("/dev/cu.usbserial-1430", "/dev/cu.wchusbserial1430")
    two = [listed(name, 0x1A86, 0x7523, location="20-3") for name in names]
    assert [item.device for item in boards(sort(two))] == [names[0]]
    # Another socket is another board, and so is a chip whose socket the system does not name.
    other = listed("/dev/cu.usbserial-1440", 0x1A86, 0x7523, location="20-4")
    assert [item.device for item in boards(sort([*two, other]))] == [names[0], other.device]
    unknown = [listed(f"/dev/ttyUSB{at}", 0x1A86, 0x7523) for at in (0, 1)]
    assert len(boards(sort(unknown))) == 2
    # A third name, and a chip with a serial number.
    three = [listed(f"/dev/cu.{name}", 0x10C4, 0xEA60, "0001", "20-1") for name in ("SLAB_USBtoUART", "a-1", "usb-1")]
    assert [item.device for item in boards(sort(three))] == ["/dev/cu.SLAB_USBtoUART"]


def test_the_board_is_the_second_port_of_a_chip_and_the_trainer_the_first() -> None:
    ports = sort([listed(f"/dev/ttyUSB{at}", 0x0403, 0x6010, "sipeed") for at in (1, 0)])
    assert [item.device for item in boards(ports)] == ["/dev/ttyUSB1"]
    assert [item.device for item in boards(ports, "trainer")] == ["/dev/ttyUSB0"]


def test_two_chips_with_two_ports_are_two_boards() -> None:
    ports = sort([listed(f"/dev/ttyUSB{at}", 0x0403, 0x6010) for at in range(4)])
    assert [item.device for item in boards(ports)] == ["/dev/ttyUSB1", "/dev/ttyUSB3"]


def test_a_missing_port_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BoardError) as error:
        choose(str(tmp_path / "none"))
    assert error.value.code == "B601"


def test_a_port_that_may_not_be_opened_is_reported(tmp_path: Path) -> None:
    findings = judge_ports([Port(str(tmp_path / "gone"), "CH340", "dan", "", "")])
    assert [item.code for item in findings] == ["B604"]
