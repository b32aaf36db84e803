# The one way in. `make demo` and `make test` need nothing but Python 3.11 or newer; see `make help`.
PYTHON ?= python3
SCENARIO ?= scenarios/canary-with-kill.toml
DRIVER ?= local
DRIVERS ?= local
# A cluster of three nodes leaves two cores room for 40 requests a second; RATE= for what the scenario says.
RATE ?= $(if $(filter kind,$(DRIVER)),40)
TESTS ?= tests
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: help demo test lint types unit integration test-containers test-kind nightly benchmark lock clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

demo: $(INSTALLED) ## Deploy the ledger under load and a fault, and show the verdict (SCENARIO=… for another, DRIVER=containers or kind, RATE=requests a second)
	$(BIN)/harness run --driver $(DRIVER) $(if $(RATE),--rate $(RATE) )$(SCENARIO)

test: lint types unit integration ## Lint, types and all tests that need no Docker

lint: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(INSTALLED)
	$(BIN)/mypy

unit: $(INSTALLED) ## Tests that start no servers
	$(BIN)/pytest -n 2 -m "not servers and not containers and not kind"

integration: $(INSTALLED) ## Tests on real servers: drivers, faults, scenarios, each variant of the ledger once
	$(BIN)/pytest -m "servers and not containers and not kind"

test-containers: $(INSTALLED) ## Tests of the driver containers, which need a Docker engine
	$(BIN)/pytest -m containers --require=containers

test-kind: $(INSTALLED) ## Tests of the driver kind, which need a Docker engine and kind (TESTS=… for some of them)
	$(BIN)/pytest -m kind --require=kind $(TESTS)

nightly: $(INSTALLED) ## Every scenario five times, every variant under every strategy it applies to, as one page (DRIVERS=local,containers,kind)
	$(BIN)/python -m tests.nightly --driver $(DRIVERS)

benchmark: $(INSTALLED) ## Start-up, load engine and checkers, as tables
	$(BIN)/python -m benchmarks

lock: $(INSTALLED) ## Pin all dependencies again, with hashes
	$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --universal --generate-hashes --no-header --no-annotate -o requirements.lock

clean: ## Remove what was made here
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(INSTALLED): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --require-hashes -r requirements.lock
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-deps -e .
	$(BIN)/harness doctor --install
	touch $@
