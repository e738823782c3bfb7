"""The pages of the guide: what they show is computed, and both languages show the same."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from maixswitch import docs
from maixswitch.guide import line, neuron
from maixswitch.guide.chapters import CHAPTERS, names, pictures
from maixswitch.language import catalogue

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guide"
ENGLISH = sorted(path for path in GUIDE.glob("[01]*.md") if not path.name.endswith(".zh-CN.md"))
MOST_WORDS = 900
"""What can be read in about six minutes; the other four are for the command and the exercise."""
PARTS = {
    "en": ("## Try it", "## What would break it", "## Exercise", "<summary>Answer</summary>"),
    "zh": ("## 动手", "## 怎样会出错", "## 练习", "<summary>答案</summary>"),
}


def chinese(page: Path) -> Path:
    return page.with_name(page.name.replace(".md", ".zh-CN.md"))


def both() -> list[Path]:
    return [other for page in ENGLISH for other in (page, chinese(page))]


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def values(page: Path) -> set[tuple[str, str]]:
    return {(match[1], match[2]) for match in docs.INLINE.finditer(read(page))}


def prose(page: Path) -> str:
    """Return a page without generated blocks, fenced code and comments."""
    text = re.sub(r"```.*?```", "", docs.BLOCK.sub("", read(page)), flags=re.DOTALL)
    return re.sub(r"<!-- [=/].*?-->|<!-- / -->", "", text)


def test_every_chapter_has_a_page_in_both_languages() -> None:
    assert [page.name[:3] for page in ENGLISH] == [f"{number:02}-" for number in range(len(CHAPTERS))]
    assert all(chinese(page).is_file() for page in ENGLISH)
    documents = set(docs.documents(GUIDE.parents[1]))
    assert documents >= set(both())  # so test_docs.py compares each of them with the code


@pytest.mark.parametrize("page", ENGLISH, ids=lambda page: page.stem)
def test_both_languages_have_the_same_values(page: Path) -> None:
    assert values(page) == values(chinese(page))
    blocks = [{match[1] for match in docs.BLOCK.finditer(read(item))} for item in (page, chinese(page))]
    assert blocks[0] == blocks[1] != set()
    shown = [re.findall(r"!\[[^\]]+\]\(([^)]+)\)", read(item)) for item in (page, chinese(page))]
    assert shown[0] == shown[1] != []
    commands = [re.findall(r"`(maixswitch [^`]*|--[^`]*)`", prose(item)) for item in (page, chinese(page))]
    assert sorted(commands[0]) == sorted(commands[1])


@pytest.mark.parametrize("page", ENGLISH, ids=lambda page: page.stem)
def test_the_numbers_that_no_code_makes_are_the_same_in_both_languages(page: Path) -> None:
    """Such as those of chips and formulas; those of one digit may be words in one of the languages."""
    numbers = []
    for item in (page, chinese(page)):
        text = docs.INLINE.sub("", re.sub(r"```.*?```", "", docs.BLOCK.sub("", read(item)), flags=re.DOTALL))
        numbers.append(sorted(re.findall(r"\d[\d.,]*\d", re.sub(r"\]\([^)]*\)", "", text))))
    assert numbers[0] == numbers[1]


def test_the_points_the_training_and_the_buttons_are_named_as_they_are() -> None:
    for chapter, items in (
        ("01-line", [f"x = {x:g}" for x, _ in line.POINTS] + [f"y {y:g}" for _, y in line.POINTS]),
        ("02-neuron", [f"({x:g}, {y:g})" for x, y in zip(neuron.X, neuron.Y, strict=True)]),
    ):
        for page in (GUIDE / f"{chapter}.md", GUIDE / f"{chapter}.zh-CN.md"):
            text = read(page).replace("y is", "y").replace("y 为", "y")
            assert [item for item in items if item not in text and item.replace("=", "为") not in text] == []
    training = read(GUIDE.parents[1] / "training" / "README.md")
    share = re.search(r"\| digits \| ([\d,]+) \| .*right ([\d.]+)%", training)
    pool = re.search(r"train_digits.py .*--pool (\d+)", training)
    assert share
    assert pool
    for page in both():
        if page.name.startswith("06"):
            assert {f"{int(pool[1]):,}", share[1], f"{share[2]} %"} <= set(re.findall(r"[\d.,]+(?: %)?", prose(page)))
    chinese_words = catalogue("zh")
    for label in ("Events", "Take the card out", "Let the next load fail with", "Set"):
        assert f'"{label}"' in read(GUIDE / "00-switch.md")
        assert f"“{chinese_words[label]}”" in read(GUIDE / "00-switch.zh-CN.md")


def test_the_pages_use_every_value_and_the_pictures_are_the_code_s() -> None:
    used = {name for page in ENGLISH for name, _ in values(page)}
    assert used == names()
    drawn = pictures()
    assert {path.name for path in (GUIDE / "images").iterdir()} == set(drawn)
    for name, svg in drawn.items():
        assert (GUIDE / "images" / name).read_text(encoding="utf-8") == svg, f"run `make docs` to renew {name}"
        assert len(svg) < 120_000
        ElementTree.fromstring(svg)
    text = "".join(map(read, both()))
    assert all(f"images/{name}" in text for name in drawn)


@pytest.mark.parametrize("page", both(), ids=lambda page: page.stem)
def test_a_page_keeps_its_form(page: Path) -> None:
    text, language = read(page), docs.page_language(read(page))
    assert language == ("zh" if ".zh-CN" in page.name else "en")
    for part in PARTS[language]:
        assert text.count(part) == 1, part
    # A comment at the start of a line begins a block of HTML, in which nothing is Markdown; in code it would show.
    assert not re.search(r"^\s*<!-- =", text, re.MULTILINE)
    assert not re.search(r"^(    |```).*<!-- =", text, re.MULTILINE)
    assert not [code for code in re.findall(r"`([^`\n]+)`", text) if "<!-- =" in code]
    if language == "en":
        assert len(prose(page).split()) < MOST_WORDS
        assert not re.search(r"[\u4e00-\u9fff]", text.replace("简体中文", ""))


def test_no_board_before_chapter_9() -> None:
    for page in ENGLISH[:9]:
        assert "--port" not in read(page)
        assert "sync" not in read(page)


def test_the_contents_name_every_chapter() -> None:
    for name, end in (("README.md", ".md"), ("README.zh-CN.md", ".zh-CN.md")):
        text = read(GUIDE / name)
        assert re.findall(r"\]\(([01]\d-[^)]*)\)", text) == [f"{page.stem}{end}" for page in ENGLISH]
