"""The metadata of a model with one task, as small as they may be."""

METADATA = {
    "format": 1,
    "name": "heart",
    "features": [{"name": "age", "column": "Age", "dtype": "float32"}],
    "tasks": [
        {
            "name": "sick",
            "predictions": [
                {"column": "sick_probability", "output": "sick", "dtype": "float32"}
            ],
        }
    ],
}
