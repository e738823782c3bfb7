"""The engine behind the fake KPU in the simulator: the emulator, with cached answers and ordered failures."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

_KEPT_ANSWERS = 64


class Failures:
    """The firmware codes that the next load or the next run will end with."""

    def __init__(self) -> None:
        self.load: int | None = None
        self.run: int | None = None

    def heal(self) -> None:
        self.load = self.run = None


class Engine:
    """The engine that the bench expects, over another engine.

    inner: loads and runs the networks.
    error: makes the exception of an ordered failure from a code and a reason.
    """

    def __init__(self, inner: Any, error: Callable[[int, str], Exception]) -> None:
        self.failures = Failures()
        self.needs_pixels = bool(getattr(inner, "needs_pixels", True))
        self._inner = inner
        self._error = error

    def load(self, data: Any) -> Any:
        """Return the network of a file. Raises what the inner engine raises, or the ordered failure once."""
        # Clear the order before raising: the app's next try must succeed.
        code, self.failures.load = self.failures.load, None
        if code is not None:
            raise self._error(code, "ordered by the script")
        return _Network(self._inner.load(data), self)

    def take_run_failure(self) -> None:
        """Raise the ordered failure of the next run, once."""
        code, self.failures.run = self.failures.run, None
        if code is not None:
            raise self._error(code, "ordered by the script")


class _Network:
    """A loaded network that caches its answers by input, so that a still photo is computed once."""

    def __init__(self, inner: Any, engine: Engine) -> None:
        self._inner = inner
        self._engine = engine
        self._answers: OrderedDict[bytes, Any] = OrderedDict()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    @property
    def scripted(self) -> bool:
        """Does the bench answer without the network? Not while a failure is ordered, which only `run` can raise."""
        return bool(getattr(self._inner, "scripted", False)) and self._engine.failures.run is None

    def run(self, planes: Any) -> Any:
        self._engine.take_run_failure()
        # Do not cache lists of floats, which are rare, nor None, which stands for no input.
        if planes is None or isinstance(planes, list):
            return self._inner.run(planes)
        key = hashlib.blake2b(planes, digest_size=16).digest()
        answer = self._answers.get(key)
        if answer is None:
            # Copy the outputs: the engine may return views that its next run overwrites.
            answer = [bytes(output) if _is_buffer(output) else list(output) for output in self._inner.run(planes)]
            # A moving scene rarely shows the same input twice; the limit bounds the memory.
            if len(self._answers) >= _KEPT_ANSWERS:
                self._answers.popitem(last=False)
            self._answers[key] = answer
        return answer


def _is_buffer(value: Any) -> bool:
    try:
        memoryview(value)
    except TypeError:
        return False
    return True
