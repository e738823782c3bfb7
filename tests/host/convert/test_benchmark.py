"""benchmarks/networks.py with networks that are in its folder already, so that it needs no other library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.host.convert.colour_network import colour_network
from tests.host.convert.onnx_builder import Build, save

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "benchmarks" / "networks.py"
DOCUMENT = "before\n<!-- architectures -->\nold\n<!-- end of architectures -->\nbehind\n"


def run(folder: Path, *names: str) -> tuple[subprocess.CompletedProcess[str], str]:
    """Return the run for architectures with these names, and the document that it wrote."""
    page = folder / "page.md"
    page.write_text(DOCUMENT)
    command = [sys.executable, SCRIPT, *names, "--folder", folder, "--write", page]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done, page.read_text()


def test_a_network_that_converts_and_one_that_is_refused(tmp_path: Path) -> None:
    save(colour_network(side=32), tmp_path / "ResNet-20__CIFAR_-written_out-32x32.onnx")
    build = Build((1, 3, 224, 224))
    out = build.node("LRN", [build.input], size=5)
    save(build.model(out), tmp_path / "VGG11-bn-torchvision-224x224.onnx")
    done, page = run(tmp_path, "resnet-20", "vgg")
    head, table = page.split("<!-- architectures -->\n")
    assert head == "before\n"
    assert table.endswith("<!-- end of architectures -->\nbehind\n")
    assert "old" not in table
    row = next(line for line in table.splitlines() if line.startswith("| ResNet-20"))
    assert "| 32x32 | v3 |" in row
    assert "dB" in row or "exact" in row
    refused = table[table.index("Refused:") :]
    assert "| VGG11-bn | torchvision | 224x224 |" in refused
    assert "LRN" in refused
    assert "| MobileNetV1" not in table
    # The results of a run stay, so that the next one renews only its own rows.
    assert "VGG11-bn" in run(tmp_path, "resnet-20")[1]
    assert "VGG11-bn" in done.stdout
