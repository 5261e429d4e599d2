"""A stand-in for TensorFlow Serving's REST front, in a process of its own.

It keeps the rules by which the real server turns JSON into tensors (its
json_tensor.cc) and runs the SavedModel in TensorFlow's session, with Keras kept from
being imported. Each line on its input is a request, each line on its output an answer:
`python rest_server.py FOLDER`.
"""

import json
import sys

if __name__ == "__main__":
    # What answers needs no Python code of the model's.
    sys.modules["keras"] = None

import tensorflow as tf

from keras_mtl.serving.session import ServingSession


class BadRequestError(Exception):
    """What the real server answers with status 400."""


def predict(session, body):
    signature = session.signatures[body.get("signature_name", "serving_default")]
    assert signature.method == "tensorflow/serving/predict"
    by_rows = "instances" in body
    inputs = (
        _columns_of_rows(body["instances"], signature.inputs)
        if by_rows
        else {
            name: _tensor(_required(body["inputs"], name), info)
            for name, info in signature.inputs.items()
        }
    )
    outputs = session.run(body.get("signature_name", "serving_default"), inputs)
    plain = {name: _plain(values) for name, values in outputs.items()}
    if not by_rows:
        return {"outputs": plain}
    count = len(body["instances"])
    assert all(len(values) == count for values in plain.values())
    if len(plain) == 1:
        return {"predictions": next(iter(plain.values()))}
    rows = [{name: plain[name][row] for name in plain} for row in range(count)]
    return {"predictions": rows}


def classify(session, body):
    name = body["signature_name"]
    signature = session.signatures[name]
    assert signature.method == "tensorflow/serving/classify"
    outputs = session.run(name, {"inputs": [_example(row) for row in body["examples"]]})
    return {
        "results": [
            [[word, score] for word, score in zip(*row, strict=True)]
            for row in zip(
                _plain(outputs["classes"]), _plain(outputs["scores"]), strict=True
            )
        ]
    }


def regress(session, body):
    name = body["signature_name"]
    signature = session.signatures[name]
    assert signature.method == "tensorflow/serving/regress"
    outputs = session.run(name, {"inputs": [_example(row) for row in body["examples"]]})
    return {"results": _plain(outputs["outputs"])}


def _columns_of_rows(rows, inputs):
    for row in rows:
        if set(row) != set(inputs):
            raise BadRequestError(f"keys must be equal to: {sorted(inputs)}")
    return {
        name: _tensor([row[name] for row in rows], info)
        for name, info in inputs.items()
    }


def _required(columns, name):
    if name not in columns:
        raise BadRequestError(f"Missing named input: {name}")
    return columns[name]


def _tensor(values, info):
    if isinstance(values, list):
        lengths = {len(value) if isinstance(value, list) else -1 for value in values}
        if len(lengths) > 1:
            raise BadRequestError("Expecting another shape")
        return [_tensor(value, info) for value in values]
    if info.dtype == "string":
        if not isinstance(values, str):
            raise BadRequestError(f"{values!r} is not of expected type: string")
        return values
    if isinstance(values, bool) or not isinstance(values, int | float):
        raise BadRequestError(f"{values!r} is not of expected type: float")
    return float(values)


def _example(row):
    """Makes a tf.Example as the server does of a JSON object."""
    features = {name: _feature(value) for name, value in row.items()}
    return tf.train.Example(
        features=tf.train.Features(feature=features)
    ).SerializeToString()


def _feature(value):
    if value is None:
        raise BadRequestError("unexpected JSON type: Null")
    if isinstance(value, str):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode()]))
    if isinstance(value, float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=[value]))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=[int(value)]))


def _plain(values):
    return json.loads(
        json.dumps(values.tolist(), default=lambda text: text.decode("utf-8"))
    )


def main(folder):
    session = ServingSession(folder)
    verbs = {"predict": predict, "classify": classify, "regress": regress}
    for line in sys.stdin:
        verb, body = json.loads(line)
        if verb == "describe":
            answer = {
                name: {
                    "method": signature.method,
                    "inputs": {
                        key: [info.dtype, info.shape]
                        for key, info in signature.inputs.items()
                    },
                    "outputs": sorted(signature.outputs),
                }
                for name, signature in session.signatures.items()
            }
        else:
            try:
                answer = verbs[verb](session, body)
            except BadRequestError as error:
                answer = {"error": str(error)}
        loaded = [name for name in sys.modules if name.startswith("keras.")]
        assert not loaded, loaded
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
