"""The pins of the chip: their levels, functions and interrupts, and the keys that a test presses."""

FUNC_GPIOHS0 = 24
FUNC_GPIO0 = 56
FUNC_RESV0 = 120

IRQ_FALLING = 1
IRQ_RISING = 2


# The pins of the card's bus: data out, data in, clock and select.
_CARD = (28, 26, 27, 29)
_CARD_OF = {"amigo": (10, 6, 11, 26), "m5sti": (33, 31, 30, 32)}


class Pins:
    """48 pins. A level comes from a key or from a GPIO in output mode, a function from the FPIOA."""

    def __init__(self, clock, scheduler):
        self._clock = clock
        self._scheduler = scheduler
        self.reset()

    def reset(self):
        self.functions = {}  # pin -> function number
        self.levels = {}  # pin -> level; a pin that is missing here is pulled up
        self.outputs = {}  # GPIO id -> level that it drives
        self.modes = {}  # GPIO id -> mode
        self.irqs = {}  # GPIO id -> [callback, trigger, GPIO object] of an armed interrupt
        self.gpios = {}  # GPIO id -> the one object of that id
        # The line of the REPL, which the start sets up, as start_card() does with the bus of the card.
        self.functions[4] = 18
        self.functions[5] = 19
        self.start_card("")

    def start_card(self, flavour: str) -> None:
        """Give the pins of the card's bus their functions, as the start of a flavour does."""
        pins = _CARD_OF.get(flavour[:5], _CARD)
        for pin in _CARD:
            self.functions.pop(pin, None)
        for pin, function in zip(pins, (70, 71, 83, FUNC_GPIOHS0 + 29)):
            self.functions[pin] = function

    def pin_of(self, function: int):
        """Return the pin with that function, or None."""
        for pin, number in self.functions.items():
            if number == function:
                return pin
        return None

    def level(self, pin: int) -> int:
        """Return the level of a pin; an open input is pulled up here."""
        return self.levels.get(pin, 1)

    def gpio_level(self, number: int) -> int:
        """Return the level of GPIO id `number` (0 to 31 GPIOHS, 32 to 39 GPIO); 0 when no pin has its function."""
        function = FUNC_GPIOHS0 + number if number < 32 else FUNC_GPIO0 + number - 32
        for pin in self.functions:
            if self.functions[pin] == function:
                return self.levels.get(pin, 1)
        return 0

    def set(self, pin: int, level: int) -> None:
        """Set the level of a pin now; an edge triggers its armed interrupt."""
        old = self.levels.get(pin, 1)
        self.levels[pin] = level
        # Only an edge triggers an interrupt, and a pin without a function has none.
        if old == level or pin not in self.functions:
            return
        # A program can arm interrupts of the GPIOHS only.
        number = self.functions[pin] - FUNC_GPIOHS0
        armed = self.irqs.get(number) if 0 <= number < 32 else None
        if armed is not None and armed[1] & (IRQ_RISING if level else IRQ_FALLING):
            self._scheduler.post(armed[0], armed[2])

    def press(self, pin: int, hold: int = 80, after: int = 0, bounce=(), pressed: int = 0) -> None:
        """Press a key in `after` ms and release it `hold` ms later.

        bounce: offsets in ms from both edges, at each of which the contact toggles. pressed: level of a pressed key.
        """
        start = self._clock.now + after
        self._edge(pin, start, pressed, bounce)
        self._edge(pin, start + hold, 1 - pressed, bounce)

    def _edge(self, pin, at, level, bounce):
        turn = level
        self._at(at, pin, turn)
        last = 0
        for offset in bounce:
            turn = 1 - turn
            self._at(at + offset, pin, turn)
            last = offset
        # After an odd number of toggles one more is needed to reach the level of the edge.
        if turn != level:
            self._at(at + last + 1, pin, level)

    def _at(self, ms, pin, level):
        self._clock.at(ms, lambda: self.set(pin, level))
