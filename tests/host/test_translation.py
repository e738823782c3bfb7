"""The Chinese catalogue holds every text that users read, and the command uses it; English stays as it is."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from maixswitch import console, language
from maixswitch.cli import help_pages
from maixswitch.errors import EXIT_USAGE, KModelError
from maixswitch.findings.table import rules
from maixswitch.kmodel.judge.report import grid
from maixswitch.language import tr
from tests.host import language_texts

CATALOGUE = language.catalogue("zh")
# Texts of names only, which differ in punctuation.
SAME = {"{names} with {remedy}", "{size}: {need} KiB"}


@pytest.fixture
def chinese():
    language.choose("zh")
    yield
    language.choose("en")


def command(*arguments: str, language: str = "zh", **more: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key not in ("LANG", "LC_ALL", "LC_MESSAGES")}
    environment.update(MAIXSWITCH_LANG=language, PYTHONUTF8="1", COLUMNS="80", **more)
    return subprocess.run(
        [sys.executable, "-m", "maixswitch", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment,
        check=False,
        timeout=60,
    )


def letters(text: str) -> bool:
    """Are there letters besides the placeholders?"""
    return bool(re.search(r"[A-Za-z]", re.sub(r"\{[^}]*\}", "", text)))


def is_chinese(text: str) -> bool:
    return bool(re.search(r"[\u4e00-\u9fff]", text))


def test_no_text_is_missing():
    texts = language_texts.shown_texts().items()
    missing = [f"{where}: {text!r}" for text, where in texts if letters(text) and text not in CATALOGUE]
    assert not missing, "\n".join(missing)


def test_no_text_is_stale():
    texts = language_texts.shown_texts()
    assert not [text for text in CATALOGUE if text not in texts]


def test_translations_have_the_same_placeholders_and_are_chinese():
    names, plain = language_texts.placeholders, []
    for text, translated in CATALOGUE.items():
        assert names(translated) == names(text), text
        assert text.startswith(" ") == translated.startswith(" "), text
        if not is_chinese(translated) and letters(text) and text not in SAME:
            plain.append(translated)
    assert not plain


def test_findings_have_every_language_with_the_same_values():
    for rule in rules().values():
        for texts in (rule.titles, rule.remedies):
            assert set(texts) == set(language.LANGUAGES), rule.code
            assert language_texts.placeholders(texts["zh"]) == language_texts.placeholders(texts["en"]), rule.code
            assert not is_chinese(texts["en"]), rule.code
            assert is_chinese(texts["zh"]) or not letters(texts["en"]), rule.code


def test_calls_name_every_placeholder():
    wrong = []
    for path in sorted(language_texts.PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tr"):
                continue
            names = {keyword.arg for keyword in node.keywords}
            for text in language_texts.literals(node.args[0]):
                if None not in names and language_texts.placeholders(text) != names:
                    wrong.append(f"{path.name}:{node.lineno}: {text!r} with {sorted(map(str, names))}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        ("", {}, "en"),
        ("", {"LANG": "zh_CN.UTF-8"}, "zh"),
        ("", {"LANG": "de_DE.UTF-8"}, "en"),
        ("", {"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ("", {"LANG": "C", "LC_MESSAGES": "zh_TW"}, "zh"),
        ("", {"LANG": "zh_CN.UTF-8", "MAIXSWITCH_LANG": "en"}, "en"),
        ("--lang zh sim", {"MAIXSWITCH_LANG": "en"}, "zh"),
        ("--version --lang=en", {"LANG": "zh_CN"}, "en"),
        ("--lang zh-CN sim", {"MAIXSWITCH_LANG": "nonsense"}, "zh"),
        ("sim --lang zh", {}, "zh"),
        ("sim card --lang=zh --frames 3", {}, "zh"),
        ("sim -- --lang zh", {}, "en"),
        ("sim --lang", {}, "en"),
    ],
)
def test_choice_of_language(arguments: str, environment: dict[str, str], expected: str):
    try:
        assert language.choose(language.taken(arguments.split())[0], environment) == expected
    finally:
        language.choose("en")


def test_an_unknown_language_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"^--lang .*en, zh"):
        language.choose("fr", {})


def test_a_typo_in_the_variable_is_a_warning():
    result = command("--version", language="xx")
    assert (result.returncode, result.stderr) == (0, "MAIXSWITCH_LANG xx: unknown language; known: en, zh\n")
    assert result.stdout


def test_a_value_that_is_nearly_right_gets_a_hint():
    result = command("sim", "card", "--board", "cubee", language="en")
    assert result.returncode == EXIT_USAGE
    assert result.stderr.endswith("; did you mean cube?\n")
    result = command("kmodel", "info", "x.kmodel", "--firmware", "minimun", language="en")
    assert result.stderr.endswith("; did you mean minimum?\n")
    assert language.meant("toaster", ["bit", "cube"]) == ""


def test_unknown_language_ends_the_command():
    result = command("--lang", "fr", "--help", language="en")
    assert (result.returncode, result.stdout) == (EXIT_USAGE, "")
    assert result.stderr == "maixswitch: --lang fr: unknown language; known: en, zh\n"


def test_help_is_chinese_and_fits_the_terminal():
    for arguments in (["--help"], ["sim", "--help"], ["kmodel", "--help"], ["kmodel", "info", "--help"]):
        result = command(*arguments)
        assert result.returncode == 0
        lines = result.stdout.splitlines()
        assert lines[0].startswith("用法")
        kept = " ".join(lines).partition("脚本每行一个动作")[0]  # lines of the script language are never broken
        assert is_chinese(kept)
        assert not [line for line in lines if console.width(line) > 96]
        assert "Show this message" not in result.stdout


def test_help_in_english_stays_english():
    result = command("--help", language="en")
    assert result.stdout.startswith("Usage: ")
    assert not is_chinese(result.stdout)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("kmodel info", 2, "缺少参数"),
        ("nonsense", 2, "没有命令"),
        ("kmodel infoo", 2, "是否要用"),
        ("kmodel info --nonsense", 2, "没有选项"),
        ("kmodel bench --repeat many a.kmodel", 2, "应为整数"),
        ("kmodel bench --repeat 0 a.kmodel", 2, "应大于或等于 1"),
        ("kmodel info a b", 2, "多余的参数"),
        ("kmodel info --frame", 2, "需要一个值"),
        ("kmodel info nowhere.kmodel", 4, "没有这个文件或文件夹"),
        ("sim nowhere", 4, "没有这个文件夹"),
        ("sim nowhere --speed x", 2, "--speed x"),
    ],
)
def test_failures_are_chinese(arguments: str, code: int, words: str):
    result = command(*arguments.split())
    assert (result.returncode, result.stdout) == (code, "")
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_a_broken_model_is_located_in_chinese(chinese: None):
    error = KModelError(tr("not a K210 model"), offset=8, field="arch", found=3, wanted=0)
    assert str(error) == "不是 K210 模型 (字节 8, arch): 实际 3; 应为 0"


def test_document_for_programs_keeps_its_names(tmp_path: Path):
    file = tmp_path / "a.kmodel"
    file.write_bytes(b"PK\x03\x04" + bytes(60))
    chinese = json.loads(command("kmodel", "info", "--json", str(file)).stdout)
    english = json.loads(command("kmodel", "info", "--json", str(file), language="en").stdout)
    assert chinese.keys() == english.keys()
    assert chinese["kind"] == english["kind"] == "zip"
    assert is_chinese(chinese["message"])
    assert not is_chinese(english["message"])


def test_stdout_holds_only_the_json(tmp_path: Path):
    file = tmp_path / "a.kmodel"
    file.write_bytes(b"\x03\0\0\0" + bytes(60))
    result = command("kmodel", "info", "--json", str(file))
    json.loads(result.stdout)
    assert is_chinese(result.stderr)


def test_table_of_wide_characters_lines_up():
    head, *rows = grid(("层", "rows"), [("卷积 3x3", "1"), ("conv", "12")], left=("层",))
    assert len({console.width(line) for line in (head, *rows)}) == 1
    assert console.left("模型", 6) == "模型  "
    assert console.right("模型", 6) == "  模型"


def test_lines_break_between_chinese_characters_but_not_before_a_full_stop():
    full_stop, opening = "\u3002", "\uff08"
    text = f"一二三四五{full_stop}六七八{opening}九十"
    for columns in range(6, 30):
        lines = list(help_pages._block(text, columns))
        assert "".join(lines) == text
        assert max(map(console.width, lines)) <= columns + 2  # a full stop may hang over
        assert not [line for line in lines if line.startswith(full_stop) or line.endswith(opening)]


def test_no_colour_and_no_bar_without_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    assert not console.colours()
    with console.progress("copying", 3) as advance:
        advance()
        advance(2)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert console.colours()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not console.colours()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_help_starts_quickly_and_imports_nothing_heavy(language: str):
    names = ("numpy", "PIL", "rich.console", "pydantic", "onnxruntime", "numba", "maixswitch.kmodel.run.model")
    code = (
        "import sys; sys.argv = ['maixswitch', '--help']\n"
        "from maixswitch.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print(sorted(set(sys.modules) & set({names!r})))"
    )
    environment = {**os.environ, "MAIXSWITCH_LANG": language, "PYTHONUTF8": "1"}
    times = []
    for _ in range(3):
        began = time.perf_counter()
        result = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", env=environment, check=True
        )
        times.append(time.perf_counter() - began)
        assert result.stdout.splitlines()[-1] == "[]"
    assert min(times) < 1.0  # it takes 0.15 s, and should take less than 0.2 s, but this machine may be busy


def test_completion():
    words = {"COMP_WORDS": "maixswitch kmodel i", "COMP_CWORD": "2", "_MAIXSWITCH_COMPLETE": "complete_bash"}
    code = "import sys; sys.argv = ['maixswitch']; from maixswitch.cli.main import main; main()"
    environment = {**os.environ, **words, "MAIXSWITCH_LANG": "zh"}
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", env=environment, check=False
    )
    assert (result.stdout.split(), result.stderr) == (["info"], "")


def test_completion_can_be_installed():
    assert "--install-completion" in command("--help").stdout


def test_language_is_taken_out_of_the_arguments():
    assert language.taken(["ls", "--lang", "zh", "card", "--json"]) == ("zh", ["ls", "card", "--json"])
    assert language.taken(["ls", "--lang"]) == ("", ["ls", "--lang"])
    assert language.taken(["ls", "--", "--lang", "zh"]) == ("", ["ls", "--", "--lang", "zh"])
