#!/usr/bin/env python3
"""Measures how fast the emulator runs real models on one core of this PC, compared with its plain path in numpy.

emulator.py                       the table, for the project's sample networks and the real files on this PC
emulator.py --write FILE          the table as a document; --json FILE: all figures
emulator.py --only NAME           files whose name holds NAME; --profile: where the time goes, step by step

Real files are taken from --kmodels (folders), MAIXSWITCH_KMODELS or ../shared/kmodels. The process is bound to one
core and its libraries to one thread. Times are processor time of this process, so that other work on the PC does not
count. Both paths, each with the firmware's runtime and the vendor's, run in turn, and each figure is the median. The
ratios hardly depend on the machine.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import platform
import pstats
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "host"), str(ROOT / "benchmarks")]

import numpy as np  # noqa: E402  the environment comes first
from conv_integer import model_ms  # noqa: E402

from maixswitch.errors import MaixSwitchError  # noqa: E402
from maixswitch.kmodel import KModel, file_kind, load  # noqa: E402
from maixswitch.kmodel.format.layer_facts import conv_of, macs  # noqa: E402
from maixswitch.kmodel.run.backends import BEST  # noqa: E402
from maixswitch.kmodel.run.runtimes import DEFAULT_RUNTIME  # noqa: E402
from maixswitch.kmodel.write import samples  # noqa: E402

PLAIN = "numpy"
VENDOR = "sdk"
LEAST, AIM = 15.0, 25.0
"""Times as fast as the plain path, for files that are mostly convolutions."""
DOMINATED = 0.9
"""The share of the plain path's time in KPU layers from which a file counts as mostly convolutions."""
FEWEST, MOST = 5, 40
"""How often each path runs."""
SAMPLES = {"sample: colours": samples.colour_classifier, "sample: blobs": samples.blob_detector}
VENDOR_MS = {
    "voc20_yolov2_v4": 147,
    "ultraface_slim_v4": 153,
    "face_yolov2_9anchors_v4": 69,
    "face_embedding_v4": 68,
    "mobilenet025_embedding_v4": 70,
    "dronet_float_v4": 34.7,
    "falling_curve/slow": 31,
}
"""Milliseconds of the vendor's simulator (nncase v0.2, one core), measured once on a PC with this processor."""
Run = Callable[[], object]


@dataclass
class Figures:
    """One file. Times in milliseconds of processor time, median; ``steps``: (name, share) of the fast path's time.

    ``fast_sdk`` and ``plain_sdk``: under the vendor's runtime. ``integer``: ONNX Runtime's integer convolutions with
    the shapes of the KPU layers, sums alone. ``kpu`` and ``kpu_plain``: share of the time that each path spends in KPU
    layers; ``layers``: how many these are.
    """

    name: str
    macs: int
    fast: float
    plain: float
    fast_sdk: float
    plain_sdk: float
    integer: float
    kpu: float
    kpu_plain: float
    layers: int
    turns: int
    steps: list[tuple[str, float]] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        return self.plain / self.fast

    @property
    def gmac_s(self) -> float:
        return self.macs / self.fast / 1e6

    @property
    def layer_us(self) -> float:
        return 1000 * self.fast * self.kpu / self.layers if self.layers else 0.0

    @property
    def dominated(self) -> bool:
        return self.kpu_plain >= DOMINATED

    @property
    def verdict(self) -> str:
        if not self.dominated:
            return ""
        return "25x" if self.ratio >= AIM else "15x" if self.ratio >= LEAST else "**short**"


def tie() -> int | None:
    """Bind this process to one core; return its number, None if the system cannot do that."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def files(folders: list[Path], only: str) -> Iterator[tuple[str, bytes]]:
    """Yield name and contents of the sample networks, then of the usable files in the folders and what they hold."""
    for name, make in SAMPLES.items():
        if only in name:
            yield name, make()
    for folder in folders:
        for path in sorted(folder.rglob("*.kmodel")):
            name = path.relative_to(folder).with_suffix("").as_posix()
            if only in name:
                data = path.read_bytes()
                if file_kind(data[:64]).usable:
                    yield name, data


def prepare(data: bytes, backend: str, runtime: str = DEFAULT_RUNTIME) -> tuple[KModel, Run]:
    """Return the model and a function that runs it on noise, after a first run that prepares the weights."""
    model = load(data, runtime=runtime, backend=backend)
    rng = np.random.default_rng(0)
    inputs = [
        rng.integers(0, 256, tensor.shape or (tensor.elements,), np.uint8)
        if tensor.dtype == "uint8"
        else rng.random(tensor.shape or (tensor.elements,), np.float32)
        for tensor in model.inputs
    ]
    model.run(*inputs)
    return model, lambda: model.run(*inputs)


def clock(run: Run) -> float:
    start = process_time()
    run()
    return process_time() - start


def share(model: KModel) -> float:
    """Return the share of one run's time that the KPU layers take."""
    model.reset()
    kpu = total = 0.0
    steps = model.machine.steps()
    for layer in model.layers:
        start = process_time()
        next(steps)
        spent = process_time() - start
        total += spent
        kpu += spent if conv_of(layer) is not None else 0.0
    return kpu / total


