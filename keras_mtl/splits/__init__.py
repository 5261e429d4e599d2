"""Splits of rows, stratified over all labels, with groups kept together."""

from keras_mtl.splits.label_strata import label_strata
from keras_mtl.splits.row_groups import row_groups
from keras_mtl.splits.split_rows import fold_rows, split_rows

__all__ = ["fold_rows", "label_strata", "row_groups", "split_rows"]
