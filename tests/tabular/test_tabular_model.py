import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import glassnet as gn
from glassnet.errors import (
    DataError,
    FileFormatError,
    HyperparameterError,
    NotBuiltError,
    ShapeError,
)
from glassnet.files import read_model, save_network
from glassnet.tabular import TabularEncoder, TabularModel, TargetEncoder

TABLE = {
    "size": [1.0, 2.0, None, 9.0, 8.5, 1.5],
    "city": ["Oslo", "Rome", "Rome", "Oslo", "Bonn", "Bonn"],
    "kind": ["cat", "cat", "cat", "cow", "cow", "cat"],
    "price": [10.0, 12.0, 11.0, 50.0, 48.0, 9.0],
}


def made(target_name="kind", task="auto", outputs=None, activation="linear", **more):
    encoder = TabularEncoder().fit(TABLE, exclude=["kind", "price"])
    target = TargetEncoder(task=task).fit(TABLE[target_name], target_name)
    if outputs is None:
        outputs = len(target.classes) if target.is_classification else 1
    network = gn.Network([gn.Dense(5, activation="tanh"), gn.Dense(outputs, activation=activation)], seed=3)
    network.build(encoder.n_features)
    return TabularModel(network, target, encoder=encoder, **more)


def test_predict_is_the_encoders_around_the_network():
    model = made()
    outputs = model.network.predict(model.encoder.transform(TABLE))
    expected = np.array(["cat", "cow"], dtype=object)[outputs.argmax(axis=1)]
    assert model.predict(TABLE).tolist() == expected.tolist()
    assert model.columns == ("size", "city")


@pytest.mark.parametrize("make", [lambda t: t, pd.DataFrame, pa.table], ids=["mapping", "pandas", "pyarrow"])
def test_every_sort_of_table_gives_the_same(make):
    model = made()
    np.testing.assert_array_equal(model.predict_proba(make(TABLE)), model.predict_proba(TABLE))


def test_probabilities_are_softmax_of_logits():
    model = made()
    z = model.network.predict(model.features(TABLE)).astype(np.float64)
    expected = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(TABLE), expected, rtol=1e-6)


def test_a_softmax_at_the_end_is_not_applied_twice():
    model = made(activation="softmax")
    np.testing.assert_array_equal(model.predict_proba(TABLE), model.network.predict(model.features(TABLE)))
    assert type(model.loss).__name__ == "CategoricalCrossEntropy"


@pytest.mark.parametrize("activation", ["linear", "sigmoid"])
def test_one_output_for_two_classes(activation):
    model = made(outputs=1, activation=activation)
    outputs = model.network.predict(model.features(TABLE))[:, 0].astype(np.float64)
    second = outputs if activation == "sigmoid" else 1 / (1 + np.exp(-outputs))
    np.testing.assert_allclose(model.predict_proba(TABLE), np.stack([1 - second, second], 1), rtol=1e-5)
    assert model.predict(TABLE).tolist() == np.where(second > 0.5, "cow", "cat").tolist()
    assert set(model.evaluate(TABLE)) == {"loss", "accuracy", "f1", "roc_auc"}


def test_regression_is_in_the_original_unit():
    model = made("price")
    outputs = model.network.predict(model.features(TABLE))[:, 0].astype(np.float64)
    mean, std = np.mean(TABLE["price"]), np.std(TABLE["price"])
    np.testing.assert_allclose(model.predict(TABLE), outputs * std + mean, rtol=1e-6)
    results = model.evaluate(TABLE)
    difference = model.predict(TABLE) - TABLE["price"]
    assert results["rmse"] == pytest.approx(np.sqrt(np.mean(difference**2)))
    assert results["mae"] == pytest.approx(np.mean(np.abs(difference)))
    assert results["loss"] == pytest.approx(np.mean((difference / std) ** 2), rel=1e-5)
    with pytest.raises(DataError, match="no probabilities"):
        model.predict_proba(TABLE)


def test_evaluate_takes_targets_and_metrics():
    model = made()
    predicted = model.predict(TABLE)
    table = {name: column for name, column in TABLE.items() if name != "kind"}
    assert model.evaluate(table, predicted, ["accuracy"])["accuracy"] == 1.0
    with pytest.raises(DataError, match="kind"):
        model.evaluate(table)


def test_without_an_encoder_numbers_are_taken_as_they_are():
    network = gn.Network([gn.Dense(2)], seed=0).build(2)
    model = TabularModel(network, TargetEncoder().fit(["a", "b"]), feature_names=["u", "v"])
    X = np.array([[1.0, 2.0], [3.0, -4.0]], np.float32)
    np.testing.assert_array_equal(model.features({"v": X[:, 1], "x": [0, 0], "u": X[:, 0]}), X)
    np.testing.assert_array_equal(model.features(X), X)
    with pytest.raises(DataError, match="'v' has 1 missing"):
        model.features({"u": [1.0, 2.0], "v": [None, 1.0]})
    with pytest.raises(DataError, match="'u' holds a value at row 1"):
        model.features({"u": [1.0, 1e60], "v": [1.0, 1.0]})
    with pytest.raises(DataError, match="held numbers in training"):
        model.features({"u": ["x", "y"], "v": [1.0, 1.0]})
    with pytest.raises(ShapeError, match="3 features"):
        model.features(np.zeros((1, 3)))


