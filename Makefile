PY := .venv/bin/python

.PHONY: demo test lint lock bench versions

demo: .venv/installed
	@$(PY) -m autograder demo

test: .venv/installed lint
	$(PY) -m pytest

lint: .venv/installed
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy

bench: .venv/installed
	$(PY) -m bench.grading

# The students' package elsewhere: make versions PYTHONS="python3.11 python3.12 python3.13"
versions: .venv/installed
	$(PY) tests/versions.py $(PYTHONS)

# One list for pip, conda and CI; run after changing pyproject.toml (needs uv).
lock:
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --no-header --no-annotate -o requirements.lock

.venv/installed: requirements.lock pyproject.toml
	@echo "Setting up .venv; the first time, downloading packages takes some minutes."
	@.ci/venv
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
