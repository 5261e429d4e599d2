"""Dates: read in the graph as by Python's calendar, whatever the text."""

import datetime
import json

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from keras_mtl.errors import DataWarning
from keras_mtl.features import DateFeature, build_encoder, encode_frame, infer_features
from keras_mtl.features._date_encoding import DateColumn, DateEncoding, _read_format
from keras_mtl.features._dates import (
    DATE_FORMATS,
    detect_formats,
    parse_dates,
    write_date,
)

DATES = st.dates(datetime.date(1, 1, 1), datetime.date(9999, 12, 31))
NAMED = (
    r"([A-Z][a-z]{2}, )?(\d{1,2}(st|th)?[- ])?[JFMAS][aepcru][nbrytlgpv][a-z]?"
    r"[-, ]\d{1,2}[, ]*\d{0,4}"
)
FIRST = datetime.date(1970, 1, 1)


@given(date=DATES, name=st.sampled_from([*DATE_FORMATS]))
def test_a_date_is_read_as_by_pythons_calendar(date, name):
    days = (date - FIRST).days
    if name == "excel" and not 0 <= days + 25_569 < 10**6:
        return
    if name.startswith("unix") and not date.year > 1000:
        return
    text = write_date(days, name)
    calendar = parse_dates([text], name)
    assert calendar.readable.all()
    assert calendar.days[0] == days
    assert (calendar.year[0], calendar.month[0]) == (date.year, date.month)
    assert calendar.weekday[0] == date.weekday()


@given(
    words=st.lists(
        st.one_of(
            st.text(max_size=12),
            st.from_regex(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}", fullmatch=True),
            st.from_regex(r"-?\d{1,14}(\.\d+)?", fullmatch=True),
            st.datetimes().map(str),
            DATES.map(str),
            st.from_regex(NAMED, fullmatch=True),
            st.from_regex(r"\d{1,2}/\d{1,2}/\d{2}( \d{1,2}:\d\d ?[apAP]\.?[mM])?"),
        ),
        min_size=1,
        max_size=6,
    ),
    name=st.sampled_from([*DATE_FORMATS]),
)
def test_the_graph_reads_what_numpy_reads(words, name):
    # A request's texts have no zero byte, which ends a string of TensorFlow's RE2.
    words = [word.replace("\0", "").replace("\n", "") for word in words]
    expected = parse_dates(words, name)
    found = _read_format(DATE_FORMATS[name], tf.constant(words))
    for mine, graph in zip(expected, found, strict=True):
        np.testing.assert_array_equal(mine, graph.numpy())


@pytest.mark.parametrize(
    ("words", "formats"),
    [
        (["2024-01-31", "2024-2-1"], ["iso"]),
        (["2024-01-31T13:05:00Z", "2024-02-01 07:00"], ["iso"]),
        (["2024/01/31"], ["iso"]),
        (["20240131", "19991224"], ["compact"]),
        (["31/1/2024", "1/2/2024"], ["day_first"]),
        (["1/31/2024", "1/2/2024"], ["month_first"]),
        (["1/2/2024"], ["month_first", "day_first"]),
        (["1.2.2024"], ["day_first", "month_first"]),
        (["1706659200", "1500000000"], ["unix"]),
        (["1706659200000"], ["unix_ms"]),
        (["45321", "43831.0"], ["excel"]),
        (["31/1/24", "1/2/99"], ["day_first"]),
        (["1/31/2024, 3:45 PM", "1/2/24"], ["month_first"]),
        (["31-JAN-24", "1 February 2024", "2nd Mar. 2023"], ["day_month_name"]),
        (["Fri, 31 Jan 2020 13:05:00 GMT"], ["day_month_name"]),
        (["Jan 31, 2024", "sept 1 2023", "May 3rd, 99"], ["month_name_day"]),
        (["2024-Jan-31", "2023/december/1"], ["iso"]),
        (["31 Jan 2024", "Jan 31, 2024"], []),
        (["31 Foo 2024"], []),
        (["31/1/2024", "1/31/2024"], []),
        (["2023-02-29"], []),
        (["today"], []),
        ([], []),
    ],
)
def test_the_format_is_that_of_all_values(words, formats):
    assert detect_formats(words, counted=True) == formats


