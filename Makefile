# make book    the environment, the lessons, the HTML book, what came out against expected/: works in a fresh clone
# make pdf     the built book as one PDF (needs Chromium)
# make test    the tests, those of the built book among them
# make lab     the lessons as working copies in a folder of yours, work/, and JupyterLab there
# make full    the lessons as the papers have them (wants a GPU or a night), then the book
# make smoke   every lesson in seconds, on simulated data: does each cell run?
# make lint    ruff, and the notebooks' form
# make lock    requirements.lock anew from pyproject.toml
# make clean   away with what was generated; the environment stays
#
# Real data are used where GMTOOLS_DATA names a folder that holds them, or `gmtools data fetch` brought them.
# make book PROFILE=smoke DATA=simulated PYTHON=python3.12; make lab DIR=../mine

PYTHON ?= python3
PROFILE ?= fast
DATA ?= auto
UV ?= uv
DIR ?= work
PYTEST_OPTIONS ?= -n auto --dist loadfile

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: book pdf test lab full smoke lint lock clean
.DELETE_ON_ERROR:

book: $(READY)
	@$(BIN)/gmtools run --profile $(PROFILE) --data $(DATA)
	@$(BIN)/gmtools book --profile $(PROFILE) --data $(DATA)
	@$(BIN)/gmtools check --profile $(PROFILE) --data $(DATA)

pdf: $(READY)
	@$(BIN)/gmtools pdf

test: $(READY)
	$(BIN)/python -m pytest $(PYTEST_OPTIONS)

lab: $(READY)
	@$(BIN)/gmtools lab --profile $(PROFILE) --data $(DATA) $(DIR)

full:
	@$(MAKE) book PROFILE=full

smoke: $(READY)
	@$(BIN)/gmtools run --profile smoke --data simulated
	@$(BIN)/gmtools check --profile smoke --data simulated

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest tests/notebooks

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
	  { echo "This project needs Python 3.11, 3.12 or 3.13; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)."; \
	    echo "Name another one: make book PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "'$(PYTHON)' cannot make environments. On Debian or Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Making the environment $(VENV): about 4 GB and a few minutes, once."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

# uv is no dependency of the project: pip install uv, or pipx install uv, or make lock UV="pipx run uv".
lock:
	@$(UV) --version >/dev/null 2>&1 || { echo "make lock needs uv: pip install uv (or UV='pipx run uv')"; exit 1; }
	$(UV) pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes --no-header \
	  --quiet --output-file requirements.lock

clean:
	rm -rf _build
