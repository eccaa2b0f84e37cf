PY := .venv/bin/python
# A worker for each core; a file's tests, which share what is slow to make, stay together.
PYTEST := $(PY) -m pytest -n auto --dist loadfile --no-loadscope-reorder

.PHONY: help demo test test-fast lint lock bench pictures versions

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/installed ## make data, release, train, grade, once; say what to open
	@$(PY) -m autograder demo

test: .venv/installed lint ## linters, types, and the whole suite
	$(PYTEST)

test-fast: .venv/installed ## what takes seconds only, for between two edits
	$(PYTEST) -m "not trains and not slow" --ignore tests/hostile --ignore tests/browser --ignore tests/bench

lint: .venv/installed ## formatting, linters, types, and which room may import which
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/lint-imports --no-logo
	.venv/bin/mypy

bench: .venv/installed ## a submission graded by us and by stock nbgrader
	$(PY) -m bench.grading

pictures: .venv/installed ## the pictures of README.md, after make demo
	$(PY) docs/pictures.py

versions: .venv/installed ## the students' package on other Pythons: PYTHONS="python3.12 python3.13"
	$(PY) tests/versions.py $(PYTHONS)

lock: ## one list for pip, conda and CI, after a change of pyproject.toml (needs uv)
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --no-header --no-annotate -o requirements.lock

.venv/installed: requirements.lock pyproject.toml
	@echo "Setting up .venv; the first time, downloading packages takes some minutes."
	@.ci/venv
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
