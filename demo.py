"""Show the demonstration with nothing but Python: `python3 demo.py` on Linux and macOS, `py demo.py` on Windows.

The first run makes a virtual environment in .venv and installs maixswitch there, without the tools for its tests. The
words behind the file's name go to `maixswitch demo`.
"""

import shutil
import signal
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
HOME = ROOT / ".venv"
PYTHON = HOME / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
# The Makefile writes the second one when it has installed the tools for the tests, which are more than the demo needs.
STAMPS = (HOME / ".installed", HOME / ".ready")


def installed() -> bool:
    """Return whether the environment holds what pyproject.toml asks for."""
    asked = (ROOT / "pyproject.toml").stat().st_mtime
    return PYTHON.exists() and any(stamp.exists() and stamp.stat().st_mtime >= asked for stamp in STAMPS)


def install() -> None:
    """Make the environment and install maixswitch into it; end the program with a message if that fails."""
    # This module of the package needs no other, so that it works before the installation.
    sys.path.insert(0, str(ROOT / "host"))
    from maixswitch.language import choose, tr

    choose()
    print(tr("installing maixswitch into .venv: once, about half a minute ..."), flush=True)
    if not PYTHON.exists():
        try:
            venv.create(HOME, with_pip=True)
        except (OSError, subprocess.CalledProcessError) as error:
            # Half an environment, without pip, would look like a whole one to the next run.
            shutil.rmtree(HOME, ignore_errors=True)
            sys.exit(
                tr(
                    "cannot make .venv: {error}; expected a Python with venv: apt install python3-venv on Debian",
                    error=error,
                )
            )
    pip: list[str | Path] = [
        PYTHON,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--editable",
        ROOT,
    ]
    if subprocess.run(pip, check=False).returncode:
        sys.exit(tr("pip could not install maixswitch, for the reason above; it needs a connection to the network"))
    STAMPS[0].touch()


def main() -> None:
    """Install on the first run, then run the demonstration and end with its exit code."""
    # A user may have an older Python than ruff expects.
    if sys.version_info < (3, 10):  # noqa: UP036
        sys.exit("expected Python 3.10 or newer, found " + sys.version.split()[0])
    if not installed():
        install()
    demo = subprocess.Popen([PYTHON, "-m", "maixswitch", "demo", *sys.argv[1:]])
    # Ctrl-C reaches both processes. Only the demonstration acts on it: it must still restore the terminal.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(demo.wait())


if __name__ == "__main__":
    main()
