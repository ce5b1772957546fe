"""The dict forms that model files hold: they survive JSON bit for bit, and anything else is refused."""

import copy
import json
import math
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.errors import FileFormatError
from glassnet.tabular import TabularEncoder, TargetEncoder, UnknownCategoryWarning
from glassnet.tabular.columns import column_of
from glassnet.tabular.kinds import settle

TABLE = {
    "age": [20.1, None, 40.7, 30.0],
    "city": ["Rome", "Oslo", None, "Rome"],
    "new": [True, False, False, True],
    "sold": ["2024-01-01", "2024-03-02T06:00", None, "2023-12-30"],
    "same": ["x"] * 4,
}
ENCODER = TabularEncoder().fit(TABLE).to_dict()
CLASSES = TargetEncoder().fit(["b", "a", "b"], "kind").to_dict()
VALUES = TargetEncoder().fit([1.5, 2.25, 9.1], "price").to_dict()


def through_json(coder):
    text = json.dumps(coder.to_dict(), allow_nan=False)
    return type(coder).from_dict(json.loads(text))


def column(document, index, **changes):
    """Return the document with one column's fields changed; None takes a field out."""
    document = copy.deepcopy(document)
    fields = {**document["columns"][index], **changes}
    document["columns"][index] = {key: value for key, value in fields.items() if value is not None}
    return document


def test_the_form_is_plain_and_says_what_it_means():
    assert ENCODER["max_categories"] == 100
    assert ENCODER["n_rows"] == 4
    assert ENCODER["columns"][1] == {
        "kind": "category",
        "name": "city",
        "n_missing": 1,
        "categories": ["Oslo", "Rome"],
    }
    assert CLASSES == {"name": "kind", "task": "classification", "classes": ["a", "b"], "counts": [1, 2]}
    assert list(VALUES) == ["name", "task", "mean", "std"]


def test_everything_survives():
    encoder = TabularEncoder(max_categories=7).fit(TABLE)
    twin = through_json(encoder)
    assert twin.max_categories == 7
    assert twin.n_rows == 4
    assert twin.summary() == encoder.summary()
    assert twin.feature_names_out() == encoder.feature_names_out()
    assert twin.needed_columns == encoder.needed_columns
    assert twin.to_dict() == encoder.to_dict()
    np.testing.assert_array_equal(twin.transform(TABLE), encoder.transform(TABLE))


def test_the_document_is_a_copy():
    encoder = TabularEncoder().fit(TABLE)
    encoder.to_dict()["columns"][1]["categories"].clear()
    assert encoder.summary()[1].categories == ("Oslo", "Rome")


def optional(strategy):
    return st.none() | strategy


numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**70), 2**70)
texts = st.text(max_size=5).filter(lambda text: "inf" not in text.lower())  # an infinite number is refused
days = st.datetimes()
columns_of = {
    "number": lambda n: st.lists(optional(numbers), min_size=n, max_size=n),
    "boolean": lambda n: st.lists(optional(st.booleans()), min_size=n, max_size=n),
    "text": lambda n: st.lists(optional(texts), min_size=n, max_size=n),
    "datetime": lambda n: st.lists(optional(days), min_size=n, max_size=n),
    "categorical": lambda n: st.one_of(
        *(
            st.lists(optional(one), min_size=n, max_size=n).map(lambda v: pd.Series(v, dtype=object))
            for one in (texts, st.integers(-(2**60), 2**60), st.floats(allow_infinity=False), st.booleans())
        )
    ).map(lambda series: series.astype("category")),
}


@st.composite
def tables(draw):
    n = draw(st.integers(2, 8))
    kinds = draw(st.lists(st.sampled_from(list(columns_of)), min_size=1, max_size=5))
    table = {f"{kind} {i}": draw(columns_of[kind](n)) for i, kind in enumerate(kinds)}
    return {**table, "always": list(range(n))}


@settings(max_examples=200, deadline=None)
@given(tables())
def test_any_table_transforms_bit_for_bit_alike_after_json(table):
    encoder = TabularEncoder()
    hollow = [name for name, values in table.items() if settle(column_of(name, values)).missing.all()]
    matrix = encoder.fit_transform(table, exclude=hollow)
    twin = through_json(encoder)
    assert matrix.shape == (len(table["always"]), encoder.n_features)
    assert np.isfinite(matrix).all()
    np.testing.assert_array_equal(encoder.transform(table), matrix)
    np.testing.assert_array_equal(twin.transform(table).view(np.uint32), matrix.view(np.uint32))
    assert twin.to_dict() == encoder.to_dict()


