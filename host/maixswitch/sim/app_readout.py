"""What a person can read off a running app: its state, the selected model, the fault on the screen, and the results."""

from __future__ import annotations

import json
from typing import Any

from maixswitch import board_code, device_types
from maixswitch.language import word

CARD_CODES = {"NO_CARD": 101, "EMPTY": 102}
"""The codes that these states show by themselves, without a fault of the app."""


class Fields:
    """Stands in for the board's link: collects the text of the fields that the app adds to a line of results."""

    def __init__(self) -> None:
        self.text = ""

    @staticmethod
    def room() -> int:
        """Return how many more bytes a line may take: here any number."""
        return 1 << 20

    def put(self, data: bytes) -> None:
        """Append bytes."""
        self.text += data.decode()

    def number(self, value: int, digits: int) -> None:
        """Append a number of 0 or more, with zeros in front up to `digits` digits."""
        self.text += f"{value:0{digits}d}"

    def field(self, name: bytes, value: int) -> None:
        """Append a name, with its comma, quotes and colon, and a number."""
        self.put(name)
        self.number(value, 1)


class AppReadout:
    """Reads an app, or None while none runs; keeps the texts that are slow to read."""

    def __init__(self) -> None:
        self._labels: dict[tuple[str, int], str] = {}  # (folder, class) -> label
        self._fault_texts: dict[int, tuple[str, str, str]] = {}  # code -> name, meaning, remedy

    @staticmethod
    def state(app: device_types.Application | None) -> str:
        """Return the state of the app's machine, "OFF" without an app."""
        return str(app.machine.state) if app else "OFF"

    @staticmethod
    def title(app: device_types.Application | None) -> str:
        """Return the title of the selected model, "" without one."""
        return str(app.catalog[app.selected].title) if app and app.catalog else ""

    def fault(self, app: device_types.Application | None, cause: str) -> tuple[int, str]:
        """Return the code and text of the fault on the screen, (0, "") if there is none.

        cause: the event of the last transition.
        """
        if app is None:
            return 0, ""
        fault = app.fault
        return self.shown_fault(self.state(app), cause, int(fault.code) if fault else 0, fault.detail if fault else "")

    def shown_fault(self, state: str, cause: str, last: int, text: str) -> tuple[int, str]:
        """Return the code and text of the fault that the app shows in a state, (0, "") if there is none.

        cause: the event of the last transition.
        last, text: code and detail of the app's last fault, 0 and "" for none.
        """
        code = CARD_CODES.get(state, 0)
        detail = ""
        # NO_CARD and EMPTY show a code of their own, unless a fault led to EMPTY. Of the other states only FAULT shows
        # a fault: the app keeps the last one while it runs again.
        if not code or cause == "FAIL":
            if state not in ("FAULT", "EMPTY") or not last:
                return 0, ""
            code = last
            detail = f" ({text})" if text else ""
        # The app imports its table of texts for each code and drops it again, so keep what it says.
        if code not in self._fault_texts:
            self._fault_texts[code] = board_code.device_errors().describe(code)
        _, meaning, remedy = self._fault_texts[code]
        return code, f"{code} {word(meaning).rstrip('.。')}{detail}: {word(remedy)}"

    def detections(self, app: device_types.Application | None) -> list[tuple[str, float]]:
        """Return label and score (0..1) of what the loaded model sees now, as the screen shows it."""
        if app is None or self.state(app) != "RUNNING":
            return []
        # The app reuses its results: those after `count` are left over from earlier frames.
        results = app.results
        items = [results.items[index] for index in range(results.count)]
        spec = app.slot.loaded
        return [(self._label(spec, item.class_id), item.score / 1000) for item in items]

    def classes(self, app: device_types.Application | None) -> list[int]:
        """Return the class of each of the detections, in their order."""
        if app is None or self.state(app) != "RUNNING":
            return []
        return [int(app.results.items[index].class_id) for index in range(app.results.count)]

    def extras(self, app: device_types.Application | None) -> dict[str, Any]:
        """Return what the loaded model shows beside its detections, with the names that the link gives it."""
        if app is None or self.state(app) != "RUNNING" or app.results.extra is None:
            return {}
        fields = Fields()
        app.results.extra.send(fields)
        return dict(json.loads("{" + fields.text.lstrip(",") + "}"))

    def learnt(self, app: device_types.Application | None) -> list[str] | None:
        """Return the names that the loaded model has learnt, in their order; None if it learns nothing."""
        if app is None or self.state(app) != "RUNNING" or not app.slot.loaded.learns:
            return None
        spec = app.slot.loaded
        names = next((stage for stage in spec.stages if stage.learns), spec).labels
        return [str(names.get(at)) for at in range(len(names))]

    def _label(self, spec: device_types.ModelSpec, class_id: int) -> str:
        if spec.learns:  # its names change, and lie in memory
            return str(spec.label(class_id))
        key = (spec.folder, class_id)
        if key not in self._labels:
            try:
                self._labels[key] = str(spec.label(class_id))
            except OSError:  # the card was taken out just now; the app will notice by itself
                return f"#{class_id}"
        return self._labels[key]
