# 巡迹. `make` alone lists the commands. A machine needs Python 3.11 or newer, make and git, and nothing else.
PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
READY  := $(VENV)/.installed
TOOLS  := $(VENV)/.installed-dev
RULES  := */rules.py,*/rules/*.py,*/protocol.py,*/protocol/*.py,*/forms.py,*/forms/*.py
WORKERS ?= 2

# pip must see the public index alone here: a local wheel folder would leave its own hashes as the only ones.
COMPILE := env -u PIP_FIND_LINKS PIP_CONFIG_FILE=/dev/null CUSTOM_COMPILE_COMMAND="make lock" $(PY) -m piptools compile --quiet \
	--no-config --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host

.DEFAULT_GOAL := help
.PHONY: help run test test-long test-browser test-mutants screenshots check bench bench-growth bench-tasks bench-figures bench-board demo lock openapi vendor icons clean

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{ printf "  make %-12s %s\n", $$1, $$2 }'

run: $(READY) ## start everything (PostgreSQL and Redis included), seed the demo bank once, stop with Ctrl-C
	@exec $(PY) -m inspection_api run

demo: $(READY) ## a day in the field, step by step, against a seeded bank
	@exec $(PY) -m inspection_api demo

test: $(TOOLS) ## the whole suite on real servers, random order, in parallel; pure rules need every branch covered
	$(PY) -m pytest -n $(WORKERS) -m "rules and not long" --cov --cov-report=
	$(PY) -m coverage report --include='$(RULES)' --fail-under=100 --show-missing --skip-covered
	$(PY) -m pytest -n $(WORKERS) -m "not rules and not long"

test-long: $(TOOLS) ## the tests that take minutes: many writers, many crashes, thousands of simulated histories
	$(PY) -m pytest -n $(WORKERS) -m long -p no:randomly

test-browser: $(TOOLS) ## the pages in Debian's chromium; one line says so where that is not installed
	$(PY) -m pytest -n $(WORKERS) -rs tests/web tests/kiosk_print/test_kiosk_page.py

screenshots: $(TOOLS) ## pictures of every page of a running `make run`, as a phone and a PC show it, in var/screenshots
	$(PY) -m tests.screenshots

test-mutants: $(TOOLS) ## put one named bug after the other into the offline protocol; the tests must see each
	$(PY) -m tests.mutants

check: $(TOOLS) ## lint, format, types, import contracts, known vulnerabilities
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports
	@$(PY) -m tests.audit

bench: $(TOOLS) ## measure the hot paths
	$(PY) -m tests.bench

bench-growth: $(TOOLS) ## measure the push again in a bank of half a million visits
	$(PY) -m tests.bench.growth

bench-tasks: $(TOOLS) ## measure the generation of tasks for 300,000 checkpoints
	$(PY) -m tests.bench.generation

bench-figures: $(TOOLS) ## measure the completion pages over five million tasks
	$(PY) -m tests.bench.completion

bench-board: $(TOOLS) ## measure every view of /board in a browser, in the demo bank with its year
	$(PY) -m tests.bench.board

openapi: $(READY) ## write docs/openapi.json and docs/problems.md again
	$(PY) -m inspection_api export-openapi
	$(PY) -m inspection_api export-problems

lock: $(TOOLS) ## pin requirements*.in again, with hashes
	$(COMPILE) --output-file=requirements.txt requirements.in
	$(COMPILE) --output-file=requirements-dev.txt requirements-dev.in

vendor: $(TOOLS) ## fetch the browsers' libraries again by npm, as their manifests name them
	@$(PY) -m tests.vendoring

icons: $(TOOLS) ## draw the phone's icons again
	@$(PY) -m tests.icons

clean: ## remove the environment and the tools' caches; var/ with its data stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "需要 Python 3.11 或更高版本：make PYTHON=/path/to/python3.11 (python_too_old)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(READY): requirements.txt | $(VENV)/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(TOOLS): requirements-dev.txt $(READY)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@
