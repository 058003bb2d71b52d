# Needs Python >= 3.11, make and git. PYTHON=python3.13 make ... chooses another interpreter.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed

# One thread for BLAS and OpenMP: the same bytes on any number of cores.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1

# On all processors; a worker that has run out of tests takes some of another's.
PARALLEL := -n auto --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help reproduce check test lint docs format lock clean

help: ## say what there is
	@echo "make TARGET, one of:"
	@sed -n 's/^\([a-z]*\):.*## /  \1\t/p' Makefile | expand -t 14

reproduce: $(INSTALLED) ## run every stale experiment, draw the figures, refresh and render the paper
	@$(BIN)/study reproduce

check: lint ## ruff, mypy --strict and the tests that take no second each, for the time between two edits
	@$(BIN)/pytest $(PARALLEL) -m 'not slow' --durations=0 --durations-min=1

test: lint ## ruff, mypy --strict and all tests
	@$(BIN)/pytest $(PARALLEL)

lint: $(INSTALLED)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

docs: $(INSTALLED) ## the API reference from the docstrings, to build/docs
	@rm -rf build/docs
	@$(BIN)/pdoc --docformat numpy --output-directory build/docs study '!study.commands' '!study.cli'
	@echo "the API reference is build/docs/index.html"

format: $(INSTALLED) ## let ruff mend what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: ## pin the newest versions that fit pyproject.toml (needs uv on the PATH)
	@uv pip compile pyproject.toml --all-extras --universal --fork-strategy fewest --upgrade \
	  --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o requirements.lock.txt

clean: ## delete what was made: .venv, build, blocks and caches
	@rm -rf .venv .study build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find study experiments figures tests -name __pycache__ -prune -exec rm -rf {} +

$(INSTALLED): requirements.lock.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and "make: Python 3.11 or newer is needed; got %d.%d (choose one with PYTHON=...)" % v[:2])'
	@echo "Installing the pinned dependencies into .venv (about a minute, once)"
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@echo "Compiling the loops, two modules at a time (half a minute, once)"
	@cd study/kernels && printf 'study.kernels.%s\n' $$(basename -s .py [a-z]*.py) | \
	  xargs -n 1 -P 2 ../../$(BIN)/python -c 'import importlib, sys; importlib.import_module(sys.argv[1])'
	@touch $(INSTALLED)
