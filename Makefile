# The commands of this project; docs/commands.md describes each.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help setup run test test-fast check bench soak sounds demo pictures storybook accept dev

help:            ## this list
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' Makefile | expand -t 18

setup: .venv/.ready  ## .venv with what the daemon needs

.venv/.ready: pyproject.toml constraints.txt
	@bash config/needs.sh run
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(f"Python {v[0]}.{v[1]} found, 3.11 or newer needed: make setup PYTHON=python3.11" if v < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@# The first start finds bytecode too: compiling takes longer than all the rest of it.
	$(BIN)/python -m compileall -q controller signage
	@touch $@

.venv/.dev: .venv/.ready
	@bash config/needs.sh test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[listener]' \
		|| echo "The independent listener cannot be installed here: its tests say that they are skipped."
	@touch $@

dev: .venv/.dev  ## the same with what tests and checks need

run: .venv/.ready  ## the daemon, here and now
	$(BIN)/zhangu run

demo: .venv/.ready  ## a made-up office's day in six minutes, heard and seen
	$(BIN)/zhangu demo

pictures: .venv/.dev  ## the pictures of README and docs/, taken from a running demo
	$(BIN)/python -m tests.pictures

storybook: .venv/.dev  ## every wall scene with made-up values, at http://127.0.0.1:8090/storybook/
	$(BIN)/python -m tests.storybook

test: .venv/.dev  ## all tests; what fails is repeated once, and named as flaky when it then passes
	$(BIN)/python -m tests.tools.suite

test-fast: .venv/.dev  ## the tests of the pure parts, in under half a minute
	$(BIN)/python -m tests.tools.suite --fast

accept: .venv/.dev  ## the walls' pictures are right as they are now: look at artefacts/wall first
	$(BIN)/python tests/signage/gallery.py

check: .venv/.dev  ## format, lint (also of the JavaScript), types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@bash tests/tools/eslint.sh

bench: .venv/.dev  ## the figures, measured on real output, as a table
	@bash config/needs.sh bench
	$(BIN)/python -m tests.bench

soak: .venv/.dev  ## long runs
	@bash config/needs.sh bench
	$(BIN)/python -m tests.bench --soak

sounds: .venv/.dev  ## render the shipped sounds again (needs fluidsynth)
	@bash config/needs.sh sounds
	$(BIN)/python -m sounds.score
	$(BIN)/python -m controller.sound.measuring .
