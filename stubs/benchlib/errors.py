"""Crashes and resets of the chip. They are BaseExceptions, so that no `except Exception` of a program hides them."""


class HardFault(BaseException):
    """The chip would crash or hang here, without an exception; only a reset helps."""


class Reset(BaseException):
    """The chip restarts: args[0] is "machine.reset", "watchdog 0", "watchdog 1" or "freq.set"."""


class PowerCut(BaseException):
    """The power failed during a write; the unfinished file stays on the card."""


class EngineError(Exception):
    """An engine cannot load or run a model. code: of the KPU library. reason: a text for the serial line."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason
