"""A card as the checks see it: the board's own parser reads the folder once, through the fake of the card."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maixswitch import board_code, device_types, files
from maixswitch.card.flash.package import Package, is_package, read_package
from maixswitch.card.json_text import Mistake, mistake
from maixswitch.errors import EXIT_IO, EXIT_USAGE, KModelError, MaixSwitchError
from maixswitch.language import tr
from maixswitch.sim.card import DiskFile, FolderCard, scan

if TYPE_CHECKING:
    from maixswitch.kmodel import KModel

MODELS = "models"
LARGEST = 8 << 20
"""The most bytes that are read of a file. The board cannot use a larger one."""
MAIXPY_PAIRS = 5
"""The anchor pairs that run_yolo2 of MaixPy takes (sipeed_yolo2.c)."""
KMODEL_ENDS = (".kmodel", ".smodel", ".emodel")
BROKEN = ("broken text", "cut off")
"""What the board's reader says of a file that it cannot read as JSON (device/once/checks.py)."""


class _Files(FolderCard):
    """The folder as a fake card for the board's parser. No file takes more memory than LARGEST."""

    def __init__(self, folder: Path, memory_card: Callable[[dict[str, Any]], Any], below: str = "") -> None:
        """Read the folder.

        memory_card: makes the fake card from its files.
        below: the path of the folder on the card; "" if the folder is the card itself.
        """
        # The board's parser reads only /sd/models/NAME, so a model's folder appears below that path.
        if below:
            contents = scan(folder)
            self._folder = folder
            self._write_back = False
            self.damaged = set()
            self._memory = memory_card({f"{below}/{name}": file for name, file in contents.files.items()})
            self._memory.folders.update(dict.fromkeys([below, *(f"{below}/{name}" for name in contents.folders)], True))
            self.links = [f"{below}/{name}" for name in contents.links]
        else:
            super().__init__(folder, memory_card)

    @property
    def sizes(self) -> dict[str, int]:
        """The size in bytes of every file, by its path on the card."""
        return {name: len(data) for name, data in self._memory.files.items()}

    def read(self, path: str) -> bytes:
        data = self._memory.files.get(path)
        # The rules complain about the size of such a file. Zeros keep the parser going without reading gigabytes.
        if isinstance(data, DiskFile) and len(data) > LARGEST:
            return b"\0" * LARGEST
        return super().read(path)


