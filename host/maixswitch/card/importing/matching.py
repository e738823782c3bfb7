"""Find out which model each script means: by the path, by the address in the flash, or by being alone."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from maixswitch.card.flash import flash_list
from maixswitch.language import tr

from .network import PAIRS, NetworkFacts
from .script.reading import ModelUse, NamedList
from .scripts import Script, Scripts, common_tail
from .source import MODELS, Source, distance

Model = tuple[str, NetworkFacts]
BY_PATH, BY_ADDRESS, BY_NAMED_ADDRESS, BY_BEING_ALONE = range(4)
DETECTS = {"run_yolo2", "Yolo2", "regionlayer_yolo2"}
LABEL_WORDS = re.compile(r"label|class|name|obj|categor", re.IGNORECASE)
PATH = re.compile(r"/|\.(?:wav|jpe?g|bmp|png|py|txt|kmodel|bin)$", re.IGNORECASE)


@dataclass(frozen=True)
class Match:
    """A use of a model by a script.

    doubt: why the model may be another one; "" if the script names it.
    """

    script: Script
    use: ModelUse
    doubt: str = ""

    @property
    def detects(self) -> bool:
        """Does the script run the model as a detector?"""
        return self.use.detector is not None or bool(self.use.runs & DETECTS)

    def pixels(self, network: NetworkFacts) -> tuple[str, ...]:
        """Return what the script does to the picture and "pixels" of model.json can do, in its words."""
        picture = self.use.picture
        # The firmware stretches only grey pictures.
        stretched = picture is not None and picture.stretched and network.input is not None and network.input[2] == 1
        words = ("invert",) * bool(picture and picture.inverted) + ("stretch",) * stretched
        return words[::-1] if picture is not None and picture.stretched_first else words

    def pairs(self) -> int:
        """Return the number of anchors that the script passes, that of MaixPy if it is unknown."""
        call = self.use.detector
        return len(call.anchors) // 2 if call and call.anchors else (call and call.count) or PAIRS

    def classes(self, network: NetworkFacts) -> int:
        """Return how many labels the network needs if it is what the script takes it for; 0 if it cannot be that."""
        if self.detects or (not self.use.runs and network.map):
            return network.classes(self.pairs()) or 0
        return 0 if network.map else network.elements

    def lists(self, count: int) -> list[NamedList]:
        """Return the lists of this length in a script that does not show which one has the labels of this use.

        Those in the same function win, then those that are called labels. A list of another model does not count.
        """
        others = {use.labels.value for use in self.script.uses if use.labels and use.model != self.use.model}
        named = [item for item in self.script.reading.lists if len(item.value) == count and item.value not in others]
        # Many scripts have a list of one text that is no label.
        if count == 1:
            named = [item for item in named if LABEL_WORDS.search(item.name)]
        inside = [item for item in named if item.function == self.use.function] or named
        # A list of sounds or pictures often stands beside that of the labels.
        inside = [item for item in inside if not all(PATH.search(text) for text in item.value)]
        called = [item for item in inside if LABEL_WORDS.search(item.name)]
        return list({item.value: item for item in called or inside}.values())

    def named_lists(self) -> list[NamedList]:
        """Return the lists that are called labels, whatever their length, if the script uses this model only."""
        if self.use.labels is not None or len(self.script.uses) > 1:
            return []
        return list({item.value: item for item in self.script.reading.lists if LABEL_WORDS.search(item.name)}.values())

    def fits(self, network: NetworkFacts) -> int:
        """Return how well a network fits what the script does: 0 not at all, 1 as a kind, 2 with its labels' number."""
        sizes = {math.prod(numbers[1:]) for numbers in self.use.outputs if numbers[:1] == (0,)}
        count = self.classes(network)
        # A script that stops at a layer reads features, not the result.
        if self.use.layers is not None or not count or (sizes and network.elements not in sizes):
            return 0
        if self.use.labels is not None:
            return 2 if len(self.use.labels.value) == count else 1
        # Many scripts have a list of the right length by chance; then the call of a detector or of set_outputs counts.
        if self.lists(count) and (self.detects or sizes):
            return 2
        return 2 if self.detects and count == 1 else 1


