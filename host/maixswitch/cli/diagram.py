"""`maixswitch diagram`: print the app's state machine."""

from __future__ import annotations


def diagram() -> None:
    """Print the app's transition table as a Mermaid state diagram."""
    from maixswitch.diagram import mermaid

    print(mermaid(), end="")