@pytest.mark.parametrize(
    ("text", "name", "date", "hour"),
    [
        ("1/2/68 12:05 AM", "month_first", (2068, 1, 2), 0),
        ("1.2.69 12:05 pm", "day_first", (1969, 2, 1), 12),
        ("2024-02-29T11:59:01 P.M.", "iso", (2024, 2, 29), 23),
        ("29-Feb-24 9:00", "day_month_name", (2024, 2, 29), 9),
        ("December 25, 1999, 1:30 PM", "month_name_day", (1999, 12, 25), 13),
        ("1/2/0068", "month_first", (68, 1, 2), 0),
    ],
)
def test_a_date_with_its_time(text, name, date, hour):
    for calendar in (
        parse_dates([text], name),
        _read_format(DATE_FORMATS[name], tf.constant([text])),
    ):
        assert np.asarray(calendar.readable).all()
        assert int(calendar.days[0]) == (datetime.date(*date) - FIRST).days
        assert int(calendar.hour[0]) == hour


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "visit": ["2024-01-31", "2023-12-24 18:30", None, "?", "2024-02-05"] * 6,
            "born": [19700101.0, 19991224.0, np.nan, 20000229.0, 19850704.0] * 6,
            "when": ["1/2/2024", "3/4/2023", "5/6/2022", "7/8/2021", "9/9/2020"] * 6,
        }
    )


def infer(frame):
    with pytest.warns(DataWarning, match="is read as dates"):
        return infer_features(frame)


def test_dates_are_inferred_with_a_note_on_how_they_are_read(frame):
    with pytest.warns(DataWarning) as told:
        features = infer_features(frame)
    assert [feature.kind for feature in features] == ["date"] * 3
    notes = " ".join(str(each.message) for each in told)
    assert "'visit' is read as dates, year-month-day" in notes
    assert "'born' is read as dates, yearmonthday" in notes
    assert "--feature when:date:format=day_first" in notes


def learned(frame):
    return [feature.learn(frame[feature.column_name]) for feature in infer(frame)]


def test_the_encoding_is_standardized(frame):
    features = learned(frame)
    encoded = encode_frame(build_encoder(features), features, frame)
    names = [name for feature in features for name in feature.encoded_names]
    assert encoded.shape == (30, len(names))
    columns = dict(zip(names, encoded.T, strict=True))
    assert "visit_hour_sine" in columns
    assert "born_hour_sine" not in columns
    assert "when_missing" not in columns
    for name in ("visit_age", "born_year", "when_age"):
        values = columns[name]
        known = values[values != 0] if "born" in name else values
        assert known.mean() == pytest.approx(0, abs=1e-3)
    # A later date is younger, and what is missing is neither.
    assert columns["visit_age"][1] > 0 > columns["visit_age"][4]
    assert columns["visit_age"][2] == columns["visit_age"][3] == 0
    assert columns["visit_missing"][2] == columns["visit_missing"][3] > 0
    # 2024-01-31 was a Wednesday.
    days = [columns[name][0] for name in features[0].encoded_names[4:11]]
    assert np.flatnonzero(np.array(days) > 0).tolist() == [2]


def test_one_layer_encodes_all_dates_and_is_loaded_by_keras(frame, tmp_path):
    features = learned(frame)
    encoder = build_encoder(features)
    kinds = [layer for layer in encoder.layers if isinstance(layer, DateEncoding)]
    assert len(kinds) == 1
    encoder.save(tmp_path / "encoder.keras")
    again = keras.saving.load_model(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(
        encode_frame(again, features, frame), encode_frame(encoder, features, frame)
    )
    config = json.loads(json.dumps(kinds[0].get_config()))
    assert DateEncoding.from_config(config).columns == kinds[0].columns


@given(texts=st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_no_text_gives_what_is_not_finite(texts):
    layer = DateEncoding(
        [DateColumn(format="unix", missing_share=0.1), DateColumn(has_time=True)]
    )
    words = tf.constant([text.replace("\0", "") for text in texts])
    assert np.isfinite(layer([words, words]).numpy()).all()


def test_what_is_learned_is_forgotten_again(frame):
    for feature in learned(frame):
        assert feature.declared().learn(frame[feature.column_name]) == feature


def test_unreadable_cells_are_reported_with_their_rows():
    frame = pd.DataFrame({"visit": ["2024-01-31", "yesterday", None]})
    feature = DateFeature("visit", format="iso")
    (message,) = feature.check_values(frame, "rows.csv")
    assert "rows.csv, column 'visit'" in message
    assert "'yesterday' in data row 2" in message
    assert "year-month-day" in message
    (message,) = DateFeature("visit").check_values(frame, "rows.csv")
    assert "expected dates of one format" in message


def test_drawn_dates_are_of_the_training_range(frame):
    for feature in learned(frame):
        drawn = feature.draw(np.random.default_rng(0), 50)
        calendar = parse_dates(drawn.tolist(), feature.format)
        assert calendar.readable.all()
        assert feature.minimum <= calendar.days.min()
        assert calendar.days.max() <= feature.maximum
