"""`maixswitch guide`: print what a chapter of docs/guide computes, also with other settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maixswitch import console, files
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr, word


def guide(
    chapter: Annotated[
        int | None, typer.Argument(metavar="[CHAPTER]", help="Number of the chapter.", show_default=False)
    ] = None,
    setting: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=NUMBER", help="Change a setting; may be repeated.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Write the chapter's files into this folder.")
    ] = None,
) -> None:
    """Compute what a chapter of the guide shows.

    The guide (docs/guide) leads from y = kx + b to a board that talks to a robot. Without a number, this command lists
    its chapters and their settings. With one, it prints what the chapter's page shows. With --out, it writes the files
    that the page uses.
    """
    from maixswitch.guide.chapters import CHAPTERS
    from maixswitch.guide.chapters import chapter as find

    if chapter is None:
        if setting or out:
            raise MaixSwitchError(tr("--set and --out need the number of a chapter"), EXIT_USAGE)
        for number, item in enumerate(CHAPTERS):
            known = "  ".join(f"--set {name}={value:g}" for name, value in item.settings.items())
            console.show(f"{number:2}  {console.left(word(item.title), 30)}  {known}".rstrip())
        return
    item = find(chapter)
    changed = dict(_setting(text) for text in setting or ())
    text = item.show(changed)
    if out is not None:
        written = item.files()
        if not written:
            raise MaixSwitchError(tr("--out: this chapter has no files"), EXIT_USAGE)
        files.write_all({out / name: data for name, data in written.items()}, make_folders=True)
        console.say(tr("{out}: {names}", out=out, names=", ".join(written)))
        return
    console.show(text)


def _setting(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError as error:
        raise MaixSwitchError(tr("--set {text}: expected NAME=NUMBER", text=text), EXIT_USAGE) from error
