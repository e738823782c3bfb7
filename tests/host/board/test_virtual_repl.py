"""The REPLs, the boot order and the serial line of the virtual board behave as the firmware does."""

from __future__ import annotations

import random
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import serial

from maixswitch.board.virtual import Faults, VirtualBoard
from maixswitch.card.build import build
from maixswitch.kmodel.write.samples import write_card
from tests.host.board.virtual_helpers import LIMIT, Talk

Boards = Callable[..., VirtualBoard]
LOOPS = (
    "while True:\n pass",
    "import time\nwhile True:\n time.sleep_ms(1)",
    "while True:\n print('x' * 50)",
    "from machine import UART\nu = UART.repl_uart()\nwhile True:\n u.read()\n u.write(b'abc' * 300)",
    "import os\nwhile True:\n os.listdir('/sd')\n open('/sd/main.py').read()",
    "import micropython\nwhile True:\n micropython.kbd_intr(3)",
)
RECEIVER = """
from machine import UART
import binascii, micropython, struct
def receive(count):
    u = UART.repl_uart()
    frame = bytearray(1008)
    view = memoryview(frame)
    bad = 0
    micropython.kbd_intr(-1)
    try:
        with open("/sd/got", "wb") as file:
            for i in range(count):
                have = 0
                while have < 1008:
                    have += u.readinto(view[have:]) or 0
                bad += binascii.crc32(view[8:]) != struct.unpack("<I", frame[4:8])[0]
                file.write(view[8:])
                u.write(b"+")
    finally:
        micropython.kbd_intr(3)
    print(bad)
receive(%d)
"""


