"""What the reference makes of docstrings: doctests become code, roles become links."""

import re
from typing import Any

import griffe

DOCTEST = re.compile(r"^(?P<indent> *)>>> .*(?:\n(?P=indent)(?! *$).*)*", re.MULTILINE)
ROLE = re.compile(r":(?:class|meth|func|data|attr|mod):`(~?)([\w.]+)`")
SECTION = re.compile(r"^(Args|Attributes):\n((?:    .*\n?|\n)+)", re.MULTILINE)
NAMES = re.compile(r"^    ([^:()\n]+):")
THIN = "\N{THIN SPACE}"
"""Between several names; griffe takes what follows a plain space for their type."""


class Docstrings(griffe.Extension):
    """Rewrite every docstring before it is read as Markdown."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Fence the doctests, turn roles into links where they lead somewhere, join split names."""
        if obj.docstring is None:
            return
        text = SECTION.sub(with_names, obj.docstring.value)
        text = "\n".join(escaped(line) for line in text.split("\n"))
        text = DOCTEST.sub(fenced, text)
        obj.docstring.value = ROLE.sub(link, text)

    def on_attribute_instance(self, *, attr: griffe.Attribute, **_: Any) -> None:
        """Show a hyperparameter's default alone, not its declaration."""
        value = attr.value
        if isinstance(value, griffe.ExprCall) and str(value.function) == "hyperparameter":
            given = [argument for argument in value.arguments if not isinstance(argument, griffe.ExprKeyword)]
            attr.value = given[0] if given else None


def with_names(match: re.Match[str]) -> str:
    """Return a section in which every item is "names: text" on its first line."""
    items = [with_name(item) for item in re.split(r"\n(?=    \S)", match[2].rstrip("\n"))]
    if match[1] == "Attributes":
        items = [NAMES.sub(untyped, item) for item in items]
    return f"{match[1]}:\n" + "\n".join(items) + "\n" * (match[2].endswith("\n\n") + 1)


def untyped(names: re.Match[str]) -> str:
    """Return names with an empty type: without one, griffe takes that of the item before."""
    return f"    {names[1].replace(' ', THIN)} ():"


def with_name(item: str) -> str:
    """Join the lines of an item whose first has no colon; one without any is about the others."""
    first = item.split("\n")[0]
    if ": " in first or first.endswith(":"):
        return item
    joined = " ".join(item.split())
    return f"    {joined}" if re.match(r"[\w, ]+: ", joined) else f"    others: {joined}"


def escaped(line: str) -> str:
    """Return a line of prose in which `name["a"][0]` is no reference to a heading."""
    code = "`" in line or ">>>" in line or line.startswith(("    ", "..."))
    return line if code else line.replace("][", "]\\[")


def fenced(match: re.Match[str]) -> str:
    """Return a doctest as a fenced block at its own indentation."""
    indent = match["indent"]
    return f"{indent}```pycon\n{match[0]}\n{indent}```"


def link(match: re.Match[str]) -> str:
    """Return a role as code, linked if it names something of glassnet in full."""
    short, name = match.groups()
    shown = f"`{name.rsplit('.', 1)[-1] if short else name}`"
    if not name.startswith("glassnet."):
        return shown
    return f'<autoref identifier="{name}" optional>{shown}</autoref>'
