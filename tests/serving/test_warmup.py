"""The warm-up file, read by the messages of tensorflow_serving/apis."""

import json

import pytest
import tensorflow as tf
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from keras_mtl.serving.warmup import WARMUP_FILE

pytestmark = pytest.mark.xdist_group("serving")

# prediction_log, predict, classification, regression, model and input.proto.
FIELDS = {
    "ModelSpec": {"name": (1, "string"), "signature_name": (3, "string")},
    "Entry": {"key": (1, "string"), "value": (2, "bytes")},
    "PredictRequest": {"model_spec": (1, "ModelSpec"), "inputs": (2, "[Entry]")},
    "ExampleList": {"examples": (1, "[bytes]")},
    "Input": {"example_list": (1, "ExampleList")},
    "ClassificationRequest": {"model_spec": (1, "ModelSpec"), "input": (2, "Input")},
    "RegressionRequest": {"model_spec": (1, "ModelSpec"), "input": (2, "Input")},
    "ClassifyLog": {"request": (1, "ClassificationRequest")},
    "RegressLog": {"request": (1, "RegressionRequest")},
    "PredictLog": {"request": (1, "PredictRequest")},
    "PredictionLog": {
        "classify_log": (2, "ClassifyLog"),
        "regress_log": (3, "RegressLog"),
        "predict_log": (6, "PredictLog"),
    },
}


@pytest.fixture(scope="module")
def prediction_log():
    field = descriptor_pb2.FieldDescriptorProto
    kinds = {"string": field.TYPE_STRING, "bytes": field.TYPE_BYTES}
    file = descriptor_pb2.FileDescriptorProto(
        name="serving.proto", package="serving", syntax="proto3"
    )
    for name, fields in FIELDS.items():
        message = file.message_type.add(name=name)
        for field_name, (number, kind) in fields.items():
            single = kind.strip("[]")
            message.field.add(
                name=field_name,
                number=number,
                label=field.LABEL_REPEATED if kind != single else field.LABEL_OPTIONAL,
                type=kinds.get(single, field.TYPE_MESSAGE),
                type_name=None if single in kinds else f".serving.{single}",
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(
        pool.FindMessageTypeByName("serving.PredictionLog")
    )


@pytest.fixture(scope="module")
def logs(version, prediction_log):
    records = tf.data.TFRecordDataset(str(version / WARMUP_FILE))
    return [prediction_log.FromString(record.numpy()) for record in records]


def test_there_are_one_to_ten_requests_for_all_signatures(logs):
    assert 1 <= len(logs) <= 10
    asked = [log.predict_log.request.model_spec for log in logs]
    asked += [log.classify_log.request.model_spec for log in logs]
    asked += [log.regress_log.request.model_spec for log in logs]
    assert {spec.signature_name for spec in asked if spec.name} == {
        "serving_default",
        "features",
        "classify_thal",
        "classify_heart",
        "classify_finding",
        "regress_years",
    }
    assert {spec.name for spec in asked} == {"heart_disease", ""}


def test_predict_requests_hold_a_tensor_a_feature(logs, model):
    requests = [log.predict_log.request for log in logs if log.HasField("predict_log")]
    for request in requests:
        tensors = {
            entry.key: tf.make_ndarray(
                tf.make_tensor_proto(0).__class__.FromString(entry.value)
            )
            for entry in request.inputs
        }
        assert list(tensors) == [feature.name for feature in model.features]
        assert len({tensor.shape for tensor in tensors.values()}) == 1
        assert tensors["lambda"].dtype == "float32"
        assert tensors["def"].dtype == object


def test_classify_requests_hold_examples(logs):
    request = next(
        log.classify_log.request for log in logs if log.HasField("classify_log")
    )
    example = tf.train.Example.FromString(request.input.example_list.examples[0])
    assert example.features.feature["lambda"].float_list.value[0] >= 28
    assert example.features.feature["def"].bytes_list.value[0] in {b"male", b"female"}


def test_the_servers_own_messages_agree(version):
    """With tensorflow-serving-api installed, which asks for all of TensorFlow."""
    serving = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    for record in tf.data.TFRecordDataset(str(version / WARMUP_FILE)):
        log = serving.PredictionLog.FromString(record.numpy())
        assert log.WhichOneof("log_type")
        size = log.ByteSize()
        log.DiscardUnknownFields()
        assert log.ByteSize() == size == len(record.numpy())


def test_no_training_row_leaves_the_run(version, frame):
    text = json.dumps((version / "assets.extra" / "metadata.json").read_text())
    assert "Cleveland" not in text
