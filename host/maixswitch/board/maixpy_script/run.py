"""Runs a script as the options say: on an image or on the fakes, with a copy of the card."""

from __future__ import annotations

from pathlib import Path

from maixswitch.board.maixpy_script.card_copy import card_copy
from maixswitch.board.maixpy_script.film import Film
from maixswitch.board.maixpy_script.options import Options, Outcome
from maixswitch.k210.choice import image_path
from maixswitch.k210.require import require_unicorn
from maixswitch.sim.board_options import check_board


def run_script(options: Options) -> tuple[Outcome, list[Path]]:
    """Run a script; return how it ended, and the files with what the panel showed.

    Raises MaixSwitchError for options that do not fit, a file that cannot be read, and a firmware without a prompt.
    """
    check_board(options.board)
    image = image_path(options.firmware)
    if image is not None:
        require_unicorn()
    film = Film(options.out, options.zoom)
    outcome = Outcome("")
    saved: list[Path] = []
    # Close the film after Ctrl-C, too: the pictures up to then are worth keeping.
    try:
        with card_copy(options.card, options.write_back) as card:
            outcome = _run(options, image, card, film)
    finally:
        ms = round(outcome.seconds * 1000)
        film.event(ms, "end", how=outcome.how or "interrupted", error=outcome.error)
        saved = film.close(ms)
    return outcome, saved


def _run(options: Options, image: Path | None, card: Path, film: Film) -> Outcome:
    if image is None:
        from maixswitch.board.maixpy_script.on_fakes import run_on_fakes

        return run_on_fakes(options, card, film)
    # Unicorn need not be installed for a run on the fakes.
    from maixswitch.board.maixpy_script import on_firmware

    board = on_firmware.start(options, image, card)
    on_firmware.connect_camera(board, options)
    return on_firmware.run_on(board, options, film)
