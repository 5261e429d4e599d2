"""What all tests share, the examples in docstrings included."""

import contextlib
import os
import sys

import pytest
from hypothesis import settings

from keras_mtl._core.side_process import SideProcess

# No time limit for an example: the machine may be busy, and what is traced first
# takes longest. Under `.ci/run` the same tree gets the same examples.
settings.register_profile(
    "keras_mtl", deadline=None, derandomize="CI" in os.environ, print_blob=True
)
settings.load_profile("keras_mtl")


@pytest.fixture(autouse=True)
def _registries_are_restored():
    """Takes out of the registries what a test or an example puts there."""
    from keras_mtl.architectures.registry import ARCHITECTURES
    from keras_mtl.features.kinds import FEATURE_KINDS
    from keras_mtl.tasks.kinds import TASK_KINDS
    from keras_mtl.weighting.registry import WEIGHTINGS

    with contextlib.ExitStack() as stack:
        for registry in (TASK_KINDS, FEATURE_KINDS, WEIGHTINGS, ARCHITECTURES):
            stack.enter_context(registry.restored())
        yield


class SharedProcess(SideProcess):
    """A process that the next context uses again, unless its call has not ended."""

    def __init__(self, shared, key, *arguments):
        super().__init__(*arguments)
        self.shared, self.key = shared, key

    def close(self):
        if self._busy or self._process.poll() is not None:
            super().close()
        else:
            self.shared.take_back(self)


class SharedProcesses:
    """Idle processes that draw plots and check SavedModels for several tests.

    To import TensorFlow and Matplotlib takes such a process longer than its work. Only
    a context with the same surroundings gets it.
    """

    LARGEST_NUMBER = 4

    def __init__(self):
        self.idle = []

    def __call__(self, imports=(), without=(), environment=None):
        key = (*imports, "without", *without, environment, _surroundings())
        for process in self.idle:
            if process.key == key:
                self.idle.remove(process)
                return process
        return SharedProcess(self, key, imports, without, environment)

    def take_back(self, process):
        self.idle.append(process)
        if len(self.idle) > self.LARGEST_NUMBER:
            SideProcess.close(self.idle.pop(0))

    def close(self):
        while self.idle:
            SideProcess.close(self.idle.pop())


def _surroundings():
    """Return what a new process takes from this one."""
    umask = os.umask(0)
    os.umask(umask)
    own = {"PYTEST_CURRENT_TEST"}
    environment = {name: os.environ[name] for name in os.environ.keys() - own}
    return [*sys.path], os.getcwd(), umask, environment


@pytest.fixture(scope="session", autouse=True)
def _processes_are_shared():
    """Fits of one test session begin the processes beside them once."""
    shared = SharedProcesses()
    with pytest.MonkeyPatch.context() as patch, contextlib.closing(shared):
        for user in (
            "runs.side_processes",
            "serving.session",
            "comparison.evaluate_run",
        ):
            patch.setattr(f"keras_mtl.{user}.SideProcess", shared)
        yield
