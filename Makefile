# From a fresh clone, with Python 3.11 or newer: `make demo`, `make run`, `make test`.
# Everything is installed into a virtual environment, .venv; nothing else on the machine is touched.

VENV ?= .venv
PYTHON ?= $(shell for name in python3.13 python3.12 python3.14 python3.11 python3 python; do \
	if $$name -c 'import sys, ensurepip, sqlite3; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	then echo $$name; break; fi; done)
# more for pytest: make test ARGS="-k layers -x", or ARGS=--millions for the tests over millions of rows
ARGS ?=
# more for the trials: make chaos CHAOS="--on postgresql --seconds 600 --seed 7"
CHAOS ?= --seconds 120
# more for the benchmarks: make bench-all BENCH="--quick --only drain,latency --peers none"
BENCH ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
MANAGE := $(BIN)/python manage.py
PYTEST_OPTIONS := --numprocesses auto --maxprocesses 4 $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help demo run test test-all chaos bench bench-all lint format types build ci clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.example ## Run the example's jobs on real data, watch their progress here, see a summary
	@$(MANAGE) migrate --verbosity 0
	@$(MANAGE) demo

run: $(VENV)/.example ## Start the example site and a worker; prints the address and a one-time password
	@$(MANAGE) migrate --verbosity 0
	@$(MANAGE) devsite

test: $(VENV)/.test ## Run the tests on SQLite (or on the DATABASE_URL you give)
	@$(BIN)/python -m pytest $(PYTEST_OPTIONS)

test-all: $(VENV)/.databases ## Run the tests on SQLite and on the PostgreSQL and MariaDB found here
	@$(BIN)/python scripts/test_all.py -- $(PYTEST_OPTIONS)

chaos: $(VENV)/.databases ## Break workers and database servers at random, then count what was lost
	@$(BIN)/python -m tests.chaos $(CHAOS)

bench: $(VENV)/.benchmarks ## Compare the speed with the last one noted, in two minutes (BENCH="--check" fails on a loss)
	@$(BIN)/python -m benchmarks.daily $(BENCH)

bench-all: $(VENV)/.benchmarks ## Measure everything beside other queues, for hours, and write it into the docs
	@$(BIN)/python -m benchmarks $(BENCH)

lint: $(VENV)/.dev ## Check style and complexity
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

format: $(VENV)/.dev ## Mend what can be mended by a machine
	@$(BIN)/ruff check --fix-only
	@$(BIN)/ruff format

types: $(VENV)/.dev ## Check the types
	@$(BIN)/mypy

build: $(VENV)/.dev ## Build the wheel and the source distribution into dist/
	@$(BIN)/python -m build

ci: ## Run everything that the project is checked by, as a build server does
	@.ci/run

clean: ## Remove the virtual environment, caches, builds, and the example's database and files
	@rm -rf $(VENV) .bench build dist htmlcov .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@rm -rf example_project/var
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each stamp is the time of an installation; a change of pyproject.toml makes it due again.

$(VENV)/.made:
	@test -n "$(PYTHON)" || { \
		echo "No Python 3.11 or newer with venv was found. Install one (on Debian: apt install python3-venv)"; \
		echo "or name yours: make PYTHON=/path/to/python3 demo"; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP) install --upgrade "pip>=25.1"
	@touch $@

$(VENV)/.example: $(VENV)/.made pyproject.toml
	@echo "Installing what the example project needs"
	@$(PIP) install --editable ".[example]"
	@touch $@

$(VENV)/.test: $(VENV)/.made pyproject.toml
	@echo "Installing what the tests need"
	@$(PIP) install --editable ".[example,schema,api]" --group test
	@touch $@

$(VENV)/.databases: $(VENV)/.test
	@echo "Installing the drivers of PostgreSQL and MySQL"
	@$(PIP) install --editable ".[postgres]"
	@$(PIP) install --editable ".[mysql]" >$(VENV)/mysql.log 2>&1 || \
		echo "mysqlclient could not be built, so MariaDB is left out; it needs a C compiler and" \
			"(on Debian) libmariadb-dev and pkg-config. See $(VENV)/mysql.log"
	@touch $@

$(VENV)/.benchmarks: $(VENV)/.databases
	@echo "Installing what the benchmarks need"
	@$(PIP) install --group benchmarks
	@touch $@

$(VENV)/.dev: $(VENV)/.test
	@echo "Installing the tools of development"
	@$(PIP) install --group dev
	@touch $@
