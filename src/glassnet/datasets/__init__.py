"""Datasets: made from a seed, carried by scikit-learn, fetched once; and tables from files.

``load(name)`` gives any built-in dataset as a :class:`Dataset`; :data:`DESCRIPTIONS` lists them.
The functions of the same names give the made ones as plain ``X, y``, and the others as a Dataset.

>>> from glassnet import datasets
>>> X, y = datasets.spiral()
>>> datasets.load("wine")
Dataset(wine: classification, X (178, 13) float32, 3 classes)
"""

from __future__ import annotations

from glassnet.datasets.catalogue import DESCRIPTIONS, Description, load, names
from glassnet.datasets.cifar import CIFAR10_CLASSES, cifar10
from glassnet.datasets.dataset import Dataset
from glassnet.datasets.embedded import breast_cancer, diabetes, digits, iris, wine
from glassnet.datasets.generators import circles, gaussians, moons, plane, spiral, waves, xor
from glassnet.datasets.idx import fashion_mnist, mnist, read_idx
from glassnet.datasets.tables import read_table

__all__ = [
    "CIFAR10_CLASSES",
    "DESCRIPTIONS",
    "Dataset",
    "Description",
    "breast_cancer",
    "cifar10",
    "circles",
    "diabetes",
    "digits",
    "fashion_mnist",
    "gaussians",
    "iris",
    "load",
    "mnist",
    "moons",
    "names",
    "plane",
    "read_idx",
    "read_table",
    "spiral",
    "waves",
    "wine",
    "xor",
]
