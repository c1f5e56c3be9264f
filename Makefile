# Commands of this project, described in docs/commands.md.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help setup run test test-fast check bench soak sounds demo pictures storybook accept dev package package-offline package-key bench-peers

help:            ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' Makefile | expand -t 18

setup: .venv/.ready  ## create .venv with the dependencies of the daemon

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
		|| echo "The independent listener cannot be installed here: its tests are skipped."
	@touch $@

dev: .venv/.dev  ## the same with the dependencies of tests and checks

run: .venv/.ready  ## run the daemon
	$(BIN)/zhangu run

demo: .venv/.ready  ## run the day of a made-up office in six minutes, with sound and walls
	$(BIN)/zhangu demo

pictures: .venv/.dev  ## take the pictures of README and docs/ from a running demo
	$(BIN)/python -m tests.pictures

storybook: .venv/.dev  ## serve every wall scene with made-up values at http://127.0.0.1:8090/storybook/
	$(BIN)/python -m tests.storybook

test: .venv/.dev  ## run all tests; failed ones are repeated once, and named as flaky if they then pass
	$(BIN)/python -m tests.tools.suite

test-fast: .venv/.dev  ## run the tests of the pure parts in under half a minute
	$(BIN)/python -m tests.tools.suite --fast

accept: .venv/.dev  ## accept the walls' present pictures; look at artefacts/wall first
	$(BIN)/python tests/signage/gallery.py

check: .venv/.dev  ## check format, lint (also JavaScript), types, import contracts, plain words
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@bash tests/tools/eslint.sh
	$(BIN)/python -m tests.tools.plain_words

bench: .venv/.dev  ## measure all figures on real output and print a table
	@bash config/needs.sh bench
	$(BIN)/python -m tests.bench

bench-peers: .venv/.dev  ## measure other programs beside ours: PEERS=FOLDER names their adapters
	@$(BIN)/python -m tests.bench.peers "$(PEERS)"

soak: .venv/.dev  ## run the long measurements
	@bash config/needs.sh bench
	@bash config/needs.sh soak
	$(BIN)/python -m tests.bench --soak

package: .venv/.ready  ## build the Debian packages for a Pi (arm64), a PC (amd64) and of the natural voice into build/
	$(BIN)/python config/package/build.py --arch arm64
	$(BIN)/python config/package/build.py --arch amd64
	$(BIN)/python config/package/voice.py

package-offline: package  ## make of each package one file that also installs without internet
	$(BIN)/python config/package/offline.py --voice $$(ls -t build/zhangu-voice-natural_*.deb | head -1) $$(ls -t build/zhangu_*_arm64.deb | head -1) $$(ls -t build/zhangu_*_amd64.deb | head -1)

package-key: .venv/.ready  ## make the key that signs packages, in ~/.config/zhangu; only its public half is shipped
	$(BIN)/python config/package/build.py --new-key

sounds: .venv/.dev  ## render the shipped sounds (needs fluidsynth)
	@bash config/needs.sh sounds
	$(BIN)/python -m sounds.score
	$(BIN)/python -m controller.sound.measuring .
