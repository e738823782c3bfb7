"""The report of an evaluation in a browser: readable on a phone, in light and dark, without other files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from maixswitch import language, models_shipped
from maixswitch.evaluate import figures
from maixswitch.evaluate.report.page import page
from maixswitch.evaluate.run import Options, evaluate
from tests.host.evaluate import data_makers
from tests.host.web.test_convert_report import OUTSIDE

Pages = dict[tuple[str, str], str]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    """The page of each demo model in each language."""
    folder = tmp_path_factory.mktemp("report")
    data_makers.write_coco(folder / "shapes", data_makers.shapes(6))
    data_makers.digits(folder / "digits", 12)
    # Two pictures in wrong folders are two mistakes, so that there are worst pictures to show.
    (folder / "digits/0/0000.png").rename(folder / "digits/7/moved.png")
    (folder / "digits/1/0001.png").rename(folder / "digits/8/a-picture-with-a-name-that-fits-in-no-line-of-a-phone.png")
    result: Pages = {}
    for name in ("shapes", "digits"):
        model = models_shipped.FOLDER / name
        swept = ("threshold", "nms") if name == "shapes" else ()
        options = Options((model,), folder / name, sweep=swept, float_file=model / f"{name}.onnx", workers=1)
        measured, _ = evaluate(options)
        for chosen in language.LANGUAGES:
            language.choose(chosen)
            try:
                result[name, chosen] = page(measured, figures.document(measured))
            finally:
                language.choose("en")
    return result


@pytest.mark.parametrize("name", ["shapes", "digits"])
@pytest.mark.parametrize(
    ("width", "scheme", "chosen"), [(360, "light", "zh"), (360, "dark", "en"), (1280, "light", "en")]
)
def test_nothing_is_cut_off(
    name: str, width: int, scheme: str, chosen: str, pages: Pages, browser: Any, tmp_path: Path
) -> None:
    path = tmp_path / "r.html"
    path.write_text(pages[name, chosen], encoding="utf-8")
    visited = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    requests: list[str] = []
    visited.on("request", lambda request: requests.append(request.url))
    visited.goto(path.as_uri())
    assert visited.evaluate(OUTSIDE, width) == []
    assert visited.evaluate("document.documentElement.scrollWidth") <= width
    shown = visited.evaluate("[...document.images].map(image => image.complete && image.naturalWidth > 0)")
    assert shown
    assert all(shown)
    if name == "digits":
        assert shown == [True, True]
        # A colour for each of ten classes on the diagonal but those two, whose folders are empty.
        assert len(visited.query_selector_all("table.confusion td.right.strong")) == 8
    else:
        assert len(visited.query_selector_all("svg.curve polyline")) >= 7 + 4
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    visited.close()
