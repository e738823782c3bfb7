"""The frame of every HTML page that a command writes: a single file in the user's language, light and dark."""

from __future__ import annotations

from html import escape

from maixswitch.language import chosen


def frame(title: str, style: str, body: str) -> str:
    """Return a complete page. title: plain text. style: CSS. body: HTML."""
    return f"""<!doctype html>
<html lang="{chosen()}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<style>
{style.strip()}
</style>
</head>
<body>
{body}
</body>
</html>
"""
