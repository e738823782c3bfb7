"""maixswitch.json on the card: the settings that differ from the board's row. Read once, then dropped."""

from device.once.checks import show

NAME = "maixswitch.json"


class Settings:
    """The settings of maixswitch.json.

    board: its id, "" if the app must find out. keys: ((pin, role), ...), None for the board's own.
    screen, camera: dicts of settings that differ from the board's row.
    link: bool, or a dict with the fields of device/once/link_start.py.
    watchdog: ms, 0 for no watchdog. language: of the panel's messages, "en" or "zh".
    problems: list of problems, see checks. sure: whether the card answered; if not, the settings must be read again.
    """

    def __init__(self):
        self.board = ""
        self.language = "en"
        self.keys = None
        self.screen = {}
        self.camera = {}
        self.link = False
        self.watchdog = 0
        self.problems = []
        self.sure = False

    @staticmethod
    def read(root):
        """Return the settings in root/maixswitch.json; a missing or wrong value leaves the default."""
        from device.once.boards import find, names
        from device.once.checks import fits, read_json

        self = Settings()
        problems = self.problems

        def bad(field, value, expected):
            problems.append((NAME, field, value, expected))

        def take(values, rules, prefix=""):
            """Return the values that obey their rules, and report the others."""
            good = {}
            for field in values:
                if field not in rules:
                    bad(prefix + field, "unknown", "one of " + " ".join(sorted(rules)))
                elif rules[field] is None or fits(values[field], rules[field]):
                    good[field] = values[field]
                else:
                    bad(prefix + field, show(values[field]), rules[field])
            return good

        try:
            data = read_json(root + "/" + NAME, NAME, problems)
        except OSError:  # no card, no settings
            return self
        # A missing file is an answer of the card. A read error is not: the card may hold settings.
        self.sure = not problems or not problems[0][2].startswith("error")
        if problems and problems[0][2] == "missing":
            problems.clear()
        flag = "true or false"
        sections = {
            "screen": {"rotation": "a whole number, 0 to 3", "invert": flag, "mirror": flag},
            "camera": {"choice": "a whole number, 0 to 3", "hmirror": flag, "vflip": flag},
        }
        if "link" in data:  # without a link none of this may take heap, not even its names
            from device.once.link_start import RULES, clash

            sections["link"] = RULES
        rules = {"board": "one of " + " ".join(names()), "watchdog": "a whole number, 0 to 160000"}
        rules["language"] = "one of en zh"
        rules["keys"] = rules["screen"] = rules["camera"] = rules["link"] = None
        # One bad value costs only itself: the board must start with all the others.
        data = take(data, rules)
        for field in data:
            value = data[field]
            if field == "link" and isinstance(value, bool):
                pass
            elif field in sections:
                if isinstance(value, dict):
                    size = len(value)
                    value = take(value, sections[field], field + ".")
                    if field == "link" and len(value) < size:  # a half-configured port is useless
                        continue
                else:
                    bad(field, show(value), flag + ", or an object" if field == "link" else "an object")
                    continue
            elif field == "keys":
                rules = {"pin": "a whole number, 0 to 47", "role": "one of primary next prev"}
                pairs = []
                for key in value if isinstance(value, list) else ():
                    key = take(key, rules, "keys.") if isinstance(key, dict) else {}
                    if len(key) == 2 and key["pin"] not in [pin for pin, _ in pairs]:
                        pairs.append((key["pin"], key["role"]))
                # All or nothing: without one key, the others would have other meanings.
                if not pairs or len(pairs) != len(value) or len(pairs) > 4:
                    bad(field, show(value), '1 to 4 of {"pin": IO number, "role": primary next or prev}')
                    continue
                value = tuple(pairs)
            setattr(self, field, value)
        # If the board is not known yet, setup.fit_out() checks this again.
        keys = self.keys or (find(self.board).keys if self.board else ())
        trouble = self.link and clash(self.link, keys)
        if trouble:
            problems.append((NAME,) + trouble)
            self.link = False
        return self
