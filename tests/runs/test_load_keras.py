"""Keras as commands load it."""

import subprocess
import sys

CHECK = """
import sys
from keras_mtl.runs.load_keras import load_keras

load_keras()
assert "keras" in sys.modules
for name in ("sklearn", "matplotlib"):
    assert name not in sys.modules, name
import matplotlib, sklearn
load_keras()
assert sys.modules["sklearn"] is sklearn
assert sys.modules["matplotlib"] is matplotlib
"""


def test_keras_is_loaded_without_what_it_may_miss_and_others_find_it():
    done = subprocess.run(
        [sys.executable, "-c", CHECK], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
