"""The error of a request that a server did not answer."""

from __future__ import annotations

__all__ = ["ServingError"]


class ServingError(Exception):
    """Failed request, with the address, the reason and a remedy.

    Errors in the rows or in the settings raise `keras_mtl.UserError` before anything is
    sent.

    Attributes:
        address: The address of the request.
        status: The HTTP status, for example 404, or the name of the gRPC status, for
            example `"NOT_FOUND"`; None without a response.
        can_retry: Whether the same request may succeed later.
        retry_after: The pause in seconds before the next attempt that the server asks
            for; None if it does not.
    """

    def __init__(
        self,
        address: str,
        reason: str,
        remedy: str,
        *,
        status: int | str | None = None,
        can_retry: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{address}: {reason} {remedy}")
        self.address = address
        self.status = status
        self.can_retry = can_retry
        self.retry_after = retry_after
