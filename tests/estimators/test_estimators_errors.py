"""Bad input: scikit-learn's own words where it has words."""

import re

import numpy as np
import pytest
from sklearn import neural_network as scikit
from sklearn.exceptions import ConvergenceWarning

import glassnet as gn
from glassnet import MLPClassifier, MLPRegressor

X = np.random.RandomState(0).normal(size=(40, 3))
Y = np.arange(40) % 2

SAME_WORDS = [
    ({"alpha": -1}, X, Y),
    ({"alpha": "much"}, X, Y),
    ({"solver": "newton"}, X, Y),
    ({"batch_size": 0}, X, Y),
    ({"max_iter": 0}, X, Y),
    ({"max_iter": 1.5}, X, Y),
    ({"learning_rate_init": 0}, X, Y),
    ({"momentum": 1.1}, X, Y),
    ({"beta_1": 1.0}, X, Y),
    ({"validation_fraction": 1.0}, X, Y),
    ({"shuffle": "yes"}, X, Y),
    ({"random_state": "seed"}, X, Y),
    ({"hidden_layer_sizes": (3, -1)}, X, Y),
    ({}, np.where(np.arange(3) == 1, np.nan, X), Y),
    ({}, np.where(np.arange(3) == 1, np.inf, X), Y),
    ({}, X[:, 0], Y),
    ({}, X, Y[:-1]),
    ({}, X[:0], Y[:0]),
    ({}, X, np.where(Y == 1, np.nan, Y)),
    ({}, [["a", "b", "c"]] * 40, Y),
    ({"early_stopping": True, "validation_fraction": 0.02}, X, Y),
]


def message(module, name, parameters, X, y):
    with pytest.raises((ValueError, TypeError)) as caught:
        getattr(module, name)(**parameters).fit(X, y)
    return str(caught.value)


def _choices(text):
    """The message with its set of choices in order: sets of strings print in any."""
    return re.sub(r"\{.*?\}", lambda found: str(sorted(found[0][1:-1].split(", "))), text)


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
@pytest.mark.parametrize("case", SAME_WORDS, ids=lambda case: str(case[0]))
def test_the_words_are_scikit_learns(name, case):
    mine, theirs = message(gn, name, *case), message(scikit, name, *case)
    assert _choices(mine) == _choices(theirs)


def test_the_words_of_the_parameters_that_take_more_have_its_form():
    with pytest.raises(
        ValueError,
        match=r"The 'alpha' parameter of MLPClassifier must be a float in the range "
        r"\[0.0, inf\). Got -1 instead.",
    ):
        MLPClassifier(alpha=-1).fit(X, Y)
    with pytest.raises(ValueError, match="The 'activation' parameter of MLPClassifier must be a str among"):
        MLPClassifier(activation="rellu").fit(X, Y)
    for name, value in [
        ("dropout", 1.0),
        ("normalization", "group"),
        ("l1", -1),
        ("clip_norm", 0),
        ("dtype", "float16"),
        ("encode", "all"),
        ("label_smoothing", 1),
        ("loss", "hinge"),
        ("class_weight", "even"),
        ("optimizer", "adamm"),
        ("restore_best", 1),
        ("scoring", 3),
    ]:
        with pytest.raises(ValueError, match=f"The '{name}' parameter of MLPClassifier must be"):
            MLPClassifier(**{name: value}).fit(X, Y)


def test_wrong_width_at_prediction():
    for model, theirs in (
        (MLPClassifier(max_iter=300), scikit.MLPClassifier()),
        (MLPRegressor(max_iter=300), scikit.MLPRegressor()),
    ):
        texts = []
        for one in (model, theirs):
            with pytest.warns(ConvergenceWarning):
                one.set_params(max_iter=2).fit(X, Y)
            with pytest.raises(ValueError, match="features") as caught:
                one.predict(X[:, :2])
            texts.append(str(caught.value))
        assert texts[0] == texts[1]


def test_partial_fit_errors():
    model = MLPClassifier()
    with pytest.raises(ValueError, match="classes must be passed on the first call to partial_fit"):
        model.partial_fit(X, Y)
    model.partial_fit(X, Y, classes=[0, 1])
    with pytest.raises(ValueError, match=r"`y` has classes not in `self\.classes_`"):
        model.partial_fit(X, Y + 1)
    with pytest.raises(ValueError, match="is not the same as on last call to partial_fit"):
        model.partial_fit(X, Y, classes=[0, 1, 2])
    for lbfgs in (MLPClassifier(solver="lbfgs"), MLPRegressor(optimizer=gn.LBFGS())):
        assert not hasattr(lbfgs, "partial_fit")
    assert hasattr(MLPClassifier(solver="lbfgs", optimizer="adam"), "partial_fit")
    regressor = MLPRegressor().partial_fit(X, Y)
    with pytest.raises(ValueError, match="y has 2 targets, but the network was fitted for 1"):
        regressor.partial_fit(X, X[:, :2])


def test_warm_start_with_other_classes():
    model = MLPClassifier(warm_start=True, max_iter=2)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, Y)
    with pytest.raises(ValueError, match="warm_start can only be used where `y` has the same classes"):
        model.fit(X, Y + 1)


@pytest.mark.parametrize("estimator", [MLPClassifier(), MLPRegressor()], ids=["classifier", "regressor"])
def test_weights(estimator):
    with pytest.raises(ValueError, match="Negative values in data passed to `sample_weight`"):
        estimator.fit(X, Y, sample_weight=np.where(Y == 1, -1.0, 1.0))
    with pytest.raises(ValueError, match="Sample weights must contain at least one non-zero number"):
        estimator.fit(X, Y, sample_weight=np.zeros(40))
    with pytest.raises(ValueError, match="sample_weight"):
        estimator.fit(X, Y, sample_weight=np.ones(39))


def test_a_batch_larger_than_the_data_is_clipped_with_a_warning():
    with pytest.warns(UserWarning, match="It is going to be clipped"), pytest.warns(ConvergenceWarning):
        model = MLPClassifier(batch_size=100, max_iter=2).fit(X, Y)
    assert model.t_ == 80


def test_fewer_rows_than_classes():
    with pytest.raises(ValueError, match=r"least populated class|test_size"):
        MLPClassifier(early_stopping=True).fit(X[:3], [0, 1, 1])
    with pytest.warns(ConvergenceWarning):
        few = MLPClassifier(max_iter=2).fit(X[:3], ["a", "b", "c"])
    assert few.predict_proba(X).shape == (40, 3)
    few = MLPClassifier().partial_fit(X[:2], [0, 5], classes=range(10))
    assert few.predict_proba(X).shape == (40, 10)


def test_weights_that_leave_the_finite_range():
    with pytest.raises(ValueError, match="Solver produced non-finite parameter weights"):
        MLPRegressor(solver="sgd", learning_rate_init=1e6, max_iter=50).fit(X * 1e3, Y)


def test_negative_counts():
    with pytest.raises(ValueError, match="Poisson targets must be >= 0"):
        MLPRegressor(loss="poisson").fit(X, Y - 1.0)


def test_lbfgs_warns_if_it_does_not_converge():
    with pytest.warns(ConvergenceWarning, match="lbfgs failed to converge after 3 iteration"):
        model = MLPRegressor(solver="lbfgs", max_iter=3).fit(X, X[:, 0])
    assert model.n_iter_ == 3
    assert len(model.loss_curve_) == 3
