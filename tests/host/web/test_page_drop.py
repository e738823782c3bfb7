"""Models and networks on the page: dropped or chosen, asked about, converted, and downloaded on a card that checks."""

from __future__ import annotations

import base64
import io
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from maixswitch.kmodel.write.samples import write_card
from tests.host.card.exports import classifier
from tests.host.convert.colour_network import COLOURS, colour_network, paint, save
from tests.host.web.browser_helpers import Simulation, javascript, model, serving

DROP = javascript("drop_files")
LOW_CONTRAST = javascript("low_contrast")
OVERFLOWING = javascript("overflowing")
NAMELESS = javascript("nameless")
LABELS = b"one\ntwo\nthree\n"


@pytest.fixture(scope="module")
def own_simulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    """A simulator of this module, because its tests change the card."""
    folder = tmp_path_factory.mktemp("card")
    write_card(folder)
    with serving(folder) as simulation:
        yield simulation


def drop(page: Any, *files: tuple[str, bytes]) -> None:
    page.evaluate(DROP, ["main", [(name, "", base64.b64encode(data).decode()) for name, data in files]])


def done(page: Any) -> None:
    page.wait_for_selector("#drop-text[data-phase=done]")


def packed(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, contents in files.items():
            archive.writestr(name, contents)
    return data.getvalue()


def test_a_dropped_model_runs_and_its_card_checks(visit: Any, own_simulation: Simulation, tmp_path: Path) -> None:
    page = visit(own_simulation.address)
    # The contents decide: without an ending, and beside a photo, it is a model.
    drop(page, ("things", classifier()), ("labels.txt", LABELS))
    done(page)
    model(page, 2)
    assert page.inner_text("#models > li:nth-child(3) > button b") == "3. things"
    with page.expect_download() as download:
        page.click("#drop-card")
    download.value.save_as(tmp_path / "card.zip")
    with zipfile.ZipFile(tmp_path / "card.zip") as archive:
        archive.extractall(tmp_path / "card")
    words = [sys.executable, "-m", "maixswitch", "check", str(tmp_path / "card")]
    checked = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    page.click("#drop-cancel")
    page.wait_for_selector("#drop-text:empty", state="attached")
    assert page.is_visible("#drop-card")


def test_an_export_that_contradicts_itself_is_asked_about(visit: Any, own_simulation: Simulation) -> None:
    page = visit(own_simulation.address)
    export = packed({"m.kmodel": classifier(), "labels.txt": LABELS, "classes.txt": b"uno\ndos\ntres\n"})
    page.set_input_files("#drop-files", [{"name": "x.zip", "mimeType": "", "buffer": export}])
    page.wait_for_selector("#ask[open]:has-text('C520')")
    assert page.locator("#ask select option").all_inner_texts() == ["classes.txt", "labels.txt", "another list"]
    assert page.evaluate(NAMELESS, "#ask button, #ask select, #ask input, #ask textarea") == []
    for width in (360, 1440):
        page.set_viewport_size({"width": width, "height": 740})
        assert page.evaluate(OVERFLOWING) == []
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate(LOW_CONTRAST, [4.5, 3.0]) == [], (width, scheme)
    # What is typed reaches the field and no key of the board; a list of another length is asked about again.
    page.select_option("#ask select", "another list")
    page.keyboard.press("Tab")
    page.keyboard.type("1 2\n3")
    assert page.input_value("#ask textarea") == "1 2\n3"
    page.click("#ask-answer")
    page.wait_for_selector("#ask[open]:has-text('C522')")
    assert page.input_value("#ask textarea") == "1 2\n3"
    page.fill("#ask textarea", "uno\ndos\ntres")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    done(page)
    page.wait_for_selector("#models > li > button[aria-current=true]:has-text('x')")


def test_a_network_is_converted_with_the_photos_of_a_person(
    visit: Any, own_simulation: Simulation, tmp_path: Path
) -> None:
    page = visit(own_simulation.address)
    network = save(colour_network(), tmp_path / "net.onnx").read_bytes()
    photos = [paint(tmp_path / f"{name}.png", colour) for name, colour in COLOURS.items()]
    drop(page, ("net", network), ("labels.txt", b"blue\ngreen\nred"))
    page.wait_for_selector("#ask[open]:has-text('needs pictures')")
    assert not page.is_visible("#ask-page")  # the camera looks at the drawn scene
    page.set_input_files("#ask-photos", [str(path) for path in photos])
    done(page)
    figures = page.inner_text("#drop-figures")
    for text in ("SNR", "same best class as the float network", "minimum: fits"):
        assert text in figures
    with page.expect_download() as download:
        page.click("#drop-report")
    assert download.value.suggested_filename == "report.html"
    page.click("#languages button[data-language=zh]")
    page.wait_for_selector("#drop-text:has-text('已添加到本次模拟')")
    page.click("#languages button[data-language=en]")
