# The verbs of this project. `make` alone lists them.
# Set-up needs Python 3.11 or later with pip, and nothing else; `make PYTHON=/path/to/python …` picks one.

.DEFAULT_GOAL := help
.PHONY: generate help setup dev demo test test-unit coverage coverage-report lint bench bench-guard docs bundle serve build lock pictures catalogue-pictures notebooks \
    install-test kill-test faults large-test api-test quality-test film-test fiftyone-test docs-test console-test container-test processes-test workers-test ray-test slurm-test deploy-test simulate
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
# Checked against the vocabulary of .ci/language.
PLAIN := src tests docs demo examples benchmarks footage weights deploy .ci .github Makefile pyproject.toml README.md CHANGELOG.md CONTRIBUTING.md \
    SECURITY.md CODE_OF_CONDUCT.md
# `make coverage` measures by another program than plain Python.
RUN := $(BIN)/python
PYTEST = $(RUN) -m pytest
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Tests start hundreds of processes, and each would compile all modules again.
unexport PYTHONDONTWRITEBYTECODE

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## make .venv with the pinned packages of the platform and this project
	@$(BIN)/python .ci/console --if-possible

dev: $(INSTALLED_DEV) ## add the tools for development to .venv

$(INSTALLED): requirements.txt pyproject.toml
	@python=$$(PYTHON='$(PYTHON)' sh .ci/find-python) && "$$python" .ci/install.py $(VENV)
	@touch $@

$(INSTALLED_DEV): requirements-dev.txt $(INSTALLED)
	@$(BIN)/python .ci/install.py --dev $(VENV)
	@touch $@

demo: setup ## run the platform on a real video (VIDEO=path for another one)
	@$(BIN)/python -m demo $${VIDEO:+"$$VIDEO"}

serve: setup ## run the platform in the foreground (ARGS="--port 0")
	@exec $(BIN)/voxel51 server start $(ARGS)

test: dev ## run the quick tests in parallel (ARGS="-k name" for some)
	$(PYTEST) -m "not slow" -n auto --dist worksteal $(ARGS)

generate: dev ## generate the async clients from the blocking ones
	$(BIN)/python .ci/generate_async.py

test-unit: dev ## run the unit tests: no server, no database server, no pytest-xdist (ARGS as above)
	$(PYTEST) -p no:xdist -m "unit and not slow" $(ARGS)

coverage: dev ## run the quick tests, report the branch coverage, and fail below the floor (ARGS as above)
	@$(BIN)/coverage erase
	@PYTHONPATH="$(CURDIR)/.ci/job_coverage" $(MAKE) --no-print-directory test RUN="$(BIN)/coverage run"
	@$(MAKE) --no-print-directory coverage-report

coverage-report: dev
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

lint: dev ## check style, types and imports between packages
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/language $(PLAIN)
	$(BIN)/python .ci/generate_async.py --check
	$(BIN)/python .ci/verify_types.py

bench: dev ## measure against peers and limits, and print one table (ARGS="no_op_job" for some)
	@$(BIN)/python -m benchmarks $(ARGS)

simulate: dev ## simulate a large cluster: real claims and reports on PostgreSQL, simulated nodes
	@$(BIN)/python -m benchmarks simulation

bench-guard: dev ## measure the ratios that must not grow, such as processor time per request beside bare Starlette's
	@$(BIN)/python -m benchmarks --guard

docs: dev ## build the documentation, which `make serve` shows at /docs
	@bash docs/generate_docs.bash

bundle: dev ## bundle the console: one file instead of many, for `make serve` and the wheel
	@$(BIN)/python .ci/console

build: docs bundle ## make the wheels (platform and weights) and the source distribution in dist/
	@rm -rf dist
	$(BIN)/uv build --quiet --out-dir dist
	$(BIN)/uv build --quiet --wheel --out-dir dist weights

lock: dev ## pin every dependency again: requirements.txt, requirements-dev.txt, .ci/installer.txt
	@$(BIN)/python .ci/lock.py

