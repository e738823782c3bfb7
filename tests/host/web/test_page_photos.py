"""Photos on the page: dropped or chosen, one or an album; the board's networks recognise what they show."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from maixswitch.sim import pictures
from maixswitch.sim.camera import from_rgb565, rgb565
from maixswitch.web.runner import COMMANDS_A_TURN
from tests.host.web.browser_helpers import BLOB, COLOURS, Simulation, javascript, model, plain, save
from tests.host.web.web_helpers import draw_spot, photo_bytes

DROP = javascript("drop_files")
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
SURE = """label => {
    const lines = [...document.querySelectorAll("#results li:has(meter)")];
    lines.sort((one, other) => other.querySelector("meter").value - one.querySelector("meter").value);
    return lines.length > 0 && lines[0].querySelector("span").textContent === label;
}"""
"""Is this the result that the network is most sure of? The lines keep their places, so it may be any of them."""


def drop(page: Any, *files: tuple[str, str, bytes], selector: str = "main") -> None:
    page.evaluate(DROP, [selector, [(name, kind, base64.b64encode(data).decode()) for name, kind, data in files]])


def sees(page: Any, label: str) -> None:
    page.wait_for_function(SURE, arg=label)


def triangle() -> Image.Image:
    picture = np.full((240, 320, 3), 235, np.uint8)
    pictures.put(picture, pictures.draw_shape("triangle", 110, (200, 20, 20)), 100, 60)
    return Image.fromarray(picture)


def digit(number: int) -> Image.Image:
    picture = np.full((240, 320, 3), 240, np.uint8)
    drawing = pictures.draw_digit(number, 150, (15, 15, 15))
    pictures.put(picture, drawing, 160 - drawing.shape[1] // 2, 120 - drawing.shape[0] // 2)
    return Image.fromarray(picture)


def test_dropped_photos_are_recognised_by_the_demo_networks(visit: Any, demo: Simulation) -> None:
    page = visit(demo.address)
    drop(page, ("triangle.png", "image/png", photo_bytes(triangle())))
    sees(page, "triangle")
    assert page.inner_text("#source") == "a photo"
    page.locator("#models > li:nth-child(2) > button").click()
    model(page, 1)
    for number in (3, 7):
        drop(page, (f"{number}.png", "image/png", photo_bytes(digit(number))), selector="#panel")
        sees(page, str(number))


def test_the_classifier_sees_the_chosen_photo(page: Any, tmp_path: Path) -> None:
    page.locator("#models > li:nth-child(2) > button").click()
    model(page, COLOURS)
    for name, colour in (("green", GREEN), ("blue", BLUE)):
        page.set_input_files("#photo", save(plain(colour), tmp_path / f"{name}.png"))
        sees(page, name)
    for suffix in ("jpg", "webp", "bmp", "gif"):
        page.set_input_files("#photo", save(plain(RED), tmp_path / f"red.{suffix}"))
        sees(page, "red")
        drop(page, ("green.png", "image/png", photo_bytes(plain(GREEN))))
        sees(page, "green")
    page.click("#scene")
    page.wait_for_selector("#scene:disabled")
    assert page.inner_text("#source") == "the drawn scene"


def test_several_photos_are_an_album_to_choose_from(page: Any, tmp_path: Path) -> None:
    page.locator("#models > li:nth-child(2) > button").click()
    model(page, COLOURS)
    colours = {"2 green": GREEN, "10 blue": BLUE, "1 red": RED}
    page.set_input_files("#photo", [save(plain(colour), tmp_path / f"{name}.png") for name, colour in colours.items()])
    page.wait_for_selector("#turn option:nth-child(4)", state="attached")
    names = ["changes by itself", "1. 1 red.png", "2. 2 green.png", "3. 10 blue.png"]
    assert page.locator("#turn option").all_inner_texts() == names
    for index, label in ((2, "blue"), (0, "red"), (1, "green")):
        page.select_option("#turn", str(index))
        sees(page, label)
        page.wait_for_selector(f"#source:text-is('photo {index + 1} of 3')")
    page.select_option("#turn", "-1")
    page.wait_for_selector("#source:text-is('3 photos in turn')")
    drop(page, *[(f"{name}.png", "image/png", photo_bytes(plain(colours[name]))) for name in ("2 green", "1 red")])
    page.wait_for_selector("#turn option:nth-child(4)", state="detached")
    assert page.locator("#turn option").count() == 3
    drop(page, ("spot.png", "image/png", photo_bytes(draw_spot())))
    page.wait_for_selector("#album", state="hidden")


def large_bitmap(most: int) -> bytes:
    """Return a picture of more than `most` bytes."""
    data = io.BytesIO()
    Image.new("RGB", (2048, most // 6144 + 1)).save(data, "BMP")
    return data.getvalue()


def test_other_files_and_large_photos_are_refused_with_a_message(page: Any, tmp_path: Path) -> None:
    drop(page, ("notes.txt", "text/plain", b"no photo"))
    page.wait_for_selector("#notice:has-text('1 of 1 '):has-text('PNG, JPEG, WebP, BMP')")
    (tmp_path / "large.bmp").write_bytes(large_bitmap(9 * 1024 * 1024))
    page.set_input_files("#photo", str(tmp_path / "large.bmp"))
    page.wait_for_selector("#notice:has-text('8 MiB')")
    drop(page, ("empty.png", "image/png", b""), ("notes.txt", "text/plain", b"no photo"))
    page.wait_for_selector("#notice:has-text('1 of 2 '):has-text('8 MiB')")
    drop(page, ("broken.png", "image/png", b"no PNG at all"))
    page.wait_for_selector("#notice:has-text('PNG'):not(:has-text('1 of '))")
    page.wait_for_selector("#results meter")  # the camera still shows the photo from before
    assert page.inner_text("#source") == "a photo"
    sees(page, BLOB)


def test_good_photos_among_others_are_shown(page: Any) -> None:
    page.locator("#models > li:nth-child(2) > button").click()
    model(page, COLOURS)
    drop(page, ("notes.txt", "text/plain", b"no photo"), ("green.png", "image/png", photo_bytes(plain(GREEN))))
    page.wait_for_selector("#notice:has-text('1 of 2 ')")
    sees(page, "green")


def grain(seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(60, 110, (240, 320, 3)).astype(np.uint8))


def test_photographs_that_follow_each_other_quickly_end_in_exact_pixels(page: Any, simulation: Simulation) -> None:
    page.locator("#panel").evaluate(
        """canvas => {
            window.kinds = new Set();
            new MutationObserver(() => window.kinds.add(canvas.dataset.exact)).observe(canvas, { attributes: true });
        }"""
    )
    # The board carries out a few commands between two frames: fill them up, so that it shows every photo.
    full = [{"do": "speed", "speed": 1}] * (COMMANDS_A_TURN - 1)
    simulation.send(*(one for seed in range(12) for one in (b"MXP1" + photo_bytes(grain(seed)), *full)))
    page.wait_for_function("() => window.kinds.has('false')")
    page.wait_for_selector('#panel[data-exact="true"]')
    drawing = page.locator("#panel").evaluate("canvas => canvas.toDataURL('image/png')").partition(",")[2]
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(drawing))).convert("RGB"))
    expected = from_rgb565(rgb565(np.asarray(grain(11))), 320, 240)
    # The app writes over a part of the picture.
    assert (shown == expected).all(axis=2).mean() > 0.6