def measure(name: str, data: bytes, backend: str, seconds: float) -> Figures:
    """Run both paths in turn for about `seconds`; return the figures."""
    fast_model, fast = prepare(data, backend)
    plain_model, plain = prepare(data, PLAIN)
    runs = {"fast": fast, "plain": plain}
    runs |= {f"{way}_sdk": prepare(data, name, VENDOR)[1] for way, name in (("fast", backend), ("plain", PLAIN))}
    turns = min(MOST, max(FEWEST, round(seconds / sum(map(clock, runs.values())))))
    times: dict[str, list[float]] = {way: [] for way in runs}
    for _ in range(turns):
        for way, run in runs.items():
            times[way].append(clock(run))
    spent = {way: 1000 * median(seconds_each) for way, seconds_each in times.items()}
    return Figures(
        name=name,
        macs=sum(macs(layer) for layer in fast_model.layers),
        **spent,
        integer=model_ms(fast_model),
        kpu=median(share(fast_model) for _ in range(3)),
        kpu_plain=share(plain_model),
        layers=sum(conv_of(layer) is not None for layer in fast_model.layers),
        turns=turns,
        steps=profile(fast),
    )


def profile(run: Run, times: int = 5) -> list[tuple[str, float]]:
    """Return (step, share of the time) for each function of the package, with the library functions that it calls."""
    profiler = cProfile.Profile(process_time)
    profiler.enable()
    for _ in range(times):
        run()
    profiler.disable()
    calls: dict[tuple[str, int, str], Any] = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    spent: dict[str, float] = {}
    # A step is a function of the package. Time in a library counts for the function that called it.
    for function, (_, _, own, _, callers) in calls.items():
        inside = "maixswitch" in function[0]
        if inside:
            spent[step_name(function)] = spent.get(step_name(function), 0.0) + own
        for caller, (_, _, _, cumulative) in callers.items():
            if not inside and "maixswitch" in caller[0]:
                spent[step_name(caller)] = spent.get(step_name(caller), 0.0) + cumulative
    total = sum(spent.values())
    return sorted(((name, part / total) for name, part in spent.items()), key=lambda row: -row[1])


def step_name(function: tuple[str, int, str]) -> str:
    """Return module.function for (path, line, name), or module.outer.inner for a function in a function."""
    path, line, name = function
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    first = lines[line - 1]
    indent = len(first) - len(first.lstrip())
    outer = ""
    for above in reversed(lines[: line - 1] if indent else []):
        text = above.lstrip()
        if text.startswith("def ") and len(above) - len(text) < indent:
            outer = text[4:].partition("(")[0] + "."
            break
    return f"{Path(path).stem}.{outer}{name}"


def product() -> float:
    """Return the GMAC/s of this core in a float32 matrix product of the size of a large layer."""
    a, b = np.ones((256, 1152), np.float32), np.ones((1152, 1024), np.float32)
    times = [clock(lambda: a @ b) for _ in range(12)]
    return 256 * 1152 * 1024 / median(times) / 1e9


def table(rows: list[Figures], top: float) -> str:
    """Return the figures as a Markdown table. top: GMAC/s of the matrix product."""
    head = (
        "| file | GMAC | ms | GMAC/s | of product | plain ms | ratio | of vendor | of integer | of sdk | plain of sdk "
        "| KPU layers | share | us each | goal | steps |\n"
        "| --- | " + "---: | " * 13 + "--- | --- |\n"
    )
    lines = []
    for row in rows:
        steps = ", ".join(f"{name} {100 * part:.0f} %" for name, part in row.steps[:3])
        cells = (
            row.name,
            f"{row.macs / 1e9:.3f}",
            f"{row.fast:.2f}",
            f"{row.gmac_s:.1f}",
            f"{100 * row.gmac_s / top:.0f} %",
            f"{row.plain:.1f}",
            f"{row.ratio:.1f}",
            f"{VENDOR_MS[row.name] / row.fast:.1f}" if row.name in VENDOR_MS else "",
            f"{row.fast / row.integer:.2f}" if row.dominated else "",
            f"{row.fast / row.fast_sdk:.2f}",
            f"{row.plain / row.plain_sdk:.2f}",
            str(row.layers),
            f"{100 * row.kpu_plain:.0f} %",
            f"{row.layer_us:.0f}",
            row.verdict,
            steps,
        )
        lines.append("| " + " | ".join(cells) + " |\n")
    return head + "".join(lines)


def here() -> str:
    """Return the names of the processor and the versions of the libraries."""
    names = [f"Python {platform.python_version()}"]
    for name in ("numpy", "onnxruntime", "numba"):
        with suppress(PackageNotFoundError):
            names.append(f"{name} {version(name)}")
    cpu = platform.processor() or platform.machine()
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        cpu = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), cpu)
    return f"{cpu}, {', '.join(names)}"


