"""Takes in what is dropped on the page: one job at a time, in a process of its own, into a copy of the card."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import maixswitch
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.files import unwritable
from maixswitch.language import chosen, tr
from maixswitch.web.broadcast import Broadcast
from maixswitch.web.intake import dropped, upload
from maixswitch.web.intake.outcome import Document, outcome
from maixswitch.web.intake.working_card import copy_card, pack_card
from maixswitch.web.messages import Command, write_text
from maixswitch.web.pictures import DroppedPhoto
from maixswitch.web.runner import Runner

SECONDS = 900.0
BOARD_S = 60.0
MOST_OUTPUT = 16 << 20
LINE = 1 << 20
IDLE, RECEIVING, WORKING, ASKS, DONE, FAILED = "idle", "receiving", "working", "asks", "done", "failed"


class Busy(MaixSwitchError):
    """The error for a second job."""


class Intake:
    """The jobs of a server. All methods belong into its event loop.

    runner: the board that gets the changed card.
    broadcast: tells the pages what goes on, as messages of the type "intake".
    """

    def __init__(self, runner: Runner, broadcast: Broadcast) -> None:
        self._runner = runner
        self._broadcast = broadcast
        self._base = runner.card
        self._scripted = runner.runs_script
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._task: asyncio.Task[None] | None = None
        self._busy = self._bringing = False
        self._number = 0
        self._old: list[Path] = []  # earlier copies of the card, without the present one
        self._card = self._base
        self._state: Document = {}
        self.zip: Path | None = None  # of the changed card
        self.report: Path | None = None  # of the last conversion

    async def take(self, stream: AsyncIterator[bytes]) -> int:
        """Receive the files of a page and start a job with them; return its number.

        Raises Busy while another one runs, and MaixSwitchError as `upload.receive`.
        """
        if self._scripted:
            raise MaixSwitchError(tr("a script runs in place of the app, so no model can be added"), EXIT_USAGE)
        if self._busy:
            raise Busy(tr("another file is being taken in; wait for it, or cancel it"), EXIT_USAGE)
        self._busy = True
        self._number += 1
        folder: Path | None = None
        try:
            folder = self._new_folder()
            self._tell(RECEIVING)
            sent = await upload.receive(stream, folder / dropped.FILES)
        except BaseException:
            self._busy = False
            self._tell(IDLE)
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)
            raise
        self._task = asyncio.create_task(self._work(folder, sent))
        return self._number

    def cancel(self) -> None:
        """End the job that runs, or forget the result of the last one."""
        if self._task is not None and not self._task.done():
            # Once the board gets the card, the job is as good as done.
            if not self._bringing:
                self._task.cancel()
        elif not self._busy:
            self._tell(IDLE)

    async def close(self) -> None:
        """End the job."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def clean(self) -> None:
        """Remove all files, once the board has stopped."""
        if self._scratch is not None:
            self._scratch.cleanup()

    def _new_folder(self) -> Path:
        try:
            if self._scratch is None:
                self._scratch = tempfile.TemporaryDirectory(prefix="maixswitch-", ignore_cleanup_errors=True)
            # Two folders deeper, because the import looks for scripts in the two folders above a file.
            folder = Path(tempfile.mkdtemp(prefix="job-", dir=self._scratch.name), "in", "it")
            (folder / dropped.FILES).mkdir(parents=True)
        except OSError as error:
            raise MaixSwitchError(unwritable(tempfile.gettempdir(), error)) from error
        return folder

    def _tell(self, phase: str, **fields: Any) -> None:
        self._state = {"number": self._number, "phase": phase, "card": self.zip is not None, **fields}
        self._broadcast.publish("intake", write_text("intake", **self._state))

    async def _work(self, folder: Path, sent: upload.Upload) -> None:
        phase, fields = IDLE, Document()
        try:
            phase, fields = await self._carried_out(folder, sent)
        except MaixSwitchError as error:
            phase, fields = FAILED, {"text": error.message}
        except OSError as error:
            phase, fields = FAILED, {"text": unwritable(tempfile.gettempdir(), error)}
        except Exception as error:
            name = type(error).__name__
            text = tr("the simulator itself failed: {name}: {error}; start it again", name=name, error=error)
            phase, fields = FAILED, {"text": text}
        finally:
            # Before the pages hear of the end: they may send the next file at once.
            shutil.rmtree(folder.parent.parent, ignore_errors=True)
            self._busy = self._bringing = False
            self._tell(phase, **fields)

    async def _carried_out(self, folder: Path, sent: upload.Upload) -> tuple[str, Document]:
        order = await asyncio.to_thread(dropped.order, sent, folder)
        self._tell(WORKING, name=order.name, step="", share=None)
        if sent.head.pictures == upload.PAGE:
            await self._borrow_pictures(folder / dropped.PICTURES)
        await asyncio.to_thread(copy_card, self._card, folder / dropped.CARD)
        code, document, said = await self._run(folder, order)
        names = {f"{dropped.FILES}/": "", str(folder / dropped.CARD): str(self._base)}
        result = outcome(code, document, _renamed(said, names), partly=sent.head.partly)
        fields = {"name": order.name, **result.fields}
        if not result.added:
            return (ASKS if result.asks else FAILED), fields
        if order.converts and (folder / dropped.REPORT).is_file():
            self.report = (folder / dropped.REPORT).replace(self._place(f"report-{self._number}.html"))
        self._bringing = True
        await self._bring(folder / dropped.CARD)
        return DONE, {**fields, "report": order.converts}

    def _place(self, name: str) -> Path:
        assert self._scratch is not None  # made with the job's folder
        return Path(self._scratch.name, name)

    async def _borrow_pictures(self, folder: Path) -> None:
        """Save the photos that lie before the camera."""
        photos: list[DroppedPhoto] = await self._asked("lend")
        if not photos:
            raise MaixSwitchError(tr("no photo lies before the camera; drop some on the page first"), EXIT_USAGE)
        folder.mkdir(exist_ok=True)
        for number, photo in enumerate(photos):
            await asyncio.to_thread(photo.save, folder / f"{number:03}.png")

    async def _bring(self, card: Path) -> None:
        """Put the changed copy into the board, and make its zip."""
        kept = card.replace(self._place(f"card-{self._number}"))
        try:
            packed = await asyncio.to_thread(pack_card, kept, kept)
            await self._asked("bring", kept)
        except BaseException:
            shutil.rmtree(kept, ignore_errors=True)
            raise
        # The board may still read files of the last copy. Nothing needs the copies before it.
        for path in self._old:
            shutil.rmtree(path, ignore_errors=True)
            path.with_name(f"{path.name}.zip").unlink(missing_ok=True)
        self._old = [] if self._card == self._base else [self._card]
        self._card, self.zip = kept, packed

    async def _asked(self, do: str, *values: Any) -> Any:
        """Let the board's thread carry out a command, and return its answer."""
        answer: Future[Any] = Future()
        while not self._runner.ask(Command(do, (answer, *values))):
            await asyncio.sleep(0.02)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(answer), BOARD_S)
        except asyncio.TimeoutError as error:
            raise MaixSwitchError(tr("the board does not answer; try again")) from error

    async def _run(self, folder: Path, order: dropped.Order) -> tuple[int, Document, str]:
        """Run the command; return its exit code, its document ({} without one) and what it said."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "maixswitch.web.intake.worker", str(folder), *order.words, "--lang", chosen(),
            # It ends when this end of the pipe closes.
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            # Temporary files of a process that is killed are removed with the job.
            env={**os.environ, "PYTHONUTF8": "1", "TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)},
            # -m looks here first, and must not find a file of the user.
            cwd=Path(maixswitch.__file__).resolve().parent.parent,
            start_new_session=True,
            limit=LINE,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        parts: list[Awaitable[Any]] = [_all(process.stdout), self._hear(process.stderr, order.name), process.wait()]
        try:
            written, said, code = await asyncio.wait_for(asyncio.gather(*parts), SECONDS)
        except asyncio.TimeoutError as error:
            text = tr("{name}: not done after {seconds} s; use the command line", name=order.name, seconds=int(SECONDS))
            raise MaixSwitchError(text) from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        lines = written.decode("utf-8", "replace").splitlines()
        try:
            document = json.loads(lines[-1]) if lines else {}
        except ValueError:
            document = {}
        return code, document, said

    async def _hear(self, stream: asyncio.StreamReader, name: str) -> str:
        """Tell the pages the progress; return everything else that the command says."""
        said: list[str] = []
        while line := (await stream.readline()).decode("utf-8", "replace"):
            try:
                progress = json.loads(line)
                step, share = progress["progress"], progress["share"]
            except (ValueError, TypeError, KeyError):
                said.append(line)
            else:
                self._tell(WORKING, name=name, step=step, share=share)
        return "".join(said)


async def _all(stream: asyncio.StreamReader) -> bytes:
    data = bytearray()
    while block := await stream.read(1 << 16):
        data += block
        if len(data) > MOST_OUTPUT:
            raise MaixSwitchError(tr("the answer of the command is too long"))
    return bytes(data)


def _renamed(text: str, names: Mapping[str, str]) -> str:
    for old, new in names.items():
        text = text.replace(old, new)
    return text
