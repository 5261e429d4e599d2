"""The texts that mean a missing cell, in files and in requests."""

__all__ = ["MISSING_VALUES"]

# "None" and "none" aren't here: they are the name of a category too often.
MISSING_VALUES = ("", "?", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null")
