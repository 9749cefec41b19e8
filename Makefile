# One command each: `make demo` and `make test` make what they need. Only Python >= 3.10 and make are assumed
# (and, for the tests, a C compiler).

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
OUT    ?= build/demo

# Tests start this program hundreds of times: without its bytecode each start would compile it anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test unit bare others lint docs site pictures man constraints bench clean

demo: $(STAMP)
	$(BIN)/envdoctor build examples/digits/digits.keras --to ethos-u55-128 \
	    --calibration examples/digits/calibration.npz --evaluate examples/digits/test.npz --out $(OUT)

test: $(STAMP)-dev
	ENVDOCTOR_TESTS=thorough $(BIN)/python -m pytest -n auto --dist worksteal

unit: $(STAMP)-dev
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not integration and not slow"

# The tests that start programs, on a PATH and a Python that have only what the README names (Debian and Ubuntu).
bare: $(STAMP)-dev
	$(BIN)/python tools/make_bare.py build/bare
	PATH="$(CURDIR)/build/bare/bin" build/bare/venv/bin/python -m pytest -n auto --dist worksteal -m "not integration" \
	    @build/bare/tests.txt

# The tests that `make unit` runs, with the oldest and the newest other Python that pyenv or the PATH has, in environments
# of their own.
others: $(STAMP)-dev
	for python in $$($(BIN)/python tests/helpers/pythons.py); do \
	    $(MAKE) unit PYTHON=$$python VENV=build/others/$${python##*/} || exit 1; \
	done

lint: $(STAMP)-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(STAMP)-dev
	$(BIN)/python tools/make_docs.py

# The pages as a site that needs no network to be read: build/site/index.html. Links and anchors are checked.
site: docs tools/requirements-docs.txt
	$(PYTHON) tools/make_venv.py build/docs-venv
	build/docs-venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	    --requirement tools/requirements-docs.txt
	build/docs-venv/bin/python -m mkdocs build --strict --quiet

pictures: $(STAMP)-dev
	$(BIN)/python tools/make_pictures.py

man: $(STAMP)
	$(BIN)/python tools/make_man.py build/man

constraints: $(STAMP)
	$(BIN)/python tools/make_constraints.py

$(BIN)/python:
	$(PYTHON) tools/make_venv.py $(VENV)

# The environment of the product alone: what a user installs.
$(STAMP): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

# The same, and what tests and linters need, pinned by name, version and hash.
$(STAMP)-dev: $(STAMP) tools/requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement tools/requirements-dev.txt
	touch $@

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis
