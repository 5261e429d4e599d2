"""A request is sent again, after growing pauses, where that may help."""

import pytest

from keras_mtl.client import ServingError
from keras_mtl.client._retries import call_with_retries


def attempts(retries=4, **error):
    """Returns the pauses before an answer that comes only at the last attempt."""
    pauses = []

    def send():
        if len(pauses) < retries:
            raise ServingError("here", "busy.", "Wait.", **error)
        return pauses

    return call_with_retries(send, retries, 1.0, pauses.append)


def test_each_pause_is_up_to_twice_as_long():
    for number, pause in enumerate(attempts(can_retry=True)):
        assert 0.5 * 2**number <= pause <= 2**number


def test_the_server_may_want_a_longer_pause():
    assert attempts(retries=2, can_retry=True, retry_after=7) == [7, 7]


@pytest.mark.parametrize(
    "error", [{"can_retry": False}, {"can_retry": True, "retry_after": 3600}]
)
def test_what_another_attempt_does_not_help_is_raised_at_once(error):
    with pytest.raises(ServingError, match=r"here: busy\. Wait\."):
        attempts(**error)
