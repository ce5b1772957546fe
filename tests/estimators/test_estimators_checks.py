"""scikit-learn's own checks, none skipped but those it skips for its own MLP."""

import inspect
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import neural_network as scikit
from sklearn.datasets import make_classification
from sklearn.preprocessing import StandardScaler
from sklearn.utils._test_common.instance_generator import (
    PER_ESTIMATOR_CHECK_PARAMS,
    _get_expected_failed_checks,
)
from sklearn.utils.estimator_checks import (
    check_class_weight_balanced_classifiers,
    check_dataframe_column_names_consistency,
    check_estimator,
    check_param_validation,
    check_transformer_get_feature_names_out,
    parametrize_with_checks,
)

import glassnet as gn

ESTIMATORS = [gn.MLPClassifier(max_iter=100), gn.MLPRegressor(max_iter=100)]
THEIRS = {gn.MLPClassifier: scikit.MLPClassifier, gn.MLPRegressor: scikit.MLPRegressor}

quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning", "ignore::UserWarning")


def expected_failures(estimator):
    """Exactly what scikit-learn expects to fail for its own MLP: nothing."""
    return _get_expected_failed_checks(THEIRS[type(estimator)](max_iter=100))


def test_pandas_is_there_so_that_no_check_is_skipped_for_want_of_it():
    assert pd.__version__


def test_the_list_of_expected_failures_is_scikit_learns_and_is_empty():
    assert [expected_failures(estimator) for estimator in ESTIMATORS] == [{}, {}]


def with_scikit_learns_parameters(estimator, check):
    """Return the estimators that scikit-learn runs this check with for its own MLP."""
    name = getattr(check, "func", check).__name__
    given = PER_ESTIMATOR_CHECK_PARAMS[THEIRS[type(estimator)]].get(name, [{}])
    return [type(estimator)(**{**estimator.get_params(), **parameters}) for parameters in given]


@quiet
@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
def test_every_check_of_scikit_learn(estimator, check):
    for one in with_scikit_learns_parameters(estimator, check):
        check(one)


@quiet
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=["classifier", "regressor"])
def test_only_the_checks_that_scikit_learns_own_mlp_skips_are_skipped(estimator):
    skipped, counts = {}, {}
    for one in (estimator, THEIRS[type(estimator)](max_iter=2)):
        results = check_estimator(one, on_fail=None, on_skip=None)
        skipped[type(one).__module__.split(".")[0]] = {
            result["check_name"] for result in results if result["status"] == "skipped"
        }
        if one is estimator:
            counts = Counter(result["status"] for result in results)
            assert [r["check_name"] for r in results if r["status"] not in ("passed", "skipped")] == []
    assert skipped["glassnet"] == skipped["sklearn"]
    page = (Path(__file__).parents[2] / "docs" / "from_sklearn.md").read_text(encoding="utf-8")
    assert f"| {type(estimator).__name__} | {counts['passed']} | {counts['skipped']} | 0 |" in page


@quiet
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=["classifier", "regressor"])
@pytest.mark.parametrize(
    "check",
    [
        check_param_validation,
        check_dataframe_column_names_consistency,
        check_transformer_get_feature_names_out,
    ],
)
def test_checks_that_check_estimator_leaves_out(check, estimator):
    check(type(estimator).__name__, type(estimator)(max_iter=5, early_stopping=False))


@quiet
@pytest.mark.parametrize("weights", [[0.8, 0.2], [0.8, 0.1, 0.1]], ids=["two", "three"])
def test_class_weight_balanced_check(weights):
    k = len(weights)
    X, y = make_classification(200, 10, n_classes=k, n_informative=k, weights=weights, random_state=0)
    X = StandardScaler().fit_transform(X)
    model = gn.MLPClassifier(alpha=10)  # weak enough not to separate the classes without weights
    check_class_weight_balanced_classifiers(
        "MLPClassifier", model, X[:100], y[:100], X[100:], y[100:], weights
    )


@pytest.mark.parametrize("ours", list(THEIRS), ids=["classifier", "regressor"])
def test_scikit_learns_parameters_have_its_names_order_and_defaults(ours):
    theirs = inspect.signature(THEIRS[ours]).parameters
    mine = inspect.signature(ours).parameters
    assert list(mine)[: len(theirs)] == list(theirs)
    for name, parameter in theirs.items():
        assert (mine[name].default, mine[name].kind) == (parameter.default, parameter.kind), name


@pytest.mark.parametrize("ours", list(THEIRS), ids=["classifier", "regressor"])
def test_scikit_learns_methods_are_all_there(ours):
    theirs = {name for name in dir(THEIRS[ours]) if not name.startswith("_")}
    assert theirs <= set(dir(ours))


def test_import_of_glassnet_imports_no_scikit_learn():
    code = "import sys, glassnet; assert not [m for m in sys.modules if m.startswith(('sklearn', 'scipy'))]"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert {"MLPClassifier", "MLPRegressor", "from_sklearn", "estimators"} <= set(gn.__all__)
    assert np.all([name in dir(gn) for name in gn.estimators.__all__])
