# Needs Python >= 3.11, make and git. PYTHON=python3.13 make ... chooses another interpreter.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed

# One thread for BLAS and OpenMP: the same bytes on any number of cores.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1

# Two lists of compiled loops that take equally long: `wide` waits for `unit`.
FIRST := study.kernels.wide study.kernels.nearest_points study.kernels.hinge
KERNELS := $(patsubst study/kernels/%.py,study.kernels.%,$(wildcard study/kernels/[a-z]*.py))

# Types are checked on all processors.
export MYPY_NUM_WORKERS := auto

# Tests run on all processors; a worker that has run out of tests takes some of another's.
PARALLEL := -n auto --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help reproduce check test lint docs format lock archive release clean

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

docs: $(INSTALLED) ## the pages of docs/ and the library's reference as one site with a search, to build/docs
	@$(BIN)/sphinx-build -q -W --fresh-env -b html docs build/docs
	@echo "the site is build/docs/index.html"

format: $(INSTALLED) ## let ruff mend what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: ## pin the newest versions that fit pyproject.toml (needs uv on the PATH)
	@uv pip compile pyproject.toml --all-extras --universal --fork-strategy fewest --upgrade \
	  --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o requirements.lock.txt

archive: $(INSTALLED) ## source, results, proofs and the rendered paper in one file with its digests, to build
	@test -z "$$(git status --porcelain)" || { echo "make archive: commit or remove what is changed first"; exit 2; }
	@$(BIN)/study paper
	@rm -rf build/archive && mkdir -p build/archive
	@git archive --prefix=study/ HEAD | tar -x -C build/archive
	@cp build/paper.html build/paper.pdf build/archive/study/
	@cd build/archive/study && git -C $(CURDIR) rev-parse HEAD > COMMIT && \
	  find . -type f ! -name SHA256SUMS | LC_ALL=C sort | xargs sha256sum > SHA256SUMS
	@tar -czf build/study.tar.gz -C build/archive study && rm -r build/archive
	@echo "the archive is build/study.tar.gz; SHA256SUMS in it has the digest of every file"

release: $(INSTALLED) ## tag the version of pyproject.toml, once CHANGELOG.md has a section for it
	@test -z "$$(git status --porcelain)" || { echo "make release: commit or remove what is changed first"; exit 2; }
	@version=$$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml); \
	  grep -q "^## $$version" CHANGELOG.md || { echo "make release: CHANGELOG.md has no section $$version"; exit 2; }; \
	  git tag -a "v$$version" -m "Version $$version" && echo "tagged v$$version"

clean: ## delete what was made: .venv, build, blocks and caches
	@rm -rf .venv .study build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find study experiments figures tests -name __pycache__ -prune -exec rm -rf {} +

$(INSTALLED): requirements.lock.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and "make: Python 3.11 or newer is needed; got %d.%d (choose one with PYTHON=...)" % v[:2])'
	@echo "Installing the pinned dependencies into .venv (about a minute, once)"
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@echo "Compiling the loops in two processes (a quarter of a minute, once)"
	@printf '%s\n' "$(FIRST)" "$(filter-out study.kernels.unit $(FIRST),$(KERNELS))" | xargs -L 1 -P 2 \
	  $(BIN)/python -c 'import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]'
	@touch $(INSTALLED)
