"""Inside scikit-learn's tools: pipelines, searches, copies, sparse data, frames, conversion."""

import copy
import io
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn import config_context
from sklearn import neural_network as scikit
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import glassnet as gn
from glassnet import MLPClassifier, MLPRegressor
from glassnet.tabular import UnknownCategoryWarning

quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
pytestmark = quiet


def small(**parameters):
    return MLPClassifier(**{"hidden_layer_sizes": (8,), "max_iter": 5, "random_state": 0, **parameters})


# -- tools ----------------------------------------------------------------------------------------


def test_pipeline_and_set_output(data):
    pipe = make_pipeline(StandardScaler(), small(layer=0)).fit(data.X, data.classes)
    assert pipe.predict(data.X).shape == (240,)
    assert pipe.transform(data.X).shape == (240, 8)
    framed = make_pipeline(StandardScaler(), small()).set_output(transform="pandas")
    hidden = framed.fit(pd.DataFrame(data.X, columns=list("abcdef")), data.classes).transform(
        pd.DataFrame(data.X, columns=list("abcdef"))
    )
    assert list(hidden.columns) == [f"mlpclassifier{i}" for i in range(8)]
    first = make_pipeline(small(layer=0), MLPRegressor(hidden_layer_sizes=(4,), max_iter=2))
    assert first.fit(data.X, data.values > 0).predict(data.X).shape == (240,)


def test_grid_search_with_two_jobs(data):
    grid = {"dropout": [0.0, 0.2], "optimizer": [None, gn.NAdam(0.01)], "activation": ["relu", ["gelu"]]}
    search = GridSearchCV(small(), grid, cv=2, n_jobs=2).fit(data.X, data.classes)
    assert set(search.best_params_) == set(grid)
    assert search.predict(data.X).shape == (240,)


def test_cross_validation_with_two_jobs_equals_one(data):
    scores = [cross_val_score(small(), data.X, data.binary, cv=3, n_jobs=n) for n in (1, 2)]
    np.testing.assert_array_equal(*scores)


def test_calibration_and_bagging(data):
    calibrated = CalibratedClassifierCV(small(), cv=2).fit(data.X, data.classes)
    np.testing.assert_allclose(calibrated.predict_proba(data.X).sum(axis=1), 1)
    bag = BaggingClassifier(small(), n_estimators=3, random_state=0, n_jobs=2).fit(data.X, data.classes)
    assert bag.score(data.X, data.classes) > 0.3


def test_metadata_routing(data):
    weight = np.linspace(0.1, 2, 240)
    held_out = (data.X[:50], data.binary[:50])
    with config_context(enable_metadata_routing=True):
        model = small(early_stopping=True).set_fit_request(sample_weight=True, validation_data=True)
        model.set_score_request(sample_weight=True)
        results = cross_validate(
            model,
            data.X,
            data.binary,
            cv=2,
            params={"sample_weight": weight, "validation_data": held_out},
            return_estimator=True,
        )
        for one in results["estimator"]:
            assert len(one.history_["val_loss"]) == 5
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipe = make_pipeline(scaler, small().set_fit_request(sample_weight=True, validation_data=False))
        weighted = pipe.fit(data.X, data.binary, sample_weight=weight)[-1].coefs_[0].copy()
        assert not np.array_equal(weighted, pipe.fit(data.X, data.binary)[-1].coefs_[0])


def test_decision_boundary_display_and_learning_curve(data):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    model = small(early_stopping=True).fit(data.X[:, :2], data.classes)
    display = DecisionBoundaryDisplay.from_estimator(model, data.X[:, :2], grid_resolution=10)
    assert display.response.shape[:2] == (10, 10)
    ax = gn.plot_learning_curve(model)
    assert [line.get_label() for line in ax.get_lines()][:2] == ["training", "validation"]
    with pytest.raises(NotFittedError):
        gn.plot_learning_curve(small())
    pyplot.close("all")


# -- copies ---------------------------------------------------------------------------------------


def by_pickle(model):
    return pickle.loads(pickle.dumps(model))


