# `make` prints this list. Everything is set up in .venv from pinned, hashed requirements, without root.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3.11
BIN := .venv/bin
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --require-hashes

.PHONY: help run portraits recording test test-native check docs models edgetpu oracle parity train scores quality study bench faults soak bundle units-test rig arm64-test install-test requirements clean

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# Two workers: more are in each other's way where tests measure time. Without them, for one file: .venv/bin/python -m pytest FILE
PYTEST := -m pytest -n 2 --dist worksteal

# $(call venv,FOLDER,REQUIREMENTS): a virtual environment with the muster command in it
define venv
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not here. Install it, or name another: make PYTHON=python3.12 ..." >&2; exit 69; }
	test -x $(1)/bin/python || $(PYTHON) -m venv $(1)
	$(1)/bin/python $(PIP_INSTALL) $(addprefix -r ,$(2)) -r requirements/install.txt
	PYTHONWARNINGS=ignore $(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@
endef

.venv/.ready: requirements/litert.txt requirements/install.txt pyproject.toml
	$(call venv,.venv,requirements/litert.txt)

.venv/.ready-dev: requirements/litert-dev.txt .venv/.ready
	$(call venv,.venv,requirements/litert-dev.txt)

.venv-tflite/.ready: requirements/tflite-dev.txt requirements/install.txt pyproject.toml
	$(call venv,.venv-tflite,requirements/tflite-dev.txt)

.venv-models/.ready: requirements/models.txt requirements/install.txt pyproject.toml
	$(call venv,.venv-models,requirements/models.txt)

run: portraits ## the demonstration; CAMERA=usb:0 takes a webcam instead of the drawn walk-ups
	$(BIN)/python -m scripts.demo $(if $(CAMERA),--camera $(CAMERA))

portraits: .venv/.ready ## fetch the pictures that the demonstration shows into var/portraits
	@$(BIN)/python -m scripts.demo.portraits

recording: portraits ## the recording in the README, drawn from a run of the demonstration
	$(BIN)/python -m scripts.demo --svg docs/demo.svg

test: .venv/.ready-dev .venv-tflite/.ready ## all tests, at most five minutes on two cores
	@$(BIN)/python -m scripts.demo.portraits || echo "Without them the tests on the demonstration's portraits are skipped."
	$(BIN)/python $(PYTEST) -m "not machine"
	@$(MAKE) --no-print-directory test-native

test-native: .venv-tflite/.ready ## the tests that touch native code, under tflite-runtime and numpy 1
	.venv-tflite/bin/python $(PYTEST) -m native

models: .venv-models/.ready ## build the networks again from hashed packages; needs MUSTER_FACES to calibrate
	.venv-models/bin/python -m models.build

edgetpu: .venv/.ready-dev ## compile the int8 networks for the Edge TPU; without its compiler, say how to get it
	@MUSTER_PYTHON=$(BIN)/python models/compile_edgetpu.sh

oracle: .venv-models/.ready ## build FaceNet in float32 alone: `make parity` compares with it, `make train` trains on it
	.venv-models/bin/python -m models.oracle

parity: .venv/.ready ## how far int8 is from float32, on MUSTER_FACES, into the manifest; needs `make oracle` before
	$(BIN)/python -m models.parity

TRUNK := models/build/facenet-trunk-float32.tflite

$(TRUNK): # no prerequisite: it is built when it is not there, and the manifest knows its hash
	@$(MAKE) --no-print-directory oracle

train: .venv/.ready $(TRUNK) ## train a head for the templates and measure it on other people; FACES=folder, one sub-folder a person
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m models.train $(if $(FACES),--faces "$(FACES)")

scores: .venv/.ready $(TRUNK) ## measure what the threshold follows from: how near strangers come, how far staff is; FACES=folder
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m models.scores $(if $(FACES),--faces "$(FACES)")

quality: .venv/.ready ## where a face becomes unfit to be judged: spoilt photographs of MUSTER_FACES, and where each gate should close
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m models.studies.quality

study: .venv/.ready-dev $(TRUNK) ## print the figures that docs/ quotes: STUDY=required, matching, methods, promise, backends, likeness or views
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m models.studies.$(or $(STUDY),required) $(OPTIONS)

bench: portraits ## how long everything takes; BENCH="--threads 1", or "--peer" where peers are installed
	$(BIN)/python -m tests.bench $(BENCH)

faults: .venv/.ready-dev ## kill the unit and cut its power at every write and sync; OPTIONS="--only WORDS" takes some scenarios
	PYTHONPATH=tests $(BIN)/python -m faults $(OPTIONS)

hostile: .venv/.ready-dev ## serve 10,000 hostile sticks; OPTIONS="--only K" plays one again, "--start K --cases N" some of them
	PYTHONPATH=tests $(BIN)/python -m hostile $(OPTIONS)

soak: .venv/.ready-dev ## 72 hours at a door with 5,000 people, in half an hour; OPTIONS="--people 300 --frames 8000" for less; needs MUSTER_FACES
	PYTHONPATH=tests $(BIN)/python -m soak $(OPTIONS)

SHELL_SCRIPTS = $(shell grep -lsE '^\#!.*(/| )(ba)?sh$$' .ci/* models/* scripts/* deploy/* deploy/*/* tests/deploy/* tests/rig/*/*) $(wildcard deploy/lib/*.sh)

check: .venv/.ready-dev ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/shellcheck $(SHELL_SCRIPTS)

docs: .venv/.ready ## write docs/cli.md, docs/wiring.svg and deploy/muster.toml from the program
	$(BIN)/python -m scripts.docs

bundle: .venv/.ready ## everything for a unit without a network, in one file; ARCH=arm64 PYTHON_VERSION=3.11 RUNTIME= BUNDLE_KEY=private key
	deploy/bundle $(if $(ARCH),--arch $(ARCH)) $(if $(PYTHON_VERSION),--python $(PYTHON_VERSION)) $(if $(RUNTIME),--runtime $(RUNTIME)) \
		$(if $(BUNDLE_KEY),--key "$(BUNDLE_KEY)")

units-test: .venv/.ready-dev ## the units under a real systemd, in a machine that is thrown away; root
	$(BIN)/python -m pytest -m machine

rig: .venv/.ready-dev ## the unit on an arm64 kernel under QEMU: power, sticks, faces, trouble, cuts; root; OPTIONS="--only WORDS"
	@$(BIN)/python -m scripts.demo.portraits || echo "Without them the scenarios with people are skipped."
	PYTHONPATH=tests:. $(BIN)/python -m rig $(OPTIONS)

arm64-test: .venv-tflite/.ready portraits ## `make test-native` on arm64, with its wheels, by qemu-user; root, some 10 minutes; OPTIONS are pytest's
	PYTHONPATH=tests:. .venv-tflite/bin/python -m rig.native $(OPTIONS)

install-test: .venv/.ready-dev ## install from a bundle into a Debian without a network, and off again; root, debootstrap; SUITE=trixie
	MUSTER_INSTALL_TEST=$(or $(SUITE),bookworm) $(BIN)/python -m pytest -q tests/deploy/test_install_debian.py

COMPILE := uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-header

requirements: ## pin and hash again what requirements/*.in ask for; needs uv
	$(COMPILE) requirements/install.in -o requirements/install.txt
	$(COMPILE) requirements/litert.in -o requirements/litert.txt
	$(COMPILE) requirements/litert.in requirements/dev.in requirements/classifiers.in -o requirements/litert-dev.txt
	$(COMPILE) requirements/classifiers.in -c requirements/litert.txt --no-emit-package numpy -o requirements/classifiers.txt
	$(COMPILE) requirements/tflite.in -o requirements/tflite.txt
	$(COMPILE) requirements/tflite.in requirements/dev.in -o requirements/tflite-dev.txt
	$(COMPILE) requirements/models.in -o requirements/models.txt

clean: ## remove what make made, except data under var/
	rm -rf .venv .venv-tflite .venv-models models/build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
