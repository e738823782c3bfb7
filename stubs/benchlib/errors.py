"""What the chip does that no Python exception can say; subclasses of BaseException so that no `except Exception`
hides it."""


class HardFault(BaseException):
    """The chip would crash or hang here: no exception, no message, only a reset helps."""


class Reset(BaseException):
    """The chip restarts: args[0] is "machine.reset", "watchdog 0", "watchdog 1" or "freq.set"."""


class PowerCut(BaseException):
    """The power went while a file was being written; the torn file stays on the card."""


class EngineError(Exception):
    """An engine's way to say which error of the KPU library the model meets: args[0] is the code, args[1] the
    reason."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason
