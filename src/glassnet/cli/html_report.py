"""report.html: a run on one page that needs no other file, no script and no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from glassnet._typing import AnyArray
from glassnet.cli.html_figures import confusion_svg, scatter_svg
from glassnet.cli.html_style import CSS
from glassnet.cli.prepare import Prepared
from glassnet.cli.report import honest_part
from glassnet.cli.screen import counted, figure
from glassnet.inspection.html import layer_cells, loss_svg
from glassnet.inspection.svg import GREEN, Line, escape, line_svg, network_svg
from glassnet.tabular import TabularModel
from glassnet.training import History

__all__ = ["page", "write_page"]

_MOST_ROWS = 300
"""Longer tables are cut, and say so."""
_OPEN_ROWS = 30
"""Longer tables are folded."""


def write_page(
    path: Path, report: Mapping[str, Any], model: TabularModel, history: History, prepared: Prepared
) -> None:
    """Write :func:`page` to a file, in UTF-8."""
    path.write_text(page(report, model, history, prepared), encoding="utf-8", errors="backslashreplace")


def page(report: Mapping[str, Any], model: TabularModel, history: History, prepared: Prepared) -> str:
    """Return the page of a run.

    Args:
        report: what report.json says of it.
        model: the trained model.
        history: of its training.
        prepared: the encoded parts.
    """
    name = f"{report['data']['name']}: {report['target']['name']}"
    sections = [
        ("Results", _results(report)),
        ("Predictions", _predictions(model, prepared)),
        ("Training", _training(report, history)),
        ("Data", _data(report, model, prepared)),
        ("Network", _network(model)),
        ("Settings", _settings(report)),
        ("Again", _again(report)),
    ]
    body = "".join(f"<section><h2>{title}</h2>{content}</section>" for title, content in sections)
    stopped = '<p class="warn">Training was interrupted: this is the model so far.</p>'
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; img-src data:\">"
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        f"<title>{escape(name)}</title><style>{CSS}</style></head><body><main>"
        f"<header><h1>{escape(name)}</h1><p>{escape(_headline(report))}</p>"
        f"{stopped if report['interrupted'] else ''}</header>{body}"
        f"<footer>glassnet {escape(report['versions']['glassnet'])}, {escape(report['created'])}</footer>"
        "</main></body></html>\n"
    )


def _headline(report: Mapping[str, Any]) -> str:
    part = next(p for p in ("test", "validation", "train") if p in report["results"])
    metric = "accuracy" if report["target"]["task"] == "classification" else "r2"
    value = report["results"][part][metric]
    shown = "-" if value is None else f"{value:.1%}" if metric == "accuracy" else f"{value:.3f}"
    label = "Accuracy" if metric == "accuracy" else "R²"
    return f"{label} {shown} on the {part} part, {counted(report['data']['parts'][part], 'row')}"


def _results(report: Mapping[str, Any]) -> str:
    results = report["results"]
    names = list(dict.fromkeys(name for values in results.values() for name in values))
    rows = [
        [part, f"{report['data']['parts'][part]:,}", *(figure(values.get(name)) for name in names)]
        for part, values in results.items()
    ]
    unit = (
        ""
        if report["target"]["task"] == "classification"
        else ("<p>The loss is that of the standardised target, the rest in its own unit.</p>")
    )
    return _table(["part", "rows", *names], rows, text=(), words=(0,)) + unit


# -- predictions ------------------------------------------------------------------------------------


def _predictions(model: TabularModel, prepared: Prepared) -> str:
    name = honest_part(prepared)
    part = prepared.parts[name]
    outputs = model.network.predict(part.X)
    told = f"<p>Of the {name} part, {counted(len(part), 'row')}.</p>"
    if model.target.is_classification:
        names = [str(c) for c in model.target.classes]
        predicted = model.probabilities(outputs).argmax(axis=1)
        counts = np.zeros((len(names), len(names)), np.int64)
        np.add.at(counts, (part.y, predicted), 1)
        scores = _folded(_class_scores(counts, names), len(names), "classes")
        return told + _beside(confusion_svg(counts, names), f"<h3>Scores by class</h3>{scores}")
    true, values = model.target.decode(part.y), model.decode(outputs)
    true, values = np.asarray(true, float).ravel(), np.asarray(values, float).ravel()
    return told + _beside(scatter_svg(true, values), f"<h3>Residuals</h3>{_residuals(true, values)}")


def _class_scores(counts: AnyArray, names: Sequence[str]) -> str:
    right = counts.diagonal().astype(float)
    true, given = counts.sum(axis=1), counts.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision, recall = right / given, right / true
        f1 = 2 * right / (true + given)
    rows = [
        [name, *(figure(float(v[i])) for v in (precision, recall, f1)), f"{int(true[i]):,}"]
        for i, name in enumerate(names)
    ]
    known = true > 0
    means = [float(np.mean(np.nan_to_num(v[known]))) for v in (precision, recall, f1)]
    rows.append(["mean of classes", *map(figure, means), f"{int(true.sum()):,}"])
    return _table(["class", "precision", "recall", "F1", "rows"], rows)


def _residuals(true: AnyArray, predicted: AnyArray) -> str:
    off = predicted - true
    lines = [("mean", off.mean()), ("standard deviation", off.std())]
    shares = (
        ("smallest", 0),
        ("5%", 5),
        ("25%", 25),
        ("median", 50),
        ("75%", 75),
        ("95%", 95),
        ("largest", 100),
    )
    lines += [(name, np.percentile(off, share)) for name, share in shares]
    return _table(["predicted - true", ""], [[name, figure(float(value))] for name, value in lines])


# -- training ---------------------------------------------------------------------------------------


def _training(report: Mapping[str, Any], history: History) -> str:
    metric = "accuracy" if report["target"]["task"] == "classification" else "r2"
    figures = [loss_svg(history), loss_svg(history, metric)]
    rates = history.get("learning_rate", [])
    if len(set(rates)) > 1:
        figures.append(line_svg([Line("learning rate", rates, GREEN)], title="learning rate"))
    best, n = report["best_epoch"], report["epochs"]
    kept = f"last epoch, {n}" if best is None else f"best epoch, {best} of {n}"
    text = f"The weights are those of the {kept}. Trained in {report['seconds']:.1f} s."
    if report["stop_reason"]:
        text += f" Stopped: {report['stop_reason']}."
    return f"<p>{escape(text)}</p>{_beside(*figures)}"


# -- data -------------------------------------------------------------------------------------------


def _data(report: Mapping[str, Any], model: TabularModel, prepared: Prepared) -> str:
    data = report["data"]
    parts = ", ".join(f"{n:,} {part}" for part, n in data["parts"].items())
    about = f"{counted(data['rows'], 'row')}: {parts}. Fingerprint: {data['fingerprint']}."
    target = report["target"]
    if "classes" in target:
        title = f"Target {target['name']}: {len(target['classes']):,} classes"
        balance = _folded(_balance(target["classes"]), len(target["classes"]), "classes")
    else:
        title = f"Target {target['name']}: a value"
        balance = _table(
            ["in the training part", ""],
            [
                ["mean", figure(target["training_mean"])],
                ["standard deviation", figure(target["training_std"])],
            ],
        )
    count = len(report["columns"])
    columns = _folded(_columns(report, model, len(prepared.train)), count, "columns")
    return (
        f"<p>{escape(about)}</p><h3>{escape(title)}</h3>{balance}"
        f"<h3>{counted(count, 'column')}, {counted(len(model.feature_names), 'feature')}</h3>"
        f"<p>As the training part has them.</p>{columns}"
    )


def _balance(classes: Mapping[str, int]) -> str:
    total, most = max(sum(classes.values()), 1), max(classes.values())
    rows = "".join(
        f'<tr><th scope="row" class="text">{escape(name)}</th><td>{n:,}</td><td>{n / total:.1%}</td>'
        f'<td class="bar"><i style="width:{100 * n / most:.1f}%"></i></td></tr>'
        for name, n in list(classes.items())[:_MOST_ROWS]
    )
    head = (
        '<th scope="col">class</th><th scope="col">rows</th><th scope="col">share</th><td class="bar"></td>'
    )
    table = f'<table class="wide"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return f'<div class="scroll">{table}</div>'


def _columns(report: Mapping[str, Any], model: TabularModel, n_rows: int) -> str:
    rules = {} if model.encoder is None else {c["name"]: c for c in model.encoder.to_dict()["columns"]}
    rows = []
    for column in report["columns"]:
        missing = column.get("missing_in_training", 0)
        gaps = f"{missing:,} ({missing / n_rows:.1%})" if missing else "0"
        features = len(column["features"]) if "features" in column else 1
        used = "left out: never varies" if not features else _about(column, rules.get(column["name"], {}))
        rows.append([column["name"], column["kind"], gaps, str(features), used])
    return _table(["column", "kind", "missing", "features", "values"], rows, text=(0, 4), words=(1,))


def _about(column: Mapping[str, Any], rule: Mapping[str, Any]) -> str:
    if column.get("categories"):
        names = [str(c) for c in column["categories"]]
        more = f", and {len(names) - 6} more" if len(names) > 6 else ""
        return f"{len(names)}: {', '.join(names[:6])}{more}"
    if column["kind"] == "boolean":
        return f"{rule['mean']:.1%} true"
    if column["kind"] == "datetime":
        day = np.datetime64("1970-01-01") + np.timedelta64(round(rule["mean"]), "D")
        return f"mean {day}, standard deviation {figure(rule['std'])} days"
    return (
        f"mean {figure(rule['mean'])}, standard deviation {figure(rule['std'])}" if rule else "taken as it is"
    )


# -- the rest ---------------------------------------------------------------------------------------


def _network(model: TabularModel) -> str:
    net = model.network
    size = net.parameters.values.size
    text = f"{counted(net.n_features or 0, 'input')}, {counted(size, 'parameter')}, {net.dtype.name}."
    table = _table(["layer", "", "outputs", "parameters"], layer_cells(net), text=(), words=(0, 1))
    key = '<p class="key"><b class="above"></b> weights above 0 <b class="below"></b> below 0</p>'
    return f'<p>{text}</p><div class="figure">{network_svg(net)}</div>{key}{table}'


def _settings(report: Mapping[str, Any]) -> str:
    rows = [[name.replace("_", " "), _told(value)] for name, value in report["settings"].items()]
    versions = [[name, value] for name, value in report["versions"].items()]
    return _beside(
        _table(["setting", "value"], rows, text=(1,), words=(0,)),
        f"<h3>Versions</h3>{_table(['', ''], versions, text=(1,), words=(0,))}",
    )


def _told(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    return (
        "-"
        if value is None
        else {True: "yes", False: "no"}.get(value, "")
        if isinstance(value, bool)
        else str(value)
    )


def _again(report: Mapping[str, Any]) -> str:
    return (
        "<p>This command trains the same model, on the same data, with these versions:</p>"
        f"<pre><code>{escape(report['command'])}</code></pre>"
    )


def _beside(*parts: str) -> str:
    return '<div class="beside">' + "".join(f"<div>{part}</div>" for part in parts if part) + "</div>"


def _folded(table: str, n: int, what: str) -> str:
    if n <= _OPEN_ROWS:
        return table
    cut = f", the first {_MOST_ROWS} shown" if n > _MOST_ROWS else ""
    return f"<details><summary>{n:,} {what}{cut}</summary>{table}</details>"


def _table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    text: Sequence[int] = (0,),
    words: Sequence[int] = (),
) -> str:
    """Return a table with everything in it escaped.

    Columns in `text` may wrap, those in `words` do not, and the others are numbers.
    """
    kinds = [
        ' class="text"' if i in text else ' class="word"' if i in words else "" for i in range(len(header))
    ]
    head = "".join(f'<th scope="col"{k}>{escape(h)}</th>' for h, k in zip(header, kinds, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{k}>{escape(c)}</td>" for c, k in zip(row, kinds, strict=True)) + "</tr>"
        for row in rows[:_MOST_ROWS]
    )
    top = f"<thead><tr>{head}</tr></thead>" if any(header) else ""
    return f'<div class="scroll"><table>{top}<tbody>{body}</tbody></table></div>'
