"""Every code block of the documentation and of README runs.

The Python blocks of a page run in order in one namespace, in a folder of its own, with warnings as errors;
its `glassnet` commands run between them, by the real command line. What a block prints is compared with
the block behind `<!-- prints -->`, numbers to 2 percent or two units of their last digit, for processors
round differently. Marks before a block or, in the first lines, for a whole page:

    <!-- not run: reason -->        only compiled
    <!-- only parsed: reason -->    commands are given to the real parser, which checks names and values

`python tests/docs/test_pages.py PAGE ...` writes the output of the blocks into the pages.
"""

import contextlib
import io
import os
import re
import shlex
import sys
import tomllib
import warnings
from dataclasses import dataclass
from pathlib import Path

import pytest

import glassnet as gn

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(
    r"(?:<!-- (?P<mark>prints|not run|only parsed)(?:: (?P<reason>[^\n]+?))? -->\n\n?)?"
    r"^(?P<indent> *)(?P<fence>```+|~~~+)(?P<language>[\w-]*)[^\n]*\n(?P<body>.*?)^(?P=indent)(?P=fence) *$",
    re.MULTILINE | re.DOTALL,
)
NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d*)?(?:e[-+]?\d+)?(?![\w])")
WHOLE_PAGE = re.compile(r"\A(?:#[^\n]*\n+)?<!-- not run: (?P<reason>[^>]+?) -->", re.DOTALL)


@dataclass
class Block:
    """One fenced block of a page."""

    language: str
    body: str
    mark: str | None
    line: int
    span: tuple[int, int]


def blocks_of(text):
    """Return the blocks of a page in order."""
    found = []
    for match in BLOCK.finditer(text):
        body = "".join(line.removeprefix(match["indent"]) for line in match["body"].splitlines(keepends=True))
        line = text.count("\n", 0, match.start("body")) + 1
        found.append(Block(match["language"], body, match["mark"], line, match.span("body")))
    return found


def run_page(path):
    """Run a page's blocks; yield (block that should hold it, what the block before printed)."""
    text = path.read_text("utf-8")
    whole = WHOLE_PAGE.match(text)
    names = {"__name__": "__main__"}
    printed = ""
    for block in blocks_of(text):
        if block.mark == "prints":
            yield block, printed
        elif block.language == "python":
            code = compile("\n" * (block.line - 1) + block.body, str(path), "exec")
            if whole or block.mark == "not run":
                continue
            output = io.StringIO()
            with contextlib.redirect_stdout(output), warnings.catch_warnings():
                warnings.simplefilter("error")
                exec(code, names)
            printed = output.getvalue()
        elif block.language == "pycon":
            raise AssertionError(f"{path.name}, line {block.line}: write python blocks, not prompts")
        elif block.language in ("sh", "bash", "shell", "console"):
            printed = run_commands(block, parse_only=bool(whole) or block.mark is not None)


def run_commands(block, parse_only):
    """Run or parse each `glassnet` command of a block, look at the others; return what was printed."""
    output = ""
    for line in block.body.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        while words and re.fullmatch(r"\w+=\S*", words[0]):
            words = words[1:]
        if not words:
            continue
        if words[0] != "glassnet":
            look_at(words)
        elif parse_only or {"--help", "--version"} & set(words):
            parse(words[1:])
        else:
            output += run_command(words[1:])
    return output


def run_command(arguments):
    from glassnet.cli.app import run

    shown, told = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(told):
        code = run(arguments)
    assert code == 0, f"glassnet {' '.join(arguments)}: exit {code}\n{shown.getvalue()}\n{told.getvalue()}"
    return shown.getvalue()


def parse(arguments):
    """Let the command line's own parser take the arguments, without running the command."""
    import typer

    from glassnet.cli.app import app

    group = typer.main.get_command(app)
    if arguments[0].startswith("-"):
        known = {option for parameter in group.params for option in parameter.opts} | {"--help"}
        assert arguments[0] in known, f"glassnet has no {arguments[0]}"
        return
    name, rest = arguments[0], [word for word in arguments[1:] if word != "--help"]
    assert name in group.commands, f"glassnet has no command {name!r}"
    if name == "recipe" and rest:
        assert (ROOT / "examples" / f"{rest[0].replace('-', '_')}.py").is_file()
    asked_for_help = len(rest) < len(arguments) - 1
    group.commands[name].make_context(name, rest, resilient_parsing=asked_for_help)


