"""The page's picture of the AI RAM shows the model that the board has loaded."""

from __future__ import annotations

import gc
import re
import weakref
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from maixswitch import language, web
from maixswitch.kmodel import load
from maixswitch.kmodel.judge.picture import KINDS, map_kind
from maixswitch.sim.board_options import BoardOptions
from maixswitch.sim.emulator import LoadedModel
from maixswitch.sim.simulated_board import SimulatedBoard
from maixswitch.web.airam import LABEL, document

MOST_STEPS = 2000
EMPTY = {"text": "No model is loaded.", "picture": "", "legend": []}
SVG = "{http://www.w3.org/2000/svg}"
PAGE = Path(web.__file__).parent / "page"


def running(card: Path, **options: Any) -> SimulatedBoard:
    sim = SimulatedBoard(BoardOptions(card, **options), lambda *_: None)
    assert sim.network is None
    sim.power_on()
    for _ in range(MOST_STEPS):
        if sim.state == "RUNNING":
            return sim
        sim.step()
    raise AssertionError(sim.state)


def boxes(picture: str) -> list[ElementTree.Element]:
    """Return the rectangles of the feature maps."""
    root = ElementTree.fromstring(picture)
    return [shape for shape in root.iter(f"{SVG}rect") if "box" in shape.get("class", "").split()]


def titles(picture: str) -> list[str]:
    return [box.findtext(f"{SVG}title") or "" for box in boxes(picture)]


def test_board_holds_what_the_page_draws(card: Path) -> None:
    sim = running(card)
    model = load(card / "models/10-blobs/model.kmodel")
    message = document(sim.network, sim.title)
    layer, peak = model.ai_ram.peak_layer, round(model.ai_ram.peak_bytes / 1024)
    assert peak > 0
    assert message["text"] == f"Bright blobs: at most {peak:,} of 2,048 KiB, in layer {layer} of {len(model.layers)}."
    assert all(
        title.startswith(item.title) for title, item in zip(titles(message["picture"]), model.ai_ram.maps, strict=True)
    )
    assert titles(message["picture"])[0].startswith("input: 3x240x320; rows 29,168 to 32,767")
    assert message["legend"][0] == ("input", "input")
    sim.app.stop()
    assert sim.network is None
    assert document(sim.network, sim.title) == EMPTY


def test_scripted_network_has_no_picture(card: Path) -> None:
    sim = running(card, scripted=True)
    assert sim.network is not None
    assert document(sim.network, sim.title) == EMPTY
    assert document(None, "Face") == EMPTY
    sim.app.stop()


def test_everything_is_in_the_chosen_language(card: Path) -> None:
    network = LoadedModel(load(card / "models/10-blobs/model.kmodel"))
    with language.speaking("zh"):
        message = document(network)
        assert titles(message["picture"])[0].startswith("输入")
        assert message["legend"][0] == ("input", "输入")
        assert "层" in message["text"]
    assert titles(document(network)["picture"])[0].startswith("input")


def test_model_is_not_kept_alive(card: Path) -> None:
    model = load(card / "models/20-colours/model.kmodel")
    gone = weakref.ref(model)
    document(LoadedModel(model))
    del model
    gc.collect()
    assert gone() is None


def test_title_of_a_card_is_only_text(card: Path) -> None:
    """Anybody may write a title. It is in the text, which the page never reads as markup, and not in the picture."""
    message = document(LoadedModel(load(card / "models/20-colours/model.kmodel")), "<script>alert(1)</script>")
    assert message["text"].startswith("<script>alert(1)</script>: at most")
    assert "script" not in message["picture"]


def test_page_has_a_style_for_everything_in_the_picture(card: Path) -> None:
    """The page's policy allows no style inside the picture; the commands' pictures have the same colours."""
    picture = document(LoadedModel(load(card / "models/20-colours/model.kmodel")))["picture"]
    style = (PAGE / "charts.css").read_text(encoding="utf-8")
    assert "style" not in picture
    assert f'aria-labelledby="{LABEL}"' in picture
    assert f'id="{LABEL}"' in (PAGE / "index.html").read_text(encoding="utf-8")
    used = {name for names in re.findall(r'class="([^"]+)"', picture) for name in names.split()}
    assert {name for name in used - {"soft"} if not re.search(rf"\.{name}[ ,{{]", style)} == set()
    for kind, (_, light, dark) in KINDS.items():
        assert f"--c-{kind}: {light};" in style
        assert f"--c-{kind}: {dark};" in style


@pytest.mark.parametrize("name", ["face_yolov2_v3", "voc20_yolov2_v3", "voc20_yolov2_v4"])
def test_real_models(kmodels: Path, name: str) -> None:
    model = load(kmodels / f"{name}.kmodel")
    message = document(LoadedModel(model), name)
    expected = [map_kind(item, model.layers) for item in model.ai_ram.maps]
    assert [box.get("class", "").removeprefix("box ") for box in boxes(message["picture"])] == expected
    assert {kind for kind, _ in message["legend"]} == set(expected)
    assert {"input", "conv1", "depthwise"} <= set(expected) <= set(KINDS)
    bars = re.findall(r'class="(?:bar|peak)"', message["picture"])
    assert len(bars) == len(model.layers)
    assert len(message["picture"]) < 64 * 1024
