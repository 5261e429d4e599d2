"""What claims promise to processes that share a folder."""

import json
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tuning.trial_claims import TrialClaims


def test_a_claim_is_taken_once_whoever_asks(tmp_path):
    everyone = [TrialClaims(tmp_path) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        for name in map(str, range(25)):
            taken = list(threads.map(lambda each, name=name: each.take(name), everyone))
            assert sum(claim is not None for claim in taken) == 1


def test_a_claim_of_a_dead_process_is_taken_over_once(tmp_path):
    code = (
        "from pathlib import Path; from tuning.trial_claims import TrialClaims; "
        f"TrialClaims(Path({str(tmp_path)!r})).take('3')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    first, second = TrialClaims(tmp_path), TrialClaims(tmp_path)
    assert first.take("3").deaths == 1
    assert second.take("3") is None


def test_a_claim_of_another_host_lasts_as_long_as_its_heartbeat(tmp_path):
    path = tmp_path / "5.0"
    path.write_text(json.dumps({"host": "elsewhere", "pid": 1}))
    claims = TrialClaims(tmp_path, seconds=30)
    assert claims.take("5") is None
    old = time.time() - 31
    os.utime(path, (old, old))
    assert claims.take("5").deaths == 1


def test_heartbeats_keep_a_claim_and_its_end_gives_it_back(tmp_path):
    # One sends heartbeats often, and the other takes a claim for dead late.
    claims, other = TrialClaims(tmp_path, 0.5), TrialClaims(tmp_path, 60)
    with claims.heartbeats():
        claim = claims.take("1")
        # Only the heartbeat is known of a process of another host.
        owner = {"host": f"not-{socket.gethostname()}", "pid": 1}
        claim.path.write_text(json.dumps(owner))
        os.utime(claim.path, (0, 0))
        for _ in range(6000):
            if claim.path.stat().st_mtime > 0:
                break
            time.sleep(0.01)
        assert other.take("1") is None
    assert other.take("1").deaths == 0


def test_a_process_that_was_ended_on_purpose_has_not_died(tmp_path):
    owner = {"host": socket.gethostname(), "pid": 2**22 + 1}
    (tmp_path / "4.0").write_text(json.dumps(owner))
    (tmp_path / "5.0").write_text(json.dumps(owner | {"host": "elsewhere"}))
    claims = TrialClaims(tmp_path)
    claims.release_of(owner["pid"])
    assert claims.take("4").deaths == 0
    assert claims.take("5") is None


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_a_claim_that_is_being_written_is_respected(tmp_path, text):
    (tmp_path / "2.0").write_text(text)
    assert TrialClaims(tmp_path).take("2") is None
