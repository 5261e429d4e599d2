"""A served model, as a function from raw rows to predictions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import numpy as np

from keras_mtl.client._predictions import (
    WrongAnswerError,
    as_table,
    check_outputs,
    column_dtype,
    prediction_columns,
)
from keras_mtl.client._retries import call_with_retries
from keras_mtl.client._rows import InputRows, read_input_rows
from keras_mtl.client._transport import ConnectionSettings, Transport
from keras_mtl.client.model_description import ModelDescription, read_description
from keras_mtl.client.serving_error import ServingError
from keras_mtl.errors import UserError, gather, show_value

__all__ = ["ServedModel", "predict_address"]

SCHEMES = ("http", "https", "grpc", "grpcs")
# Ends of complete addresses, also of Vertex AI, KServe and SageMaker.
VERBS = (":predict", ":rawPredict", "/invocations")


class ServedModel:
    """Client of a model on a server: raw rows in, predictions out.

    Predictions have the columns that `python -m keras_mtl.predict` writes. Rows are
    split into several requests. Requests that a busy or starting server refuses are
    sent again. The client is thread-safe.

    Args:
        url: `http://HOST:8501` or `https://...` for REST, `grpc://HOST:8500` or
            `grpcs://...` for gRPC. An address that ends in `:predict`, `:rawPredict` or
            `/invocations` is used unchanged. Or a function from the JSON of a request,
            as bytes, to the JSON of the response.
        metadata: The metadata of the served version; see `read_description`.
        name: The name of the model on the server; by default the name in the metadata.
        version: The number of the version to use; by default the newest.
        label: The label of the version to use, in place of a number.
        headers: Headers of each request; with gRPC, its metadata.
        token: A bearer token, or a function that returns a fresh one.
        timeout: The timeout of one attempt, in seconds.
        retries: The number of further attempts after a temporary error: no connection,
            a timeout, or a busy server.
        backoff: The longest pause before the second attempt, in seconds. The longest
            pause doubles with each further attempt.
        batch_size: The largest number of rows per request.
        concurrency: The largest number of simultaneous requests.
        certificate: A file with the certificates of trusted authorities.
        client_certificate: The files with the certificate of the client and its key.
        session: A `requests.Session` for REST, for example with `auth` or proxies.

    Raises:
        UserError: With all errors in the settings at once.

    Example:

    >>> import json
    >>> metadata = {
    ...     "format": 1,
    ...     "name": "heart",
    ...     "features": [{"name": "age", "column": "Age", "dtype": "float32"}],
    ...     "tasks": [
    ...         {
    ...             "name": "sick",
    ...             "predictions": [
    ...                 {"column": "sick_value", "output": "sick", "dtype": "float32"}
    ...             ],
    ...         }
    ...     ],
    ... }
    >>> def server(body):
    ...     rows = json.loads(body)["instances"]
    ...     answers = [{"sick": row["age"] / 100} for row in rows]
    ...     return json.dumps({"predictions": answers}).encode()
    >>> ServedModel(server, metadata).predict([{"Age": 50}, {"Age": 25}])
    [{'row': 0, 'sick_value': 0.5}, {'row': 1, 'sick_value': 0.25}]
    """

    def __init__(
        self,
        url: str | Callable[[bytes], bytes],
        metadata: Mapping[str, Any] | str | os.PathLike[str],
        *,
        name: str | None = None,
        version: int | None = None,
        label: str | None = None,
        headers: Mapping[str, str] | None = None,
        token: str | Callable[[], str] | None = None,
        timeout: float = 10.0,
        retries: int = 3,
        backoff: float = 0.2,
        batch_size: int = 1000,
        concurrency: int = 1,
        certificate: str | os.PathLike[str] | None = None,
        client_certificate: tuple[str, str] | None = None,
        session: Any = None,
    ) -> None:
        errors = [
            *_wrong_numbers(timeout, retries, backoff, batch_size, concurrency),
            *_wrong_headers(headers, token),
            *_wrong_files(certificate, client_certificate),
            *_wrong_target(url, name, version, label),
        ]
        description = None
        with gather(errors):
            description = read_description(metadata)
        if errors or description is None:
            raise UserError(*errors)
        self.description: ModelDescription = description
        self._retries = retries
        self._backoff = backoff
        self._batch_size = batch_size
        self._concurrency = concurrency
        settings = ConnectionSettings(
            headers or {},
            token,
            timeout,
            None if certificate is None else os.fspath(certificate),
            client_certificate,
            concurrency,
        )
        self._transport = _transport(
            url, description, name, version, label, settings, session
        )

    @property
    def address(self) -> str:
        """The address to which requests are sent."""
        return self._transport.address

    def predict(self, rows: Any) -> Any:
        """Predict rows.

        Args:
            rows: A pandas or Polars DataFrame, a PyArrow Table, or a list of dicts,
                with the columns of the training data. Columns that are not features are
                not sent. A missing value is None or NaN.

        Returns:
            The same kind of table as `rows`, with the rows in the same order. The
            columns are `row`, counted from 0, and for each task the predicted class or
            value and the probabilities. A pandas DataFrame keeps the index of the rows.

        Raises:
            UserError: With all errors in the rows at once. Nothing is sent then.
            ServingError: If a request fails.
        """
        inputs = read_input_rows(rows, self.description.inputs)
        columns: dict[str, np.ndarray] = {"row": np.arange(inputs.count)}
        columns |= self._predict(inputs)
        return as_table(columns, rows)

    def _predict(self, inputs: InputRows) -> dict[str, np.ndarray]:
        if not inputs.count:
            # A server that batches answers a request without rows late or never.
            return {
                each.column: np.empty(0, column_dtype(each))
                for each in self.description.predictions
            }
        starts = range(0, inputs.count, self._batch_size)
        parts = [inputs.between(start, start + self._batch_size) for start in starts]
        answers = list(self._send_all(parts))
        return {
            name: np.concatenate([each[name] for each in answers])
            for name in answers[0]
        }

    def _send_all(self, parts: list[InputRows]) -> Iterator[dict[str, np.ndarray]]:
        if self._concurrency == 1 or len(parts) == 1:
            yield from map(self._send, parts)
            return
        with ThreadPoolExecutor(min(self._concurrency, len(parts))) as pool:
            sent = [pool.submit(self._send, part) for part in parts]
            try:
                for each in sent:
                    yield each.result()
            except BaseException:
                # After an error, requests that have not started are not sent.
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _send(self, part: InputRows) -> dict[str, np.ndarray]:
        outputs = call_with_retries(
            lambda: self._transport.predict(part), self._retries, self._backoff
        )
        try:
            check_outputs(outputs, self.description, part.count)
        except WrongAnswerError as error:
            raise ServingError(
                self.address,
                f"the served model is not the one of the metadata: {error}",
                "Pass the metadata of the version that is served, or ask that version: "
                "version=N.",
            ) from error
        return prediction_columns(outputs, self.description)

    def close(self) -> None:
        """Close the connections to the server."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def predict_address(
    url: str, name: str, version: int | None = None, label: str | None = None
) -> str:
    """Return the address for predictions over REST.

    Args:
        url: The address of the server, of the model, or for predictions.
        name: The name of the model.
        version: The number of the version, or None.
        label: The label of the version, or None.

    Example:

    >>> predict_address("http://localhost:8501", "heart", version=3)
    'http://localhost:8501/v1/models/heart/versions/3:predict'
    >>> predict_address("http://host/v1/models/heart", "other")
    'http://host/v1/models/heart:predict'
    """
    if _is_whole(url):
        return url
    url = url.rstrip("/")
    if "/v1/models/" not in f"{url}/":
        url = f"{url}/v1/models/{name}"
    if version is not None:
        url += f"/versions/{version}"
    if label is not None:
        url += f"/labels/{label}"
    return f"{url}:predict"