@settings(max_examples=100, deadline=None)
@given(st.lists(texts, min_size=2, max_size=9), st.lists(texts, min_size=1, max_size=9))
def test_strangers_are_strangers_after_json_too(seen, later):
    encoder = TabularEncoder().fit({"c": pd.Series(["a", "b", *seen], dtype="category")})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnknownCategoryWarning)
        matrices = [coder.transform({"c": later}) for coder in (encoder, through_json(encoder))]
    np.testing.assert_array_equal(*matrices)
    known = {"a", "b", *(s for s in seen if s.strip())}
    one_hot = matrices[0][:, : len(encoder.summary()[0].categories)]
    np.testing.assert_array_equal(one_hot.sum(axis=1), [float(text in known) for text in later])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-1e30, 1e30), min_size=2))
def test_regression_targets_survive(values):
    if len(set(values)) < 2:
        return
    target = TargetEncoder(task="regression").fit(values)
    twin = through_json(target)
    np.testing.assert_array_equal(twin.encode(values), target.encode(values))
    np.testing.assert_array_equal(twin.decode([[0.3]]), target.decode([[0.3]]))


@pytest.mark.parametrize(
    "values", [["b", "a", "b"], [True, False], [3, 1, 3, 1], [1.0, 2.0], [2**60, 2**60 + 1], ["1", "0"]]
)
def test_classification_targets_survive(values):
    target = TargetEncoder(task="classification").fit(values, "y")
    twin = through_json(target)
    assert twin.is_classification
    assert (twin.name, twin.classes, twin.counts) == ("y", target.classes, target.counts)
    assert list(map(type, twin.classes)) == list(map(type, target.classes))
    np.testing.assert_array_equal(twin.encode(values), target.encode(values))


HUGE = 10**400
BAD_ENCODERS = [
    (None, r"encoder must be a mapping with text keys, got None"),
    ([], r"encoder must be a mapping"),
    ({1: 2}, r"encoder must be a mapping"),
    ({}, r"encoder lacks 'max_categories', 'n_rows', 'columns'"),
    ({**ENCODER, "more": 1}, r"encoder has the unknown field 'more'"),
    ({**ENCODER, "max_categories": 0}, r"encoder\.max_categories must be an integer in \[1, inf\], got 0"),
    ({**ENCODER, "max_categories": True}, r"encoder\.max_categories"),
    ({**ENCODER, "max_categories": 1}, r"encoder\.columns\[1\]\.categories must be at most 1 values"),
    ({**ENCODER, "n_rows": 1.0}, r"encoder\.n_rows must be an integer"),
    ({**ENCODER, "n_rows": 0}, r"encoder\.n_rows"),
    ({**ENCODER, "columns": {}}, r"encoder\.columns must be a list, got \{\}"),
    ({**ENCODER, "columns": []}, r"encoder\.columns must give at least one feature"),
    ({**ENCODER, "columns": ENCODER["columns"][4:]}, r"encoder\.columns must give at least one feature"),
    ({**ENCODER, "columns": ENCODER["columns"][:1] * 2}, r"encoder\.columns has two columns of one name"),
    ({**ENCODER, "columns": [3]}, r"encoder\.columns\[0\] must be a mapping with text keys, got 3"),
    (column(ENCODER, 0, kind=None), r"encoder\.columns\[0\] lacks 'kind'"),
    (
        column(ENCODER, 0, kind="pickle"),
        r"columns\[0\]\.kind must be one of number, boolean, category, datetime",
    ),
    (column(ENCODER, 0, kind=["number"]), r"columns\[0\]\.kind must be text"),
    (column(ENCODER, 0, name=7), r"columns\[0\]\.name must be text, got 7"),
    (column(ENCODER, 0, mean=None), r"columns\[0\] lacks 'mean'"),
    (column(ENCODER, 0, extra=1), r"columns\[0\] has the unknown field 'extra'"),
    (column(ENCODER, 0, kind="boolean"), r"columns\[0\] has the unknown field 'std'"),
    (column(ENCODER, 0, n_missing=4), r"columns\[0\]\.n_missing must be an integer in \[0, 3\], got 4"),
    (column(ENCODER, 0, n_missing=-1), r"columns\[0\]\.n_missing"),
    (column(ENCODER, 0, n_missing="1"), r"columns\[0\]\.n_missing"),
    (column(ENCODER, 0, mean="1.0"), r"columns\[0\]\.mean must be a finite number, got '1\.0'"),
    (column(ENCODER, 0, mean=True), r"columns\[0\]\.mean"),
    (column(ENCODER, 0, mean=math.nan), r"columns\[0\]\.mean must be a finite number, got nan"),
    (column(ENCODER, 0, mean=math.inf), r"columns\[0\]\.mean"),
    (column(ENCODER, 0, mean=HUGE), r"columns\[0\]\.mean"),
    (column(ENCODER, 0, mean=[1.0]), r"columns\[0\]\.mean"),
    (column(ENCODER, 0, std=-1.0), r"columns\[0\]\.std must be a finite number in \[0, inf\], got -1\.0"),
    (column(ENCODER, 0, std=math.nan), r"columns\[0\]\.std"),
    (column(ENCODER, 1, categories="ab"), r"columns\[1\]\.categories must be a list"),
    (column(ENCODER, 1, categories=[]), r"columns\[1\]\.categories must be a sorted list"),
    (column(ENCODER, 1, categories=["b", "a"]), r"columns\[1\]\.categories must be a sorted list"),
    (column(ENCODER, 1, categories=["a", "a"]), r"columns\[1\]\.categories"),
    (column(ENCODER, 1, categories=["a", 1]), r"columns\[1\]\.categories"),
    (column(ENCODER, 1, categories=[0, True]), r"columns\[1\]\.categories"),
    (column(ENCODER, 1, categories=[[1], [2]]), r"columns\[1\]\.categories"),
    (column(ENCODER, 1, categories=[1.0, math.inf]), r"columns\[1\]\.categories"),
    (column(ENCODER, 1, categories=[math.nan, math.nan]), r"columns\[1\]\.categories"),
    (column(ENCODER, 1, categories=[{}]), r"columns\[1\]\.categories"),
    (column(ENCODER, 2, mean=1.5), r"columns\[2\]\.mean must be a finite number in \[0, 1\], got 1\.5"),
    (column(ENCODER, 3, cycles=["month"]), r"columns\[3\]\.cycles must be a list of year, week, day"),
    (column(ENCODER, 3, cycles=["day", "day"]), r"columns\[3\]\.cycles must be a list of different texts"),
    (column(ENCODER, 3, cycles=[[]]), r"columns\[3\]\.cycles must be a list of different texts"),
    (column(ENCODER, 3, cycles="day"), r"columns\[3\]\.cycles must be a list"),
]


