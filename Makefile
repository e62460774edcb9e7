# Every target can be interrupted and run again: it goes on where it stopped.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
# The first Python on the path that Shopwright supports.
ifndef PYTHON
PYTHON := $(shell for p in python3 python3.12 python3.11; do \
    if $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null; then echo $$p; break; fi; \
    done)
endif

# Where there is an NVIDIA driver, the 4-bit engine comes along.
EXTRAS := $(if $(shell command -v nvidia-smi 2>/dev/null),[gpu])

export SHOPWRIGHT_DATA_DIR ?= $(CURDIR)/var

.PHONY: help
help: ## List the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: demo
demo: $(VENV)/.installed ## Set up the demo shop and open the web app; the second time it is up in seconds.
	$(BIN)/shopwright init --demo
	exec $(BIN)/shopwright serve

.PHONY: test
test: $(VENV)/.installed-dev ## Run all tests, after fetching what they need.
	@.ci/packages
	$(BIN)/shopwright init --demo
	$(BIN)/python -m pytest $(PYTEST_ARGS)

.PHONY: lint
lint: $(VENV)/.installed-dev ## Check style and formatting.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: format
format: $(VENV)/.installed-dev ## Repair style and formatting where that is safe.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: types
types: $(VENV)/.installed-dev ## Check types.
	$(BIN)/mypy

.PHONY: contract
contract: $(VENV)/.installed-dev ## Check that imports point down only.
	$(BIN)/lint-imports

.PHONY: wheel-smoke
wheel-smoke: $(VENV)/.installed-dev ## Build the wheel, install it in a clean environment, run it from elsewhere.
	@.ci/wheel-smoke $(BIN)/python

.PHONY: eval-smoke
eval-smoke: $(VENV)/.installed-dev ## Ask the smoke suite of the real model; fail where it got significantly worse.
	$(BIN)/shopwright init --demo
	$(BIN)/shopwright eval smoke --gate evals/results/smoke-gguf-cpu.json

.PHONY: bench
bench: $(VENV)/.installed-dev ## Run all evaluation suites on the real model; takes most of an hour on two cores.
	$(BIN)/shopwright init --demo
	$(BIN)/python -m shopwright.evals.search
	$(BIN)/shopwright eval all --report $(SHOPWRIGHT_DATA_DIR)/evals/all.html

.PHONY: clean
clean: ## Remove what was built here; the data in var/ stays.
	rm -rf dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache $(VENV)
	find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +

$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "Shopwright needs Python 3.11 or 3.12; none was found on the PATH." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	    echo "The virtual environment could not be made. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PIP) install --upgrade pip
	@touch $@

$(VENV)/.installed: pyproject.toml | $(VENV)/.made
	$(PIP) install --editable '.$(EXTRAS)'
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(VENV)/.made
	$(PIP) install --editable '.[dev]'
	@touch $@ $(VENV)/.installed
