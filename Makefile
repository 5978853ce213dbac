# Entrepôt: `make up` starts it, `make help` lists the rest. Needs Python 3.11 or newer and make.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
.DEFAULT_GOAL := help

.PHONY: help env up test survey tour prove prove-short check format bench lock migrations messages openapi clean

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

env: $(READY) ## Make .venv with everything in it, from pinned and hashed requirements

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Entrepôt needs Python 3.11 or newer: make env PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { echo "This Python lacks venv; on Debian: apt-get install python3-venv"; exit 1; }
	@echo "Making .venv (once; some minutes on a slow line) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

up: env ## Start everything on this machine: make up ARGS="--port 9000"
	@exec $(BIN)/entrepot up $(ARGS)

test: env ## Run all tests, in parts at once, or some on a PostgreSQL of their own: make test ARGS="-k ledger"
	@exec $(BIN)/python tests/parts.py $(ARGS)

survey: env ## Feed every form nonsense and count what every page asks, at two sizes of data; long
	@$(BIN)/pytest tests/walks/test_forms.py tests/walks/test_questions.py -m survey $(ARGS)

tour: export TOUR = $(CURDIR)/build/tour
tour: env ## Walk the guided tours and keep a picture of every step: make tour ARGS="-k shopper"
	@$(BIN)/pytest tests/walks/tours -s $(ARGS)

prove-short: env ## Crash, race and play at random for some minutes
	@exec $(BIN)/python tests/proving $(ARGS)

prove: env ## The same for hours: make prove ARGS="--histories 20000 --steps 50 --rounds 50 --kills 200 --crash-rounds 20"
	@exec $(BIN)/python tests/proving $(ARGS)

check: export ENTREPOT_DATA_DIR = $(CURDIR)/build/check
check: env ## Lint, types, import contracts, architecture
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "Run: make format"; exit 1; }
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/mypy
	@$(BIN)/pytest tests/architecture

format: env ## Put the code into the house format
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format --quiet .

bench: env ## Measure what we claim
	@exec $(BIN)/python -m benchmarks $(ARGS)

migrations: export ENTREPOT_DATA_DIR = $(CURDIR)/build/check
migrations: env ## Write 0001_initial anew from the models: make migrations ARGS="orders"
	@exec $(BIN)/python -m entrepot.config.remake $(ARGS)

lock: env ## Pin the requirements anew, with hashes
	@cd requirements && for set in runtime dev carriers; do \
	  ../$(BIN)/uv pip compile $$set.in --output-file $$set.txt --quiet --universal --python-version 3.11 \
	    --generate-hashes --custom-compile-command "make lock"; done

messages: export ENTREPOT_DATA_DIR = $(CURDIR)/build/check
messages: export DJANGO_SETTINGS_MODULE = entrepot.config.settings
messages: env ## Collect and compile the translations, and say what lacks one
	@$(BIN)/python -m entrepot.config.messages

openapi: export DJANGO_SETTINGS_MODULE = entrepot.config.settings
openapi: export ENTREPOT_DATA_DIR = $(CURDIR)/build/check
openapi: env ## Write docs/openapi.json and docs/errors.md anew
	@$(BIN)/python -m entrepot.surfaces.api.document

clean: ## Remove what was made here; data folders stay
	rm -rf .venv build .mypy_cache .ruff_cache .hypothesis .import_linter_cache
