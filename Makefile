# `make fit` and `make test` need Python 3.11 or newer, make and the package
# registry; everything else they install into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: fit test test-slow test-wheel test-versions docs check format benchmark clean

fit: $(VENV)/.installed
	$(BIN)/python -m keras_mtl.fit $(ARGS)

test: check
	$(BIN)/python -m pytest -m "not slow" $(ARGS)

test-slow: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m slow $(ARGS)

test-wheel: $(VENV)/.installed-dev
	.ci/wheel

# The lowest and the newest dependencies on each Python that is found: half an hour.
test-versions: $(VENV)/bin/python
	$(BIN)/python -m tools.versions $(ARGS)

# The documentation site, in build/site.
docs: $(VENV)/.installed-docs
	$(BIN)/python -m website.build

check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

benchmark: $(VENV)/.installed-dev
	$(BIN)/python -m keras_mtl.evaluate --repeats 5 --members 10 $(ARGS)

clean:
	rm -rf $(VENV) build dist .pytest_cache .hypothesis .mypy_cache .ruff_cache

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "keras_mtl needs Python 3.11 or newer: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) --editable .
	touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) --editable '.[dev]'
	touch $@ $(VENV)/.installed

$(VENV)/.installed-docs: pyproject.toml constraints.txt | $(VENV)/.installed-dev
	$(INSTALL) --editable '.[dev,docs]'
	touch $@
