"""The messages are those of TensorFlow Serving's own protocol."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow.core.framework import tensor_pb2

from keras_mtl.client import _messages
from keras_mtl.client._messages import decode_outputs, encode_request

# What tensorflow-serving-api 2.21.0 writes, `SerializeToString(deterministic=True)`.
REQUEST = bytes.fromhex(
    "0a0b0a0568656172741202080712190a0361676512120801120412020802220800007c420000c07f"
    "12170a037365781210080712041202080242046d616c654200"
)
RESPONSE = bytes.fromhex(
    "0a200a0b68656172745f636c6173731211080712041202080242026e6f42037965730a1b0a056865"
    "6172741212080112041202080222080000803e0000003f0a220a047468616c121a08011208120208"
    "02120208022a0c0000803e0000403f0000003f12070a056865617274"
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=6)
NUMBERS = st.floats(width=32)


def test_a_request_has_the_bytes_of_the_official_classes():
    inputs = {
        "age": np.array([63.0, np.nan]),
        "sex": np.array(["male", ""], object),
    }
    assert encode_request(inputs, "heart", version=7) == REQUEST


def test_a_response_of_the_official_classes_is_read():
    outputs = decode_outputs(RESPONSE)
    assert outputs["heart"].tolist() == [0.25, 0.5]
    assert outputs["heart_class"].tolist() == ["no", "yes"]
    # The last value is written once.
    assert outputs["thal"].tolist() == [[0.25, 0.75], [0.5, 0.5]]


@given(st.lists(st.tuples(NUMBERS, TEXTS), min_size=1, max_size=5))
def test_tensorflow_reads_the_values_that_were_sent(rows):
    numbers, words = (np.array(values, object) for values in zip(*rows, strict=True))
    inputs = {"number": numbers.astype("float64"), "word": words}
    request = _messages._message("PredictRequest").FromString(
        encode_request(inputs, "m")
    )
    read = {
        each.key: tf.make_ndarray(
            tensor_pb2.TensorProto.FromString(each.value.SerializeToString())
        )
        for each in request.inputs
    }
    np.testing.assert_array_equal(read["number"], numbers.astype("float32"))
    assert [word.decode() for word in read["word"]] == words.tolist()


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "bool"])
@settings(max_examples=20)
@given(data=st.data())
def test_what_tensorflow_writes_is_read(dtype, data):
    shape = data.draw(st.sampled_from([(1,), (3,), (2, 3)]))
    size = int(np.prod(shape))
    values = data.draw(st.lists(st.integers(0, 1), min_size=size, max_size=size))
    array = np.array(values, dtype).reshape(shape)
    response = _messages._message("PredictResponse")()
    tensor = tf.make_tensor_proto(array)
    listed = data.draw(st.booleans())
    if listed:
        # As the server writes it by default: value by value.
        field = {"float32": "float_val", "float64": "double_val", "int32": "int_val"}
        name = field.get(dtype, f"{dtype}_val")
        tensor.ClearField("tensor_content")
        tensor.ClearField(name)
        getattr(tensor, name).extend(array.ravel().tolist())
    response.outputs.add(key="o").value.MergeFromString(tensor.SerializeToString())
    read = decode_outputs(response.SerializeToString())["o"]
    assert read.dtype == array.dtype
    np.testing.assert_array_equal(read, array)


def test_other_bytes_are_refused():
    with pytest.raises(ValueError, match="PredictResponse"):
        decode_outputs(b"<html>")
