"""The two REPLs of MicroPython v1.11 (lib/utils/pyexec.c): friendly, and raw without the later raw paste."""

import sys

import bench
from uio import StringIO

from virtual import wire

FRIENDLY = 0
RAW = 1
# MaixPy prints version, date and board here; the date is one of a build.
BANNER = (
    'MicroPython v0.6.3-2-gd8901fd22 on 2024-05-05; Sipeed_M1 with kendryte-k210\nType "help()" for more information.'
)


def report(error) -> str:
    """Return the traceback as the board prints it: our own functions are C there and have no line."""
    text = StringIO()
    sys.print_exception(error, text)
    lines = [line for line in text.getvalue().split("\n") if 'File "/stubs/' not in line and 'File "stubs/' not in line]
    return "\n".join(lines)


class Session:
    """Who talks to the person at the line; `names` are __main__'s, `mode` survives a soft reset."""

    def __init__(self, names, mode):
        self.names = names
        self.mode = mode

    def run(self):
        """Serve until somebody asks for a soft reset."""
        while True:
            if self.mode == RAW:
                if self._raw():
                    return
            elif self._friendly():
                return

    def _key(self, kept):
        """Collect bytes into `kept` up to one of Ctrl-A to Ctrl-E; return it."""
        while True:
            data = wire.ask(wire.REPL)[1]
            if data and data[-1] in b"\x01\x02\x03\x04\x05":
                kept.extend(data[:-1])
                return data[-1]
            kept.extend(data)

    def _raw(self):
        wire.write(b"raw REPL; CTRL-B to exit\r\n")
        while True:
            wire.write(b">")
            code = bytearray()
            while True:
                key = self._key(code)
                # These keys are those of pyexec_raw_repl: 1 starts again, 2 leaves, 3 drops the text, 4 runs it.
                if key == 1:
                    wire.write(b"raw REPL; CTRL-B to exit\r\n>")
                    code = bytearray()
                elif key == 2:
                    wire.write(b"\r\n")
                    self.mode = FRIENDLY
                    return False
                elif key == 3:
                    code = bytearray()
                elif key == 4:
                    break
                else:
                    code.append(key)
            # "OK" comes before the program runs: a PC tool waits for it and only then for the output.
            wire.write(b"OK")
            # Ctrl-D without text is the soft reset, the same as in the friendly mode.
            if not code:
                wire.write(b"\r\n")
                return True
            if self.execute(bytes(code), "exec", b"\x04"):
                return True

    def execute(self, code, kind, end=b""):
        """Run a program's text; print what it raises. Return whether it asked for a soft reset (SystemExit).

        `end` is sent after the output, and again after the traceback if there is one.
        """
        failed = None
        left = False
        # The interrupt is armed for the program only: while a line is typed Ctrl-C is a key like others.
        try:
            wire.surely(wire.MODE, 1)
            wire.surely(wire.INTERRUPT, 3)
            try:
                exec(compile(code, "<stdin>", kind), self.names)
            finally:
                wire.surely(wire.INTERRUPT, -1)
        except SystemExit:
            left = True
        # These end the interpreter. A program must not be able to report them as its own error.
        except (bench.Reset, wire.Gone):
            raise
        except BaseException as error:
            failed = error
        wire.surely(wire.INTERRUPT, -1)
        wire.surely(wire.MODE, 0)
        wire.write(end)
        if failed is not None:
            print(report(failed), end="")
        wire.write(end)
        return left

    def _friendly(self):
        print(BANNER)
        lines = ""
        while True:
            wire.write(b"... " if lines else b">>> ")
            key, line = self._line()
            if key == 3:
                wire.write(b"\r\n")
                lines = ""
            # In a block that goes on only Ctrl-C counts: the other keys would lose what was typed.
            elif key is not None and lines:
                pass
            elif key == 1:
                self.mode = RAW
                return False
            elif key == 2:
                wire.write(b"\r\n")
                print(BANNER)
            elif key == 4:
                wire.write(b"\r\n")
                return True
            elif key == 5:
                if self._paste():
                    return True
            elif lines or line.strip():
                whole = lines + line
                if self._goes_on(whole, line):
                    lines = whole + "\n"
                else:
                    lines = ""
                    if self.execute(whole + "\n", "single"):
                        return True

    def _line(self):
        """Return (None, text) of a line, or (control key, "")."""
        text = bytearray()
        while True:
            for byte in wire.ask(wire.REPL, 1)[1]:
                if byte in b"\x01\x02\x03\x04\x05":
                    # Control keys act on an empty line only, Ctrl-C always (lib/mp-readline).
                    if byte == 3 or not text:
                        return (byte, "")
                elif byte in b"\r\n":
                    # A line feed alone on an empty line is dropped: a terminal that sends both ends each line once.
                    if byte == 13 or text:
                        wire.write(b"\r\n")
                        return (None, str(text, "utf-8"))
                elif byte in b"\x08\x7f":
                    if text:
                        text = text[:-1]
                        wire.write(b"\x08 \x08")
                elif byte >= 32 or byte == 9:
                    text.append(byte)
                    wire.write(bytes([byte]))

    def _goes_on(self, whole, line):
        """Simplified from mp_repl_continue_with_input: a block, an open bracket or a backslash waits for more."""
        if whole[: -len(line) - 1 or None].endswith("\n") and not line.strip():
            return False
        head = whole.split("\n", 1)[0].strip()
        if "\n" in whole and not line.strip():
            return False
        if head.endswith(":") or head.startswith("@"):
            return True
        depth = 0
        for letter in whole:
            depth += (letter in "([{") - (letter in ")]}")
        return depth > 0 or whole.endswith("\\")

    def _paste(self):
        wire.write(b"\r\npaste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n=== ")
        code = bytearray()
        while True:
            key = self._key(code)
            if key == 3:
                wire.write(b"\r\n")
                return False
            if key == 4:
                text = bytes(code).replace(b"\r", b"\n")
                wire.write(text.replace(b"\n", b"\r\n=== ") + b"\r\n")
                return self.execute(text, "exec")
