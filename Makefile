# `make demo` and `make test` do all of their own set-up; everything stays below .venv/.
PYTHON ?= python3
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.PHONY: demo test coverage check docs format locks reference release sbom audit clean help
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
	$(TEST)/bin/python -m pytest -m "not slow" -n 2

test: $(TEST)/.ready ## Run every test (sets itself up, Chromium and the front end included).
	@bash tests/setup.sh $(TEST)
	$(TEST)/bin/ruff format --check .
	$(TEST)/bin/ruff check .
	$(TEST)/bin/mypy
	$(TEST)/bin/lint-imports
	$(TEST)/bin/mlops lint notebooks mlops_nb/templates
	$(TEST)/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

coverage: $(TEST)/.ready ## Run every test once more, traced: half as long again.
	@bash tests/setup.sh $(TEST)
	$(TEST)/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --cov --cov-report=term

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
	$(COMPILE) --upgrade requirements/release.in --output-file requirements/release.lock
	$(COMPILE) --upgrade --extra test pyproject.toml --output-file requirements/test.lock
	$(COMPILE) --upgrade --extra demo pyproject.toml --output-file requirements/demo.lock \
		--constraints requirements/test.lock
	$(COMPILE) --upgrade requirements/lab-4.4.in --output-file requirements/lab-4.4.lock
	$(COMPILE) --upgrade requirements/collaboration.in --output-file requirements/collaboration.lock \
		--constraints requirements/test.lock

docs: $(TEST)/.ready ## Build the documentation as a site below build/docs.
	@$(TEST)/bin/python -m sphinx -W --keep-going -q docs build/docs
	echo "build/docs/index.html"

# What is committed, twice, in two folders, by build tools whose hashes are checked.
release: $(TEST)/.ready build/tools/.ready sbom ## Build dist/: alike twice, checked, installed.
	@export SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct)
	[ -z "$$(git status --porcelain)" ] || echo "what is not committed is not released" >&2
	for copy in one two; do
	  rm -rf build/release/$$copy && mkdir -p build/release/$$copy
	  git archive HEAD | tar -x -C build/release/$$copy
	  echo "building ($$copy of two) ..."
	  $(TEST)/bin/uv build --quiet --python $(TEST)/bin/python --require-hashes \
	    --build-constraints requirements/build.lock --out-dir build/release/$$copy/dist \
	    build/release/$$copy
	done
	diff -r build/release/one/dist build/release/two/dist || {
	  echo "error: two builds of one commit differ" >&2
	  exit 1
	}
	cp build/release/one/dist/*.whl build/release/one/dist/*.tar.gz dist/
	build/tools/bin/twine check --strict dist/*.whl dist/*.tar.gz
	MLOPS_WHEEL=$$(echo dist/*.whl) $(TEST)/bin/python -m pytest --no-cov -rs \
	  tests/test_build.py -k clean_environment
	(cd dist && sha256sum *.whl *.tar.gz sbom.cdx.json | tee SHA256SUMS)

sbom: build/tools/.ready ## Write dist/sbom.cdx.json (CycloneDX) from the lock.
	@rm -rf dist && mkdir dist
	PYTHONWARNINGS=ignore build/tools/bin/cyclonedx-py requirements --pyproject pyproject.toml --mc-type library \
	  --output-reproducible --output-file dist/sbom.cdx.json requirements/demo.lock
	echo "dist/sbom.cdx.json"

ADVISORIES ?= pypi
audit: build/tools/.ready ## Look the locks up in the advisories of PyPI (ADVISORIES=osv: OSV).
	@build/tools/bin/python requirements/audit.py --service $(ADVISORIES)

# Thrown away by `make clean`: nothing of ours is in it.
build/tools/.ready: requirements/release.lock $(TEST)/.ready
	@rm -rf build/tools
	$(TEST)/bin/uv venv --quiet --no-project --python $(TEST)/bin/python build/tools
	$(TEST)/bin/uv pip install --quiet --python build/tools/bin/python --require-hashes \
	  -r requirements/release.lock
	touch $@

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
