"""Test the lowest and the newest versions that `pyproject.toml` allows.

`make test-versions` makes one environment per installed Python and end of the allowed
versions, installs the wheel there, and runs a part of the tests. The tests run in a
copy of the tree without the package, so they test the installed wheel. For a Python
that is not installed, the command checks that every dependency has a wheel. It ends
with status 1 if a test failed or a wheel is missing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Outcome", "find_pythons", "main", "read_counts", "read_pins", "table"]

ROOT = Path(__file__).parents[1]
# All released versions that `requires-python` allows.
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# Only the dependencies in `pyproject.toml` have their lowest versions. Their own
# dependencies have the newest versions that fit, as in a new environment.
RESOLUTIONS = {"lowest": "lowest-direct", "newest": "highest"}
# Further packages that the tests import, in their newest versions.
TEST_PACKAGES = ("fsspec", "hypothesis", "polars", "pytest", "pytest-xdist")
SHOWN = ("tensorflow", "keras", "numpy", "pandas", "scikit-learn", "pydantic")
# Tests of a few minutes that use each dependency: losses, metrics and blocks (Keras,
# TensorFlow), tables (pandas, PyArrow, Polars through narwhals), commands (click,
# pydantic, rich), the estimator (scikit-learn), the SavedModel, the search.
TESTS = (
    "tests/_core",
    "tests/blocks",
    "tests/dataframes",
    "tests/estimator",
    "tests/losses",
    "tests/metrics",
    "tests/model/test_heads_by_name.py",
    "tests/model/test_keras_contract.py",
    "tests/serving/test_saved_model.py",
    "tests/splits",
    "tests/tables",
    "tests/test_fit_command.py",
    "tests/test_predict_command.py",
    "tests/tuning/test_search_loop.py",
    "tests/tuning/test_search_space.py",
)
# Folders and files that these tests read.
COPIED = (
    *("data", "docs", "examples", "tests"),
    *("README.md", "conftest.py", "pyproject.toml"),
)


@dataclass(frozen=True)
class Outcome:
    """Result of one environment.

    Args:
        python: Minor version of Python, such as `"3.11"`.
        end: `"lowest"` or `"newest"`.
        pins: Version of each package.
        passed: Number of tests that passed; None if only wheels were checked.
        failures: Names of the tests that failed, or the error of the environment.
        seconds: Seconds that the tests took.
    """

    python: str
    end: str
    pins: Mapping[str, str]
    passed: int | None = None
    failures: tuple[str, ...] = ()
    seconds: float = 0.0


def find_pythons(minors: Sequence[str] = PYTHONS) -> dict[str, Path]:
    """Find an interpreter for each minor version, on the PATH or installed by pyenv.

    Args:
        minors: Minor versions, such as `"3.11"`.

    Returns:
        Dict of interpreters by minor version, without versions that are not found.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = {}
    for minor in minors:
        name = f"python{minor}"
        on_path = shutil.which(name)
        candidates = [Path(on_path)] if on_path else []
        candidates += sorted(pyenv.glob(f"versions/{minor}.*/bin/{name}"))
        for candidate in candidates:
            # pyenv also has shims of versions that are not active.
            program = (
                "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
            )
            answer = subprocess.run(
                [candidate, "-c", program], capture_output=True, text=True
            )
            if answer.stdout.strip() == minor:
                found[minor] = candidate
                break
    return found


def read_pins(text: str) -> dict[str, str]:
    """Read the lines `name==version` of a file of pins.

    Args:
        text: The content of the file.

    Returns:
        Dict of versions by name.
    """
    lines = (line.partition(";")[0].strip() for line in text.splitlines())
    pins = (line.split("==") for line in lines if "==" in line)
    return {name.strip(): version.strip() for name, version in pins}


def read_counts(report: str) -> tuple[int, tuple[str, ...]]:
    """Read a report of pytest in JUnit's format.

    Args:
        report: The content of the file.

    Returns:
        The number of passed tests, and the names of failed tests.
    """
    passed, failures = 0, []
    for case in ElementTree.fromstring(report).iter("testcase"):
        outcomes = {child.tag for child in case}
        if outcomes & {"failure", "error"}:
            name = f"{case.get('classname')}::{case.get('name')}"
            failures.append(name.removeprefix("::"))
        elif "skipped" not in outcomes:
            passed += 1
    return passed, tuple(failures)


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the outcomes as a table in Markdown.

    Args:
        outcomes: One outcome per environment.

    Returns:
        Lines of text: two lines of the head, and one line per outcome.
    """
    lines = [
        "| Python | versions | " + " | ".join(SHOWN) + " | result |",
        "|---" * (len(SHOWN) + 3) + "|",
    ]
    for outcome in outcomes:
        versions = [outcome.pins.get(name, "-") for name in SHOWN]
        if outcome.passed is None:
            result = "no environment" if outcome.failures else "has wheels, not run"
        else:
            result = f"{outcome.passed} passed"
            if outcome.failures:
                result += f", {len(outcome.failures)} failed"
        cells = [outcome.python, outcome.end, *versions, result]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _run(*command: str | Path) -> None:
    """Run a command, and raise a RuntimeError with its output if it fails."""
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        shown = " ".join(str(part) for part in command[:4])
        raise RuntimeError(f"{shown} ... failed:\n{done.stdout}{done.stderr}")


def _compile_pins(uv: Path, minor: str, end: str, file: Path) -> dict[str, str]:
    """Choose a version of every package, only from versions with a wheel."""
    _run(
        *(uv, "pip", "compile", "--quiet", "--no-header", "--no-annotate"),
        *("--python-version", minor, "--resolution", RESOLUTIONS[end]),
        *("--only-binary", ":all:", "--extra", "parquet"),
        *("--output-file", file, ROOT / "pyproject.toml"),
    )
    return read_pins(file.read_text("utf-8"))


def _copy_tree(folder: Path) -> None:
    """Copy the files that the tests read, without the package."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *COPIED],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)


