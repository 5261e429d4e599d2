"""Calls in another process, which ends with this one."""

import os
import signal
import subprocess
import sys
import time

import pytest

from keras_mtl._core.side_process import SideProcess, SideProcessError

PARENT = """
import os, sys, time
from keras_mtl._core.side_process import SideProcess
with SideProcess(imports=["math"]) as side:
    side.submit("os:getpid")
    print(side.result(), flush=True)
    time.sleep(60)
"""


@pytest.fixture
def side():
    with SideProcess(imports=["json"], without=["decimal"]) as process:
        yield process


def test_calls_are_answered_one_after_another(side):
    for numbers in ((1, 2), (3, 4)):
        side.submit("operator:add", *numbers)
        assert side.result() == sum(numbers)
    side.submit("os:getpid")
    assert side.result() != os.getpid()


def test_large_values_go_both_ways(side):
    content = b"x" * 3_000_000
    side.submit("copy:copy", content)
    assert side.result() == content


def test_what_a_function_prints_is_no_answer(side):
    side.submit("builtins:print", "noise")
    assert side.result() is None


def test_an_error_is_told_and_the_next_call_answered(side):
    side.submit("math:sqrt", -1)
    with pytest.raises(SideProcessError, match="ValueError: math domain error"):
        side.result()
    side.submit("math:sqrt", 4)
    assert side.result() == 2


def test_a_module_that_is_forbidden_is_not_imported(side):
    side.submit("decimal:Decimal", 1)
    with pytest.raises(SideProcessError, match="import of decimal halted"):
        side.result()


def test_what_cannot_be_pickled_is_refused_and_does_no_harm(side):
    with pytest.raises(SideProcessError, match="lambda"):
        side.submit("operator:call", lambda: 1)
    side.submit("operator:neg", 1)
    assert side.result() == -1


def test_a_second_call_has_to_wait_for_the_first(side):
    side.submit("operator:neg", 1)
    with pytest.raises(SideProcessError, match="one call at a time"):
        side.submit("operator:neg", 2)
    assert side.result() == -1


def test_a_process_that_ends_says_why(side):
    side.submit("os:_exit", 7)
    with pytest.raises(SideProcessError, match="ended with status 7"):
        side.result()
    with pytest.raises(SideProcessError, match="ended with status 7"):
        side.submit("os:getpid")


def test_leaving_the_context_ends_a_busy_process():
    with SideProcess() as side:
        side.submit("time:sleep", 60)
        began = time.monotonic()
    assert time.monotonic() - began < 10


def test_it_ends_when_its_parent_is_killed():
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True
    )
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 20
    while _is_running(child):
        assert time.monotonic() < deadline, "the child is still there"
        time.sleep(0.05)


def _is_running(number):
    try:
        with open(f"/proc/{number}/stat") as file:
            # A zombie waits for whoever adopted it, and does nothing.
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
