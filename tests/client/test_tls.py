"""Servers are trusted, and clients known, by their certificates."""

import shutil
import ssl
import subprocess
import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import grpc
import pytest

from keras_mtl.client import ServedModel, ServingError
from keras_mtl.client._grpc import METHOD
from keras_mtl.client._messages import _message
from tests.client.served_metadata import METADATA

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="openssl makes the certificate"
)
ROWS = [{"Age": 63}]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate that is its own authority, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    files = str(folder / "cert.pem"), str(folder / "key.pem")
    command = "openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256"
    names = "-days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    subprocess.run(
        [*command.split(), *names.split(), "-out", files[0], "-keyout", files[1]],
        check=True,
        capture_output=True,
    )
    return files


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"predictions": [0.5]}')

    def log_message(self, *_):
        pass


class QuietServer(HTTPServer):
    def handle_error(self, *_):
        pass


@pytest.fixture
def https_url(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    context.load_verify_locations(certificate[0])
    context.verify_mode = ssl.CERT_REQUIRED
    server = QuietServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def grpcs_url(certificate):
    def predict(*_):
        response = _message("PredictResponse")()
        tensor = response.outputs.add(key="sick").value
        tensor.dtype = 1
        tensor.tensor_shape.dim.add(size=1)
        tensor.float_val.append(0.5)
        return response.SerializeToString()

    service, _, method = METHOD.strip("/").partition("/")
    handlers = {method: grpc.unary_unary_rpc_method_handler(predict)}
    server = grpc.server(futures.ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(service, handlers)]
    )
    chain, key = (Path(path).read_bytes() for path in certificate)
    port = server.add_secure_port(
        "localhost:0", grpc.ssl_server_credentials([(key, chain)], chain, True)
    )
    server.start()
    yield f"grpcs://localhost:{port}"
    server.stop(None)


@pytest.mark.parametrize("scheme", ["https", "grpcs"])
def test_both_sides_show_a_certificate(scheme, request, certificate):
    url = request.getfixturevalue(f"{scheme}_url")
    known = {"certificate": certificate[0], "client_certificate": certificate}
    with ServedModel(url, METADATA, **known) as model:
        assert model.predict(ROWS)[0]["sick_probability"] == 0.5
    for trusted in ({}, {"certificate": certificate[0]}):
        with (
            ServedModel(url, METADATA, retries=0, timeout=5, **trusted) as model,
            pytest.raises(ServingError, match="certificate"),
        ):
            model.predict(ROWS)
