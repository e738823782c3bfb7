"""Feeds broken .kmodel files to the emulator, which must give results or the package's own errors and nothing else.

    python tests/host/kmodel/format/fuzz.py --count 200000 --seed 1 --jobs 2
    python tests/host/kmodel/format/fuzz.py --seed 1 --case 4711 --save broken.kmodel

Seed and number determine a case. It may take 2 s of processor time and 1 GiB of memory, and must not cause a warning.
The exit code is 1 if a case fails.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from random import Random
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]
sys.path[:0] = [str(path) for path in (ROOT, ROOT / "host") if str(path) not in sys.path]

import numpy as np  # noqa: E402

from maixswitch.errors import MaixSwitchError  # noqa: E402
from maixswitch.kmodel import KModel, file_kind, load  # noqa: E402
from maixswitch.kmodel.format.program import Tensor  # noqa: E402
from maixswitch.kmodel.judge.describe import describe  # noqa: E402
from maixswitch.kmodel.judge.report import report  # noqa: E402
from maixswitch.kmodel.run.backends import BACKENDS, available  # noqa: E402
from maixswitch.kmodel.run.runtimes import RUNTIMES  # noqa: E402
from maixswitch.sim.emulator import LoadedModel  # noqa: E402
from tests.host.kmodel.format.fuzz_files import gather, weight  # noqa: E402
from tests.host.kmodel.format.fuzz_mutations import Seed, find_structure, mutate  # noqa: E402

SECONDS = 2.0
"""Processor time of one case in s; wall-clock time would include other programs."""
BYTES = 1 << 30
"""Memory of one case in bytes, in addition to what the process held before."""
TIMEOUT_S = 120
"""Wall-clock time in s after which a case counts as hanging."""
CHUNK = 1000
"""Cases that one process runs."""
DEFAULT_FOLDER = Path(os.environ.get("MAIXSWITCH_KMODELS", ROOT.parent / "shared" / "kmodels"))


@dataclass
class Outcome:
    """One case's outcome. ``result`` is "ran", "refused", or a failure: "crashed", "slow", "large", "differs"..."""

    number: int
    seed: str
    mutations: str
    backend: str
    result: str
    detail: str = ""
    seconds: float = 0.0
    peak: int = 0

    @property
    def bad(self) -> bool:
        return self.result not in ("ran", "refused")


@dataclass
class Summary:
    """All cases of one run."""

    results: Counter[str] = field(default_factory=Counter)
    bad: list[Outcome] = field(default_factory=list)
    slowest: list[Outcome] = field(default_factory=list)
    largest: list[Outcome] = field(default_factory=list)
    processor: float = 0.0

    def add(self, outcome: Outcome) -> None:
        self.results[outcome.result] += 1
        self.processor += outcome.seconds
        if outcome.bad:
            self.bad.append(outcome)
        self.slowest = sorted([*self.slowest, outcome], key=lambda item: -item.seconds)[:5]
        self.largest = sorted([*self.largest, outcome], key=lambda item: -item.peak)[:5]

    def lines(self) -> list[str]:
        """Return the figures as text."""
        total = sum(self.results.values())
        shares = ", ".join(f"{count} {name}" for name, count in sorted(self.results.items()))
        answer = [f"{total} cases: {shares}; {self.processor:.0f} s of processor time"]
        for title, rows in (("slowest", self.slowest), ("largest", self.largest)):
            answer += [
                f"{title}: case {row.number}, {row.seed}, {row.mutations}, {row.backend}: "
                f"{row.seconds:.2f} s, {row.peak >> 20} MiB, {row.result}"
                for row in rows[:3]
            ]
        return answer