def summary(rows: list[Figures], backend: str, top: float) -> str:
    """Return the sentences below the table."""
    chosen = [row for row in rows if row.dominated]
    text = f"Backend {backend} on {here()}.\n"
    text += f"numpy's float32 matrix product runs at {top:.0f} GMAC/s on this core: the product above.\n\n"
    if not chosen:
        return text
    short = [f"{row.name} ({row.ratio:.1f})" for row in chosen if row.ratio < LEAST]
    aimed = sum(row.ratio >= AIM for row in chosen)
    middle = median(row.ratio for row in chosen)
    text += f"Of {len(chosen)} files that are mostly convolutions {len(chosen) - len(short)} run at least {LEAST:.0f} "
    text += f"times as fast as the plain path, {aimed} at least {AIM:.0f} times; the median is {middle:.1f}.\n"
    return text + (f"Short of {LEAST:.0f}: {', '.join(short)}.\n" if short else "")


DOCUMENT = """# How fast the emulator is

Written by `benchmarks/emulator.py --write docs/emulator.md`; do not edit it by hand. One core, one thread; processor
time, median; the fast and the plain path were measured in turn. Real files are not part of the project: without them
the table has the sample networks only.

- **GMAC**: multiply-accumulates at full resolution, as the chip does them.
- **plain**: the reference in numpy, 64-bit integers, one expression per step. **ratio**: how many times as fast the
  fast path is.
- **of product**: its share of the speed of this core's own float32 matrix product. Ratio and share carry over to other
  machines; milliseconds do not.
- **of vendor**: how many times as fast as the vendor's simulator (nncase v0.2, one core), whose time was measured once,
  on a PC with an AMD EPYC as below: of all columns the one that carries over least.
- **of integer**: the fast path's time divided by that of ONNX Runtime's integer convolutions (ConvInteger, one thread)
  with the shapes of the KPU layers. These compute the sums alone; the fast path also does batch norm, activation, pool
  and the AI RAM's layout. Only for files that are mostly convolutions.
- **of sdk**: the fast path's time under the firmware's arithmetic (runtime `maixpy`) divided by its time under that of
  the vendor's sources (`sdk`); **plain of sdk**: the same of the plain path, which has no fused multiply-add to use.
- **share**: of the plain path's time in KPU layers. Files from 90 % on are mostly convolutions: the goal for them is at
  least 15 times as fast, better 25. **us each**: microseconds that the fast path spends on a KPU layer.
- **steps**: where most of the fast path's time goes (module.function, with what it calls of libraries).

With numba and onnxruntime weights and pixels are multiplied as bytes, which on many processors is faster than the
float32 product: a file with large layers can pass it. One that stays far below it at about 50 us a layer has small
maps: it pays the fixed price of a layer (a few calls, the AI RAM's layout, the activation curve).

All paths give the same bits: those of outputs that unmodified MaixPy v0.6.2-72 computed on an emulated chip, and for
the convolutions those of the vendor's simulator; no silicon was compared ([kmodel.md](kmodel.md)).

{table}
{summary}
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(os.environ.get("MAIXSWITCH_KMODELS", ROOT.parent / "shared" / "kmodels"))
    parser.add_argument("--kmodels", type=Path, nargs="+", default=[default], help="folders of real files")
    parser.add_argument("--backend", default=BEST, help="the fast path (%(default)s)")
    parser.add_argument("--only", default="", help="files whose name holds this")
    parser.add_argument("--seconds", type=float, default=4.0, help="about so long for each file (%(default)s)")
    parser.add_argument("--json", type=Path, help="all figures, in a file")
    parser.add_argument("--write", type=Path, help="the table as a document")
    parser.add_argument("--profile", action="store_true", help="every step that takes 2 %% or more")
    options = parser.parse_args()
    core = tie()
    for folder in options.kmodels:
        if not folder.is_dir():
            print(f"no real files: {folder} is absent", file=sys.stderr)
    rows, backend, top = [], options.backend, product()
    for name, data in files(options.kmodels, options.only):
        try:
            rows.append(measure(name, data, options.backend, options.seconds))
            backend = load(data, backend=options.backend).backend
        except MaixSwitchError as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 1
        if options.profile:
            print(name + "".join(f"\n  {100 * part:5.1f} %  {step}" for step, part in rows[-1].steps if part >= 0.02))
    top = max(top, product())
    print(table(rows, top))
    print(summary(rows, backend, top), end="")
    if options.json:
        figures = [
            {**asdict(row), "ratio": row.ratio, "gmac_s": row.gmac_s, "dominated": row.dominated} for row in rows
        ]
        document = {
            "schema": 1,
            "backend": backend,
            "machine": here(),
            "core": core,
            "product_gmac_s": top,
            "files": figures,
        }
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if options.write:
        text = DOCUMENT.format(table=table(rows, top), summary=summary(rows, backend, top))
        options.write.write_text(text.rstrip() + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
