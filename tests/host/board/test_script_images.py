"""Which firmware images `maixswitch run` starts, and what it says of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from maixswitch.board.maixpy_script import Options
from maixswitch.errors import EXIT_DEVICE, EXIT_USAGE, MaixSwitchError
from tests.host.k210.synthetic_image import image as synthetic_image

pytest.importorskip("unicorn", reason='the extra "chip" is not installed')

from maixswitch.board.maixpy_script.on_firmware import start
from tests.host.k210.machine import image_of, program


def test_a_firmware_that_only_restarts_is_told_with_what_it_printed(tmp_path: Path) -> None:
    main = "poke UARTHS, 72\npoke UARTHS, 105\npoke SYSCTL+0x30, 1\nagain:\nj again\n"
    image = image_of(program(main), tmp_path).path
    with pytest.raises(MaixSwitchError, match=r"restarts the chip instead of a prompt; it printed: Hi$") as caught:
        start(Options("print(1)", str(image)), image, tmp_path)
    assert caught.value.exit_code == EXIT_DEVICE


def test_a_micropython_without_a_kpu_is_not_started(tmp_path: Path) -> None:
    image = tmp_path / "wallet.bin"
    image.write_bytes(synthetic_image(modules={"micropython": ["const"], "Maix": ["utils"]}))
    with pytest.raises(MaixSwitchError, match="neither MaixPy nor CanMV: it has no module KPU") as caught:
        start(Options("print(1)", str(image)), image, tmp_path)
    assert caught.value.exit_code == EXIT_USAGE
