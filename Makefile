# Two commands matter: `make up` runs the city, `make test` passes the tests.
# Both set everything up by themselves: Python >= 3.11, Java 17 and Maven must be there.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ARGS ?=

.PHONY: up test lint format docs venv lock clean

up: venv
	$(BIN)/chengyun up $(ARGS)

# Most tests wait for a broker or a worker: two processes take half the time of one.
test: lint
	$(BIN)/pytest -n 2 --dist loadfile $(ARGS)

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: venv
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The pages of docs/ that are made from the code; a test compares them.
docs: venv
	$(BIN)/chengyun docs

venv: $(READY)

$(READY): pyproject.toml requirements.lock
	@test -n "$(PYTHON)" || { echo "chengyun needs Python 3.11 or newer; install it, or name it: make PYTHON=/path/to/python3"; exit 1; }
	@echo "setting up $(VENV) with $(PYTHON)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[dev]'
	@$(BIN)/python -m compileall -q agents deploy schemas streams  # else the first start of each command does it
	@touch $(READY)

# Resolves the newest versions that pyproject.toml allows and writes them down.
lock:
	$(PYTHON) -m venv --clear $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet --disable-pip-version-check --upgrade --upgrade-strategy eager '.[dev]'
	{ echo "# Exact versions that chengyun is tested with; made by: make lock"; \
	  $(VENV)-lock/bin/python -m pip freeze --exclude chengyun; } > requirements.lock
	rm -rf $(VENV)-lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
