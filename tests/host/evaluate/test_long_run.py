"""20,000 pictures: the memory stays flat, and processes and dask give the same bytes for about the same work."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import evaluate
from maixswitch import models_shipped

COUNT = 20_000


@pytest.mark.nightly
def test_twenty_thousand_pictures(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="no dask: pip install 'maixswitch[cluster]'")
    data = tmp_path / "data"
    evaluate.draw(data, COUNT, "digits")
    words = [str(models_shipped.FOLDER / "digits"), "--data", str(data)]
    one = evaluate.run([*words, "--workers", "1"], [])
    two = evaluate.run([*words, "--workers", "2"], [])
    with evaluate.cluster(tmp_path) as (address, processes):
        dask = evaluate.run([*words, "--scheduler", address], processes)
    assert one.digest == two.digest == dask.digest
    for result in (one, two, dask):
        # Records take 0.2 KB each; a picture that stayed would take 150 KB.
        assert result.watch.largest(1) < result.watch.largest(0.25) + 60
    # Processor time and not wall clock, which also measures what else the machine does.
    assert dask.processor < 1.1 * two.processor + 15
