"""Requests over gRPC, in the protocol of TensorFlow Serving."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from keras_mtl.client._rows import InputRows
from keras_mtl.client._transport import ConnectionSettings, install_hint
from keras_mtl.client.serving_error import ServingError

__all__ = ["GrpcTransport"]

METHOD = "/tensorflow.serving.PredictionService/Predict"
PASSING_CODES = {"UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "ABORTED"}
REMEDIES = {
    "DEADLINE_EXCEEDED": "Raise timeout, or send fewer rows per request: "
    "batch_size=100.",
    "INVALID_ARGUMENT": "Check that the metadata are those of the served version.",
    "NOT_FOUND": "Check the name of the model and its version; a server that has just "
    "started may still load it.",
    "PERMISSION_DENIED": "Pass token=... or headers={...}.",
    "RESOURCE_EXHAUSTED": "Send fewer rows per request, or fewer requests at once.",
    "UNAUTHENTICATED": "Pass token=... or headers={...}.",
    "UNAVAILABLE": "Start the server, or check the address, the port (8500 rather than "
    "8501), whether it speaks TLS (grpcs://), and the certificates.",
    "UNIMPLEMENTED": "Check the address: another server answers there.",
}


class GrpcTransport:
    """Transport that calls the `Predict` of one model over gRPC.

    Args:
        url: `grpc://host:port`, or `grpcs://host:port` for TLS.
        model: The name of the model.
        version: The number of the version, or None.
        label: The label of the version, or None.
        settings: The settings of the connection.
    """

    def __init__(
        self,
        url: str,
        model: str,
        version: int | None,
        label: str | None,
        settings: ConnectionSettings,
    ) -> None:
        try:
            import grpc

            from keras_mtl.client._messages import decode_outputs, encode_request
        except ImportError:
            raise install_hint("grpcio, and the package protobuf") from None
        scheme, _, target = url.partition("://")
        self.address = f"{url.rstrip('/')}, model {model}"
        self._encode = partial(
            encode_request, model=model, version=version, label=label
        )
        self._decode = decode_outputs
        self._settings = settings
        # Outputs may exceed gRPC's default limit of 4 MiB.
        options = [("grpc.max_receive_message_length", -1)]
        target = target.rstrip("/")
        if scheme == "grpcs":
            self._channel = grpc.secure_channel(
                target, _credentials(grpc, settings), options
            )
        else:
            self._channel = grpc.insecure_channel(target, options)
        # gRPC sends and returns bytes; this class encodes and decodes the messages.
        self._call = self._channel.unary_unary(METHOD)
        self._error = grpc.RpcError

    def predict(self, rows: InputRows) -> dict[str, np.ndarray]:
        """Send one request."""
        headers = self._settings.sent_headers().items()
        try:
            response = self._call(
                self._encode(rows.values),
                timeout=self._settings.timeout,
                metadata=[(name.lower(), value) for name, value in headers],
            )
        except self._error as error:
            code = error.code().name
            raise ServingError(
                self.address,
                f"{code}: {error.details()}.",
                REMEDIES.get(code, "The log of the server may say more."),
                status=code,
                can_retry=code in PASSING_CODES,
            ) from error
        try:
            return self._decode(response)
        except ValueError as error:
            raise ServingError(
                self.address,
                f"the answer cannot be read: {error}.",
                "Check that the server is TensorFlow Serving.",
                status="OK",
            ) from error

    def close(self) -> None:
        """Close the connections."""
        self._channel.close()


def _credentials(grpc: Any, settings: ConnectionSettings) -> Any:
    root = key = chain = None
    if settings.certificate is not None:
        root = Path(settings.certificate).read_bytes()
    if settings.client_certificate is not None:
        chain, key = (Path(path).read_bytes() for path in settings.client_certificate)
    return grpc.ssl_channel_credentials(root, key, chain)