@pytest.mark.parametrize(("document", "message"), BAD_ENCODERS)
def test_damaged_encoders_are_refused_by_field(document, message):
    with pytest.raises(FileFormatError, match=message) as caught:
        TabularEncoder.from_dict(document)
    assert len(str(caught.value)) < 400


BAD_TARGETS = [
    (None, r"target must be a mapping"),
    ({}, r"target lacks 'task'"),
    ({**VALUES, "task": "auto"}, r"target\.task must be one of classification, regression, got 'auto'"),
    ({**VALUES, "task": "classification"}, r"target lacks 'classes', 'counts'"),
    ({**VALUES, "name": None}, r"target\.name must be text"),
    ({**VALUES, "std": 0.0}, r"target\.std must be a number above 0, got 0\.0"),
    ({**VALUES, "std": "1"}, r"target\.std"),
    ({**VALUES, "mean": math.nan}, r"target\.mean"),
    ({**VALUES, "classes": []}, r"target has the unknown field 'classes'"),
    ({**CLASSES, "classes": ["a"], "counts": [1]}, r"target\.classes must be two classes or more"),
    ({**CLASSES, "classes": ["b", "a"]}, r"target\.classes must be a sorted list"),
    ({**CLASSES, "counts": [1]}, r"target\.counts must be a list of 2 integers above 0"),
    ({**CLASSES, "counts": [1, 0]}, r"target\.counts"),
    ({**CLASSES, "counts": [1, 2.0]}, r"target\.counts"),
    ({**CLASSES, "counts": "12"}, r"target\.counts must be a list"),
]


@pytest.mark.parametrize(("document", "message"), BAD_TARGETS)
def test_damaged_targets_are_refused_by_field(document, message):
    with pytest.raises(FileFormatError, match=message):
        TargetEncoder.from_dict(document)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([ENCODER, CLASSES, VALUES]), st.data())
def test_a_field_of_anything_is_read_or_refused_but_never_breaks(document, data):
    document = copy.deepcopy(document)
    place = document
    if "columns" in document and data.draw(st.booleans()):
        place = data.draw(st.sampled_from(document["columns"]))
    place[data.draw(st.sampled_from(list(place)))] = data.draw(json_values)
    reader = TabularEncoder if "columns" in document else TargetEncoder
    try:
        coder = reader.from_dict(document)
    except FileFormatError:
        return
    assert coder.to_dict() == document


def test_integers_stand_for_floats_as_json_of_other_writers_has_them():
    assert TargetEncoder.from_dict({**VALUES, "mean": 2}).mean == 2.0
