"""Base class of the transports of requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from keras_mtl.client._rows import InputRows
from keras_mtl.errors import UserError

__all__ = ["ConnectionSettings", "Transport", "install_hint"]

Token = str | Callable[[], str]


@dataclass(frozen=True)
class ConnectionSettings:
    """Settings of the connection to a server. See `ServedModel`."""

    headers: Mapping[str, str]
    token: Token | None
    timeout: float
    certificate: str | None
    client_certificate: tuple[str, str] | None
    connections: int

    def sent_headers(self) -> dict[str, str]:
        """Return the headers of the next request."""
        headers = {**self.headers}
        if self.token is not None:
            token = self.token if isinstance(self.token, str) else self.token()
            headers["Authorization"] = f"Bearer {token}"
        return headers


class Transport(Protocol):
    """Sender of the rows of one request, which returns the outputs."""

    address: str

    def predict(self, rows: InputRows) -> dict[str, np.ndarray]: ...

    def close(self) -> None: ...


def install_hint(package: str) -> UserError:
    """Return the error about a missing package that a transport needs."""
    return UserError(
        f"url: expected the package {package}, which sends the requests. Received: it "
        "is not installed. Install it: pip install 'keras-mtl[client]'."
    )
