"""What is computed from the numbers of texts is what the layers compute from texts."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_mtl.features import (
    BooleanFeature,
    CategoricalFeature,
    DateFeature,
    NumericFeature,
    build_encoder,
)
from keras_mtl.features._dates import DATE_FORMATS, write_date
from keras_mtl.features.encoder import build_code_encoder

WORDS = CategoricalFeature(
    "sex",
    vocabulary=("NA", "f", "m"),
    frequencies=(0.1, 0.4, 0.3),
    missing_share=0.2,
)
DATES = [
    DateFeature(name, format=name, has_time=True, missing_share=0.1)
    for name in DATE_FORMATS
]
FEATURES = [
    NumericFeature("age", missing_share=0.0),
    WORDS,
    BooleanFeature("fbs", missing_share=0.1),
    WORDS.replace(name="place", encoding="ordinal"),
    BooleanFeature("smoker", missing_share=0.0),
    *DATES,
]
CODES = {
    feature.name: feature.text_codes()
    for feature in FEATURES
    if feature.dtype == "string"
}
# Texts that are dates, nearly dates, or dates with a month where none belongs.
TIMES = r"([T ]\d{1,2}:\d\d(:\d\d)?( ?[apAP]\.?[mM])?( ?(Z|UTC|\+01:00))?)?"
NAMES = r"(?i:Jan|Mar|March|May|Sept|sep\.|OCTOBER|Dec\.)"
TEXTS = st.one_of(
    st.sampled_from(["", "?", "NA", "f", "m", "yes", "No", "TRUE", "1", "0.0", "ü"]),
    st.builds(
        write_date, st.integers(-600_000, 2_900_000), st.sampled_from([*DATE_FORMATS])
    ),
    st.from_regex(r"\d{1,2}[-/.]\d{1,2}[-/.] ?\d{2,4}" + TIMES, fullmatch=True),
    st.from_regex(rf"\d{{4}}[-/.](\d\d?|{NAMES})[-/.]\d\d?" + TIMES, fullmatch=True),
    st.from_regex(
        rf"((Mon|Friday|Mar|Mart),? )?\d\d?(st|th)?[-/. ]*{NAMES}[-/., ]*\d\d(\d\d)?"
        + TIMES,
        fullmatch=True,
    ),
    st.from_regex(
        rf"((Mon|Friday|Mar|Mart),? )?{NAMES}[-/. ]*\d\d?(st|th)?[-/., ]+\d\d(\d\d)?"
        + TIMES,
        fullmatch=True,
    ),
    st.from_regex(r"-?\d{1,15}(\.\d+)?", fullmatch=True),
    st.text(
        st.characters(exclude_characters="\0\n", exclude_categories=["Cs"]), max_size=9
    ),
)


@pytest.fixture(scope="module")
def encoders():
    encoder, coded = build_encoder(FEATURES), build_code_encoder(FEATURES, CODES)
    return [tf.function(each, reduce_retracing=True) for each in (encoder, coded)]


@settings(max_examples=20, deadline=None)
@given(texts=st.lists(TEXTS, min_size=20, max_size=20))
def test_numbers_of_texts_encode_to_what_the_texts_do(encoders, texts):
    encode, encode_codes = encoders
    age = tf.zeros(len(texts))
    raw = {name: tf.constant(texts) for name in CODES}
    numbers = {name: tf.constant(each.read(texts)) for name, each in CODES.items()}
    np.testing.assert_array_equal(
        encode({"age": age, **raw}), encode_codes({"age": age, **numbers})
    )


def test_every_date_of_a_range_is_read():
    """Each digit's bits, which single examples might miss."""
    days = np.arange(-2_000, 60_000, 61)
    for feature in DATES:
        texts = [write_date(int(day), feature.name) for day in days[days >= -25_000]]
        codes = CODES[feature.name].read(texts)
        assert (codes[:, 0] == 1).all()
    iso = CODES["iso"].read([write_date(int(day), "iso") for day in days])
    expected = [write_date(int(day), "iso").split("-") for day in days]
    assert iso[:, 1:4].tolist() == [[int(part) for part in each] for each in expected]
