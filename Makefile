PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PACKAGES = tools model agent ui
STAMP = $(VENV)/.installed

.PHONY: demo test check format ui bench music clean

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip "setuptools>=77"
	$(BIN)/python -m pip install --quiet -c constraints.txt torch==2.13.0
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev,bench,train,postgres]"
	touch $(STAMP)

.check/mixmend: Makefile
	mkdir -p .check/mixmend
	for p in $(PACKAGES); do ln -sfn ../../$$p .check/mixmend/$$p; done
	touch .check/mixmend

demo: $(STAMP)
	$(BIN)/python -m mixmend.ui.demo

test: $(STAMP)
	$(BIN)/python -m pytest

check: $(STAMP) .check/mixmend
	$(BIN)/ruff format --check $(PACKAGES) tests
	$(BIN)/ruff check $(PACKAGES) tests
	$(BIN)/mypy -p mixmend.tools -p mixmend.model -p mixmend.agent -p mixmend.ui
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff format $(PACKAGES) tests
	$(BIN)/ruff check --fix $(PACKAGES) tests

ui: $(STAMP)
	$(BIN)/mixmend ui

bench: $(STAMP)
	$(BIN)/mixmend bench all

music: $(STAMP)
	$(BIN)/mixmend bench music

clean:
	rm -rf .check build dist *.egg-info
