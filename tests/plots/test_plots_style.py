import math

import pytest

from glassnet.plots.style import COLOURS, MARKERS, axes_for, colours, legend, mixed, plain


@pytest.mark.parametrize("n", [0, 1, 3, 8, 9, 21, 22, 100])
def test_colours_differ(n):
    assert len(set(colours(n))) == len(colours(n)) == n


def test_the_first_colours_are_the_palette():
    assert colours(len(COLOURS)) == list(COLOURS)
    assert "#000000" not in colours(12)  # a class that is black beside a darkened one says nothing


@pytest.mark.parametrize("kind", ["protan", "deutan"])
def test_the_palette_is_told_apart_by_the_colour_blind(kind):
    # Viénot, Brettel & Mollon (1999): how red or green blindness sees linear RGB.
    matrix = {
        "protan": [(0.11238, 0.88762, 0.0), (0.11238, 0.88762, 0.0), (0.00401, -0.00401, 1.0)],
        "deutan": [(0.29275, 0.70725, 0.0), (0.29275, 0.70725, 0.0), (-0.02234, 0.02234, 1.0)],
    }[kind]

    def seen(colour):
        linear = [(int(colour[i : i + 2], 16) / 255) ** 2.2 for i in (1, 3, 5)]
        return [max(0.0, sum(m * v for m, v in zip(row, linear, strict=True))) ** (1 / 2.2) for row in matrix]

    looks = [seen(colour) for colour in COLOURS]
    pairs = [math.dist(a, b) for i, a in enumerate(looks) for b in looks[:i]]
    assert min(pairs) > 0.1
    assert len(set(MARKERS)) == len(MARKERS)


def test_mixed():
    assert mixed("#102030", "#FFFFFF", 0) == "#102030"
    assert mixed("#102030", "#506070", 0.5) == "#304050"


def test_names_are_drawn_as_they_are(ax, drawn):
    lines = ax.plot([1, 2]) + ax.plot([2, 1])
    legend(ax, lines, ["$5 to $9", "_hidden"])
    drawn(ax)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [plain("$5 to $9"), " _hidden"]


@pytest.mark.parametrize("n", [2, 7, 20, 40])
def test_a_legend_of_many_stands_beside(n, drawn):
    ax = axes_for(None)
    lines = [ax.plot([i, i + 1])[0] for i in range(n)]
    legend(ax, lines, [f"name {i}" for i in range(n)])
    drawn(ax)
    inside = ax.get_legend().get_window_extent().x0 < ax.get_window_extent().x1
    assert inside == (n < 7)