def _stream(talk: Talk, data: bytes) -> float:
    """Sends data in frames of 1,000 bytes with two in flight; returns the duration in seconds."""
    talk.start(RECEIVER % (len(data) // 1000))
    begun = time.monotonic()
    talk.port.timeout = LIMIT
    for start in range(0, len(data), 1000):
        piece = data[start : start + 1000]
        talk.port.write(struct.pack("<HHI", len(piece), 0, zlib.crc32(piece)) + piece)
        if start:
            assert talk.port.read(1) == b"+"
    assert talk.port.read(1) == b"+"
    talk.port.timeout = 0.05
    assert talk.until(b"\x04>") == b"0\r\n\x04\x04>"
    return time.monotonic() - begun


def test_boot_order(virtual_board: Boards, tmp_path: Path) -> None:
    """The banner shows the heap, main.py runs even if boot.py fails, and the card precedes the flash chip."""
    card, flash = tmp_path / "sd", tmp_path / "flash"
    for folder in (card, flash):
        folder.mkdir()
    (card / "boot.py").write_text("print('boot of the card')\n1 / 0\n")
    (card / "main.py").write_text("import os\nprint('main in', os.getcwd(), os.listdir('/'))\n")
    (flash / "main.py").write_text("print('wrong')\n")
    board = virtual_board(card, flash=flash, boot=False)
    with Talk(board) as talk:
        board.power_cycle()
        output = talk.until(b">>> ").decode()
    assert "gc heap=0x80133c00-0x801b3c00(524288)" in output
    positions = [
        output.index(text) for text in ("init end", "boot of the card", "ZeroDivisionError", "main in /sd", "help()")
    ]
    assert positions == sorted(positions)
    assert "['flash', 'sd']" in output
    assert "wrong" not in output


def test_m5stickv_runs_boot_py_only(virtual_board: Boards, tmp_path: Path) -> None:
    """This firmware runs boot.py of the card, or of the flash chip if the card has none, and never main.py."""
    for boot_folder in ("sd", "flash"):
        folders = {name: tmp_path / boot_folder / name for name in ("sd", "flash")}
        for folder in folders.values():
            folder.mkdir(parents=True)
            (folder / "main.py").write_text("print('main')\n")
        (folders[boot_folder] / "boot.py").write_text("print('boot', sorted(dirList))\n")
        with Talk(virtual_board(folders["sd"], flash=folders["flash"], flavour="m5stickv")) as talk:
            output = talk.until(b">>> ")
        assert (b"boot ['boot.py', 'main.py']" if boot_folder == "sd" else b"boot ['main.py']") in output, boot_folder
        assert b"\r\nmain" not in output


def test_the_app_starts_on_m5stickv_and_ctrl_c_ends_it(virtual_board: Boards, tmp_path: Path) -> None:
    """boot.py starts the app, as main.py never runs there; Ctrl-C leads to the prompt, also after a raw reset."""
    card = tmp_path / "sd"
    card.mkdir()
    write_card(card)
    build(card)
    with Talk(virtual_board(card, flavour="m5stickv")) as talk:
        assert talk.until(b"LOAD RUNNING").count(b"CARD_IN") == 1
        talk.port.write(b"\x03")
        assert b"KeyboardInterrupt" in talk.until(b">>> ")
        talk.port.write(b"\x04")  # a soft reset
        talk.until(b"LOAD RUNNING")
        talk.raw()
        assert talk.run("print(6 * 7)") == ("42\r\n", "")
        talk.port.write(b"\x04")  # runs boot.py, and with it the app
        talk.until(b"LOAD RUNNING")
        talk.port.write(b"\x03")
        assert b"KeyboardInterrupt" in talk.until(b"raw REPL; CTRL-B to exit\r\n>")
        assert talk.run("print(6 * 7)") == ("42\r\n", "")


def test_no_card_runs_the_flash(virtual_board: Boards, tmp_path: Path) -> None:
    """Without a card /sd raises ENODEV; a default main.py appears on the flash chip, which has no folders."""
    flash = tmp_path / "flash"
    flash.mkdir()
    with Talk(virtual_board(None, flash=flash)) as talk:
        talk.until(b">>> ")  # a Ctrl-C before the prompt would end the boot early
        talk.raw()
        assert "OSError: [Errno 19] ENODEV" in talk.run("open('/sd/x')")[1]
        assert talk.run("import os\nprint(os.listdir('/'), os.getcwd())")[0] == "['flash'] /flash\r\n"
        assert "NotImplementedError" in talk.run("os.mkdir('/flash/x')")[1]
        assert talk.run("f = open('/flash/a/b', 'w')\nf.write('x')\nf.close()\nprint(os.listdir('/flash'))") == (
            "['a/b', 'freq.conf', 'main.py']\r\n",
            "",
        )
    assert "Welcome" in (flash / "main.py").read_text()


def test_cover_files_go_to_the_flash_and_reset(virtual_board: Boards, tmp_path: Path) -> None:
    """The firmware copies cover.main.py from the card to the flash chip once and then resets."""
    card, flash = tmp_path / "sd", tmp_path / "flash"
    for folder in (card, flash):
        folder.mkdir()
    (card / "cover.main.py").write_text("print('covered')\n")
    with Talk(virtual_board(card, flash=flash)) as talk:
        talk.until(b">>> ")
    assert (flash / "main.py").read_text() == "print('covered')\n"


def test_friendly_repl(virtual_board: Boards) -> None:
    """The friendly REPL echoes, prints values and tracebacks, and knows blocks, paste mode and the soft reset."""
    with Talk(virtual_board()) as talk:
        talk.until(b">>> ")
        talk.port.write(b"6 * 7\r")
        assert talk.until(b"\r\n>>> ") == b"6 * 7\r\n42\r\n>>> "
        talk.port.write(b"for i in range(2):\r    print(i)\r\r")
        assert talk.until(b"1\r\n>>> ").endswith(b"\r\n0\r\n1\r\n>>> ")
        talk.port.write(b"1/0\r")
        assert b"ZeroDivisionError" in talk.until(b"\r\n>>> ")
        talk.port.write(b"\x05x = 5\rprint(x)\r\x04")
        assert talk.until(b">>> ").endswith(b"5\r\n>>> ")
        talk.port.write(b"\x04")
        assert b"[MaixPy]: soft reboot\r\n" in talk.until(b">>> ")
        talk.port.write(b"x\r")
        assert b"NameError" in talk.until(b">>> ")


def test_a_raw_paste_request_is_answered_with_the_banner(virtual_board: Boards) -> None:
    """Newer tools learn from the banner that v1.11 has no raw paste mode."""
    with Talk(virtual_board()) as talk:
        talk.raw()
        talk.port.write(b"\x05A\x01")
        assert talk.until(b">") == b"raw REPL; CTRL-B to exit\r\n>"


@pytest.mark.parametrize("rounds", [2, pytest.param(8, marks=pytest.mark.nightly)])
def test_ctrl_c_ends_any_loop(virtual_board: Boards, rounds: int) -> None:
    """Ctrl-C ends a program wherever it is, and the next program runs normally."""
    chance = random.Random(11)
    with Talk(virtual_board()) as talk:
        talk.raw()
        for number in range(rounds * len(LOOPS)):
            talk.start(LOOPS[number % len(LOOPS)])
            for _ in range(chance.randrange(3)):
                talk.port.read(talk.port.in_waiting or 1)
            time.sleep(chance.random() * 0.01)  # Ctrl-C must arrive at a random moment
            talk.port.write(b"\x03")
            assert b"KeyboardInterrupt" in talk.until(b"\x04>"), number
            assert talk.run(f"print({number})") == (f"{number}\r\n", ""), number


def test_ctrl_c_twice_at_once_cancels_itself(virtual_board: Boards) -> None:
    """A second Ctrl-C before the program has seen the first cancels it; a single one then ends the loop."""
    with Talk(virtual_board()) as talk:
        talk.raw()
        talk.start("import time\nprint('on')\nwhile True:\n time.sleep_ms(5)\n print('.', end='')")
        talk.until(b"on")
        talk.port.write(b"\x03\x03")
        talk.until(b"." * 10)
        talk.port.write(b"\x03")
        assert b"KeyboardInterrupt" in talk.until(b"\x04>")


def test_lost_ctrl_c(virtual_board: Boards) -> None:
    """A swallowed Ctrl-C has no effect; the next one works."""
    board = virtual_board()
    with Talk(board) as talk:
        talk.raw()
        board.order(Faults(swallow_ctrl_c=1))
        talk.start("import time\nwhile True:\n time.sleep_ms(5)\n print('.', end='')")
        talk.port.write(b"\x03")
        talk.until(b"." * 10)
        talk.port.write(b"\x03")
        assert b"KeyboardInterrupt" in talk.until(b"\x04>")


def test_stream_is_fast_and_whole(virtual_board: Boards, tmp_path: Path) -> None:
    """Without a rate limit, frames of any bytes arrive faster than over the line of any real board."""
    card = tmp_path / "sd"
    card.mkdir()
    board = virtual_board(card)
    with Talk(board) as talk:
        talk.raw()
        for data in (random.Random(3).randbytes(400_000), b"\x03" * 100_000, bytes(range(32)) * 3125):
            seconds = _stream(talk, data)
            assert (card / "got").read_bytes() == data
            assert len(data) / seconds > 1_500_000 / 10
    assert board.wire.lost == 0


def test_the_line_keeps_its_rate(virtual_board: Boards) -> None:
    """A line with a rate is as slow as that rate in both directions."""
    with Talk(virtual_board(rate=115200)) as talk:
        talk.raw()
        seconds = _stream(talk, bytes(10_000))
        assert 10_080 * 10 / 115200 < seconds < 10
        begun = time.monotonic()
        talk.run("print('x' * 5000)")
        assert 5_000 * 10 / 115200 < time.monotonic() - begun < 10


def test_the_receive_buffer_drops_bytes_that_a_busy_board_does_not_read(virtual_board: Boards) -> None:
    """The buffer keeps 2,048 bytes; further bytes are lost without a message."""
    board = virtual_board()
    with Talk(board) as talk:
        talk.raw()
        talk.start("import micropython\nmicropython.kbd_intr(-1)\nprint('deaf')\nimport time\ntime.sleep_ms(1500)\n"
                   "from machine import UART\nu = UART.repl_uart()\nn = 0\nd = u.read()\n"
                   "while d:\n n += len(d)\n d = u.read()\nprint(n)\nmicropython.kbd_intr(3)")  # fmt: skip
        talk.until(b"deaf\r\n")
        talk.port.write(b"y" * 3000)
        assert b"2048\r\n" in talk.until(b"\x04>")
    assert board.wire.lost == 952


def test_the_rates_of_both_ends_have_to_agree(virtual_board: Boards) -> None:
    """After a change of rate the PC reads rubbish at the old rate; a soft reset returns the board to 115200."""
    board = virtual_board()
    with Talk(board) as talk:
        talk.raw()
        talk.start(
            "from machine import UART\nUART.repl_uart().init(1500000, 8, None, 1, read_buf_len=4096)\nprint('yes')"
        )
        limit = time.monotonic() + LIMIT
        while board.wire.baud != 1_500_000:
            assert time.monotonic() < limit
        assert b"yes" not in talk.port.read(200)
        talk.port.baudrate = 1_500_000
        talk.raw()
        assert talk.run("print('fast')")[0] == "fast\r\n"
        talk.port.write(b"\x04")
        while board.wire.baud != 115_200:
            assert time.monotonic() < limit
        talk.port.baudrate = 115_200
        talk.raw()
        assert talk.run("print('slow')")[0] == "slow\r\n"


def test_the_port_can_be_locked(virtual_board: Boards) -> None:
    """A second program that asks for exclusive access is refused."""
    board = virtual_board()
    first = serial.Serial(board.port, 115200, exclusive=True)
    try:
        with pytest.raises(serial.SerialException, match="lock"):
            serial.Serial(board.port, 115200, exclusive=True)
    finally:
        first.close()


def test_names_config_and_modules_of_the_firmware(virtual_board: Boards, tmp_path: Path) -> None:
    """_boot.py leaves three names, config.json counts, and a card's lcd.py does not hide the firmware's module."""
    card, flash = tmp_path / "card", tmp_path / "flash"
    for folder in (card, flash):
        folder.mkdir()
    (card / "main.py").write_text("pass\n")
    (card / "lcd.py").write_text("print('the file on the card')\n")
    (card / "own.py").write_text("VALUE = 5\n")
    (flash / "config.json").write_text(
        '{"type": "x", "board_info": {"LED_R": 13}, "lcd": {"width": 240, "height": 240}}'
    )
    with Talk(virtual_board(card, flash=flash)) as talk:
        talk.until(b">>> ")
        talk.raw()
        assert talk.run("print(os.getcwd(), time.ticks_ms() >= 0, sys.path)")[0] == "/sd True ['', '.', '/flash']\r\n"
        assert talk.run("import lcd, own\nprint(lcd.init(), lcd.width(), own.VALUE)")[0] == "None 240 5\r\n"
        imports = "from Maix import config\nfrom board import board_info\n"
        assert talk.run(imports + "print(config.get_value('type', 0), board_info.LED_R)")[0] == "x 13\r\n"