def _is_whole(url: str) -> bool:
    return urlsplit(url).path.endswith(VERBS)


def _transport(
    url: str | Callable[[bytes], bytes],
    description: ModelDescription,
    name: str | None,
    version: int | None,
    label: str | None,
    settings: ConnectionSettings,
    session: Any,
) -> Transport:
    name = name or description.name
    if not isinstance(url, str):
        from keras_mtl.client._rest import FunctionTransport

        return FunctionTransport(url, description.outputs)
    if url.startswith("grpc"):
        from keras_mtl.client._grpc import GrpcTransport

        return GrpcTransport(url, name, version, label, settings)
    from keras_mtl.client._rest import RestTransport

    address = predict_address(url, name, version, label)
    return RestTransport(address, description.outputs, settings, session)


def _wrong_numbers(
    timeout: Any, retries: Any, backoff: Any, batch_size: Any, concurrency: Any
) -> Iterator[str]:
    for argument, value in (("timeout", timeout), ("backoff", backoff)):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        # A timeout of 0 never succeeds; a backoff of 0 is allowed.
        is_enough = is_number and (value > 0 or (argument == "backoff" and not value))
        if not is_enough or value == float("inf"):
            yield (
                f"{argument}: expected a number of seconds, such as 10. Received: "
                f"{show_value(value)}."
            )
    least = {"retries": 0, "batch_size": 1, "concurrency": 1}
    given = {"retries": retries, "batch_size": batch_size, "concurrency": concurrency}
    for argument, value in given.items():
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        if not is_whole or value < least[argument]:
            yield (
                f"{argument}: expected a whole number of {least[argument]} or more. "
                f"Received: {show_value(value)}."
            )


