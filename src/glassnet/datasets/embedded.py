"""The classic small datasets that scikit-learn carries with it: nothing is fetched."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet._typing import AnyArray
from glassnet.datasets.dataset import Dataset
from glassnet.hyperparameters import Rule

__all__ = ["breast_cancer", "diabetes", "digits", "iris", "wine"]


def iris() -> Dataset:
    """Return Fisher's irises: sepals and petals of three species, in centimetres.

    150 rows, 4 features, 3 classes of 50 rows, in the order of the classes. Values as in
    scikit-learn, which has two rows as in Fisher's paper where the UCI file differs.

    Source: R. A. Fisher, "The use of multiple measurements in taxonomic problems" (1936).

    >>> iris().target_names
    ('setosa', 'versicolor', 'virginica')
    """
    from sklearn.datasets import load_iris

    return _classification("iris", load_iris(), "Sepal and petal sizes of three species of iris, in cm.")


def digits() -> Dataset:
    """Return handwritten digits of 8 x 8 pixels, scaled to 0..1.

    1797 rows, 64 features, 10 classes. The raw pixels count 0 to 16; here they are divided by
    16 (scikit-learn leaves them raw). ``X.reshape(-1, 8, 8)`` gives the images.

    Source: E. Alpaydin, C. Kaynak, "Optical recognition of handwritten digits", UCI (1998), its test set.

    >>> X, y = digits()
    >>> X.shape, float(X.min()), float(X.max())
    ((1797, 64), 0.0, 1.0)
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    bunch["data"] = bunch["data"] / 16.0
    return _classification("digits", bunch, "Handwritten digits of 8 x 8 pixels, scaled to 0..1.")


def wine() -> Dataset:
    """Return wines of three growers: thirteen measurements from their chemical analysis.

    178 rows, 13 features, 3 classes. Raw values, whose scales differ a thousandfold: standardise
    them before training.

    Source: M. Forina et al., "Wine", UCI (1991).

    >>> wine().X.shape
    (178, 13)
    """
    from sklearn.datasets import load_wine

    return _classification("wine", load_wine(), "Chemical analysis of wines of three growers, raw values.")


def breast_cancer() -> Dataset:
    """Return the Wisconsin diagnoses: thirty measurements of cell nuclei, malignant or benign.

    569 rows, 30 features, 2 classes; label 0 is malignant (212 rows) and 1 benign (357), as in
    scikit-learn. Raw values: standardise them before training.

    Source: W. H. Wolberg, W. N. Street, O. L. Mangasarian, "Breast cancer Wisconsin
    (diagnostic)", UCI (1995).

    >>> breast_cancer().target_names
    ('malignant', 'benign')
    """
    from sklearn.datasets import load_breast_cancer

    about = "Cell nuclei in breast tissue, malignant or benign, raw values."
    return _classification("breast_cancer", load_breast_cancer(), about)


def diabetes(*, scaled: bool = False) -> Dataset:
    """Return the progression of diabetes after one year, from ten measurements.

    442 rows, 10 features; the target is a number from 25 to 346.

    Args:
        scaled: False (the default here) gives the raw values: years, mg/dl and so on. True gives
            scikit-learn's default: columns of mean 0 whose squares sum to 1.

    Raises:
        HyperparameterError: `scaled` is not True or False.

    Source: B. Efron, T. Hastie, I. Johnstone, R. Tibshirani, "Least angle regression" (2004).

    >>> data = diabetes()
    >>> data.feature_names[:2], data.X[0, :2].tolist()
    (('age', 'sex'), [59.0, 2.0])
    """
    from sklearn.datasets import load_diabetes

    bunch = load_diabetes(scaled=Rule(flag=True).check("diabetes", "scaled", scaled))
    return Dataset(
        X=_float32(bunch["data"]),
        y=_float32(bunch["target"]),
        feature_names=tuple(str(name) for name in bunch["feature_names"]),
        target_names=("progression",),
        task="regression",
        name="diabetes",
        description="Progression of diabetes one year on, from ten measurements.",
    )


def _classification(name: str, bunch: Any, description: str) -> Dataset:
    return Dataset(
        X=_float32(bunch["data"]),
        y=np.asarray(bunch["target"], dtype=np.int64),
        feature_names=tuple(str(feature) for feature in bunch["feature_names"]),
        target_names=tuple(str(target) for target in bunch["target_names"]),
        task="classification",
        name=name,
        description=description,
    )


def _float32(values: Any) -> AnyArray:
    return np.ascontiguousarray(values, dtype=np.float32)
