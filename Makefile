# Two commands: make run, make test. Both do their own set-up in .venv and install nothing a second time.
PYTHON ?= python3
PORT ?= 8501
SITE ?= site
MODELS ?= none
VENV := .venv
BIN := $(VENV)/bin
RUN_READY := $(VENV)/.requirements
DEV_READY := $(VENV)/.requirements-dev
BROWSER_READY := $(VENV)/.browser

.PHONY: run dev test lint types bench traces goldens site clean

run: $(RUN_READY)
	@$(BIN)/python -m components.shell.server --port $(PORT)

# For working on the pages: changed files are picked up.
dev: $(RUN_READY)
	@$(BIN)/streamlit run app.py --server.port $(PORT) --server.fileWatcherType auto

# A browser test that waited in vain, or met a field of the run before beside the new one, is run once more and named in the report:
# a busy machine may stall for half a minute.
test: $(DEV_READY) $(BROWSER_READY) lint types
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --ignore tests/browser
	$(BIN)/python -m pytest -q -n 3 --dist worksteal --reruns 1 --only-rerun '[Tt]imeout|strict mode' -rR tests/browser

lint: $(DEV_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV_READY)
	$(BIN)/mypy

bench: $(DEV_READY) $(BROWSER_READY)
	$(BIN)/python -m tests.bench

# Every page as a file in the folder site, for any file server. MODELS=en or MODELS=all puts the models that run in a browser beside them.
site: $(RUN_READY)
	$(BIN)/python -m components.shell.static_site --to $(SITE) --models $(MODELS)

# The first screens that are drawn before torch is imported.
traces: $(RUN_READY)
	$(BIN)/python assets/traces/make.py

# What torch computes, for the tests of the browser's engine: after any change of a bundled model's weights.
goldens: $(DEV_READY)
	$(BIN)/python -m tests.golden.engine

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Glassbox needs Python 3.11 or newer; set PYTHON=/path/to/it")'
	$(PYTHON) -m venv $(VENV)

$(RUN_READY): requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(DEV_READY): requirements-dev.txt requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(RUN_READY)

$(BROWSER_READY): tests/browser/install.py $(DEV_READY)
	$(BIN)/python tests/browser/install.py
	@touch $@

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