def source(tensor: Tensor, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """Return noise for an input; among floats a few are NaN."""
    shape = tensor.shape or (tensor.elements,)
    if tensor.dtype == "uint8":
        return rng.integers(0, 256, shape, np.uint8)
    values = rng.normal(0, 50, shape).astype(np.float32)
    values.reshape(-1)[rng.integers(0, values.size, 2)] = rng.choice(
        np.array([np.nan, np.inf, -np.inf, 3e38], np.float32)
    )
    return values


def play(data: bytes, rng: Random, rounding: str, backend: str) -> tuple[KModel, list[np.ndarray[Any, Any]]]:
    """Load and run a file, every other time layer by layer as well."""
    runtime = list(RUNTIMES)[len(data) % len(RUNTIMES)]  # the same on every backend
    model = load(data, rounding, runtime, backend)
    noise = np.random.default_rng(rng.getrandbits(32))
    arrays = [source(tensor, noise) for tensor in model.inputs]
    output = model.run(*arrays)
    if rng.random() < 0.2:
        model.reset()
        for _ in model.run_layers(*arrays):
            pass
    return model, output


def inspect(model: KModel, data: bytes) -> None:
    """Do what `maixswitch kmodel info` and the simulator do with a model."""
    report(describe(model, Path("case.kmodel"), file_kind(data)))
    LoadedModel(model)


class Meter:
    """Measures processor time and peak memory since the last start."""

    def start(self) -> None:
        self.before = self._status("VmRSS")
        try:
            Path("/proc/self/clear_refs").write_text("5")
        except OSError:
            self.before = 0
        self.clock = time.process_time()

    def stop(self) -> tuple[float, int]:
        """Return (seconds, bytes); 0 bytes if the system does not report them."""
        return time.process_time() - self.clock, max(0, self._status("VmHWM") - self.before)

    @staticmethod
    def _status(name: str) -> int:
        try:
            text = Path("/proc/self/status").read_text()
        except OSError:
            return 0
        return next((int(line.split()[1]) << 10 for line in text.splitlines() if line.startswith(name)), 0)


class Fuzzer:
    """The cases of one seed number, over the files of a folder and the written ones."""

    def __init__(self, seed: int, folder: Path | None, meter: Meter | None = None) -> None:
        self.seed = seed
        self.files = [find_structure(name, data) for name, data in gather(folder).items()]
        self.weights = [weight(item.name, len(item.data)) for item in self.files]
        self.meter = meter or Meter()
        self.backends = [name for name in BACKENDS if available(name)]

    def case(self, number: int) -> tuple[Random, Seed, bytes, str, str, str]:
        """Return (the random generator, file, broken bytes, mutations, rounding, backend)."""
        rng = Random(f"{self.seed}:{number}")
        seed = rng.choices(self.files, self.weights)[0]
        data, names = mutate(rng, seed, self.files)
        backend = rng.choices(self.backends, range(1, len(self.backends) + 1))[0]
        return rng, seed, data, names, rng.choice(("v02", "v01")), backend

    def run(self, number: int) -> Outcome:
        """Run one case; a slow one twice, because numba may have compiled a loop in the first run."""
        outcome = self._run(number)
        if outcome.result == "slow":
            forget()
            outcome = self._run(number)
        return outcome

    def _run(self, number: int) -> Outcome:
        rng, seed, data, names, rounding, backend = self.case(number)
        outcome = Outcome(number, seed.name, names, backend, "refused")
        chance, extra = rng.getstate(), rng.random()
        rng.setstate(chance)
        model, output = None, []
        self.meter.start()
        try:
            model, output = play(data, rng, rounding, backend)
            outcome.result = "ran"
        except MaixSwitchError as error:
            outcome.detail = str(error)
        except Exception:
            outcome.result, outcome.detail = "crashed", traceback.format_exc()
        outcome.seconds, outcome.peak = self.meter.stop()
        if outcome.seconds > SECONDS and not outcome.bad:
            outcome.result, outcome.detail = "slow", f"{outcome.seconds:.2f} s"
        if outcome.peak > BYTES and not outcome.bad:
            outcome.result, outcome.detail = "large", f"{outcome.peak >> 20} MiB"
        if model is not None and not outcome.bad:
            self._more(outcome, model, output, data, (chance, extra, rounding))
        return outcome

    def _more(
        self, outcome: Outcome, model: KModel, output: list[Any], data: bytes, source: tuple[Any, float, str]
    ) -> None:
        """Describe some of the models that run, and run them on another backend."""
        chance, extra, rounding = source
        self.meter.start()
        try:
            if extra < 0.2:
                inspect(model, data)
            elif extra < 0.4 and outcome.seconds < 0.1:
                rng = Random()
                rng.setstate(chance)
                _, other = play(data, rng, rounding, "fast" if outcome.backend == "numpy" else "numpy")
                if [values.tobytes() for values in output] != [values.tobytes() for values in other]:
                    outcome.result, outcome.detail = "differs", f"{outcome.backend} from the other backend"
        except Exception:
            outcome.result, outcome.detail = "crashed later", traceback.format_exc()
        seconds, _ = self.meter.stop()
        if extra < 0.2 and seconds > SECONDS:
            outcome.result, outcome.detail = "slow later", f"{seconds:.2f} s to describe"


def forget() -> None:
    """Empty the package's caches, so that no case depends on an earlier one."""
    for name, module in list(sys.modules.items()):
        if name.startswith("maixswitch.kmodel"):
            for value in vars(module).values():
                if hasattr(value, "cache_parameters") and value.cache_parameters()["maxsize"] is not None:
                    value.cache_clear()


def limit() -> None:
    """Limit the address space to a gibibyte more than now, and let a hanging case end the process."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    size = Meter._status("VmSize")
    if size:
        resource.setrlimit(resource.RLIMIT_AS, (size + BYTES + (64 << 20), -1))


def run_cases(seed: int, folder: Path | None, numbers: range, at: Any, results: Connection) -> None:
    """Run the cases of one process and report each."""
    warnings.simplefilter("error")
    fuzzer = Fuzzer(seed, folder)
    limit()
    for number in numbers:
        at.value = number
        if hasattr(signal, "alarm"):
            signal.alarm(TIMEOUT_S)
        outcome = fuzzer.run(number)
        if not outcome.bad:
            outcome.detail = ""
        results.send(asdict(outcome))
        forget()
    results.close()


class Worker:
    """A process with its share of the cases; if a case kills it, the next process continues after that case."""

    def __init__(self, seed: int, folder: Path | None, numbers: range) -> None:
        self.seed, self.folder, self.numbers = seed, folder, numbers
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.at = context.Value("q", self.numbers.start)
        self.results, other = context.Pipe(False)
        arguments = (self.seed, self.folder, self.numbers, self.at, other)
        self.process = context.Process(target=run_cases, args=arguments, daemon=True)
        self.process.start()
        other.close()

    def outcome(self) -> Outcome | None:
        """Return the next outcome, None after all cases."""
        try:
            return Outcome(**self.results.recv())
        except EOFError:
            self.process.join()
        if self.process.exitcode == 0:
            return None
        number = self.at.value
        self.numbers = range(number + 1, self.numbers.stop)
        died = Outcome(number, "", "", "", "died", f"exit code {self.process.exitcode}")
        if self.numbers:
            self._start()
        return died


def fuzz(
    count: int, seed: int, jobs: int = 1, folder: Path | None = None, first: int = 0, progress: bool = False
) -> Summary:
    """Run ``count`` cases from number ``first`` in ``jobs`` processes."""
    summary = Summary()
    chunks = [range(start, min(start + CHUNK, first + count)) for start in range(first, first + count, CHUNK)]
    waiting = list(reversed(chunks))
    workers: list[Worker] = []
    begun = time.monotonic()
    while waiting or workers:
        while waiting and len(workers) < jobs:
            workers.append(Worker(seed, folder, waiting.pop()))
        ready = wait([worker.results for worker in workers])
        for worker in [item for item in workers if item.results in ready]:
            outcome = worker.outcome()
            if outcome is not None:
                summary.add(outcome)
                if outcome.bad and progress:
                    print(describe_bad(outcome), flush=True)
            if outcome is None or (outcome.result == "died" and not worker.numbers):
                workers.remove(worker)
                if progress:
                    print(f"{time.monotonic() - begun:.0f} s: {summary.lines()[0]}", file=sys.stderr, flush=True)
    return summary


def describe_bad(outcome: Outcome) -> str:
    """Return a failing case as text."""
    offset = f"case {outcome.number} ({outcome.seed}, {outcome.mutations}, {outcome.backend})"
    return f"{outcome.result}: {offset}, {outcome.seconds:.2f} s, {outcome.peak >> 20} MiB\n{outcome.detail}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--kmodels", type=Path, default=DEFAULT_FOLDER, help="folder of real files")
    parser.add_argument("--case", type=int, help="only this case, here and now")
    parser.add_argument("--save", type=Path, help="with --case: where to put the broken file")
    options = parser.parse_args()
    if options.case is None:
        summary = fuzz(options.count, options.seed, options.jobs, options.kmodels, options.first, True)
        print("\n".join(summary.lines()))
        return 1 if summary.bad else 0
    fuzzer = Fuzzer(options.seed, options.kmodels)
    warnings.simplefilter("error")
    if options.save:
        options.save.write_bytes(fuzzer.case(options.case)[2])
    outcome = fuzzer.run(options.case)
    print(describe_bad(outcome))
    return int(outcome.bad)


if __name__ == "__main__":
    sys.exit(main())
