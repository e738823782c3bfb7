"""The server takes in what is dropped: into a copy of the card, one job at a time, and only from its own page."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from maixswitch.errors import EXIT_INTERRUPTED, MaixSwitchError
from maixswitch.web.broadcast import Broadcast
from maixswitch.web.intake import jobs, upload
from maixswitch.web.intake.outcome import outcome
from maixswitch.web.messages import Command
from tests.host.card.exports import classifier
from tests.host.web.web_helpers import TIMEOUT_S, Page, make_runner, upload_body

MODEL = upload_body({"things.kmodel": classifier()})
LABELS = b"one\ntwo\nthree\n"


def end_of(page: Page, number: int) -> dict[str, Any]:
    """Return the message about a job that has ended."""

    def ended(message: Any) -> bool:
        if not isinstance(message, dict) or message["type"] != "intake":
            return False
        return bool(message["number"] == number and message["phase"] not in (jobs.RECEIVING, jobs.WORKING))

    document: dict[str, Any] = page.until(ended)
    return document


@pytest.mark.parametrize("path", ["/files", "/files/cancel"])
def test_only_our_own_page_may_send(client: TestClient, path: str) -> None:
    for origin in ("http://evil.example", "null"):
        assert client.post(path, content=MODEL, headers={"origin": origin}).status_code == 403
    # Browsers always name the origin of such a request: without one it is not our page.
    del client.headers["origin"]
    assert client.post(path, content=MODEL).status_code == 403
    assert client.post(path, content=MODEL, headers={"host": "evil.example"}).status_code == 421
    assert client.get(path).status_code in (404, 405)


def test_garbage_and_too_much_are_refused_with_a_sentence(client: TestClient) -> None:
    large = json.dumps({"files": [["a.zip", upload.MOST_BYTES + 1]]}).encode()
    for body, status, text in (
        (b"", 400, "drop them again"),
        (MODEL[:-1], 400, "drop them again"),
        (b"GET / HTTP/1.1\r\n\r\n", 413, "a message of more than"),
        (len(large).to_bytes(4, "little") + large, 413, "at most 256 MiB"),
    ):
        answer = client.post("/files", content=body)
        assert (answer.status_code, text in answer.text) == (status, True), answer.text
    assert client.get("/card.zip").status_code == 404
    assert client.get("/report").status_code == 404


def test_one_job_at_a_time_and_it_can_be_cancelled(client: TestClient) -> None:
    with client.websocket_connect("/live") as socket:
        page = Page(socket)
        first = client.post("/files", content=MODEL)
        assert first.status_code == 202, first.text
        second = client.post("/files", content=MODEL)
        assert (second.status_code, "cancel it" in second.text) == (409, True)
        assert client.post("/files/cancel").status_code == 204
        assert end_of(page, 1)["phase"] == jobs.IDLE
        # A job that was cancelled leaves nothing behind that keeps the next one out.
        bomb = io.BytesIO()
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("m.kmodel", bytes(32 << 20))
        third = client.post("/files", content=upload_body({"../bomb.zip": bomb.getvalue()}))
        assert third.json() == {"number": 2}
        message = end_of(page, 2)
        assert message["phase"] == jobs.FAILED
        assert message["text"].startswith("C512: bomb.zip: refused: m.kmodel: 33554432 bytes out of")
        assert message["card"] is False


def test_a_model_comes_onto_a_copy_of_the_card(client: TestClient, card: Path) -> None:
    before = sorted(path.relative_to(card) for path in card.rglob("*"))
    with client.websocket_connect("/live") as socket:
        page = Page(socket)
        body = upload_body({"things.kmodel": classifier(), "labels.txt": LABELS})
        assert client.post("/files", content=body).status_code == 202
        message = end_of(page, 1)
        assert (message["phase"], message["added"], message["card"]) == (jobs.DONE, ["30-things"], True)
        models = page.until(lambda one: isinstance(one, dict) and one["type"] == "models" and len(one["rows"]) == 3)
        assert models["rows"][2]["title"] == "things"
    assert sorted(path.relative_to(card) for path in card.rglob("*")) == before
    with zipfile.ZipFile(io.BytesIO(client.get("/card.zip").content)) as archive:
        names = set(archive.namelist())
    assert {"boot.py", "main.py", "README.txt", "device/app.py", "models/30-things/model.json"} <= names


def test_a_board_that_is_recorded_keeps_its_card(card: Path, tmp_path: Path) -> None:
    runner = make_runner(card, tmp_path, Broadcast())
    runner.simulation.start_recording()
    runner.start()
    try:
        for folder, text in ((card, "a run is being recorded"), (tmp_path, "is not a card")):
            answer: Future[None] = Future()
            runner.ask(Command("bring", (answer, folder)))
            with pytest.raises(MaixSwitchError, match=text):
                answer.result(TIMEOUT_S)
            assert runner.card == card
            runner.ask(Command("record", (False,)))
    finally:
        runner.stop()


def test_the_worker_ends_when_the_server_does(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "maixswitch.web.intake.worker", str(tmp_path), "sim", "card", "--seconds", "9999"]
    assert (
        subprocess.run(words, stdin=subprocess.DEVNULL, check=False, timeout=TIMEOUT_S).returncode == EXIT_INTERRUPTED
    )


def problem(option: str = "", *choices: str) -> dict[str, Any]:
    row = {"code": "C521", "severity": "error", "text": f"dropped/x: {option}"}
    return {**row, "option": option, "choices": list(choices)} if option else row


def imported(*models: tuple[str, list[dict[str, Any]]], written: bool = True) -> dict[str, Any]:
    """Return the document of an import. models: (file, problems) of each."""
    rows = [
        {"file": name, "folder": "" if problems else f"30-{name}", "problems": problems, "notes": []}
        for name, problems in models
    ]
    return {"command": "import", "written": written, "models": rows, "refused": []}


def test_what_a_document_of_the_command_means() -> None:
    asking = ("a.kmodel", [problem("--labels x.txt", "x.txt", "y.txt"), problem("--kind yolo2")])
    document = imported(asking, ("b.kmodel", []))
    asked = outcome(1, document, "", partly=False)
    assert (asked.asks, asked.added, asked.fields["others"]) == (True, False, 1)
    rows = [(question["option"], question["chosen"], question["choices"][:2]) for question in asked.fields["questions"]]
    assert rows == [("labels", "x.txt", ["x.txt", "y.txt"]), ("kind", "yolo2", rows[1][2])]
    assert asked.fields["questions"][0]["text"] == "x: --labels x.txt"
    partly = outcome(1, document, "", partly=True)
    assert (partly.added, partly.fields["added"]) == (True, ["30-b.kmodel"])

    # A question is of no use where another problem has no answer.
    hopeless = imported(("a.kmodel", [problem("--labels FILE"), problem()]), written=False)
    failed = outcome(1, hopeless, "", partly=False)
    assert (failed.asks, failed.added, failed.fields) == (False, False, {"text": "x: --labels FILE\nx: "})
    said = outcome(4, {}, "a warning\nmaixswitch: no room\n", partly=False)
    assert (said.asks, said.added, said.fields) == (False, False, {"text": "no room"})
    missing = outcome(2, {"command": "convert", "missing": "images"}, "maixswitch: pictures", partly=False)
    assert (missing.asks, missing.fields["pictures"], missing.fields["text"]) == (True, True, "pictures")