def _test(
    interpreter: Path, tree: Path, report: Path, arguments: Sequence[str]
) -> tuple[int, tuple[str, ...]]:
    # Under CI, hypothesis uses the same examples in all environments.
    environment = {**os.environ, "CI": "true", "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment.pop("PYTHONPATH", None)
    # Not `python -m pytest`, which puts the current folder first in the path.
    done = subprocess.run(
        [
            *(interpreter.with_name("pytest"), "-q", "-m", "not slow", "-W", "ignore"),
            *("-p", "no:cacheprovider", f"--junitxml={report}", *arguments),
        ],
        cwd=tree,
        env=environment,
    )
    if not report.exists():
        return 0, (f"pytest ended with status {done.returncode} and no report",)
    passed, failures = read_counts(report.read_text("utf-8"))
    if done.returncode and not failures:
        failures = (f"pytest ended with status {done.returncode}",)
    return passed, failures


def _outcomes(
    pythons: Sequence[str], ends: Sequence[str], work: Path, arguments: Sequence[str]
) -> Iterator[Outcome]:
    """Yield the outcome of each environment, and then delete the environment."""
    tools, tree = work / "tools", work / "tree"
    _run(sys.executable, "-m", "venv", tools)
    _run(tools / "bin/python", "-m", "pip", "install", "--quiet", "uv")
    uv = tools / "bin/uv"
    _run(
        *(tools / "bin/python", "-m", "pip", "wheel", "--quiet", "--no-deps"),
        *("--wheel-dir", work, ROOT),
    )
    (wheel,) = work.glob("keras_mtl-*.whl")
    _copy_tree(tree)
    found = find_pythons(pythons)
    for minor in pythons:
        for end in ends:
            name = f"{minor}-{end}"
            file, folder = work / f"{name}.txt", work / name
            try:
                pins = _compile_pins(uv, minor, end, file)
                if minor not in found:
                    yield Outcome(minor, end, pins)
                    continue
                print(f"Python {minor}, {end} versions", flush=True)
                _run(uv, "venv", "--quiet", "--python", found[minor], folder)
                interpreter = folder / "bin/python"
                install = (uv, "pip", "install", "--quiet", "--python", interpreter)
                _run(*install, "--requirement", file)
                _run(*install, "--constraint", file, *TEST_PACKAGES)
                _run(*install, "--no-deps", wheel)
            except RuntimeError as error:
                yield Outcome(minor, end, {}, failures=(str(error),))
                continue
            begin = time.perf_counter()
            passed, failures = _test(interpreter, tree, work / f"{name}.xml", arguments)
            seconds = time.perf_counter() - begin
            yield Outcome(minor, end, pins, passed, failures, seconds)
            shutil.rmtree(folder)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: Arguments of the command; by default the arguments of the process.

        Returns:
            Exit status: 1 if a test failed or a wheel is missing, otherwise 0.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tools.versions", description=__doc__.partition("\n")[0]
    )
    parser.add_argument(
        "--python",
        action="append",
        choices=PYTHONS,
        help="test this version of Python; may be given several times (default: all)",
    )
    parser.add_argument(
        "--end",
        action="append",
        choices=tuple(RESOLUTIONS),
        help="test the lowest or the newest versions (default: both)",
    )
    parser.add_argument(
        "--work",
        type=Path,
        help="make the environments in this folder (default: a temporary folder)",
    )
    parser.add_argument(
        "pytest",
        nargs="*",
        help="arguments of pytest, after `--` (default: a part of a few minutes)",
    )
    given = parser.parse_args(arguments)
    outcomes = []
    with tempfile.TemporaryDirectory(dir=given.work) as work:
        for outcome in _outcomes(
            given.python or PYTHONS,
            given.end or tuple(RESOLUTIONS),
            Path(work),
            given.pytest or TESTS,
        ):
            outcomes.append(outcome)
            minutes = outcome.seconds / 60
            print(f"{table([outcome]).splitlines()[-1]} {minutes:.1f} min", flush=True)
            print(*outcome.failures, sep="\n", flush=True)
    print(f"\n{table(outcomes)}")
    return int(any(outcome.failures for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
