"""Tables in, float32 matrices out: columns encoded, targets encoded and decoded, rows split.

>>> import numpy as np
>>> from glassnet.tabular import TabularEncoder, TargetEncoder, split_rows, take_rows
>>> table = {"rooms": [1, 2, 3, 4], "city": ["Oslo", "Rome", "Rome", "Oslo"], "price": [1.5, 2.5, 3.5, 5.0]}
>>> parts = split_rows(4, validation=0.25, seed=0)
>>> training = take_rows(table, parts.train)
>>> encoder = TabularEncoder().fit(training, exclude=["price"])
>>> target = TargetEncoder().fit(training["price"], "price")
>>> encoder.transform(table).shape, target.encode(table["price"]).shape
((4, 3), (4, 1))
"""

from glassnet.tabular.columns import Table, column_names, count_rows, read_column, read_columns, take_rows
from glassnet.tabular.encoder import ColumnSummary, TabularEncoder, UnknownCategoryWarning
from glassnet.tabular.model import TabularModel
from glassnet.tabular.split import Split, split_rows
from glassnet.tabular.target import TargetEncoder
from glassnet.tabular.view import Column

__all__ = [
    "Column",
    "ColumnSummary",
    "Split",
    "Table",
    "TabularEncoder",
    "TabularModel",
    "TargetEncoder",
    "UnknownCategoryWarning",
    "column_names",
    "count_rows",
    "read_column",
    "read_columns",
    "split_rows",
    "take_rows",
]