def test_the_file_predicts_from_raw_rows(tmp_path):
    path = tmp_path / "model.safetensors"
    for name in ("kind", "price"):
        model = made(name, training={"epochs": 3, "note": "å"})
        model.save(path)
        again = TabularModel.load(path)
        assert again.predict(TABLE).tolist() == model.predict(TABLE).tolist()
        assert again.training == {"epochs": 3, "note": "å"}
        assert again.loss == model.loss
        assert isinstance(gn.load(path), gn.Network)
        assert again.to_dict() == model.to_dict()


def test_equal_models_give_equal_files(tmp_path):
    first, second = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    made().save(first)
    made().save(second)
    assert first.read_bytes() == second.read_bytes()


def test_a_file_of_a_network_alone_is_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    made().network.save(path)
    with pytest.raises(FileFormatError, match="a network alone"):
        TabularModel.load(path)


def test_parts_that_do_not_fit():
    model = made()
    with pytest.raises(HyperparameterError, match="either an encoder or feature_names"):
        TabularModel(model.network, model.target)
    with pytest.raises(HyperparameterError, match="either an encoder or feature_names"):
        TabularModel(model.network, model.target, encoder=model.encoder, feature_names=["a"])
    with pytest.raises(ShapeError, match="takes 5 features, but the rows give 1"):
        TabularModel(model.network, model.target, feature_names=["a"])
    with pytest.raises(ShapeError, match="one output, got 2"):
        TabularModel(model.network, TargetEncoder().fit([1.5, 2.5]), encoder=model.encoder)
    with pytest.raises(ShapeError, match="3 classes"):
        TabularModel(
            model.network, TargetEncoder().fit(["a", "b", "c", "a", "b", "c"]), encoder=model.encoder
        )
    with pytest.raises(NotBuiltError):
        TabularModel(gn.Network([gn.Dense(2)]), model.target, encoder=model.encoder)
    with pytest.raises(HyperparameterError, match="differ"):
        TabularModel(model.network, model.target, feature_names=["a"] * 5)


def test_training_must_be_json(tmp_path):
    path = tmp_path / "m.safetensors"
    for bad in ({"x": float("nan")}, {"x": object()}):
        with pytest.raises(HyperparameterError, match="JSON"):
            made(training=bad).save(path)
    assert not any(tmp_path.iterdir())


DAMAGES = [
    (lambda d: d.pop("target"), "lacks 'target'"),
    (lambda d: d.update(extra=1), "unknown field 'extra'"),
    (lambda d: d.update(format=2), "reads up to 1"),
    (lambda d: d.update(format=0), "tabular.format"),
    (lambda d: d.update(format="1"), "tabular.format"),
    (lambda d: d.update(encoder=None), "either an encoder or feature_names"),
    (lambda d: d.update(feature_names=["a"]), "either an encoder or feature_names"),
    (lambda d: d.update(encoder=None, feature_names="abc"), "feature_names must be a list"),
    (lambda d: d.update(encoder=None, feature_names=["a"]), "5 features, but the rows give 1"),
    (lambda d: d.update(encoder=[]), "encoder must be a mapping"),
    (lambda d: d.update(target=None), "target must be a mapping"),
    (lambda d: d["target"].update(classes=["a", "b", "c"], counts=[1, 1, 1]), "3 classes"),
    (lambda d: d.update(loss={"class": "Evil"}), "Unknown loss class 'Evil'"),
    (lambda d: d.update(loss="mse"), "config of loss"),
    (lambda d: d.update(training=[1]), "tabular.training must be a mapping"),
]


@pytest.mark.parametrize(("damage", "message"), DAMAGES)
def test_a_damaged_section_is_refused(tmp_path, damage, message):
    path = tmp_path / "model.safetensors"
    model = made()
    document = json.loads(json.dumps(model.to_dict()))
    damage(document)
    save_network(model.network, path, sections={"tabular": document})
    with pytest.raises(FileFormatError) as caught:
        TabularModel.load(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("document", [None, 3, [], "x"])
def test_a_section_that_is_no_mapping_is_refused(tmp_path, document):
    path = tmp_path / "model.safetensors"
    save_network(made().network, path, sections={"tabular": document})
    with pytest.raises(FileFormatError, match="must be a mapping"):
        TabularModel.load(path)
    assert read_model(path)[1]["tabular"] == document
