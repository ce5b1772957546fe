"""report.html: what it says, that it runs nothing and asks nobody."""

import csv
import html
import json
import os
import re
import shlex
import signal
import time
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from glassnet.cli.html_figures import confusion_svg, scatter_svg

EVIL = "<script>alert('1')</script>"
VOID = {"meta"}


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.stack, self.tags, self.attributes, self.texts = [], [], [], []
        self.feed(text)
        assert self.stack == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def page(folder):
    text = (Path(folder) / "report.html").read_text("utf-8")
    parsed = Page(text)
    assert not {"script", "img", "link", "iframe", "object", "base", "form"} & set(parsed.tags)
    assert not [n for n, _ in parsed.attributes if n.startswith("on") or n in ("src", "href", "srcset")]
    assert not re.search(r"@import|url\(|https?://(?!www\.w3\.org/2000/svg)", text)
    for drawing in re.findall(r"<svg.*?</svg>", text, re.S):
        ElementTree.fromstring(drawing)
    return text


def table(text, heading):
    """Return the cells of the first table after a heading."""
    part = text[text.index(heading) :]
    part = part[: part.index("</table>")]
    rows = re.findall(r"<tr>(.*?)</tr>", part, re.S)
    return [[html.unescape(c) for c in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows]


@pytest.fixture(scope="module")
def text(trained):
    return page(trained)


def test_all_sections_are_there(text):
    titles = re.findall(r"<h2>(.*?)</h2>", text)
    assert titles == ["Results", "Predictions", "Training", "Data", "Network", "Settings", "Again"]
    assert "<h1>people: kind</h1>" in text
    assert re.search(r"Accuracy \d+\.\d% on the test part, 24 rows", text)
    assert text.count("<svg") == 4  # confusion matrix, loss, accuracy, network


def test_figures_are_those_of_the_json(text, trained):
    report = json.loads((trained / "report.json").read_text())
    assert "report.html" in report["files"]
    results = {row[0]: row for row in table(text, "<h2>Results</h2>")[1:]}
    for part, values in report["results"].items():
        assert float(results[part][3]) == pytest.approx(values["accuracy"], abs=1e-4)
    settings = dict(table(text, "<h2>Settings</h2>")[1:])
    assert settings["optimizer"] == "adam"
    assert settings["hidden"] == "64, 64"
    assert settings["drop"] == "id"
    for name, version in report["versions"].items():
        assert f">{html.escape(name)}</td>" in text
        assert html.escape(version) in text
    (command,) = re.findall(r"<pre><code>(.*?)</code></pre>", text)
    assert shlex.split(html.unescape(command)) == shlex.split(report["command"])


def test_columns_kinds_gaps_and_balance(text, trained):
    report = json.loads((trained / "report.json").read_text())
    columns = {row[0]: row for row in table(text, "columns, ")[1:]}
    kinds = {
        "age": "number",
        "city": "category",
        "member": "boolean",
        "since": "datetime",
        "income": "number",
    }
    assert {name: row[1] for name, row in columns.items()} == kinds
    gaps = next(c["missing_in_training"] for c in report["columns"] if c["name"] == "age")
    assert columns["age"][2] == f"{gaps} ({gaps / 72:.1%})"
    assert columns["city"][4] == "3: Bonn, Oslo, Rome"
    assert re.fullmatch(r"mean 2023-0[4-9]-\d\d, standard deviation [\d.]+ days", columns["since"][4])
    balance = {row[0]: row[1] for row in table(text, "<h3>Target kind: 2 classes</h3>")[1:]}
    assert balance == {name: str(n) for name, n in report["target"]["classes"].items()}


def test_class_scores_agree_with_scikit_learn(text, trained, people):
    from sklearn.metrics import precision_recall_fscore_support

    from glassnet.cli.data import read_source, with_target
    from glassnet.cli.prepare import prepare
    from glassnet.cli.settings import Settings
    from glassnet.tabular import TabularModel

    model = TabularModel.load(trained / "model.safetensors")
    source = with_target(read_source(str(trained.parent / "people.csv")), "kind", ("id",))
    part = prepare(source, Settings(data="people.csv")).parts["test"]
    predicted = model.network.predict(part.X).argmax(axis=1)
    expected = np.transpose(precision_recall_fscore_support(part.y, predicted, zero_division=0))
    rows = table(text, "<h3>Scores by class</h3>")[1:]
    assert [row[0] for row in rows] == ["old", "young", "mean of classes"]
    for row, figures in zip(rows, expected, strict=False):
        np.testing.assert_allclose([float(cell) for cell in row[1:]], figures, atol=1e-4)


def test_a_value_has_residuals(glassnet, table):
    words = ("train", table, "--target", "income", "--drop", "id,kind", "--epochs", 5, "--quiet")
    assert glassnet(*words, "--out", "run", "--schedule", "cosine").code == 0
    text = page("run")
    assert "Predicted against true" in text
    assert "<h3>Residuals</h3>" in text
    assert "learning rate" in text
    assert "Target income: a value" in text


def test_names_from_the_data_are_escaped_everywhere(glassnet, tmp_path):
    name = "we<b>ird & 'odd' $(rm x) $\\frac$.csv"
    with open(tmp_path / name, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([EVIL, "c<i>ty", 'y"><img src=x onerror=alert(1)>'])
        for i in range(60):
            writer.writerow(
                [i, ["<svg/onload=alert(1)>", "&amp;"][i % 2], [EVIL, "</style>", "a\x1b[31m"][i % 3]]
            )
    result = glassnet("train", name, "--epochs", 2, "--quiet", "--out", "run")
    assert result.code == 0, result.err
    text = page("run")
    for evil in (EVIL, "c<i>ty", "<svg/onload=alert(1)>", "</style>", name.removesuffix(".csv")):
        assert html.escape(evil) in text
    assert text.count("</style>") == 1
    assert "\x1b" not in text
    (command,) = re.findall(r"<pre><code>(.*?)</code></pre>", text)
    assert name in shlex.split(html.unescape(command))


def test_names_in_other_scripts(glassnet, tmp_path):
    lines = ["高さ,клас"] + [f"{i},{['山', '🌊'][i % 2]}" for i in range(40)]
    (tmp_path / "表.csv").write_text("\n".join(lines), encoding="utf-8")
    result = glassnet("train", "表.csv", "--epochs", 2, "--quiet", "--out", "run")
    assert (result.code, result.err) == (0, "")
    text = page("run")
    assert all(name in text for name in ("高さ", "клас", "山", "🌊", "表"))


@pytest.mark.parametrize("words", [("--test", 0), ("--test", 0, "--validation", 0)])
def test_without_some_parts(glassnet, words):
    assert glassnet("train", "iris", "--epochs", 2, "--quiet", "--out", "run", *words).code == 0
    part = "train" if len(words) == 4 else "validation"
    assert f"on the {part} part" in page("run")


def test_pixels_and_many_columns_are_folded(glassnet):
    assert glassnet("train", "digits", "--epochs", 1, "--quiet", "--out", "run").code == 0
    text = page("run")
    assert "<summary>64 columns</summary>" in text
    assert "taken as it is" in text


def test_force_replaces_it_and_a_failure_leaves_it(glassnet, monkeypatch, tmp_path):
    words = ("train", "iris", "--quiet", "--out", "run")
    assert glassnet(*words, "--epochs", 1).code == 0
    before = page("run")
    assert glassnet(*words, "--epochs", 2).code == 2
    assert page("run") == before

    def full(*_):
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("glassnet.cli.train.write_page", full)
        assert glassnet(*words, "--epochs", 2, "--force").code != 0
    assert page("run") == before
    assert {path.name for path in tmp_path.iterdir()} == {"run"}
    assert glassnet(*words, "--epochs", 2, "--force").code == 0
    assert "of 2." in page("run")


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_an_interrupted_training_says_so(start, tmp_path):
    words = (
        "train",
        "digits",
        "--epochs",
        100000,
        "--patience",
        90000,
        "--out",
        "run",
        "--resume",
        "--verbose",
    )
    child = start(*words, cwd=tmp_path)
    seen = ""
    until = time.monotonic() + 60
    while "epoch" not in seen.lower() or seen.count("\n") < 25:
        seen += child.stdout.readline()
        assert time.monotonic() < until
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=60)
    assert child.returncode == 130
    assert "Training was interrupted" in page(tmp_path / "run")


def test_a_confusion_matrix_by_hand():
    text = confusion_svg(np.array([[3, 1], [0, 4]]), ["a", "b<"])
    ElementTree.fromstring(text)
    assert "b&lt;" in text
    assert [int(t) for t in re.findall(r">(\d+)</text>", text)] == [3, 1, 0, 4]


@pytest.mark.parametrize("n", [1, 2, 3, 12, 13, 26, 27, 100, 300])
def test_confusion_matrices_of_every_size(n):
    rng = np.random.default_rng(0)
    text = confusion_svg(
        np.eye(n, dtype=int) * 5 + (rng.random((n, n)) < 0.05), [f"class {i}" for i in range(n)]
    )
    ElementTree.fromstring(text)
    assert len(text) < 400_000


@pytest.mark.parametrize("n", [1, 2, 1500, 1501, 100_000])
@pytest.mark.parametrize("spread", [0.0, 1.0, 1e30])
def test_scatters_of_every_size(n, spread):
    true = np.random.default_rng(0).normal(size=n) * spread
    text = scatter_svg(true, true * 0.9)
    ElementTree.fromstring(text)
    assert "nan" not in text
    assert len(text) < 150_000
