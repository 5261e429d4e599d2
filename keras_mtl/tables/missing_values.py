"""The texts that mean a missing cell, in files and in requests."""

__all__ = ["MISSING_VALUES"]

# Without "None" and "none", which are often the name of a category.
MISSING_VALUES = ("", "?", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null")
