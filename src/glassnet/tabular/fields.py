"""Strict reading of the plain dicts that model files hold: every field named, typed, in its range."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from glassnet.errors import FileFormatError
from glassnet.tabular.view import Category, listed, shown

__all__ = ["Fields"]


class Fields:
    """A mapping read from a file, and the path by which errors name what is wrong in it.

    Args:
        document: what the file holds there; anything but a mapping with text keys is refused.
        path: how errors name it, such as "encoder.columns[2]".
    """

    def __init__(self, document: Any, path: str) -> None:
        self.path = path
        if not isinstance(document, Mapping) or not all(isinstance(key, str) for key in document):
            raise FileFormatError(f"{path} must be a mapping with text keys, got {shown(document)}.")
        self._document = document

    def only(self, *names: str) -> None:
        """Refuse any key but these, and the lack of any of these."""
        missing = [name for name in names if name not in self._document]
        if missing:
            raise FileFormatError(f"{self.path} lacks {listed(missing)}.")
        unknown = [name for name in self._document if name not in names]
        if unknown:
            raise FileFormatError(f"{self.path} has the unknown field {listed(unknown)}.")

    def text(self, name: str) -> str:
        """Return a field that holds text."""
        value = self._get(name)
        if not isinstance(value, str):
            raise self.wrong(name, "text")
        return value

    def choice(self, name: str, *choices: str) -> str:
        """Return a field that holds one of some texts."""
        value = self.text(name)
        if value not in choices:
            raise self.wrong(name, f"one of {', '.join(choices)}")
        return value

    def integer(self, name: str, low: int, high: float = math.inf) -> int:
        """Return a field that holds an integer in [low, high]."""
        value = self._get(name)
        if type(value) is not int or not low <= value <= high:
            raise self.wrong(name, f"an integer in [{low}, {high}]")
        return value

    def number(self, name: str, low: float = -math.inf, high: float = math.inf) -> float:
        """Return a field that holds a finite number in [low, high]."""
        value = self._get(name)
        rule = "a finite number" if low == -math.inf else f"a finite number in [{low:g}, {high:g}]"
        if type(value) not in (int, float):
            raise self.wrong(name, rule)
        try:
            number = float(value)
        except OverflowError:
            raise self.wrong(name, rule) from None
        if not math.isfinite(number) or not low <= number <= high:
            raise self.wrong(name, rule)
        return number

    def items(self, name: str) -> list[Any]:
        """Return a field that holds a list."""
        value = self._get(name)
        if not isinstance(value, list):
            raise self.wrong(name, "a list")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a field that holds a list of different texts."""
        values = self.items(name)
        if not all(isinstance(value, str) for value in values) or len(set(values)) < len(values):
            raise self.wrong(name, "a list of different texts")
        return tuple(values)

    def categories(self, name: str) -> tuple[Category, ...]:
        """Return a field that holds sorted different values, all of one type: str, int, float or bool."""
        values = self.items(name)
        rule = "a sorted list of different values of one type (text, integer, number or true/false)"
        if not values or type(values[0]) not in (str, int, float, bool):
            raise self.wrong(name, rule)
        if any(type(value) is not type(values[0]) for value in values):
            raise self.wrong(name, rule)
        if type(values[0]) is float and not all(map(math.isfinite, values)):
            raise self.wrong(name, rule)
        if any(not low < high for low, high in pairwise(values)):
            raise self.wrong(name, rule)
        return tuple(values)

    def nested(self, name: str) -> Iterator[Fields]:
        """Yield the mappings in a field that holds a list of them."""
        for i, item in enumerate(self.items(name)):
            yield Fields(item, f"{self.path}.{name}[{i}]")

    def wrong(self, name: str, rule: str) -> FileFormatError:
        """Return the error for a field that breaks its rule."""
        return FileFormatError(f"{self.path}.{name} must be {rule}, got {shown(self._document.get(name))}.")

    def _get(self, name: str) -> Any:
        if name not in self._document:
            raise FileFormatError(f"{self.path} lacks {name!r}.")
        return self._document[name]
