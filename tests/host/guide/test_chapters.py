"""The chapters compute what they claim: with their usual settings, with others, and by the commands of their pages."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from maixswitch import kmodel
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.guide import bits, chip, fit, line, many, neuron, realnet, robot, switch, window
from maixswitch.guide.chapters import CHAPTERS, block, chapter
from maixswitch.kmodel.write.quantize import Scale
from maixswitch.language import speaking
from tests.host.sim_helpers import Command


def test_the_line_arrives_and_a_step_too_large_runs_away() -> None:
    k, b = line.trained()
    assert abs(k - 2) < 0.001
    assert abs(b) < 0.001
    limit = line.largest_rate()
    assert line.descend(rate=limit - 0.002, steps=5000)[-1].loss < 1e-6
    assert line.descend(rate=limit + 0.002, steps=5000)[-1].loss > 1e6


def test_the_slopes_are_those_of_the_loss() -> None:
    """The slopes that are computed by formula agree with small differences of the loss."""

    def loss(k: float, b: float) -> float:
        return float(np.mean([(k * x + b - y) ** 2 for x, y in line.POINTS]))

    step = next(step for step in line.descend(rate=0.01, steps=50) if step.k > 0.2)
    d = 1e-6
    assert (loss(step.k + d, step.b) - loss(step.k - d, step.b)) / (2 * d) == pytest.approx(step.slope_k, rel=1e-5)
    assert (loss(step.k, step.b + d) - loss(step.k, step.b - d)) / (2 * d) == pytest.approx(step.slope_b, rel=1e-5)


def test_two_neurons_do_what_no_line_can_unless_they_are_dead() -> None:
    assert neuron.train()[1][-1] < 1e-4 < 0.5 < neuron.best_line()[2]
    assert neuron.train(start=0.0)[1][-1] == pytest.approx(neuron.best_line()[2], abs=1e-3)


def test_the_kpu_finds_the_edge_that_real_numbers_find() -> None:
    for kernel in window.KERNELS:
        exact = np.clip(window.exact(np.array(kernel), window.picture()), 0, 255)
        assert np.abs(window.on_kpu(np.array(kernel), window.picture()) - exact).max() <= 8
    assert [window.layers_of(size) for size in (1, 3)] == [1, 1]
    assert window.layers_of(5) > 1


def test_bytes_miss_by_half_a_step_unless_the_range_is_wrong() -> None:
    assert bits.worst(bits.HIGH) <= bits.HIGH / 255 / 2 + 1e-9
    assert bits.worst(bits.WIDE) > 1
    assert bits.worst(bits.NARROW) == bits.HIGH - bits.NARROW
    # The answers of the exercise.
    assert [bits.back(Scale.covering(0, high), 1.0) for high in (15, 17)] == [(17, 1.0), (15, 1.0)]


def test_the_kmodel_gives_6_for_3_within_a_step_of_its_scale() -> None:
    model = chip.model()
    unit = model.layers[1].spec.scale
    for x in (0.0, 1.5, chip.X, 4.9):
        pixel, byte, y, _ = chip.answers(x)
        assert abs(y - (2 * x)) <= unit + 2 * chip.FULL / 255 / 2
        assert chip.steps(x)["out"] == byte == round(y / unit)
        assert pixel == round(x * 51)
    assert abs(chip.answers(3.0)[2] - 6) <= unit


def test_the_pieces_of_the_file_lie_side_by_side_in_it() -> None:
    parts = chip.parts()
    assert all(a.start + a.size <= b.start for a, b in pairwise(parts))
    assert parts[-1].start + parts[-1].size == len(chip.converted())
    for part in parts:
        assert all(part.start <= start and start + size <= part.start + part.size for start, size, _ in part.shown)
    # What lies between the pieces is padding.
    inside = {at for part in parts for at in range(part.start, part.start + part.size)}
    assert not any(value for at, value in enumerate(chip.converted()) if at not in inside)


def test_upright_digits_are_known_and_others_are_not() -> None:
    assert np.trace(realnet.confusion(False)) > 0.95 * realnet.confusion(False).sum()
    turned = realnet.confusion(True)
    assert turned[6].argmax() == 9
    assert turned[9].argmax() == 6
    (_, line_seen, line_new), (_, curve_seen, curve_new) = realnet.curves(1), realnet.curves()
    assert curve_seen < line_seen
    assert curve_new > line_new


def test_the_large_network_fits_the_minimum_firmwares_only() -> None:
    assert [item.verdict.fits for item in fit.judged(fit.digits())] == [True, True, True]
    assert [item.verdict.fits for item in fit.judged(fit.large())] == [False, True, True]
    assert not any(item.verdict.fits for item in fit.judged(fit.large(4)))
    # The answer of the exercise.
    assert {item.firmware.flavour: item.verdict.kind for item in fit.judged(fit.large(3))} == {
        "full": "large", "minimum_with_kmodel_v4_support": "gc", "minimum": "fits"}  # fmt: skip


def test_without_deinit_the_fakes_fail_as_the_firmware_does() -> None:
    assert "2009, ERR_MODELS_FULL" in many.run(many.WRONG, many.SMALL)[0]
    assert "2006, ERR_NO_MEM" in many.run(many.WRONG, many.BIG)[0]
    for path in (many.SMALL, many.BIG):
        printed, free = many.run(many.RIGHT, path)
        assert printed.splitlines() == [f"loaded {number}" for number in range(1, 8)]
        assert free[-1] == free[0]


def test_two_quick_presses_load_one_network_and_unload_first() -> None:
    kinds = [line.split()[2] for line in many.log(many.pressed())]
    assert kinds == ["select", "load", "press", "unload", "select", "press", "select", "load", "hold",
                     "unload", "select", "load"]  # fmt: skip
    assert [line.split()[2] for line in many.log(many.pressed(switch.PRESS))][-4:] == [
        "press", "unload", "select", "load"]  # fmt: skip


def test_the_frames_of_the_robot_are_whole() -> None:
    info, block = robot.frames()
    for frame in (info, block):
        assert frame[:3] == b"\x55\xaa\x11"
        assert sum(frame[:-1]) & 255 == frame[-1]
    assert (info[4], info[5], block[4]) == (0x29, 1, 0x2A)


def test_the_robot_steers_by_a_line_that_is_0_in_the_middle() -> None:
    assert robot.turn(160) == 0
    assert robot.turn(130) < 0 < robot.turn(220)
    assert "const float K = 0.5, B = -80;" in robot.SKETCH


@pytest.mark.parametrize("number", range(len(CHAPTERS)))
def test_every_chapter_prints_the_same_lines_in_both_languages(number: int) -> None:
    texts = []
    for language in ("en", "zh"):
        with speaking(language):
            texts.append(chapter(number).show({}).splitlines())
    assert len(texts[0]) == len(texts[1])
    assert all(texts)


def test_unknown_names_and_values_are_refused() -> None:
    for number, settings, text in (
        (1, {"k": 1.0}, "no such setting; known: rate, steps"),
        (1, {"steps": 0.0}, "expected 1..100000"),
        (3, {"kernel": 9.0}, "expected 0..4"),
        (4, {"low": 5.0, "high": 5.0}, "expected > 5"),
        (5, {"x": 6.0}, "expected 0..5"),
        (8, {"deinit": 2.0}, "expected 0, 1"),
    ):
        with pytest.raises(MaixSwitchError, match=text) as caught:
            chapter(number).show(settings)
        assert caught.value.exit_code == EXIT_USAGE
    with pytest.raises(MaixSwitchError, match="there are chapters 0 to 10"):
        chapter(11)
    with pytest.raises(KeyError):
        block("explain-nothing at all")


def test_the_command(command: Command) -> None:
    listed = command("guide")
    assert listed.returncode == 0
    assert len(listed.stdout.splitlines()) == len(CHAPTERS)
    assert command("guide", 1, "--set", "rate=0.2").stdout != command("guide", 1).stdout
    assert command("guide", 1, "--set", "rate").returncode == EXIT_USAGE
    assert command("guide", 1, "--out", "there").returncode == EXIT_USAGE
    assert "直线" in command("--lang", "zh", "guide").stdout


def test_the_commands_of_chapter_5(command: Command, tmp_path: Path) -> None:
    for words in (text.split()[1:] for text in chip.listings()["commands.sh"].splitlines()):
        done = command(*words)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "line.kmodel").read_bytes() == chip.converted()
    with np.load(tmp_path / "out.npz") as outputs:
        assert float(outputs["out0"].flat[0]) == pytest.approx(chip.answers(chip.X)[2])
    assert kmodel.load(tmp_path / "line.kmodel").version == 3


@pytest.mark.skipif(sys.platform != "linux", reason="the second interpreter is for Linux")
def test_the_programs_of_chapter_8(command: Command) -> None:
    assert command("guide", 8, "--out", "eight").returncode == 0
    wrong = command("run", "eight/wrong.py", "--card", "eight/card")
    assert wrong.returncode == 1
    assert "2009, ERR_MODELS_FULL" in wrong.stdout + wrong.stderr
    assert command("run", "eight/right.py", "--card", "eight/card").returncode == 0
