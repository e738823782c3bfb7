"""The generated parts of the documents equal their tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from maixswitch import docs
from maixswitch.errors import MaixSwitchError

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("page", docs.documents(ROOT), ids=lambda page: page.name)
def test_generated_blocks_equal_their_tables(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert docs.renew(text) == text, f"run `make docs` to renew {page.name}"


def test_the_documents_hold_every_block() -> None:
    texts = [page.read_text(encoding="utf-8") for page in docs.documents(ROOT)]
    assert set(docs.BLOCKS) <= {match.group(1) for text in texts for match in docs.BLOCK.finditer(text)}


def test_an_unknown_block_is_refused() -> None:
    with pytest.raises(MaixSwitchError, match="'nobody' is unknown; known: boards"):
        docs.renew("<!-- generated: nobody -->\n<!-- end -->")


def test_links_and_pictures_of_the_documents_exist() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "stubs" / "README.md", *(ROOT / "docs").glob("*.md")]
    pages += (ROOT / "docs/guide").glob("*.md")
    missing = []
    for page in pages:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
            if "://" not in target and not (page.parent / target).exists():
                missing.append(f"{page.name}: {target}")
    assert not missing