def match(source: Source, scripts: Scripts, models: Sequence[Model]) -> list[list[Match]]:
    """Return the uses of each model, the likeliest first."""
    ranked: list[list[tuple[int, Match]]] = [[] for _ in models]
    open_uses: list[Match] = []
    for script in scripts.that_load() if models else []:
        for use in script.uses:
            item = Match(script, use)
            rank, names = _named(source, item, [name for name, _ in models])
            for at, (name, network) in enumerate(models):
                # A path is clear. The flash may have held another model at the same address.
                if name in names and (rank == BY_PATH or item.fits(network)):
                    ranked[at].append((rank, item))
            if not names:
                open_uses.append(item)
    # A script that runs the model as something that it cannot be is an old one, or means another model.
    fitting = [[entry for entry in uses if entry[1].fits(model[1])] for uses, model in zip(ranked, models, strict=True)]
    for at, item in _alone(open_uses, models, [bool(uses) for uses in fitting]):
        ranked[at].append((BY_BEING_ALONE, item))

    kept = []
    for (name, network), uses in zip(models, ranked, strict=True):
        uses = [entry for entry in uses if entry[1].fits(network)] or uses
        # What a script only does after an exception, or never, is the last resort.
        uses = [entry for entry in uses if not entry[1].use.doubtful] or uses
        best = [item for rank, item in uses if rank == min(rank for rank, _ in uses)]
        # In minutes, because a copy of many files takes seconds.
        minutes = {item.script.file: source.changed.get(item.script.file, 0) // 60 for item in best}
        best.sort(key=lambda item: (distance(item.script.file, name), -minutes[item.script.file]))
        kept.append(best)
    return kept


def _named(source: Source, item: Match, models: Sequence[str]) -> tuple[int, list[str]]:
    """Return how a script names its model, and the files of the source that it may mean; [] if it names none."""
    asked, script = item.use.model, item.script.file
    if isinstance(asked, str):
        return BY_PATH, _at_path(asked, models, script)
    if isinstance(asked, int):
        rank, names = BY_ADDRESS, flash_list.files_at(source, asked)
        if not names:
            mark = re.compile(rf"0x0*{asked:x}(?![0-9a-f])", re.IGNORECASE)
            files = [name for name in source.files if name.lower().endswith(MODELS)]
            rank, names = BY_NAMED_ADDRESS, [name for name in files if mark.search(name)]
        # Every example of a collection uses the same few addresses. It means the model beside it.
        near = _nearest(names, script)
        beside = any(distance(name, script) == 0 for name in models)
        if near and (not beside or any(distance(name, script) == 0 for name in near)):
            return rank, near
        # A comment beside the load of an address often names the file that was flashed there.
        if item.use.meant:
            return BY_ADDRESS, _at_path(item.use.meant, models, script)
        if not beside:
            return rank, near
    return BY_BEING_ALONE, []


def _at_path(asked: str, models: Sequence[str], script: str) -> list[str]:
    """Return the models that a path of the board may mean."""
    # The suffix may differ, because an .smodel can lie beside its .kmodel.
    stem = PurePosixPath(asked.replace("\\", "/")).stem.lower()
    names = [name for name in models if PurePosixPath(name).stem.lower() == stem]
    longest = max((common_tail(asked, name) for name in names), default=0)
    return _nearest([name for name in names if common_tail(asked, name) == longest], script)


def _nearest(names: Sequence[str], script: str) -> list[str]:
    least = min((distance(name, script) for name in names), default=0)
    return [name for name in names if distance(name, script) == least]


def _alone(uses: Sequence[Match], models: Sequence[Model], claimed: Sequence[bool]) -> list[tuple[int, Match]]:
    """Return the models for uses that name none of the source: (number of the model, use)."""
    if len(models) == 1:
        network = models[0][1]
        best = max((item.fits(network) for item in uses), default=0)
        fitting = [item for item in uses if item.fits(network) == best and (best or _same_kind(item, network))]
        return [(0, _doubted(item) if isinstance(item.use.model, str) else item) for item in fitting]

    taken = []
    for item in uses:
        named = isinstance(item.use.model, str)
        fits = [item.fits(network) for _, network in models]
        beside = [at for at, (name, _) in enumerate(models) if distance(name, item.script.file) == 0]
        if len(beside) == 1 and fits[beside[0]] > named and not claimed[beside[0]]:
            taken.append((beside[0], item))
            continue
        # Of the others only those count that no script names. The number of labels must fit them, and all of them must
        # be trainings of one network. A path to a file that the source does not have means none of them.
        free = [at for at, fit in enumerate(fits) if fit == 2 and not claimed[at] and not named]
        shapes = {(models[at][1].input, models[at][1].elements) for at in free}
        if len(shapes) == 1:
            taken += [(at, _doubted(item)) for at in free]
    return taken


def _doubted(item: Match) -> Match:
    """Return the match with a doubt that says what the script really loads."""
    asked = item.use.model
    address = hex(asked) if isinstance(asked, int) else asked or tr("a model")
    doubt = tr("{file}:{line} loads {address}", file=item.script.file, line=item.use.line, address=address)
    return Match(item.script, item.use, doubt)


def _same_kind(item: Match, network: NetworkFacts) -> bool:
    """Can the network be what the script runs it as, although the numbers do not fit?"""
    return item.use.layers is not None or bool(network.map) == item.detects
