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
    """Return the traceback as the board prints it: without lines of the fakes, which are C there."""
    text = StringIO()
    sys.print_exception(error, text)
    lines = [line for line in text.getvalue().split("\n") if 'File "/stubs/' not in line and 'File "stubs/' not in line]
    return "\n".join(lines)


class Session:
    """The REPL. names: those of __main__. mode: FRIENDLY or RAW, which survives a soft reset."""

    def __init__(self, names, mode):
        self.names = names
        self.mode = mode

    def run(self):
        """Serve the line until a soft reset is asked for."""
        while True:
            if self.mode == RAW:
                if self._raw():
                    return
            elif self._friendly():
                return

    def _key(self, kept):
        """Append bytes of the line to `kept` until one of Ctrl-A to Ctrl-E, and return that."""
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
                # The keys of pyexec_raw_repl: 1 starts again, 2 leaves the mode, 3 drops the text, 4 runs it.
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
            # "OK" comes before the program runs, because programs on the PC wait for it before the output.
            wire.write(b"OK")
            # Ctrl-D without text is a soft reset, as in the friendly mode.
            if not code:
                wire.write(b"\r\n")
                return True
            if self.execute(bytes(code), "exec", b"\x04"):
                return True

    def execute(self, code, kind, end=b""):
        """Run the text of a program and print its exception. Returns whether it ended with SystemExit, a soft reset.

        kind: "exec" or "single", as for compile(). end: is sent after the output and after the traceback.
        """
        failed = None
        left = False
        # Ctrl-C interrupts a program only; at the prompt it is a key like others.
        try:
            wire.ask_until_done(wire.MODE, 1)
            wire.ask_until_done(wire.INTERRUPT, 3)
            try:
                exec(compile(code, "<stdin>", kind), self.names)
            finally:
                wire.ask_until_done(wire.INTERRUPT, -1)
        except SystemExit:
            left = True
        # These end the interpreter, so they are not errors of the program.
        except (bench.Reset, wire.Gone):
            raise
        except BaseException as error:
            failed = error
        wire.ask_until_done(wire.INTERRUPT, -1)
        wire.ask_until_done(wire.MODE, 0)
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
            # Inside a block only Ctrl-C counts; the other control keys would lose the typed lines.
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
                block = lines + line
                if self._goes_on(block, line):
                    lines = block + "\n"
                else:
                    lines = ""
                    if self.execute(block + "\n", "single"):
                        return True

    def _line(self):
        """Return (None, text) of a line, or (control key, "")."""
        text = bytearray()
        while True:
            for byte in wire.ask(wire.REPL, 1)[1]:
                if byte in b"\x01\x02\x03\x04\x05":
                    # A control key counts on an empty line only, but Ctrl-C always (lib/mp-readline/readline.c).
                    if byte == 3 or not text:
                        return (byte, "")
                elif byte in b"\r\n":
                    # A line feed on an empty line is dropped, so that a terminal that sends both ends ends a line once.
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

    def _goes_on(self, block, line):
        """Return whether the text goes on: an open block or bracket, or a backslash at the end.

        Simplified from mp_repl_continue_with_input in py/repl.c.
        """
        if block[: -len(line) - 1 or None].endswith("\n") and not line.strip():
            return False
        head = block.split("\n", 1)[0].strip()
        if "\n" in block and not line.strip():
            return False
        if head.endswith(":") or head.startswith("@"):
            return True
        depth = 0
        for letter in block:
            depth += (letter in "([{") - (letter in ")]}")
        return depth > 0 or block.endswith("\\")

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
