"""What a network and a history show in a notebook."""

import math
import re
import subprocess
import sys
from dataclasses import dataclass
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

import glassnet as gn
from glassnet.inspection.html import best_epoch
from glassnet.inspection.layout import layout
from glassnet.inspection.svg import Line, compact, escape, line_svg, ticks

EVIL = '<script>alert("1")</script>&'


class Checker(HTMLParser):
    def __init__(self):
        super().__init__()
        self.stack, self.tags, self.attributes = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag


def checked(text):
    """Return the text of a fragment that is balanced, runs nothing and asks nobody."""
    checker = Checker()
    checker.feed(text)
    assert checker.stack == []
    assert not {"script", "img", "link", "iframe", "style"} & set(checker.tags)
    assert not [name for name, _ in checker.attributes if name.startswith("on") or name in ("src", "href")]
    for drawing in re.findall(r"<svg.*?</svg>", text, re.S):
        ElementTree.fromstring(drawing)
        assert "nan" not in drawing.lower().replace("nance", "")
    return text


def network(*layers, n_features=4):
    return gn.Network(layers, seed=0).build(n_features)


def test_a_network_shows_layers_shapes_and_parameters():
    net = network(gn.Dense(64, activation="relu"), gn.BatchNorm(), gn.Dropout(0.1), gn.Dense(3))
    text = checked(net._repr_html_())
    for told in ("Network of 4 layers, 4 inputs, 643 parameters, float32", ">dense1<", ">relu<", ">320<"):
        assert told in text, told
    assert "<svg" in text
    assert "Network: inputs 4 to dense1 64 to dense2 3" in text
    assert len(text) < 10_000


def test_before_the_build_what_is_not_known_is_a_question_mark():
    text = checked(gn.Network([gn.BatchNorm(), gn.Dense(8), gn.Dense(3)], seed=0)._repr_html_())
    assert "not built: its input width is not known yet" in text
    cells = re.findall(r"<td[^>]*>(.*?)</td>", text)
    assert cells == ["batchnorm1", "", "?", "?", "dense1", "", "8", "?", "dense2", "", "3", "27"]


def test_showing_does_not_build_or_draw_random_numbers():
    net, twin = (gn.Network([gn.Dense(3)], seed=0) for _ in range(2))
    net._repr_html_()
    assert not net.built
    np.testing.assert_array_equal(net.build(4).parameters.values, twin.build(4).parameters.values)


@dataclass(frozen=True)
class Picky(gn.layers.Layer):
    def build(self, n_inputs, scope):
        if n_inputs != 7:
            raise ValueError("only seven")
        scope.parameter("factor", (7,), gn.initializers.Constant(1.0))
        return 2

    def forward(self, inputs, context):
        return inputs[:, :2] * context.parameters["factor"][:2]


def test_a_layer_that_refuses_the_width_is_shown_by_name():
    net = gn.Network([Picky(), gn.Dense(3)], seed=0)
    assert "picky1, dense1" in checked(net._repr_html_())
    assert "picky1" in checked(net.build(7)._repr_html_())


@pytest.mark.parametrize("n", [1, 2, 12, 60])
@pytest.mark.parametrize("width", [1, 3, 100])
def test_the_drawing_stays_small(n, width):
    text = checked(network(*(gn.Dense(width, activation="tanh") for _ in range(n)))._repr_html_())
    assert len(text[: text.index("</svg>")]) < 25_000


def test_a_residual_block():
    inner = gn.Residual([gn.Dense(5, activation="relu"), gn.Dense(6)])
    text = checked(network(inner, gn.Dense(2))._repr_html_())
    assert "skip connection" in text
    assert "in residual1" in text
    assert "\N{NO-BREAK SPACE}" * 4 + "dense2" in text


@pytest.mark.parametrize("value", [math.nan, math.inf, 0.0])
def test_weights_without_a_scale(value):
    net = network(gn.Dense(3))
    net.parameters.values[...] = value
    checked(net._repr_html_())


