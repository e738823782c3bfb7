"""The texts of a sync: the plan as a table, and one line at the end."""

from __future__ import annotations

from maixswitch.board.sync.plan import Plan
from maixswitch.board.sync.send import Send
from maixswitch.console import left, right, visible, width
from maixswitch.language import tr


def table(plan: Plan) -> list[str]:
    """Return the plan as a table for people, with a line per file."""
    rows = [
        (_verb(send), _size(send.source.size), _paths(send), "" if send.origin else _resumed(send.offset))
        for send in plan.sends
    ]
    rows += [(tr("delete"), "", visible(path), "") for path in plan.deletes]
    if not rows:
        return []
    first, second = (max(width(row[column]) for row in rows) for column in (0, 1))
    return [
        "  ".join(filter(None, (left(row[0], first), right(row[1], second), row[2], row[3]))).rstrip() for row in rows
    ]


def _verb(send: Send) -> str:
    if send.origin:
        return tr("move") if send.moved else tr("copy")
    return tr("add") if send.new else tr("change")


def _paths(send: Send) -> str:
    path = visible(send.path)
    return f"{visible(send.origin)} -> {path}" if send.origin else path


def summary(plan: Plan) -> str:
    """Return the plan in one line."""
    sent = [send for send in plan.sends if not send.origin]
    new = sum(send.new for send in sent)
    text = tr(
        "files: {new} to add, {changed} to change, {moved} to move or copy on the card, {deleted} to delete, {same} as "
        "they are; {size} to send",
        new=new,
        changed=len(sent) - new,
        moved=len(plan.sends) - len(sent),
        deleted=len(plan.deletes),
        same=plan.same,
        size=_size(plan.size),
    )
    if plan.seconds and plan.sends:
        text += tr(", about {time}", time=time(plan.seconds))
    return text


def notes(plan: Plan) -> list[str]:
    """Return notes that the user should read before the plan is carried out."""
    texts = []
    if plan.pending:
        texts.append(tr("an earlier sync was interrupted when all its files had arrived: it is finished first"))
    if plan.first:
        texts.append(
            tr(
                "old and new files do not fit on the card together: sync first deletes the models that CARD does not "
                "have"
            )
        )
    if plan.foreign:
        texts.append(
            tr(
                "sync did not put these files there, or somebody changed them, so they stay in folders that CARD does "
                "not have: {files}; --delete deletes them",
                files=", ".join(map(visible, plan.foreign)),
            )
        )
    if plan.steps and not plan.safe:
        texts.append(
            tr(
                "boot.py is not the app's own: if the power fails in the last second, the card may be a mixture until "
                "the next sync; maixswitch build CARD writes the app's"
            )
        )
    return texts


def done(plan: Plan, seconds: float) -> str:
    """Return in one line what a sync has done, and in how many ``seconds``."""
    if plan.empty:
        return tr("nothing to do, 0 bytes sent; files: {same} as they are", same=plan.same)
    return tr(
        "files: {sent} sent, {moved} moved or copied on the card, {deleted} deleted, {same} as they were; {size} in "
        "{time} ({rate} KiB/s)",
        sent=sum(not send.origin for send in plan.sends),
        moved=sum(bool(send.origin) for send in plan.sends),
        deleted=len(plan.deletes),
        same=plan.same,
        size=_size(plan.size),
        time=time(seconds),
        rate=round(plan.size / 1024 / max(seconds, 0.001)),
    )


def time(seconds: float) -> str:
    """Return a duration for people: 4 s, 3 min 20 s."""
    rounded = max(1, round(seconds))
    if rounded < 60:
        return tr("{seconds} s", seconds=rounded)
    return tr("{minutes} min {seconds} s", minutes=rounded // 60, seconds=rounded % 60)


def _size(size: int) -> str:
    return tr("{size} bytes", size=size) if size < 10240 else f"{size / 1024:.0f} KiB"


def _resumed(offset: int) -> str:
    return tr("({size} are there already)", size=_size(offset)) if offset else ""
