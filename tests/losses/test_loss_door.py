"""What every loss refuses, and what the error says."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.errors import DataError, ShapeError
from glassnet.losses import BinaryCrossEntropy, CategoricalCrossEntropy, KullbackLeibler


def test_bad_weights_are_refused_with_their_row(case):
    outputs, targets = case.draw(4, np.float32)
    for bad in (-0.1, np.nan, np.inf, -np.inf):
        with pytest.raises(DataError, match=r"sample_weight .*row 1"):
            case.loss.value_and_gradient(outputs, targets, [1, bad, 1, 1])


def test_weights_of_another_shape_are_refused(case):
    outputs, targets = case.draw(4)
    for weights in ([1.0] * 3, [[1.0]] * 4, 1.0, [0.0] * 5):
        with pytest.raises(ShapeError, match="sample_weight"):
            case.loss.value_and_gradient(outputs, targets, weights)


def test_other_numbers_of_rows_are_refused(case):
    outputs, targets = case.draw(4)
    with pytest.raises(ShapeError, match=f"{type(case.loss).__name__} got 4 rows of outputs but 3 rows"):
        case.loss.value_and_gradient(outputs, targets[:3])


def test_outputs_that_are_not_two_dimensional_are_refused(case):
    outputs, targets = case.draw(4)
    with pytest.raises(ShapeError, match=r"\(n_samples, n_outputs\).*reshape\(-1, 1\)"):
        case.loss.value_and_gradient(outputs[:, 0], targets)
    with pytest.raises(ShapeError, match=r"got \(4, 0\)"):
        case.loss.value_and_gradient(outputs[:, :0], targets)


def test_targets_that_are_not_numbers_are_refused(case):
    outputs, _ = case.draw(2)
    mixed = np.array(["1", 2.0], object)
    for wrong in (["a", "b"], np.array([b"a", b"b"]), [None, object()], [1j, 2j], mixed, [[1], [1, 2]]):
        with pytest.raises(DataError, match=f"{type(case.loss).__name__} targets must be"):
            case.loss.value_and_gradient(outputs, wrong)


def test_targets_of_too_many_dimensions_are_refused(case):
    outputs, targets = case.draw(2)
    with pytest.raises(ShapeError, match=f"{type(case.loss).__name__} targets must (have|be)"):
        case.loss.value_and_gradient(outputs, np.asarray(targets, float).reshape(2, 1, -1))


def test_targets_that_are_not_finite_are_refused_with_their_row(case):
    outputs, targets = case.draw(3)
    for bad in (np.nan, np.inf, -np.inf):
        wrong = np.array(targets, float)
        wrong[2] = bad
        with pytest.raises(DataError, match="row 2"):
            case.loss.value_and_gradient(outputs, wrong)


def test_lists_and_object_arrays_of_numbers_are_taken(case):
    outputs, targets = case.draw(4)
    value, _ = case.loss.value_and_gradient(outputs, targets)
    assert case.loss.value_and_gradient(outputs, np.asarray(targets).tolist())[0] == value
    assert case.loss.value_and_gradient(outputs, np.asarray(targets).astype(object))[0] == value


def test_only_losses_on_probabilities_look_at_the_outputs(cls):
    on_probabilities = cls in (CategoricalCrossEntropy, BinaryCrossEntropy, KullbackLeibler)
    outputs = np.array([[0.2, 0.8], [-3.0, 4.0]])
    if on_probabilities:
        with pytest.raises(
            DataError, match=rf"{cls.__name__} takes probabilities.*got -3\.0 at row 1, column 0"
        ):
            cls().check_outputs(outputs)
        cls().check_outputs(np.array([[-1e-6, 1 + 1e-6], [np.nan, np.nan]]))
    else:
        cls().check_outputs(outputs)