def by_joblib(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


@pytest.mark.parametrize(
    "make_copy", [by_pickle, by_joblib, copy.deepcopy], ids=["pickle", "joblib", "deepcopy"]
)
def test_copies_predict_the_same_share_nothing_and_train_on(make_copy, data):
    model = small(dropout=0.2, normalization="batch").fit(data.X, data.classes)
    twin = make_copy(model)
    expected = model.predict_proba(data.X)
    np.testing.assert_array_equal(twin.predict_proba(data.X), expected)
    assert not np.shares_memory(twin.network_.parameters.values, model.network_.parameters.values)
    assert np.shares_memory(twin.coefs_[0], twin.network_.parameters.values)
    twin.partial_fit(data.X, data.classes)
    np.testing.assert_array_equal(model.predict_proba(data.X), expected)
    model.partial_fit(data.X, data.classes)
    np.testing.assert_array_equal(model.coefs_[0], twin.coefs_[0])


def test_clone_takes_the_parameters_alone(data):
    model = small(optimizer=gn.Adam(0.1), callbacks=[gn.EarlyStopping()], activation=["relu"])
    twin = clone(model.fit(data.X, data.classes))
    assert twin.get_params()["optimizer"] == gn.Adam(0.1)
    assert not hasattr(twin, "coefs_")
    with pytest.raises(NotFittedError):
        twin.predict(data.X)


# -- weights in view ------------------------------------------------------------------------------


def test_assigning_to_coefs_changes_what_is_predicted(data):
    model = MLPRegressor(hidden_layer_sizes=(5,), max_iter=3, random_state=0).fit(data.X, data.values)
    weights, biases = [w.copy() for w in model.coefs_], [b.copy() for b in model.intercepts_]
    before = model.predict(data.X)
    model.coefs_[-1][:] = 0
    model.intercepts_[-1][0] = 7.0
    np.testing.assert_array_equal(model.predict(data.X), np.full(240, 7.0))
    model.coefs_[-1] = weights[-1]
    model.intercepts_ = biases
    np.testing.assert_array_equal(model.predict(data.X), before)
    model.coefs_ = [w * 2 for w in weights]
    by_hand = np.maximum(data.X @ (2 * weights[0]) + biases[0], 0) @ (2 * weights[1]) + biases[1]
    np.testing.assert_allclose(model.predict(data.X), by_hand[:, 0])
    with pytest.raises(ValueError, match=r"coefs_\[0\] has shape \(6, 5\), got an array of shape \(5, 6\)"):
        model.coefs_[0] = weights[0].T
    with pytest.raises(ValueError, match="coefs_ holds 2 arrays, one per layer"):
        model.coefs_ = weights[:1]
    with pytest.raises(TypeError, match="none can be added or removed"):
        model.coefs_.append(weights[0])
    assert isinstance(model.coefs_, list)
    copied = copy.deepcopy(model.coefs_)
    copied[0][:] = 0
    assert model.coefs_[0].any()


def test_the_network_is_a_glassnet_network(data, tmp_path):
    model = small().fit(data.X, data.classes)
    np.testing.assert_array_equal(model.network_.predict(data.X), model.predict_proba(data.X))
    model.network_.save(tmp_path / "model.safetensors")
    loaded = gn.load(tmp_path / "model.safetensors")
    network = getattr(loaded, "network", loaded)
    np.testing.assert_array_equal(network.predict(data.X), model.predict_proba(data.X))


# -- sparse, strange arrays, frames ---------------------------------------------------------------

FORMATS = [sp.csr_matrix, sp.csc_matrix, sp.csr_array, sp.csc_array]


@pytest.mark.parametrize("make_sparse", FORMATS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_sparse_gives_what_dense_gives(make_sparse, solver, data):
    X = np.where(np.abs(data.X) > 0.8, data.X, 0)
    dense = small(solver=solver, early_stopping=True).fit(X, data.classes)
    thin = small(solver=solver, early_stopping=True).fit(make_sparse(X), data.classes)
    np.testing.assert_allclose(thin.coefs_[0], dense.coefs_[0], atol=1e-12)
    np.testing.assert_allclose(thin.predict_proba(make_sparse(X)), dense.predict_proba(X), atol=1e-12)
    np.testing.assert_allclose(thin.transform(make_sparse(X)), dense.transform(X), atol=1e-12)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("make_sparse", FORMATS, ids=lambda f: f.__name__)
def test_sparse_is_never_made_dense_whole(make_sparse, solver, monkeypatch):
    X = make_sparse(sp.random(3000, 50, 0.05, random_state=0))
    y = np.random.RandomState(0).randint(3, size=3000)
    heights = []
    for cls in FORMATS:
        original = cls.toarray

        def watched(self, *arguments, _original=original, **options):
            if self.shape[1] == 50:  # X, not the one-hot labels that a metric makes
                heights.append(self.shape[0])
                assert options.get("out") is not None
            return _original(self, *arguments, **options)

        monkeypatch.setattr(cls, "toarray", watched)
        monkeypatch.setattr(cls, "todense", lambda self: pytest.fail("made dense"))
    model = small(solver=solver, max_iter=2, early_stopping=True, scoring="neg_log_loss").fit(X, y)
    model.predict(X)
    model.transform(X)
    assert 0 < max(heights) <= 1024


def test_read_only_and_fortran_ordered_arrays(data):
    expected = small().fit(data.X, data.classes).predict_proba(data.X)
    odd = np.asfortranarray(data.X)
    odd.flags.writeable = False
    labels = data.classes.copy()
    labels.flags.writeable = False
    np.testing.assert_array_equal(small().fit(odd, labels).predict_proba(odd), expected)


def test_feature_names_are_checked(data):
    frame = pd.DataFrame(data.X, columns=list("abcdef"))
    model = small(early_stopping=True, scoring="accuracy").fit(frame, data.classes)
    assert list(model.feature_names_in_) == list("abcdef")
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[list("fedcba")])
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.predict(data.X)


def table(n=300):
    random = np.random.RandomState(0)
    city = random.choice(["Oslo", "Rome", "Lima"], n)
    age = random.uniform(20, 60, n)
    y = np.where((city == "Rome") ^ (age > 40), "buys", "leaves")
    age[::7] = np.nan
    return pd.DataFrame({"age": age, "city": pd.Categorical(city), "member": age > 30}), y


@pytest.mark.parametrize("early_stopping", [False, True])
def test_frames_with_categories_and_missing_values(early_stopping):
    X, y = table()
    model = MLPClassifier(
        encode="auto",
        solver="adam",
        learning_rate_init=0.02,
        early_stopping=early_stopping,
        scoring="balanced_accuracy",
        max_iter=80,
        random_state=0,
    )
    model.fit(X, y, validation_data=(X[:50], y[:50]) if early_stopping else None)
    assert model.score(X, y) > 0.8
    assert model.n_features_in_ == 3
    assert list(model.feature_names_in_) == ["age", "city", "member"]
    assert model.coefs_[0].shape[0] == 6  # age, whether it is missing, three cities, member
    with pytest.warns(UnknownCategoryWarning):
        model.predict(pd.DataFrame({"age": [30.0], "city": ["Paris"], "member": [True]}))
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(X[["city", "age", "member"]])
    twin = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(twin.predict_proba(X), model.predict_proba(X))
    assert cross_val_score(clone(model).set_params(max_iter=10), X, y, cv=2).shape == (2,)
    model.partial_fit(X, y)
    with pytest.raises(
        ValueError, match="fitted on a table with encode='auto' and takes tables with the columns"
    ):
        model.predict(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="fitted on a table"):
        model.partial_fit(np.zeros((2, 3)), y[:2])
    with pytest.raises(ValueError, match="validation_data must be a table like X"):
        clone(model).fit(X, y, validation_data=(np.zeros((2, 3)), y[:2]))
    with pytest.raises(ValueError, match="to float"):  # off by default, as scikit-learn expects
        MLPClassifier().fit(X, y)


def test_the_encoder_learns_from_the_training_part_alone():
    X, y = table()
    X = X.drop(columns="city")
    model = MLPClassifier(
        encode="auto", early_stopping=True, validation_fraction=0.5, max_iter=3, random_state=0
    )
    model.fit(X, y)
    assert model._encoder.n_rows == 150
    repeated = clone(model).fit(X, y)
    np.testing.assert_array_equal(model.coefs_[0], repeated.coefs_[0])
    assert MLPClassifier(encode="auto", max_iter=2).fit(np.zeros((4, 2)), [0, 1, 0, 1])._encoder is None


# -- there and back -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["binary", "classes", "multilabel", "values", "targets", "counts"])
@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
def test_models_cross_to_and_from_scikit_learn(kind, activation, data):
    y = np.abs(data.values) if kind == "counts" else getattr(data, kind)
    parameters = {"hidden_layer_sizes": (7, 5), "activation": activation, "max_iter": 4, "random_state": 0}
    if kind == "counts":
        parameters["loss"] = "poisson"
    regression = kind in ("values", "targets", "counts")
    theirs = (scikit.MLPRegressor if regression else scikit.MLPClassifier)(**parameters).fit(data.X, y)
    ours = gn.from_sklearn(theirs)
    back = ours.to_sklearn()
    assert isinstance(back, type(theirs))
    for method in ["predict"] if regression else ["predict_proba", "predict", "predict_log_proba"]:
        for other in (ours, back):
            result, expected = getattr(other, method)(data.X), getattr(theirs, method)(data.X)
            if result.dtype.kind == "f":
                np.testing.assert_allclose(result, expected, atol=1e-12)
            else:
                np.testing.assert_array_equal(result, expected)
    assert ours.loss_curve_ == theirs.loss_curve_ == ours.history_["loss"]
    assert not np.shares_memory(ours.coefs_[0], theirs.coefs_[0])
    trained = (MLPRegressor if regression else MLPClassifier)(**parameters).fit(data.X, y)
    crossed = trained.to_sklearn()
    np.testing.assert_array_equal(crossed.predict(data.X), theirs.predict(data.X)) if not regression else None
    for model in (ours, back, crossed):
        model.partial_fit(data.X, y)


def test_what_cannot_cross_says_why(data):
    with pytest.raises(TypeError, match="from_sklearn takes a fitted MLPClassifier or MLPRegressor"):
        gn.from_sklearn(StandardScaler())
    with pytest.raises(NotFittedError):
        gn.from_sklearn(scikit.MLPClassifier())
    with pytest.raises(NotFittedError):
        small().to_sklearn()
    for parameters, message in [
        ({"activation": "gelu"}, "one activation for all hidden layers"),
        ({"normalization": "batch"}, "no normalisation"),
        ({"loss": "mse"}, "has no loss MeanSquaredError"),
        ({"output_activation": "sigmoid"}, "no output_activation"),
    ]:
        with pytest.raises(ValueError, match=message):
            small(**parameters).fit(data.X, data.classes).to_sklearn()
    assert small(dropout=0.5, optimizer="adamw").fit(data.X, data.classes).to_sklearn()
