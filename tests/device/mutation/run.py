"""Mutation test of the board's core: finds changes of its code that no test notices, and writes docs/mutation.md.

`run.py` mutates all modules; `run.py fsm buttons` mutates only these, and writes nothing. Only a copy of the project in
a temporary folder is mutated: mutmut changes the code in functions, more_mutants.py the rest. The exit code is 1 if a
mutant survived that survivors.py does not explain, or if a mutant that it explains was killed. Takes half an hour.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from tests.device.mutation import more_mutants
from tests.device.mutation.survivors import SURVIVORS

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "mutation.md"
SECONDS = 60  # a mutant that takes longer counts as killed: it does not end
BYTES = 2 << 30  # of memory; a mutant that needs more counts as killed, too
CATALOG = ("catalog", "catalog_labels", "catalog_generated", "catalog_real")
# Module of device/ -> the unit tests that must kill its mutants.
MODULES = {
    "__init__": ("catalog",),
    "fsm": ("fsm_table", "fsm", "fsm_generated"),
    "buttons": ("buttons", "buttons_generated"),
    "kpu_slot": ("kpu_slot",),
    "catalog": CATALOG,
    "spec": CATALOG,
    "once/settings": ("settings",),
    "once/choice": ("settings", "settings_generated"),
}
ALWAYS = ("tests/device/paths/test_press.py",)
PYTEST = ("-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-seed=0")

Survivor = tuple[str, str, str]  # file, the line, the line as mutated


def tests_of(modules: list[str]) -> list[str]:
    """Return the test files of some modules, each once."""
    names = dict.fromkeys(name for module in modules for name in MODULES[module])
    return [*(f"tests/device/test_{name}.py" for name in names), *ALWAYS]


def copy(into: Path) -> None:
    """Copy the project as it is now, with files that git does not know yet, without those that it ignores."""
    words = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in subprocess.run(words, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            (into / name).write_bytes((ROOT / name).read_bytes())


def environment() -> dict[str, str]:
    """Return the environment for the copy: the real test data are not copied."""
    shared = ROOT.parent / "shared"
    data = {f"MAIXSWITCH_{name.upper()}": str(shared / name) for name in ("kmodels", "goldens", "photos")}
    return {**data, **os.environ}


def bounded() -> None:
    """Limit the memory and lower the priority of a child process."""
    os.nice(5)
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))


def mutmut(copied: Path, *words: str) -> str:
    done = subprocess.run(
        (sys.executable, "-m", "mutmut", *words),
        cwd=copied, env=environment(), preexec_fn=bounded, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"mutmut {' '.join(words)} failed:\n{done.stdout[-3000:]}")
    return done.stdout


def by_mutmut(copied: Path, modules: list[str]) -> tuple[dict[str, int], list[Survivor]]:
    """Return how many mutants mutmut made of each module, and which survived."""
    config = {
        "source_paths": ["device"],
        "only_mutate": [f"device/{module}.py" for module in modules],
        "also_copy": ["boot.py", "main.py", "stubs", "host"],
        "pytest_add_cli_args": list(PYTEST),
        "pytest_add_cli_args_test_selection": tests_of(modules),
        "timeout_multiplier": 8.0,
    }
    with (copied / "pyproject.toml").open("a") as file:  # TOML writes such values as Python does
        file.write("\n[tool.mutmut]\nuse_git_change_detection = false\n")
        file.writelines(f"{key} = {value!r}\n" for key, value in config.items())
    mutmut(copied, "run", "--max-children", "1")
    mutants = dict.fromkeys(modules, 0)
    survivors = []
    verdicts = re.findall(r"^ *(device\.(?:([\w.]+)\.)?x\S+): (.*)$", mutmut(copied, "results", "--all", "true"), re.M)
    for name, module, verdict in verdicts:
        module = module.replace(".", "/") or "__init__"
        mutants[module] += 1
        if verdict in ("survived", "no tests", "not checked"):
            survivors.append((f"{module}.py", *difference(mutmut(copied, "show", name))))
    return mutants, survivors


def difference(diff: str) -> tuple[str, str]:
    """Return the first line that a diff takes away and the first that it adds."""
    was, now = (re.search(rf"^{sign}(?!{sign})(.*)$", diff, re.M) for sign in (r"\-", r"\+"))
    return (was[1].strip() if was else "", now[1].strip() if now else "(removed)")


def by_us(copied: Path, module: str) -> tuple[int, list[Survivor]]:
    """Return how many mutants more_mutants made of a module, and which survived."""
    path = copied / "device" / f"{module}.py"
    source = path.read_text(encoding="utf-8")
    words = (sys.executable, "-m", "pytest", "-q", "-x", *PYTEST, *tests_of([module]))
    survivors = []
    mutants = list(more_mutants.of(source))
    for at, mutant in enumerate(mutants):
        path.write_text(mutant.text, encoding="utf-8")
        os.utime(path, (at, at))  # or Python could use the compiled form of the previous mutant
        try:
            done = subprocess.run(
                words, cwd=copied, env=environment(), preexec_fn=bounded, capture_output=True, timeout=SECONDS
            )
            if done.returncode == 0:
                survivors.append((f"{module}.py", mutant.was, mutant.now))
        except subprocess.TimeoutExpired:
            pass
    path.write_text(source, encoding="utf-8")
    return len(mutants), survivors


def page(rows: list[tuple[str, int, int, int]], survivors: list[Survivor]) -> str:
    """Return docs/mutation.md."""
    why = {row[:3]: row[3] for row in SURVIVORS}
    total = ("all", *(sum(row[at] for row in rows) for at in (1, 2, 3)))
    text = f"""# Mutation test