def test_layout_by_hand():
    net = network(gn.Dense(20), gn.Dense(2))
    net.parameters["dense2.weight"][:] = 0
    net.parameters["dense2.weight"][19] = [1.0, -4.0]
    plan = layout(net, max_units=6)
    hidden = plan.columns[1]
    assert (hidden.shown, hidden.gap) == ((0, 1, 2, 18, 19), 3)
    assert hidden.heights == [2.5, 1.5, 0.5, -1.5, -2.5]
    np.testing.assert_array_equal(plan.edges[1].shares[-1], [0.25, -1.0])
    assert plan.edges[1].largest == 4.0
    short = layout(network(*(gn.Dense(2) for _ in range(9))), max_columns=4)
    assert [column.name for column in short.columns] == ["inputs", "dense1", "dense8", "dense9"]
    assert (short.gap, short.left_out) == (2, 6)
    assert [(e.start, e.stop) for e in short.edges] == [(0, 1), (2, 3)]


def history(**columns):
    made = gn.History()
    made.replace(columns)
    return made


def test_a_history_shows_last_and_best():
    text = checked(history(loss=[2.0, 0.5, 1.0], accuracy=[0.1, 0.9, 0.8], seconds=[1.0] * 3)._repr_html_())
    cells = re.findall(r"<td[^>]*>(.*?)</td>", text)
    assert cells == ["loss", "1", "0.5", "2", "accuracy", "0.8", "0.9", "2", "seconds", "1", "", ""]
    assert "History of 3 epochs" in text


def test_names_and_reasons_are_escaped():
    made = history(loss=[1.0], **{EVIL: [2.0]})
    made.stop_reason = EVIL
    text = checked(made._repr_html_())
    assert text.count(escape(EVIL)) == 2


@pytest.mark.parametrize(
    "column", [[], [1.0], [math.nan] * 3, [1.0, math.nan, 2.0], [0.0, 0.0], [1e300, 1e-300], [-1.0, math.inf]]
)
def test_odd_histories(column):
    checked(history(loss=column, val_loss=column)._repr_html_())
    checked(history(accuracy=column)._repr_html_())


def test_a_long_history_stays_small():
    values = np.random.default_rng(0).random(100_000).tolist()
    assert len(checked(history(loss=values, val_loss=values)._repr_html_())) < 15_000


@pytest.mark.parametrize(
    ("name", "values", "best"),
    [
        ("loss", [3.0, 1.0, 1.0], 1),
        ("val_accuracy", [0.1, 0.9, 0.9], 1),
        ("loss", [math.nan, 2.0], 1),
        ("loss", [math.nan], None),
        ("loss", [], None),
        ("learning_rate", [1.0], None),
    ],
)
def test_best_epoch(name, values, best):
    assert best_epoch(name, values) == best


def test_the_curve_by_hand():
    text = line_svg([Line("a", [0.0, 10.0])], title="t", best=1)
    assert 'd="M52.0 190.5L392.0 41.5"' in text  # 5% of room above and below
    assert '<circle cx="392.0" cy="41.5"' in text
    assert "logarithmic" not in text
    assert "logarithmic" in line_svg([Line("a", [1.0, 100.0])], title="t")


def test_ticks_are_round_and_within():
    rng = np.random.default_rng(0)
    for low, width in zip(rng.normal(size=200) * 100, 10 ** rng.uniform(-6, 6, 200), strict=True):
        found = ticks(low, low + width, 4)
        assert 2 <= len(found) <= 6
        assert low - 1e-9 <= found[0] <= found[-1] <= low + width * (1 + 1e-6)
    assert all(len(compact(v)) <= 12 for v in (1e-30, -1e300, 123456.789, -0.000123456))


def test_characters_that_no_page_can_hold():
    assert escape("a\x00b\x1b\ud800c") == "a\ufffdb\ufffd\ufffdc"
    escape("\ud800").encode()


def test_no_other_package_is_imported():
    code = """
import sys, glassnet as gn
net = gn.Network([gn.Dense(3, activation="relu"), gn.Dense(2)], seed=0).build(4)
history = net.fit([[0.0] * 4] * 8, [0, 1] * 4, loss="softmax_cross_entropy", epochs=2, metrics=["accuracy"])
net._repr_html_(), history._repr_html_()
print([name for name in ("matplotlib", "sklearn", "pandas") if name in sys.modules])
"""
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "[]"
