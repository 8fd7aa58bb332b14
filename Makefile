# Two commands do everything on a fresh machine with Python >= 3.11:  make run   and   make test
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
PYTEST := $(BIN)/python -m pytest

.PHONY: help run test test-lib test-exercises test-lectures test-build test-grading test-book test-docs test-browser proof bench book \
        lab build lint lock clean

help:            ## show this list
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## ?/\t/' | expand -t 16

# Exactly the packages of requirements.lock, each checked against its hash; then the course itself, editable.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "The course needs Python 3.11 or newer, and $(PYTHON) is not: try make PYTHON=python3.12 run"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "$(PYTHON) cannot make environments; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Making the environment in $(VENV) (once, one or two minutes) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

# What the book takes from npm, as package-lock.json says.
node_modules/.ready: package-lock.json package.json
	@npm ci --silent
	@touch $@

run: $(READY)    ## the main job: make a class of notebooks, grade it, show marks, diagnoses and feedback
	@$(BIN)/python -m chainrule_grading.demo

test: lint test-lib test-exercises test-build test-lectures test-grading test-book test-docs test-browser  ## everything CI runs

test-lib: $(READY)        ## the reference library
	$(PYTEST) tests/library tests/benchmarks -m "not proof"

test-exercises: $(READY)  ## the grader is graded: answers, misconceptions, awkward right work
	$(PYTEST) tests/exercises -m "not proof"

test-build: $(READY)      ## text and notebooks agree, ids are stable, the way back works
	$(PYTEST) tests/authoring -m "not proof"

test-lectures: $(READY)   ## every lecture runs from the top and prints what is committed, on any processor
	$(PYTEST) tests/lectures -m "not proof"
	$(PYTEST) -p tests.lectures.like_a_reader --nbval --nbval-current-env -W ignore -p no:cacheprovider lectures

test-grading: $(READY)    ## from a submitted file to a mark; nbgrader's own commands
	$(PYTEST) tests/grading -m "not proof"

test-book: $(READY) node_modules/.ready  ## the book in a browser (needs Debian's chromium)
	$(PYTEST) tests/book -m "not proof"

test-docs: $(READY)       ## the README's commands, import direction, packaging
	$(PYTEST) tests/docs -m "not proof"

test-browser: $(READY) node_modules/.ready  ## a learner's afternoon in a real browser (needs chromium), axe-core
	$(PYTEST) tests/browser -m "not proof"

proof: $(READY) node_modules/.ready  ## the long sweeps: hundreds of seeds, planted faults, mutants; the confusion table
	$(PYTEST) tests -m proof
	PYTHONPATH=tests/exercises $(BIN)/python tests/exercises/confusion.py

bench: $(READY)           ## speed beside other libraries, as ratios measured in the same run
	@failed=0; for part in bench bench_checks bench_grading; do $(BIN)/python tests/benchmarks/$$part.py || failed=1; done; exit $$failed

book: $(READY) node_modules/.ready  ## build the course as a site, in site/html (needs npm, for MathJax)
	@$(BIN)/python -m chainrule_grading.book

lab: $(READY)             ## open the course in JupyterLab
	@$(BIN)/chainrule lab

build: $(READY)           ## make lectures/, solutions/ and exercises/ from the text in course/
	@$(BIN)/chainrule build

lint: $(READY)            ## ruff
	$(BIN)/ruff check lib tests course nbgrader_config.py

lock:                     ## renew requirements.lock (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --extra dev --no-annotate --no-header \
	  pyproject.toml -o requirements.lock

clean:           ## remove the environment and caches; classroom/ (submissions, marks) stays
	rm -rf $(VENV) node_modules site dist .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
