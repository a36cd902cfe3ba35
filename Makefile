# `make demo` and `make test` do all of their own set-up; everything stays below .venv/.
PYTHON ?= python3
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.PHONY: demo test check docs format locks reference clean help
.DEFAULT_GOAL := help

DEMO := .venv/demo
TEST := .venv/test

help: ## List the targets.
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

demo: $(DEMO)/.ready ## Run the whole loop on the flights of 2013 (sets itself up).
	@$(DEMO)/bin/mlops demo mlops-demo

check: $(TEST)/.ready ## Format, types, import contracts and unit tests, in under a minute.
	@$(TEST)/bin/ruff format --check .
	$(TEST)/bin/ruff check .
	$(TEST)/bin/mypy
	$(TEST)/bin/lint-imports
	$(TEST)/bin/python -m pytest -m "not slow" -n 2 --no-cov

test: $(TEST)/.ready ## Run every test (sets itself up, Chromium and the front end included).
	@bash tests/setup.sh $(TEST)
	$(TEST)/bin/ruff format --check .
	$(TEST)/bin/ruff check .
	$(TEST)/bin/mypy
	$(TEST)/bin/lint-imports
	$(TEST)/bin/mlops lint notebooks mlops_nb/templates
	$(TEST)/bin/python -m pytest -n 2 --dist worksteal --cov --cov-report=term

format: $(TEST)/.ready ## Format the code.
	@$(TEST)/bin/ruff format .
	$(TEST)/bin/ruff check --fix .

reference: $(TEST)/.ready ## Write docs/reference/ anew from the code.
	@$(TEST)/bin/python docs/build_reference.py

# Universal locks with hashes and without any index host, so that any mirror serves them.
COMPILE = $(TEST)/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --build-constraints requirements/build.lock
locks: $(TEST)/.ready ## Resolve the committed locks anew.
	@$(COMPILE) --upgrade requirements/build.in --output-file requirements/build.lock
	$(COMPILE) --upgrade requirements/bootstrap.in --output-file requirements/bootstrap.lock
	$(COMPILE) --upgrade --extra test pyproject.toml --output-file requirements/test.lock
	$(COMPILE) --upgrade --extra demo pyproject.toml --output-file requirements/demo.lock \
		--constraints requirements/test.lock
	$(COMPILE) --upgrade requirements/lab-4.4.in --output-file requirements/lab-4.4.lock
	$(COMPILE) --upgrade requirements/collaboration.in --output-file requirements/collaboration.lock \
		--constraints requirements/test.lock

docs: $(TEST)/.ready ## Build the documentation as a site below build/docs.
	@$(TEST)/bin/python -m sphinx -W --keep-going -q docs build/docs
	echo "build/docs/index.html"

clean: ## Remove the environments and what the demo made.
	rm -rf .venv mlops-demo build dist

# The front end is left out of both environments here: `make test` builds it in tests/setup.sh,
# and the demo does not need it.
.venv/%/.ready: requirements/%.lock requirements/bootstrap.lock requirements/build.lock
	@$(PYTHON) -m venv --clear .venv/$* 2>/dev/null || {
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	    apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
	    $(PYTHON) -m venv --clear .venv/$*
	  else
	    echo "error: python3 cannot make a virtual environment; on Debian: apt install python3-venv" >&2
	    exit 2
	  fi
	}
	echo "setting up .venv/$* (hashes checked) ..."
	.venv/$*/bin/python -m pip install --quiet --disable-pip-version-check \
	  --require-hashes -r requirements/bootstrap.lock
	.venv/$*/bin/uv pip install --quiet --python .venv/$*/bin/python --compile-bytecode \
	  --require-hashes --build-constraints requirements/build.lock -r requirements/$*.lock
	SKIP_JUPYTER_BUILDER=1 .venv/$*/bin/uv pip install --quiet --python .venv/$*/bin/python \
	  --compile-bytecode --no-deps --build-constraints requirements/build.lock --editable .
	touch $@
