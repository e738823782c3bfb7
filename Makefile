# Every target sets up what it needs: `make test` and `make demo` work in a fresh clone with only Python 3.10+.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
# tests/conftest.py sets the number of workers; worksteal gives each a range of files, so that a file's fixtures run once
SIDE_BY_SIDE := -n auto --dist worksteal

.PHONY: help setup test firmware check lint types format docs picture pictures page demo nightly mutation wheel clean

help:
	@echo "make setup    a virtual environment in $(VENV) with the project and its tools"
	@echo "make test     the tests"
	@echo "make firmware FIRMWARE=DIR   the tests with the firmware images (.bin) of a folder, on the virtual K210"
	@echo "make check    formatting, lint, types and the tests"
	@echo "make demo     the demonstration in this terminal, no board needed"
	@echo "make format   correct the formatting that make check asks for"
	@echo "make docs     renew the generated parts of the documents, and the type stubs"
	@echo "make pictures renew docs/images: the panels of the README, and the animation (make picture: only the animation)"
	@echo "make page     renew docs/images/page.webp: the simulator in the browser (needs Chromium)"
	@echo "make nightly  the long tests"
	@echo "make mutation find changes of the board's core that the tests do not notice; writes docs/mutation.md"
	@echo "make wheel    dist/*.whl"

setup: $(STAMP)

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "expected Python 3.10 or newer, found %s; for example: make PYTHON=python3.12" % sys.version.split()[0])'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "no venv module: install it (Debian: apt install python3-venv)" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

test: $(STAMP)
	$(BIN)/python -m pytest -q $(SIDE_BY_SIDE)

firmware: $(STAMP)
	@test -d "$(FIRMWARE)" || { echo "expected a folder of firmware images: make firmware FIRMWARE=DIR" >&2; exit 1; }
	MAIXSWITCH_FIRMWARE="$(abspath $(FIRMWARE))" $(BIN)/python -m pytest -q $(SIDE_BY_SIDE) tests/firmware

check: lint types test

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(STAMP)
	$(BIN)/mypy
	$(BIN)/mypy --config-file .ci/mypy-board.ini --custom-typeshed-dir "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMP)
	$(BIN)/python -m maixswitch.docs
	$(BIN)/python host/maixpy-stubs/generate.py

picture: $(STAMP)
	$(BIN)/maixswitch demo --speed max
	cp out/demo.gif docs/images/demo.gif

# tests/host/sim/test_readme_pictures.py reads this recipe, runs it and compares the pictures
pictures: picture
	rm -rf out/pictures-card
	$(BIN)/maixswitch new out/pictures-card
	$(BIN)/maixswitch screenshot out/pictures-card --script docs/images/readme.script \
		--board dock --board cube --board amigo_tft --board m5stickv \
		--out docs/images/panels --sheet docs/images/panels.png --columns 4 \
		--pick detection-dock --pick loading-m5stickv --pick classification-cube --pick fault-cube

page: $(STAMP)
	$(BIN)/python docs/images/page.py

# Installs less than the other targets: the demonstration needs none of their tools.
demo:
	$(PYTHON) demo.py

nightly: $(STAMP)
	$(BIN)/python -m pytest -q $(SIDE_BY_SIDE) -m nightly

mutation: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[mutation]'
	$(BIN)/python -m tests.device.mutation.run

wheel: $(STAMP)
	$(BIN)/python -m build --wheel --no-isolation

clean:
	rm -rf $(VENV) build dist out .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