@dataclass
class Model:
    """One model.

    folder: the name of its folder, "" for a bare file.
    spec: the board's own ModelSpec, None for a bare file.
    place: the path of its folder on the card, as findings name it.
    file: the path of its .kmodel on the card; for one in flash that of its copy beside model.json, which has the same
        size; "" for neither.
    stages: the networks that run on each of its boxes, in order; none of these has stages.
    prefix: what stands before its fields in findings about model.json: "stages[0]." for the first stage.
    """

    folder: str
    spec: Any
    place: str
    file: str
    size: int
    _read: Callable[[], bytes] = field(repr=False)
    stages: list[Model] = field(default_factory=list)
    prefix: str = ""

    @property
    def json(self) -> str:
        """The path of its model.json on the card."""
        return f"{self.place}/model.json"

    @property
    def title(self) -> str:
        """The title on the panel; the folder's name if model.json has no usable title."""
        return str(self.spec.title) if self.spec is not None and self.spec.title else self.folder or self.file

    @property
    def classes(self) -> int:
        """The number of labels, 0 if unknown."""
        return len(self.spec.labels) if self.spec is not None else 0

    @property
    def forward(self) -> bool:
        """Whether the app gives pictures to kpu.forward for it; for a bare file a guess, False without a kmodel."""
        from maixswitch.kmodel.judge.memory import forwarded

        if self.spec is not None:
            return board_code.forwards(self.spec.kind) or self.own_decoder
        return self.kmodel is not None and forwarded(self.kmodel)

    @property
    def own_decoder(self) -> bool:
        """Whether the app itself finds the boxes in the output, because MaixPy's decoder takes no such network."""
        spec = self.spec
        # The same rule as in device/kinds/yolo2.py.
        return bool(spec is not None and spec.anchors and (not spec.labels or len(spec.anchors) // 2 != MAIXPY_PAIRS))

    @cached_property
    def data(self) -> bytes:
        """The bytes of the .kmodel; b"" if there is none, or if it cannot be read."""
        try:
            return self._read() if self.file else b""
        except MaixSwitchError:
            return b""

    @cached_property
    def loaded(self) -> KModel | KModelError | None:
        """The model; the error if its file is wrong; None without a file."""
        from maixswitch.kmodel import load

        if not self.file:
            return None
        # `data` is empty if the read failed. The loader itself explains a file that is truly empty.
        if not self.data and self.size:
            return KModelError(tr("the file cannot be read from the card"))
        try:
            return load(self.data)
        except KModelError as error:
            return error

    @property
    def kmodel(self) -> KModel | None:
        """The model, None if its file cannot be used."""
        loaded = self.loaded
        return None if loaded is None or isinstance(loaded, KModelError) else loaded


class Card:
    """A card, one model's folder, one .kmodel file, or a package for the flash chip.

    kind: "card", "model", "kmodel" or "package".
    path: where it is on this PC.
    models: its models, in the button's order.
    sizes: the bytes of every file, by its path on the card.
    settings: the board's own Settings; None for a model's folder or a file.
    links: the paths of links that lead out of the folder; the board would not find them.
    package: the package; None for anything else.
    Labels are read on demand through the one fake board: call `select` first if another card was read since.
    Raises MaixSwitchError if the path is something else, or if it cannot be read.
    """

    def __init__(self, path: Path, anchor_pairs: int | None = 5) -> None:
        self.path = path
        self.kind = _kind(path)
        self.sizes: dict[str, int] = {}
        self.settings: Any = None
        self.links: list[str] = []
        self.package: Package | None = None
        self._files: _Files | None = None
        if self.kind == "package":
            self.package = read_package(path)
            self.sizes = {part.name: part.size for part in self.package.parts}
            self.models = [_bare(name, data) for name, data in self.package.models.items()]
            return
        if self.kind == "kmodel":
            # A bare file has no model.json, so the board's parser has nothing to read.
            size = path.stat().st_size
            self.sizes = {path.name: size}
            self.models = [Model("", None, "", path.name, size, lambda: _bytes(path))]
            return
        self._bench = board_code.bench()
        self._bench.install()
        # The name of the resolved path: for "." the path itself has no name.
        below = "" if self.kind == "card" else f"{MODELS}/{path.resolve().name}"
        self._files = _Files(path, self._bench.MemoryCard, below)
        self.sizes = self._files.sizes
        self.links = self._files.links
        self.select()
        if self.kind == "card":
            self.settings = board_code.settings()
        self.models = [self._model(spec) for spec in self._specs(anchor_pairs)]

    def _specs(self, pairs: int | None) -> list[device_types.ModelSpec]:
        try:
            return board_code.catalog().read("/sd", pairs)
        except OSError as error:
            raise MaixSwitchError(files.unreadable(self.path, error), EXIT_IO) from error

    def _model(self, spec: device_types.ModelSpec) -> Model:
        folder_path = f"{MODELS}/{spec.folder}"
        if isinstance(spec.kmodel, tuple):
            name = self._beside(folder_path, spec.kmodel[1])
        else:
            name = str(spec.kmodel or "").removeprefix("/sd/")
            # FAT ignores capitals, so the board finds a file that this PC would not.
            name = next((path for path in self.sizes if path.lower() == name.lower()), "")
        model = Model(str(spec.folder), spec, folder_path, name, self.sizes.get(name, 0), lambda: self.read(name))
        for at, stage in enumerate(spec.stages):
            # The board judges an entry as a whole.
            stage.loadable, stage.problems = spec.loadable, spec.problems
            inner = self._model(stage)
            inner.prefix = f"stages[{at}]."
            model.stages.append(inner)
        return model

    def _beside(self, place: str, size: int) -> str:
        """Return the only model file of this size in a folder, or one of equal ones; "" for none."""
        names = [
            name
            for name, length in self.sizes.items()
            if name.startswith(f"{place}/") and name.lower().endswith(KMODEL_ENDS) and length == size
        ]
        return names[0] if len(names) == 1 or len({self.read(name) for name in names}) == 1 else ""

    @property
    def networks(self) -> list[Model]:
        """Every model, each followed by the networks of its stages."""
        return [part for model in self.models for part in (model, *model.stages)]

    @property
    def bare(self) -> bool:
        """Has it no model.json?"""
        return self.kind in ("kmodel", "package")

    @property
    def shell(self) -> str:
        """The path, quoted for a command line."""
        return shlex.quote(str(self.path))

    def select(self) -> None:
        """Put this card into the fake board's socket, which may hold another card."""
        if self._files is not None:
            self._bench = board_code.bench()
            self._bench.reset()
            self._bench.card.insert(self._files)

    def read(self, name: str) -> bytes:
        """Return at most LARGEST bytes of a file, by its path on the card.

        Raises MaixSwitchError if it cannot be read.
        """
        if self._files is None:
            return _bytes(self.path)
        try:
            return self._files.read(name)
        except OSError as error:
            raise MaixSwitchError(files.unreadable(name, error), EXIT_IO) from error

    def json_mistake(self, name: str) -> Mistake | None:
        """Return the first place where a file is not JSON; None for a file that is JSON, missing or unreadable."""
        if name not in self.sizes:
            return None
        try:
            return mistake(self.read(name))
        except MaixSwitchError:
            return None

    def text(self, name: str) -> str | None:
        """Return the text of a file with "\\n" line ends; None if it is missing, larger than 256 KiB, or not UTF-8."""
        # Every text that a rule reads is far smaller. The limit keeps a wrong file out of the memory.
        if not 0 <= self.sizes.get(name, -1) <= 1 << 18:
            return None
        try:
            return self.read(name).decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError:
            return None


def _bare(name: str, data: bytes) -> Model:
    return Model("", None, "", name, len(data), lambda: data)


def _bytes(path: Path) -> bytes:
    from maixswitch.kmodel.run.model import read_file

    return read_file(path)


def _kind(path: Path) -> str:
    """Return what a path is: "card", "model", "kmodel" or "package". Raises MaixSwitchError for anything else."""
    if path.is_file():
        # Users often try `check` on a download. The command that helps is a better message than "not a kmodel".
        if path.name.lower().endswith(".zip"):
            raise MaixSwitchError(
                tr(
                    "{path}: a package; import its model onto a card with: maixswitch import {path} --card CARD",
                    path=path,
                ),
                EXIT_USAGE,
            )
        return "package" if is_package(path) else "kmodel"
    if not path.exists():
        raise MaixSwitchError(tr("{path}: no such file or folder", path=path), EXIT_IO)
    # models/ decides first: a stray .kmodel in the root of a card must not make it a single model.
    if (path / MODELS).is_dir():
        return "card"
    with files.reading(path):
        names = sorted(entry.name for entry in path.iterdir())
    if "model.json" in names or any(name.lower().endswith(KMODEL_ENDS) for name in names):
        return "model"
    names_text = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "") if names else tr("an empty folder")
    raise MaixSwitchError(
        tr(
            "{path}: neither a card (a folder with models/ in it), nor a model's folder (with model.json in it), nor a "
            "file; found {names}. Make a card with: maixswitch new {path}",
            path=path,
            names=names_text,
        ),
        EXIT_USAGE,
    )