def look_at(words):
    """Check what can be checked of a command that is not glassnet's own."""
    program = Path(words[0]).name
    if program == "make":
        targets = re.findall(r"^(\w[\w-]*):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
        assert set(words[1:]) <= set(targets), f"no such target: {words}"
    elif program.startswith("python") and words[1] != "-m":
        assert (ROOT / words[1]).is_file(), f"no such script: {words}"
    elif program == "pip":
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        for asked in re.findall(r"\[([\w,]+)\]", " ".join(words)):
            missing = set(asked.split(",")) - set(extras)
            assert not missing, f"no such extra: {missing}"
    elif program in ("cd", "git", "mkdocs", "ls", "cat"):
        pass
    else:
        assert program.startswith("python"), f"unknown command: {words}"


def agree(shown, printed):
    """Return whether two texts are alike but for rounding: same words, numbers close."""
    shown, printed = (re.sub(r"[ \t─]+", " ", t).strip() for t in (shown, printed))
    if NUMBER.sub("#", shown) != NUMBER.sub("#", printed):
        return False
    for a, b in zip(NUMBER.findall(shown), NUMBER.findall(printed), strict=True):
        digits = len(a.split("e")[0].partition(".")[2])
        unit = 10.0 ** (int(a.partition("e")[2] or 0) - digits) if "." in a or "e" in a else 0
        if abs(float(a) - float(b)) > max(2 * unit, 0.02 * abs(float(a))) * 1.001:
            return False
    return True


@pytest.fixture
def clean_folder(tmp_path, monkeypatch):
    """A folder of the page's own, with the files that README's commands are about."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    rows = [f"{40 + 3 * i},{('Oslo', 'Rome')[i % 2]},{100 + 9 * i}" for i in range(60)]
    for name in ("houses.csv", "new.csv", "big.csv"):
        (tmp_path / name).write_text("\n".join(["size,city,price", *rows]) + "\n")
    yield tmp_path
    gn.kernels.use(os.environ.get("GLASSNET_KERNELS", "auto"))  # a page chooses others


def name_of(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_the_blocks_run_and_print_what_the_page_says(path, clean_folder):
    for block, printed in run_page(path):
        assert agree(block.body, printed), (
            f"{name_of(path)}, line {block.line}: the page says\n{block.body}\nbut it prints\n{printed}\n"
            f"python tests/docs/test_pages.py {name_of(path)} writes it anew"
        )


def test_hardly_a_block_is_left_out():
    left_out = {}
    for path in PAGES:
        text = path.read_text("utf-8")
        if WHOLE_PAGE.match(text):
            left_out[name_of(path)] = "page"
        for match in BLOCK.finditer(text):
            if match["mark"] in ("not run", "only parsed"):
                assert match["reason"], f"{name_of(path)}: a mark gives its reason"
                left_out.setdefault(name_of(path), match["mark"])
    assert left_out == LEFT_OUT


LEFT_OUT = {
    "docs/gallery.md": "only parsed",  # tests/test_recipes.py and tests/test_custom_examples.py run them
    "docs/mistakes.md": "page",  # wrong lines, made and measured by tools/mistakes.py
    "docs/guides/playground.md": "only parsed",  # it runs until it is stopped
}


def test_numbers_may_differ_by_rounding_only():
    assert agree("loss 0.1234 in 5 epochs", "loss  0.1236 in 5 epochs")
    assert agree("1e-16", "2e-16")
    assert not agree("loss 0.1234", "loss 0.1334")
    assert not agree("loss 0.1", "cost 0.1")
    assert not agree("5 epochs", "6 epochs")


@pytest.mark.parametrize(
    "line",
    [
        "glassnet trian digits",
        "glassnet --verison",
        "make tests",
        "python tools/nothing.py",
        "pip install 'x[none]'",
    ],
)
def test_a_mistyped_command_is_found(line):
    with pytest.raises(AssertionError):
        run_commands(Block("sh", line, "only parsed", 1, (0, 0)), parse_only=True)


def test_a_mistyped_option_is_found():
    with pytest.raises(Exception, match="--epoch"):
        run_commands(Block("sh", "glassnet train digits --epoch 3", None, 1, (0, 0)), parse_only=True)


def test_a_block_that_fails_is_found(clean_folder):
    page = clean_folder / "page.md"
    page.write_text("```python\nprint(1 / 2)\n```\n\n<!-- prints -->\n```text\n0.9\n```\n")
    ((block, printed),) = run_page(page)
    assert not agree(block.body, printed)
    page.write_text("```python\nimport warnings\nwarnings.warn('old')\n```\n")
    with pytest.raises(UserWarning, match="old"):
        list(run_page(page))


def write(path):
    """Put what the blocks print into the page."""
    text = path.read_text("utf-8")
    for block, printed in reversed(list(run_page(path))):
        clean = "\n".join(line.rstrip() for line in printed.strip("\n").splitlines()) + "\n"
        if not agree(block.body, clean):
            start, end = block.span
            text = text[:start] + clean + text[end:]
            print(f"{name_of(path)}, line {block.line}: written")
    path.write_text(text, "utf-8")


if __name__ == "__main__":
    import tempfile

    os.environ["COLUMNS"] = "80"
    pages = [Path(argument).resolve() for argument in sys.argv[1:]]
    for each in pages:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            write(each)
            os.chdir("/")
