"""The page shows a firmware image as it shows the fakes, and says why an order cannot be carried out."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from maixswitch.errors import MaixSwitchError
from maixswitch.sim.session import Options
from maixswitch.web.broadcast import Messages
from maixswitch.web.frames import HEAD
from maixswitch.web.publisher import Publisher, firmware_of, hello
from maixswitch.web.simulation import Simulation
from tests.host.sim.talking_image import APP, write_image

pytest.importorskip("unicorn", reason='the extra "chip" is not installed')


class Told:
    """What the publisher publishes, in place of the connections to browsers."""

    def __init__(self) -> None:
        self.clients = {1: "a page"}
        self.messages: dict[str, dict] = {}  # type: ignore[type-arg]

    def publish(self, kind: str, message: Messages, client: int = 0) -> None:
        one = message["en"] if isinstance(message, Mapping) else message
        self.messages[kind] = json.loads(one) if isinstance(one, str) else {"pixels": zlib.decompress(one[HEAD.size :])}


def test_the_page_shows_what_the_app_in_the_image_says(card: Path, tmp_path: Path) -> None:
    image = write_image(tmp_path / "app.bin", APP)
    simulation = Simulation(Options(card, flavour=str(image), quiet=True), lambda event: None)
    simulation.begin()
    for _ in range(4):
        simulation.turn()
    told = Told()
    publisher = Publisher(told)  # type: ignore[arg-type]
    publisher.publish(simulation)
    publisher.publish_frame(simulation)
    status = told.messages["status"]
    assert (status["state"], status["title"], status["results"]) == ("RUNNING", "Bright blobs", [["blob", 0.934]])
    assert status["memory"]["free"] == 500_000
    assert [row["title"] for row in told.messages["models"]["rows"]] == ["Bright blobs", "Colours"]
    assert told.messages["airam"]["picture"].startswith("<svg")
    assert len(told.messages["frame"]["pixels"]) == 2 * 320 * 240
    assert hello(simulation.sim)["firmware"] == str(image)
    assert firmware_of(str(image)) == str(image.resolve())
    with pytest.raises(MaixSwitchError, match="on the fakes only"):
        simulation.act("fail load 2006")
    simulation.act("eject")
    simulation.turn()
    publisher.publish(simulation)
    assert told.messages["status"]["card"] is False
    simulation.power()
    assert simulation.sim.state == "OFF"
    simulation.close()
