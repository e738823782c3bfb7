"""English pages and their Chinese twins have the same commands, links, pictures, names, figures and tables."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from maixswitch import docs, language

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md", ROOT / "docs" / "README.zh-CN.md")
PAGES = (
    README,
    *((ROOT / f"docs/{name}.md", ROOT / f"docs/{name}.zh-CN.md") for name in ("card", "faults", "inside", "tour")),
)
FENCE = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"(maixswitch|make|mpremote|python3|py|pip|pipx)\b")
HAN = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Section:
    """The text from one heading to the next, without generated blocks; the first section has no heading."""

    page: Path
    level: int
    title: str
    text: str

    @property
    def fences(self) -> list[str]:
        return FENCE.findall(self.text)

    @property
    def prose(self) -> str:
        return FENCE.sub("", self.text)

    @property
    def commands(self) -> list[str]:
        lines = [line.strip() for fence in self.fences for line in fence.splitlines()]
        return [line.partition(" #")[0].rstrip() for line in lines if COMMAND.match(line)]

    @property
    def kinds_of_blocks(self) -> list[tuple[str, int]]:
        return [(fence.splitlines()[0].strip(), len(fence.splitlines())) for fence in self.fences]

    @property
    def names(self) -> set[str]:
        return set(re.findall(r"`([^`\n]+)`", self.prose))

    @property
    def figures(self) -> set[str]:
        return set(re.findall(r"\d+(?:\.\d+)*", self.prose))

    @property
    def tables(self) -> list[int]:
        return [line.replace("\\|", "").count("|") for line in self.prose.splitlines() if line.startswith("|")]

    @property
    def links(self) -> Counter[tuple[str, str]]:
        """Count each ("link" or "picture", target from the root of the project)."""
        counts: Counter[tuple[str, str]] = Counter()
        for target in re.findall(r"\]\(([^)\s]+)", self.prose):  # pictures match as well, since a link may hold one
            counts["link", from_root(self.page, target)] += 1
        for target in re.findall(r"!\[[^\]]*\]\(([^)\s]+)", self.prose):
            counts["picture", from_root(self.page, target)] += 1
        return counts


def from_root(page: Path, target: str) -> str:
    """Return a link's target from the root of the project; an address on the web stays as it is.

    A Chinese page counts as its English twin.
    """
    path, mark, anchor = target.replace(".zh-CN.md", ".md").partition("#")
    if not path or "://" in path:
        return target
    return (page.parent / path).resolve().relative_to(ROOT).as_posix() + mark + anchor


def blocks_of(page: Path) -> dict[str, str]:
    """Return the generated blocks of a page by their names."""
    return {match.group(1): match.group(2) for match in docs.BLOCK.finditer(page.read_text(encoding="utf-8"))}


def sections(page: Path) -> list[Section]:
    """Return the page's sections, without the choice of language above the title."""
    text = docs.BLOCK.sub("", page.read_text(encoding="utf-8"))
    masked = FENCE.sub(lambda match: re.sub(r"[^\n]", "x", match.group()), text)  # a # in code is not a heading
    heads = [(match.start(), match.end(), match.group(1)) for match in re.finditer(r"^(#+) .*$", masked, re.MULTILINE)]
    ends = [start for start, _, _ in heads[1:]] + [len(text)]
    return [
        Section(page, len(marks), text[start + len(marks) + 1 : stop], text[stop:end])
        for (start, stop, marks), end in zip(heads, ends, strict=True)
    ]


each_page = pytest.mark.parametrize(("english", "chinese"), PAGES, ids=[english.stem for english, _ in PAGES])
PAIRS = [pair for english, chinese in PAGES for pair in zip(sections(english), sections(chinese), strict=False)]
each_section = pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=[pair[0].title for pair in PAIRS])


@each_page
def test_headings_have_the_same_levels_in_the_same_order(english: Path, chinese: Path):
    levels = [section.level for section in sections(english)]
    assert levels
    assert [section.level for section in sections(chinese)] == levels


def test_the_readme_is_short_and_in_the_order_of_needs():
    titles = [section.title for section in sections(README[0])[1:]]
    assert titles[:3] == ["Try it now", "Put your model on a card", "Put the card into a board"]
    assert titles[3:5] == ["The button", "When something is wrong"]
    for page in README:
        assert len(page.read_text(encoding="utf-8").splitlines()) < 150


@each_page
def test_each_page_leads_to_the_other_in_its_first_line(english: Path, chinese: Path):
    for page, other in ((english, chinese), (chinese, english)):
        first = page.read_text(encoding="utf-8").splitlines()[0]
        targets = re.findall(r"\]\(([^)]+)\)", first)
        assert [(page.parent / target).resolve() for target in targets] == [other]
        assert "English" in first
        assert "简体中文" in first


@each_section
def test_sections_have_the_same_commands_blocks_and_tables(english: Section, chinese: Section):
    assert chinese.commands == english.commands
    assert chinese.kinds_of_blocks == english.kinds_of_blocks
    assert chinese.tables == english.tables


@each_section
def test_sections_have_the_same_links_and_pictures(english: Section, chinese: Section):
    assert chinese.links == english.links


@each_section
def test_sections_have_the_same_names_and_figures(english: Section, chinese: Section):
    assert chinese.names == english.names
    assert chinese.figures == english.figures


@each_section
def test_scripts_and_settings_are_the_same(english: Section, chinese: Section):
    for one, other in zip(english.fences, chinese.fences, strict=True):
        if one.startswith("```json"):
            first, second = ("\n".join(fence.splitlines()[1:-1]) for fence in (one, other))
            assert json.loads(first) == json.loads(second)
        if "expect" in one:
            assert one == other


@each_section
def test_every_paragraph_is_translated(english: Section, chinese: Section):
    if english.level > 1:
        assert HAN.search(chinese.title)
    for paragraph in re.split(r"\n\s*\n", chinese.prose):
        if re.search(r"[A-Za-z]", paragraph):
            assert HAN.search(paragraph), paragraph
    assert len(re.split(r"\n\s*\n", chinese.text)) == len(re.split(r"\n\s*\n", english.text))


def test_the_note_on_untried_hardware_is_in_both():
    english, chinese = (sections(page)[0].text for page in README)
    assert "\n> **Not yet tried on hardware.**" in english
    assert "\n> **尚未在真实硬件上试过。**" in chinese


@each_page
def test_generated_blocks_are_the_same_and_chinese(english: Path, chinese: Path):
    blocks = blocks_of(chinese)
    assert [*blocks] == [*blocks_of(english)]
    for name, block in blocks.items():
        assert name == "diagram" or HAN.search(block.splitlines()[0]), name


def test_every_fault_is_translated():
    rows = blocks_of(ROOT / "docs/faults.zh-CN.md")["errors"].splitlines()[2:]
    assert len(rows) > 10
    assert not [row for row in rows if any(not HAN.search(cell) for cell in row.split(" | ")[2:])]


def test_the_language_is_restored_after_a_page():
    page = "<!-- language: zh -->\n<!-- generated: errors -->\n<!-- end -->\n"
    chosen = language.chosen()
    assert "没有 TF 卡" in docs.renew(page)
    assert language.chosen() == chosen
    assert "There is no TF card" in docs.renew(page.replace("zh", "en"))
    with language.speaking("zh"):
        assert "There is no TF card" in docs.renew(page.partition("\n")[2])


def test_an_unknown_language_is_refused():
    with pytest.raises(ValueError, match="fr: unknown language; known: en, zh"):
        docs.renew("<!-- language: fr -->\n")
