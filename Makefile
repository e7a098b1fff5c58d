# lab · one · test · check · notebooks · bench · screenshots · docs · site · versions · release-check. Each sets up .venv by itself; only the first call takes long.

PYTHON ?= python3
BIN := .venv/bin

# A .venv whose Python is gone (the system's Python was replaced) is as good as none.
LOST := $(shell test -x $(BIN)/python || echo lost)

.PHONY: lab one test check notebooks bench screenshots docs site versions release-check lost

lab: .venv/course
	@$(BIN)/python -m tutorial_lib lab $(ARGS)

# A lesson, an exercise or a finding of examine: make one ARGS=03
one: .venv/dev
	@$(BIN)/python tools/one.py $(ARGS)

# Five at a time, even on two cores: the tests wait more than they work. Each of the five would compile all tests anew
# where Python is told to keep nothing compiled.
test: export PYTHONDONTWRITEBYTECODE :=
test: .venv/dev
	$(BIN)/python -m pytest -n 5 $(ARGS)

check: .venv/dev
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/python tools/build_notebooks.py --check
	$(BIN)/python -m pytest -q tests/test_redis_py_version.py tests/test_voice.py

notebooks: .venv/dev
	$(BIN)/python tools/build_notebooks.py $(ARGS)

bench: .venv/dev
	$(BIN)/python tests/bench/run.py $(ARGS)

screenshots: .venv/dev
	$(BIN)/python tools/screenshots.py
	$(BIN)/python tools/take_screenshot.py

docs: .venv/dev
	$(BIN)/python tools/print_summary.py

# On other versions of redis-py, Python and Redis, in environments of their own. The first time takes some minutes.
versions: .venv/dev
	$(BIN)/python tools/versions.py $(ARGS)

# The course to read in a browser, in build/site.
site: .venv/dev
	$(BIN)/python tools/build_site.py

# Leaves what could be uploaded in dist/.
release-check: .venv/dev
	rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist
	$(BIN)/python -m twine check --strict dist/*
	$(BIN)/python -m pytest -q tests/test_packaging.py tests/test_release.py

# What the course needs, and what its development needs on top. Made anew when pyproject.toml changes.
.venv/course: EXTRA := [fleet,metrics]
.venv/dev: EXTRA := [dev]
.venv/course .venv/dev: pyproject.toml $(if $(LOST),lost)
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { $(NEW_ENOUGH) && $(PYTHON) -m venv --clear .venv; }
	@echo "Installing what is needed into .venv. This takes a minute or two, once."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.$(EXTRA)'
	@touch .venv/course $@

define NEW_ENOUGH
command -v $(PYTHON) >/dev/null || { \
	echo "There is no $(PYTHON) on PATH. Install Python 3.10 or newer, or name one: make PYTHON=/path/to/python3." >&2; \
	exit 1; }; \
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	echo "$(PYTHON) is too old: the course needs Python 3.10 or newer. Name one: make PYTHON=python3.12." >&2; \
	exit 1; }
endef
