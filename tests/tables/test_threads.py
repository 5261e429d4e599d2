"""The memory that the threads of a reader use again."""

import platform
import subprocess
import sys

import pytest

# A fresh process, in which no large block was freed. The second block of 20 MiB has
# 5,120 pages.
PROGRAM = """
import resource
from keras_mtl.tables._threads import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    b"x" * (20 << 20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

keep_freed_memory()
faults()
print(faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="is about glibc")
def test_memory_that_was_freed_is_used_again_without_new_pages():
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert int(found.stdout) < 500