def _wrong_headers(headers: Any, token: Any) -> Iterator[str]:
    is_mapping = headers is None or isinstance(headers, Mapping)
    texts = [*headers, *headers.values()] if headers and is_mapping else []
    if not is_mapping or not all(isinstance(text, str) for text in texts):
        yield (
            "headers: expected texts by name, such as {'X-Team': 'heart'}. Received: "
            f"{show_value(headers)}."
        )
    if token is not None and not isinstance(token, str) and not callable(token):
        yield (
            "token: expected a text, or a function that returns one. Received: a "
            f"{type(token).__name__}."
        )


def _wrong_files(certificate: Any, client_certificate: Any) -> Iterator[str]:
    files = [] if certificate is None else [("certificate", certificate)]
    if client_certificate is not None:
        if isinstance(client_certificate, str) or len(client_certificate) != 2:
            yield (
                "client_certificate: expected two files, of the certificate and its "
                f"key. Received: {show_value(client_certificate)}."
            )
        else:
            files += [("client_certificate", file) for file in client_certificate]
    for argument, file in files:
        if not Path(file).is_file():
            yield (
                f"{argument}: expected a file. Received: {file}, which is not there. "
                "Check the path."
            )


def _wrong_target(url: Any, name: Any, version: Any, label: Any) -> Iterator[str]:
    given = [
        argument
        for argument, value in (("name", name), ("version", version), ("label", label))
        if value is not None
    ]
    if version is not None and label is not None:
        yield (
            "version, label: expected one of them at most. Received: "
            f"{show_value(version)} and {show_value(label)}. Leave one out."
        )
    if version is not None and (
        isinstance(version, bool) or not isinstance(version, int) or version < 0
    ):
        yield (
            "version: expected the number of a version, such as 3. Received: "
            f"{show_value(version)}. Pass label=... for a name."
        )
    if callable(url):
        return
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or parts.scheme not in SCHEMES or not parts.netloc:
        yield (
            "url: expected http://HOST:8501, https://HOST, grpc://HOST:8500, "
            f"grpcs://HOST:8500 or a function. Received: {show_value(url)}."
        )
    elif given and _is_whole(url):
        yield (
            f"{', '.join(given)}: expected nothing beside a whole address. Received: "
            f"{url}. Leave {' and '.join(given)} out, or pass the address of the "
            "server."
        )
    elif parts.scheme.startswith("grpc") and parts.path.strip("/"):
        yield (
            f"url: expected {parts.scheme}://HOST:PORT. Received: {url}. Pass the name "
            "of the model as name=..."
        )
