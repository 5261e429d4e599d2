"""Asking a written SavedModel before anyone else does.

`python -m keras_mtl.serving.check_saved_model FOLDER REQUESTS ANSWERS` runs in
a process of its own, with neither tensorflow nor keras imported, and with
memory that a broken model may exhaust without harm.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

__all__ = ["ask_saved_model"]


def ask_saved_model(
    folder: Path, requests: Sequence[tuple[str, dict[str, np.ndarray]]]
) -> list[dict[str, np.ndarray]]:
    """Loads a SavedModel as the server does and answers requests with it.

    Args:
        folder: The version's folder.
        requests: Names of signatures, each with its inputs.

    Returns:
        For each request its outputs by name, texts as str.

    Raises:
        RuntimeError: When it does not load or does not answer.
    """
    with tempfile.TemporaryDirectory() as place:
        asked, answered = Path(place, "requests.json"), Path(place, "answers.json")
        asked.write_text(
            json.dumps(
                [
                    [name, {key: _plain(values) for key, values in inputs.items()}]
                    for name, inputs in requests
                ]
            )
        )
        command: list[str | Path] = [
            sys.executable,
            "-m",
            __name__,
            folder,
            asked,
            answered,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            # The last line, in which Python says why; those before are logs.
            reason = done.stderr.strip().rpartition("Error: ")[2]
            raise RuntimeError(
                f"The SavedModel that was written does not answer: {reason}"
            )
        answers = json.loads(answered.read_text())
    return [
        {name: np.asarray(values) for name, values in one.items()} for one in answers
    ]


def _plain(values: np.ndarray) -> list:
    return [
        {"hex": value.hex()} if isinstance(value, bytes) else value
        for value in np.asarray(values).tolist()
    ]


def _main(folder: str, asked: str, answered: str) -> None:
    from keras_mtl.serving.c_library import CSession

    session = CSession(folder)
    answers = []
    for name, inputs in json.loads(Path(asked).read_text()):
        fed = {
            key: [
                bytes.fromhex(value["hex"]) if isinstance(value, dict) else value
                for value in values
            ]
            for key, values in inputs.items()
        }
        outputs = session.run(name, fed)
        answers.append(
            {
                key: np.vectorize(bytes.decode, otypes=[object])(array).tolist()
                if array.dtype == object
                else array.tolist()
                for key, array in outputs.items()
            }
        )
    Path(answered).write_text(json.dumps(answers))


if __name__ == "__main__":
    _main(*sys.argv[1:])
