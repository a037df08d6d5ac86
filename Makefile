# The one list of verbs. `make` alone shows them.
# Set-up needs Python 3.11 or later with pip, and nothing else; `make PYTHON=/path/to/python …` picks one.

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint bench docs serve build lock pictures \
    kill-test large-test api-test quality-test fiftyone-test docs-test console-test
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## make .venv with the pinned dependencies and this project in it

$(INSTALLED): requirements.txt pyproject.toml
	@PYTHON='$(PYTHON)' sh .ci/make-venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	@# Where PYTHONDONTWRITEBYTECODE is set nothing would ever be compiled, and every start would pay for it.
	@# Some packages carry files that are not meant to compile; those are nobody's loss.
	@$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib src >/dev/null || true
	@touch $@

demo: setup ## run the whole thing on a real video (VIDEO=path for one of your own)
	@$(BIN)/python -m demo $${VIDEO:+"$$VIDEO"}

test: setup ## run the tests side by side (ARGS="-k name" for some)
	$(PYTEST) -m "not slow" -n auto --dist worksteal $(ARGS)

lint: setup ## check style, types and who imports whom
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup ## measure against peers and limits, and print one table (ARGS="no_op_job" for some)
	@$(BIN)/python -m benchmarks $(ARGS)

docs: setup ## build the documentation, which `make serve` shows at /docs
	@bash docs/generate_docs.bash

serve: setup ## run the platform in the foreground (ARGS="--port 0")
	@exec $(BIN)/voxel51 server start $(ARGS)

build: setup docs ## make the wheel and the source distribution in dist/
	@rm -rf dist
	$(BIN)/uv build --quiet --out-dir dist

lock: setup ## pin every dependency again in requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra all --group dev --generate-hashes \
	    --no-emit-index-url --no-annotate --no-header pyproject.toml -o requirements.txt

kill-test: setup ## slow: kill the platform at random moments over many jobs (SEED=n to repeat one)
	$(PYTEST) -s tests/journeys/test_kill.py -m slow --timeout 1500 $(ARGS)

large-test: setup ## slow: upload and download 5 GiB in constant memory (needs 6 GB of disk)
	$(PYTEST) -s tests/journeys/test_large_upload.py -m slow --timeout 1500 $(ARGS)

quality-test: setup ## slow: hold what is found in real footage to true boxes (needs the package opencv-doc)
	$(PYTEST) -s tests/analytics/truth -m slow $(ARGS)

fiftyone-test: setup ## slow: load labels into FiftyOne itself (installs it in .cache: 800 MB)
	$(PYTEST) -s tests/fiftyone -m slow $(ARGS)

docs-test: setup ## slow: build a wheel and see that its platform serves the documentation
	$(PYTEST) tests/docs/test_wheel.py -m slow --timeout 1500 $(ARGS)

api-test: setup ## slow: hold thousands of generated requests to the API description (SEED=n for other ones)
	$(PYTEST) tests/contracts/test_api_description.py -m slow --timeout 1500 $(ARGS)

console-test: setup ## slow: use the console in a real browser (needs chromium)
	$(PYTEST) tests/console -m slow -n 2 $(ARGS)

pictures: setup ## take the pictures of the console anew, into docs/pictures
	PICTURES=1 $(PYTEST) -q tests/console -m slow -n 2 $(ARGS)