Written by `make mutation`; do not edit it by hand. A copy of the project is changed in one place at a time, and the
tests of `tests/device` that belong to the module, with `{ALWAYS[0]}`, must notice. Mutmut {version("mutmut")} changes
what stands in functions; it leaves out the rows of the state machine's table, constants outside functions, whole
statements and bare conditions, so `tests/device/mutation/more_mutants.py` changes those. What does not end counts as
noticed.

| module | mutants of mutmut | more mutants | survived | killed |
| --- | ---: | ---: | ---: | ---: |
"""
    for name, first, more, left in [*rows, total]:
        text += f"| {name} | {first} | {more} | {left} | {100 * (1 - left / (first + more)):.1f} % |\n"
    text += "\n## Survivors\n\nWhy each may survive stands in `tests/device/mutation/survivors.py`.\n\n"
    text += "| module | line | as mutated | why no test kills it |\n| --- | --- | --- | --- |\n"
    for row in dict.fromkeys(survivors):
        file, was, now = (cell.replace("|", "\\|") for cell in row)
        text += f"| {file} | `{was}` | `{now}` | {why.get(row, '**not explained**')} |\n"
    return text


def main(words: list[str]) -> int:
    modules = words or list(MODULES)
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder)
        copy(copied)
        mutants, survivors = by_mutmut(copied, modules)
        rows = []
        for module in modules:
            more, left = by_us(copied, module)
            survivors += left
            mine = [row for row in survivors if row[0] == f"{module}.py"]
            rows.append((f"{module}.py", mutants[module], more, len(mine)))
            print(*rows[-1], flush=True)
    survivors.sort(key=lambda row: [f"{module}.py" for module in modules].index(row[0]))
    known = {row[:3] for row in SURVIVORS if row[0][:-3] in modules}
    for row in survivors:
        if row not in known:
            print("survived:", *row, sep="\n    ")
    for row in known - set(survivors):
        print("explained, but killed:", *row, sep="\n    ")
    if not words:
        PAGE.write_text(page(rows, survivors), encoding="utf-8")
    return int(known != set(survivors))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
