"""Requests over HTTP, in the JSON that all servers of SavedModels accept."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from keras_mtl.client._rows import InputRows
from keras_mtl.client._transport import ConnectionSettings, install_hint
from keras_mtl.client.serving_error import ServingError

__all__ = ["FunctionTransport", "RestTransport", "read_predictions", "request_body"]

# Statuses of a server that is starting, busy, or not reached by its proxy.
PASSING_STATUSES = {408, 425, 429, 500, 502, 503, 504}
REMEDIES = {
    400: "Check that the metadata are those of the served version.",
    401: "Pass token=... or headers={...}.",
    403: "Pass token=... or headers={...} of a user who may ask this model.",
    404: "Check the address, the name of the model and its version; a server that has "
    "just started may still load it.",
    413: "Send fewer rows per request: batch_size=100.",
    429: "Send fewer requests at once: concurrency=1.",
    503: "The server is starting, busy or out of memory: try again later.",
}
CHARACTERS_SHOWN = 500


def request_body(rows: InputRows) -> bytes:
    """Return the JSON of a request in row form.

    Python writes NaN and Infinity in the form that TensorFlow Serving reads.

    Example:

    >>> request_body(InputRows(1, {"age": np.array([63.0])}))
    b'{"instances": [{"age": 63.0}]}'
    """
    names = list(rows.values)
    columns = [values.tolist() for values in rows.values.values()]
    instances = [
        dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)
    ]
    # Lone surrogates, which some files have, remain escaped.
    return json.dumps({"instances": instances}).encode()


def read_predictions(
    body: bytes, outputs: Sequence[str], rows: int
) -> dict[str, np.ndarray]:
    """Return the outputs in the JSON of a response in row form.

    Args:
        body: The JSON.
        outputs: The names of the outputs of the model.
        rows: The number of rows that were sent.

    Raises:
        ValueError: If the JSON is not a response to these rows.

    Example:

    >>> read_predictions(b'{"predictions": [{"age": 0.5}]}', ["age"], 1)
    {'age': array([0.5], dtype=float32)}
    """
    answer = json.loads(body)
    predictions = answer.get("predictions") if isinstance(answer, dict) else None
    if not isinstance(predictions, list) or len(predictions) != rows:
        shown = body[:CHARACTERS_SHOWN].decode("utf-8", "replace")
        raise ValueError(f"expected {rows} predictions. Received: {shown}")
    if len(outputs) == 1 and not isinstance(predictions[0], dict):
        # A server writes a single output without its name.
        return {outputs[0]: _array(predictions)}
    if not all(isinstance(row, dict) for row in predictions):
        raise ValueError("expected an object of named outputs for each row")
    names = predictions[0]
    return {name: _array([row[name] for row in predictions]) for name in names}


def _array(values: list[Any]) -> np.ndarray:
    made = np.array(values)
    if made.dtype.kind == "U":
        return made.astype(object)
    # The models return float32, but JSON does not contain types.
    return made.astype("float32") if made.dtype.kind == "f" else made


def _cause(error: Exception) -> object:
    """Return the reason of a failed connection without the layers around it."""
    inner = error.args[0] if error.args else error
    return getattr(inner, "reason", inner)


class RestTransport:
    """Transport that posts JSON to one address.

    Args:
        address: The URL for predictions.
        outputs: The names of the outputs of the model.
        settings: The settings of the connection.
        session: A `requests.Session` to use; by default a new one.
    """

    def __init__(
        self,
        address: str,
        outputs: Sequence[str],
        settings: ConnectionSettings,
        session: Any = None,
    ) -> None:
        try:
            import requests
            from requests.adapters import HTTPAdapter
        except ImportError:
            raise install_hint("requests") from None
        self.address = address
        self._outputs = outputs
        self._settings = settings
        self._errors = requests.exceptions
        self._owns_session = session is None
        if session is None:
            session = requests.Session()
            pool = HTTPAdapter(pool_maxsize=settings.connections)
            session.mount("http://", pool)
            session.mount("https://", pool)
        self._session = session

    def predict(self, rows: InputRows) -> dict[str, np.ndarray]:
        """Send one request."""
        extra: dict[str, Any] = {}
        if self._settings.certificate is not None:
            extra["verify"] = self._settings.certificate
        if self._settings.client_certificate is not None:
            extra["cert"] = self._settings.client_certificate
        timeout = self._settings.timeout
        try:
            response = self._session.post(
                self.address,
                data=request_body(rows),
                headers={
                    "Content-Type": "application/json",
                    **self._settings.sent_headers(),
                },
                timeout=timeout,
                **extra,
            )
        except self._errors.SSLError as error:
            raise ServingError(
                self.address,
                f"the connection is not trusted: {_cause(error)}.",
                "Pass the authority of the server's certificate, certificate='ca.pem', "
                "and where the server asks for one a client_certificate.",
            ) from error
        except self._errors.Timeout as error:
            raise ServingError(
                self.address,
                f"no answer within {timeout:g} s.",
                "Raise timeout, or send fewer rows per request: batch_size=100.",
                can_retry=True,
            ) from error
        except self._errors.RequestException as error:
            raise ServingError(
                self.address,
                f"no server can be reached: {_cause(error)}.",
                "Start the server, or check the address and the network.",
                can_retry=isinstance(
                    error,
                    self._errors.ConnectionError | self._errors.ChunkedEncodingError,
                ),
            ) from error
        if response.status_code != 200:
            raise self._refusal(response)
        try:
            return read_predictions(response.content, self._outputs, rows.count)
        except (ValueError, KeyError) as error:
            raise ServingError(
                self.address,
                f"the answer cannot be read: {error}.",
                "Check that the address is that of a model, with the verb predict.",
                status=200,
            ) from error

    def _refusal(self, response: Any) -> ServingError:
        status = response.status_code
        try:
            text = str(response.json()["error"])
        except (ValueError, KeyError, TypeError):
            text = response.text
        wait = response.headers.get("Retry-After", "")
        return ServingError(
            self.address,
            f"status {status}: {text.strip()[:CHARACTERS_SHOWN]}.",
            REMEDIES.get(status, "The log of the server may say more."),
            status=status,
            can_retry=status in PASSING_STATUSES,
            retry_after=float(wait) if wait.isdecimal() else None,
        )

    def close(self) -> None:
        """Close the connections."""
        if self._owns_session:
            self._session.close()


class FunctionTransport:
    """Transport that passes JSON to a function, for example of a cloud library.

    Args:
        send: A function from the body of a request to the body of the response.
        outputs: The names of the outputs of the model.
    """

    def __init__(self, send: Callable[[bytes], bytes], outputs: Sequence[str]) -> None:
        self.address = getattr(send, "__qualname__", repr(send))
        self._send = send
        self._outputs = outputs

    def predict(self, rows: InputRows) -> dict[str, np.ndarray]:
        """Send one request."""
        body = self._send(request_body(rows))
        try:
            return read_predictions(body, self._outputs, rows.count)
        except (ValueError, KeyError, TypeError) as error:
            raise ServingError(
                self.address,
                f"the answer cannot be read: {error}.",
                "Return the body of the answer, as bytes.",
            ) from error

    def close(self) -> None:
        """Do nothing: the function keeps its own connections."""
