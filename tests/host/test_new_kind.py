"""A new kind of model is one file and one name in the registry: every command knows it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.host.project_copy import DIGITS, copy_project, insert_before, maixswitch, run_python

SPOTS = '''
"""Landmarks: each pair of values is a point of the picture."""

from device.results import POINTS

FIELDS = (
    ("points", "a whole number, 1 to 10", None),
    ("spread", "a number, 0 to 1", 1),
)
LABELS = "none"
SHAPE = POINTS


def fit(spec, elements, shapes, doubt):
    if elements[0] != spec.points * 2:
        doubt("points", "%d points" % (elements[0] // 2), "%d points" % spec.points)
    return ((1, 1, elements[0]),)


def prepare(kpu, task, spec, results):
    forward = kpu.classifier(task, spec)
    width = spec.width * spec.spread
    height = spec.height * spec.spread

    def run(img):
        values = forward(img)
        results.count = 0
        for i in range(spec.points):
            results.put(int(values[2 * i] * width), int(values[2 * i + 1] * height), 0, 0, i, 1.0)
        return results.count

    return run
'''
PAGE = """
import asyncio, json, sys
from pathlib import Path
from maixswitch.sim.session import Options
from maixswitch.web.broadcast import Broadcast
from maixswitch.web.publisher import Publisher
from maixswitch.web.simulation import Simulation

simulation, broadcast = Simulation(Options(Path(sys.argv[1]), quiet=True), lambda document: None), Broadcast()
simulation.begin()
for _ in range(2000):
    if simulation.sim.detections():
        break
    simulation.turn()

async def page():
    broadcast.bind(asyncio.get_running_loop())
    client = broadcast.join()
    Publisher(broadcast).publish(simulation)
    print(json.dumps([json.loads(message) for message in await client.take() if isinstance(message, str)]))

asyncio.run(page())
simulation.close()
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the kind in it."""
    root = copy_project(tmp_path_factory.mktemp("tree"))
    (root / "device/kinds/spots.py").write_text(SPOTS)
    insert_before(root / "device/kinds/__init__.py", '"yolo2", "yolo3")', '"spots", ')
    return root


@pytest.fixture(scope="module")
def card(tree: Path) -> Path:
    """A card with one model of the kind, imported by the command; its network is the shipped one with ten outputs."""
    folder = tree / "card"
    (folder / "models").mkdir(parents=True)
    words = (
        "--card",
        folder,
        "--kind",
        "spots",
        "--field",
        "points=5",
        "--field",
        "spread=0.9",
        "--title",
        "Points",
    )
    result = maixswitch(tree, "import", DIGITS, *words)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


def model_file(card: Path) -> Path:
    return next(card.glob("models/*/model.json"))


def test_import_writes_the_fields_of_the_kind(card: Path) -> None:
    model = json.loads(model_file(card).read_text())
    assert model == {
        "schema": 1,
        "title": "Points",
        "kind": "spots",
        "kmodel": "digits.kmodel",
        "input": [224, 224, 3],
        "points": 5,
        "spread": 0.9,
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--kind", "spots"), "points"),  # it has no default
        (("--kind", "spots", "--field", "points=11"), "a whole number, 1 to 10"),
        (("--kind", "spots", "--field", "paints=5"), "--field paints: expected one of"),
        (("--kind", "pose"), "classifier, landmark, learner, raw, spots, yolo2"),
    ],
)
def test_import_names_what_the_kind_does_not_take(tree: Path, card: Path, words: tuple[str, ...], message: str) -> None:
    result = maixswitch(tree, "import", DIGITS, "--card", card, *words)
    assert result.returncode in (1, 2)
    assert message in result.stdout + result.stderr
    assert len(list(card.glob("models/*"))) == 1


def test_check_knows_the_kind(tree: Path, card: Path) -> None:
    result = maixswitch(tree, "check", card, "--json")
    assert not [item for item in json.loads(result.stdout)["findings"] if item["file"].endswith("model.json")]


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("points", 4, "5 points"),
        ("points", "five", "a whole number, 1 to 10"),
        ("spread", 2, "a number, 0 to 1"),
        ("labels", ["nose"], "no labels: this kind has no classes"),
    ],
)
def test_check_names_a_mistake_in_its_fields(
    tree: Path, card: Path, tmp_path: Path, field: str, value: object, expected: str
) -> None:
    other = tmp_path / "card"
    shutil.copytree(card, other)
    path = model_file(other)
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))
    result = maixswitch(tree, "check", other, "--json")
    assert result.returncode == 1
    findings = json.loads(result.stdout)["findings"]
    assert (field, expected) in [(item["field"], item["wanted"]) for item in findings]


def test_a_script_expects_its_results(tree: Path, card: Path) -> None:
    (tree / "points.txt").write_text("expect state RUNNING within 20s\nexpect detection '#4' > 0.99 within 20s\n")
    result = maixswitch(tree, "sim", card, "--script", tree / "points.txt")
    assert result.returncode == 0, result.stdout + result.stderr
    (tree / "sixth.txt").write_text("expect state RUNNING within 20s\nexpect detection '#5' within 2s\n")
    assert maixswitch(tree, "sim", card, "--script", tree / "sixth.txt").returncode == 1


def test_the_page_shows_its_results(tree: Path, card: Path) -> None:
    result = run_python(tree, "-c", PAGE, card)
    assert result.returncode == 0, result.stderr
    status = next(message for message in json.loads(result.stdout) if message["type"] == "status")
    assert [label for label, _ in status["results"]] == ["#0", "#1", "#2", "#3", "#4"]


def test_the_documents_describe_its_results(tree: Path) -> None:
    result = run_python(tree, "-c", "from maixswitch import docs; print(docs.serial())")
    assert "[label, score, x, y] of a `spots`" in result.stdout
