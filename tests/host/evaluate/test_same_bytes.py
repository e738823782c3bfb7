"""The same bytes of JSON whoever measures: any order and division, repeated and lost tasks, processes, a cluster."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maixswitch import models_shipped
from maixswitch.evaluate import figures
from maixswitch.evaluate.data.names import naming
from maixswitch.evaluate.data.reading import read_data
from maixswitch.evaluate.data.sample import DataSet
from maixswitch.evaluate.engine import cluster, local
from maixswitch.evaluate.job import Job
from maixswitch.evaluate.measured import Measured
from maixswitch.evaluate.models import choose
from maixswitch.evaluate.run import Collected
from maixswitch.evaluate.worker import Item, Worker
from tests.host.evaluate import data_makers
from tests.host.sim_helpers import ROOT

COUNT = 10


class Run:
    """A data set, a job, and the JSON of its records."""

    def __init__(self, folder: Path) -> None:
        data_makers.write_coco(folder, data_makers.shapes(COUNT))
        (folder / "0003.png").write_bytes(b"no picture")
        self.data: DataSet = read_data(folder)
        self.models = choose([models_shipped.FOLDER / "shapes"], (), "boxes", "")
        self.job = Job("boxes", (self.models[0].network,), swept_nms=(0.3, 0.5))
        self.keys = [sample.key for sample in self.data.samples]

    def json(self, batches: Sequence[Sequence[bytes]]) -> str:
        collected = Collected(self.keys)
        for batch in batches:
            collected.add(batch)
        described = [item.described for item in self.models]
        names = naming(self.data.classes, (), described[0].labels, {}, False)
        return json.dumps(figures.document(Measured(self.job, self.data, names, described, collected.packed)))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("same") / "data")


@pytest.fixture(scope="module")
def worker(run: Run) -> Iterator[Worker]:
    one = Worker(run.job, str(run.data.folder))
    yield one
    one.close()


@pytest.fixture(scope="module")
def expected(run: Run, worker: Worker) -> str:
    text = run.json([worker.measure([Item(key) for key in run.keys])])
    document = json.loads(text)
    assert document["data"]["damaged_pictures"] == [{"picture": "0003.png", "why": "no picture"}]
    assert document["results"][0]["f1"] > 0.9
    return text


@st.composite
def divisions(draw: st.DrawFn) -> list[list[int]]:
    """Every picture in some batch, in any order; some batches come twice."""
    order = draw(st.permutations(range(COUNT)))
    cuts = sorted(draw(st.sets(st.integers(1, COUNT - 1), max_size=4)))
    batches = [order[a:b] for a, b in zip([0, *cuts], [*cuts, COUNT], strict=True)]
    again = draw(st.lists(st.sampled_from(batches), max_size=2))
    return draw(st.permutations(batches + again))


@settings(max_examples=8, deadline=None)
@given(divisions())
def test_any_order_division_and_repetition(run: Run, worker: Worker, expected: str, division: list[list[int]]) -> None:
    batches = [worker.measure([Item(run.keys[at]) for at in batch]) for batch in division]
    assert run.json(batches) == expected


def killing(victim: Callable[[], psutil.Process | None], batches: list[list[bytes]]) -> Callable[[list[bytes]], None]:
    """Return a `take` that kills a worker when the first records have come."""

    def take(records: list[bytes]) -> None:
        batches.append(records)
        process = victim() if len(batches) == 1 else None
        if process is not None:
            process.kill()  # no wait: the pool itself has to learn of it, and only one can ask how a process ended

    return take


def test_processes_of_which_one_is_killed(run: Run, expected: str) -> None:
    def victim() -> psutil.Process:
        children = [item for item in psutil.Process().children() if "spawn_main" in " ".join(item.cmdline())]
        return children[0]

    batches: list[list[bytes]] = []
    local.run(run.job, run.data.folder, run.keys, 2, killing(victim, batches))
    assert run.json(batches) == expected


class Cluster:
    """A dask scheduler with two workers on this machine."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        self._folder = folder
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
        own = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1", "--death-timeout", "60")
        self.workers = [self._start("worker", self.address, *own) for _ in range(2)]

    def _start(self, kind: str, *words: str) -> psutil.Popen:
        path = os.pathsep.join([str(ROOT / "host"), os.environ.get("PYTHONPATH", "")])
        return psutil.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{kind}", *words],
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.DEVNULL,
            stderr=(self._folder / f"{kind}.log").open("ab"),
            cwd=self._folder,
        )

    def ready(self) -> None:
        """Wait until both workers are there: the test is about the death of one of two."""
        from distributed import Client

        with Client(self.address, timeout=30, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            if process.is_running():
                process.kill()
                process.wait(10)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    pytest.importorskip("distributed", reason="no dask: pip install 'maixswitch[cluster]'")
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        made.ready()
        yield made
    finally:
        made.close()


def test_a_cluster_that_gets_the_pictures_and_one_of_which_a_worker_is_killed(
    run: Run, expected: str, nodes: Cluster
) -> None:
    for send, victim in ((True, None), (False, nodes.workers[0])):
        batches: list[list[bytes]] = []
        take = killing(lambda: victim, batches)  # noqa: B023  used in this turn only
        cluster.run(run.job, run.data.folder, run.keys, nodes.address, send, take)
        assert run.json(batches) == expected
    assert nodes.workers[0].wait(10) == -signal.SIGKILL
