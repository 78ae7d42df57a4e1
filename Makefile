# Every target does the set-up it needs; `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test lint gate bench docs lock wheel clean

PYTHON ?= python3
BIN := .venv/bin
LOCKED := .venv/.locked
LINKED := .venv/.linked
VENDOR := src/creditline/reports/static/vendor
CHARTS := $(VENDOR)/.brought
FONT := node_modules/@fontsource/noto-sans-sc

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(LINKED) $(CHARTS) ## Make .venv from the lock, install the package, bring in the charts

# One stamp for what the lock says, one for the package itself, so that each is redone only when it changes.
$(LOCKED): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one with: make setup PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing what requirements.lock names"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(LINKED): $(LOCKED) pyproject.toml src/creditline/__init__.py
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Charts and the font of PDFs are extras: without them pages show tables and notices come as HTML and text, so nothing
# here stops the set-up. No stamp is left then, and the next set-up tries again.
$(CHARTS): package.json package-lock.json .npmrc
	@mkdir -p $(VENDOR)
	@if ! command -v npm >/dev/null; then \
		echo "Node.js is not installed: pages show tables in place of charts, and there are no PDFs. Install it and run make setup again." >&2; \
	elif ! npm ci --silent --no-audit --no-fund; then \
		echo "npm could not bring in charts and font: pages show tables, and there are no PDFs. Run make setup again." >&2; \
	else \
		cp node_modules/echarts/dist/echarts.min.js node_modules/echarts/LICENSE node_modules/echarts/NOTICE $(VENDOR)/; \
		cp $(FONT)/files/noto-sans-sc-chinese-simplified-{400,700}-normal.woff $(VENDOR)/; \
		cp $(FONT)/LICENSE $(VENDOR)/noto-sans-sc.LICENSE; \
		touch $@; \
	fi

demo: setup ## Simulate borrowers, decide about them and open the report
	@$(BIN)/creditline demo

test: setup lint ## Check style, types, layers, and run the tests
	$(BIN)/pytest -n 2

lint: setup ## Check style, types and layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

gate: setup ## Compare the hosts of the kernel in depth, and run the slow tests
	$(BIN)/pytest -n 2 -m 'gate or slow' --hypothesis-profile=deep

bench: setup ## Measure speed against peers and write docs/benchmarks.md
	$(BIN)/python -m bench

docs: setup ## Write the generated pages anew
	CREDITLINE_LANG=en $(BIN)/python docs/generate.py

# In an environment of its own: what makes the lock is no part of it.
lock: ## Renew requirements.lock within the bounds of pyproject.toml
	@test -x build/lock/bin/pip-compile \
		|| { $(PYTHON) -m venv build/lock && build/lock/bin/pip install --quiet pip-tools; }
	build/lock/bin/pip-compile --quiet --all-extras --upgrade --generate-hashes --allow-unsafe --strip-extras \
		--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header --no-annotate \
		--output-file requirements.lock pyproject.toml
	@grep -v '^#' requirements.lock > build/lock/stripped && mv build/lock/stripped requirements.lock

wheel: setup ## Build the wheel, charts included
	$(BIN)/python -m hatchling build --target wheel --directory build/dist

clean: ## Remove everything that can be made again
	rm -rf .venv node_modules build $(VENDOR)
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find src tests docs -name __pycache__ -type d -prune -exec rm -rf {} +
