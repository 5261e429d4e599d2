"""Servers in this process that answer by the SavedModel of a run."""

import importlib.util
import json
import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import grpc
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

from keras_mtl.client import _messages
from keras_mtl.client._grpc import METHOD
from keras_mtl.serving.session import ServingSession


def _rest_rules():
    """The module with the rules by which the real server reads JSON."""
    path = Path(__file__).parents[1] / "serving" / "rest_server.py"
    spec = importlib.util.spec_from_file_location("rest_rules", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Server:
    """What tests change of a server, and what it was asked."""

    def __init__(self, folder):
        self.folder = folder
        self.session = ServingSession(folder)
        # Answers given in place of predictions, first come first served.
        self.refusals = []
        self.requests = []
        self.lock = threading.Lock()

    def take_refusal(self):
        with self.lock:
            return self.refusals.pop(0) if self.refusals else None


@pytest.fixture(scope="session")
def version(mixed_run):
    (folder,) = (mixed_run / "serving").glob("*/1")
    return folder


@pytest.fixture(scope="session")
def state(version):
    return Server(version)


@pytest.fixture
def server(state):
    state.refusals.clear()
    state.requests.clear()
    return state


@pytest.fixture(scope="session")
def rest_url(state):
    rules = _rest_rules()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.requests.append((self.path, dict(self.headers), body))
            refusal = state.take_refusal()
            if refusal is not None:
                self._answer(*refusal)
                return
            try:
                answer = rules.predict(state.session, body)
                if "/endpoints/" in self.path:
                    # As Vertex AI does.
                    answer |= {"deployedModelId": "7", "model": "projects/1/models/2"}
                self._answer(200, answer)
            except rules.BadRequestError as error:
                self._answer(400, {"error": str(error)})

        def _answer(self, status, body, headers=()):
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{http.server_port}"
    http.shutdown()
    http.server_close()


@pytest.fixture(scope="session")
def grpc_url(state):
    def predict(request, context):
        message = _messages._message("PredictRequest").FromString(request)
        state.requests.append((message, dict(context.invocation_metadata()), None))
        refusal = state.take_refusal()
        if refusal is not None:
            context.abort(*refusal)
        # TensorFlow's own classes read and write the tensors.
        inputs = {
            each.key: tf.make_ndarray(
                tensor_pb2.TensorProto.FromString(each.value.SerializeToString())
            )
            for each in message.inputs
        }
        response = _messages._message("PredictResponse")()
        for name, values in state.session.run("serving_default", inputs).items():
            tensor = tf.make_tensor_proto(values).SerializeToString()
            response.outputs.add(key=name).value.MergeFromString(tensor)
        return response.SerializeToString()

    service, _, method = METHOD.strip("/").partition("/")
    handler = grpc.unary_unary_rpc_method_handler(predict)
    channel = grpc.server(futures.ThreadPoolExecutor(4))
    channel.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(service, {method: handler})]
    )
    port = channel.add_insecure_port("127.0.0.1:0")
    channel.start()
    yield f"grpc://127.0.0.1:{port}"
    channel.stop(None)