kill-test: dev ## slow: kill the platform at random moments over many jobs (SEED=n to repeat one)
	$(PYTEST) -s tests/journeys/test_kill.py -m slow --timeout 1500 $(ARGS)

faults: dev ## slow: kill, pause, cut off and fill up the platform and what it stands on, and check what is left (SEED=n repeats)
	$(PYTEST) -s tests/faults -m slow --timeout 36000 $(ARGS)

large-test: dev ## slow: upload and download 5 GiB in constant memory (needs 6 GB of disk)
	$(PYTEST) -s tests/journeys/test_large_upload.py -m slow --timeout 1500 $(ARGS)

quality-test: dev ## slow: compare detections in real footage with true boxes (needs the package opencv-doc)
	$(PYTEST) -s tests/analytics/truth -m slow $(ARGS)

film-test: dev ## slow: compare split jobs on long films with whole ones, by hand: some ten minutes (needs the package opencv-doc)
	$(PYTEST) tests/analytics/splitting -m slow --timeout 3600 $(ARGS)

fiftyone-test: dev ## slow: load labels into FiftyOne itself (installs it in .cache: 800 MB)
	$(PYTEST) -s tests/fiftyone -m slow $(ARGS)

install-test: dev ## slow: install with pip in each documented way
	$(PYTEST) tests/ci -m slow --timeout 1500 $(ARGS)

docs-test: dev ## slow: build a wheel and check that its platform serves the documentation
	$(PYTEST) tests/docs/test_wheel.py -m slow --timeout 1500 $(ARGS)

api-test: dev ## slow: check thousands of generated requests against the API description (SEED=n repeats them, EXAMPLES=n, PHASES=…)
	$(PYTEST) tests/contracts/test_api_description.py -m slow --timeout 1500 $(ARGS)

console-test: bundle ## slow: use the console, bundled, in a real browser (needs chromium)
	$(PYTEST) tests/console -m slow -n 2 --dist loadfile $(ARGS)

container-test: dev ## slow: build and run images of containers (needs the packages podman, runc and docker.io, and root)
	$(PYTEST) tests/compatibility/containers tests/runners/containers -m slow --timeout 1500 $(ARGS)

ray-test: dev ## slow: run jobs on Ray nodes whose links are cut (needs the package iproute2, and root)
	$(PYTEST) tests/ray -m slow --timeout 1500 $(ARGS)

slurm-test: dev ## slow: run jobs on a Slurm cluster whose daemons are killed (needs the package slurm-wlm, and root)
	$(PYTEST) tests/slurm -m slow --timeout 900 $(ARGS)

processes-test: dev ## slow: kill, pause and cut off processes of one platform on PostgreSQL
	$(PYTEST) tests/journeys/test_several_processes.py -m slow --timeout 1500 $(ARGS)

workers-test: dev ## slow: journeys on PostgreSQL with two processes that serve requests
	PLATFORM_WORKERS=2 $(PYTEST) tests/journeys/test_jobs.py tests/journeys/test_webhooks.py tests/journeys/test_search.py \
	    tests/journeys/test_shares.py tests/journeys/test_partial_results.py -m "not slow" \
	    --deselect tests/journeys/test_partial_results.py::test_the_output_replaces_them $(ARGS)  # which reads SQLite's file

deploy-test: dev ## slow: build the images, start compose.yaml, render the chart (needs podman, runc, debootstrap, and root)
	$(PYTEST) tests/deployment -m slow --timeout 1500 $(ARGS)

catalogue-pictures: setup ## draw the results on the cards of the console's catalogue again, from runs on the footage
	$(BIN)/python -m demo.catalogue_pictures $(ARGS)

notebooks: dev ## execute the notebooks of the documentation and store their outputs
	NOTEBOOKS=1 $(PYTEST) -q tests/docs/test_notebooks.py -k runs_and_shows $(ARGS)

pictures: bundle ## take the pictures of the console again, into docs/pictures
	PICTURES=1 $(PYTEST) -q tests/console -m slow -n 2 --dist loadfile $(ARGS)
