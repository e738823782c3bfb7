"""`--firmware` takes a flavour or an image file, and an image without Unicorn says what to install."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from maixswitch.board_code import flavours
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.k210 import require
from maixswitch.k210.choice import image_path


@pytest.mark.parametrize("name", ["v062.bin", "V062.BIN", "app.kfpkg", "images/full", "./full", "/tmp/full"])
def test_a_suffix_or_a_folder_makes_it_a_file(name: str) -> None:
    assert image_path(name) == Path(name)


def test_no_flavour_of_the_table_is_taken_for_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("full").write_bytes(b"a file of the same name")
    names = ["", *(f"{flavour}@{version}" for flavour, version, *_ in flavours().images()), "full", "canmv"]
    assert [image_path(name) for name in names] == [None] * len(names)


def test_without_unicorn_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MaixSwitchError, match=r'pip install "maixswitch\[chip\]"') as caught:
        require.require_unicorn()
    assert caught.value.exit_code == EXIT_USAGE
