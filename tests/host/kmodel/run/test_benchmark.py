"""benchmarks/emulator.py on the sample networks of the package."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
SCRIPT = ROOT / "benchmarks" / "emulator.py"


def test_benchmark_without_real_files(tmp_path: Path) -> None:
    """It prints a table, writes the same into a document and the figures as JSON; both paths do the same work."""
    figures, page = tmp_path / "figures.json", tmp_path / "page.md"
    words = ["--kmodels", tmp_path / "absent", "--seconds", "0.1", "--json", figures, "--write", page]
    done = subprocess.run(
        [sys.executable, SCRIPT, *map(str, words)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "no real files" in done.stderr
    result = json.loads(figures.read_text())
    assert (result["schema"], [row["name"] for row in result["files"]]) == (1, ["sample: colours", "sample: blobs"])
    for row in result["files"]:
        assert row["turns"] >= 5
        assert row["dominated"]
        assert row["macs"] > 2_000_000
        assert row["plain"] > 2 * row["fast"] > 0, "even the plainest fast path is twice as fast"
        assert 0.99 < sum(part for _, part in row["steps"]) < 1.01
        assert f"| {row['name']} | {row['macs'] / 1e9:.3f} | {row['fast']:.2f} |" in done.stdout
    table = [line for line in done.stdout.splitlines() if line.startswith("|")]
    assert set(table) <= set(page.read_text().splitlines())


def test_unknown_backend() -> None:
    words = [sys.executable, str(SCRIPT), "--backend", "gpu", "--only", "blobs"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "no backend 'gpu'" in done.stderr
    assert "Traceback" not in done.stderr
