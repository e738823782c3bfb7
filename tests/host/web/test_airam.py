"""The picture of the AI RAM that the page draws, of the model that the board really holds."""

from __future__ import annotations

import gc
import json
import weakref
from pathlib import Path
from typing import Any

import pytest

from maixswitch import language
from maixswitch.kmodel import load
from maixswitch.kmodel.format.airam import ROWS
from maixswitch.kmodel.judge.picture import KINDS, map_kind
from maixswitch.kmodel.run.engine import Network
from maixswitch.sim.simulated_board import SimulatedBoard
from maixswitch.web.airam import document, loaded

MOST_STEPS = 2000
EMPTY = {"title": "", "layers": 0, "size": ROWS, "live": [], "maps": []}


def running(card: Path, **options: Any) -> SimulatedBoard:
    sim = SimulatedBoard(card, lambda *_: None, **options)
    assert loaded(sim.bench) is None
    sim.power_on()
    for _ in range(MOST_STEPS):
        if sim.state == "RUNNING":
            return sim
        sim.step()
    raise AssertionError(sim.state)


def test_board_holds_what_the_page_draws(card: Path) -> None:
    sim = running(card)
    model = load(card / "models/10-blobs/model.kmodel")
    found = document(loaded(sim.bench), sim.title)
    assert (found["title"], found["layers"], found["size"]) == ("Bright blobs", len(model.layers), 32768)
    assert found["live"] == list(model.ai_ram.live)
    assert max(found["live"]) == model.ai_ram.peak_rows > 0
    assert [row[:4] for row in found["maps"]] == [[m.row, m.rows, m.born, m.last] for m in model.ai_ram.maps]
    assert found["maps"][0][2:] == [-1, 0, "input: 3x240x320", "input"]
    assert json.loads(json.dumps(found)) == found
    sim.app.stop()
    assert loaded(sim.bench) is None
    assert document(loaded(sim.bench), sim.title) == EMPTY


def test_scripted_network_has_no_picture(card: Path) -> None:
    sim = running(card, scripted=True)
    assert loaded(sim.bench) is not None
    assert document(loaded(sim.bench), sim.title) == EMPTY
    assert document(None, "Face") == EMPTY
    sim.app.stop()


def test_titles_are_in_the_chosen_language(card: Path) -> None:
    network = Network(load(card / "models/10-blobs/model.kmodel"))
    with language.speaking("zh"):
        assert document(network)["maps"][0][4].startswith("输入")
    assert document(network)["maps"][0][4].startswith("input")


def test_model_is_not_kept_alive(card: Path) -> None:
    model = load(card / "models/20-colours/model.kmodel")
    gone = weakref.ref(model)
    document(Network(model))
    del model
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("name", ["face_yolov2_v3", "voc20_yolov2_v3", "voc20_yolov2_v4"])
def test_real_models(kmodels: Path, name: str) -> None:
    model = load(kmodels / f"{name}.kmodel")
    found = document(Network(model), name)
    assert len(found["live"]) == found["layers"] == len(model.layers)
    kinds = [row[5] for row in found["maps"]]
    assert kinds == [map_kind(item, model.layers) for item in model.ai_ram.maps]
    assert set(kinds) <= set(KINDS)
    assert {"input", "conv1", "depthwise"} <= set(kinds)
    for layer, rows in enumerate(found["live"]):
        assert rows <= sum(row[1] for row in found["maps"] if row[2] <= layer <= row[3])
    assert len(json.dumps(found)) < 64 * 1024
