"""The routes for files that are dropped on the page, and for what becomes of them."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from maixswitch.errors import MaixSwitchError
from maixswitch.language import tr
from maixswitch.web.intake.jobs import Busy, Intake
from maixswitch.web.intake.upload import TooLarge


def intake_routes(intake: Intake) -> list[Route]:
    """Return the routes: /files takes files in, /files/cancel ends that, /card.zip and /report are the results."""

    async def take(request: Request) -> Response:
        try:
            return JSONResponse({"number": await intake.take(request.stream())}, 202)
        except MaixSwitchError as error:
            status = 409 if isinstance(error, Busy) else 413 if isinstance(error, TooLarge) else 400
            return PlainTextResponse(error.message, status)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it

    async def cancel(request: Request) -> Response:
        intake.cancel()
        return Response(status_code=204)

    async def card(request: Request) -> Response:
        return _download(intake.zip, "card.zip", "application/zip", tr("no model has been added to the card"))

    # As a download and not as a page of this server: it contains names from the network's file.
    async def report(request: Request) -> Response:
        return _download(intake.report, "report.html", "text/html", tr("nothing has been converted"))

    return [
        Route("/files", take, methods=["POST"]),
        Route("/files/cancel", cancel, methods=["POST"]),
        Route("/card.zip", card),
        Route("/report", report),
    ]


def _download(path: Path | None, name: str, kind: str, missing: str) -> Response:
    if path is None or not path.is_file():
        return PlainTextResponse(missing + "\n", 404)
    return FileResponse(path, media_type=kind, filename=name)
