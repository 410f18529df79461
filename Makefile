# Two commands do most of the work:  make book  and  make test.   `make help` lists the rest.
# PYTHON=python3.12 make book   takes another Python (3.11, 3.12 or 3.13).

PYTHON ?= python3
PYTHON311 ?=
NB ?= chapters

# Windows' own make finds a venv's programs in another folder.
BIN := $(if $(filter Windows_NT,$(OS)),Scripts,bin)
PY := .venv/$(BIN)/python
PY_THEANO := .venv-theano/$(BIN)/python
PY_CLASS := .venv-classroom/$(BIN)/python

ENV := .venv/.installed
ENV_THEANO := .venv-theano/.installed
ENV_BENCH := .venv-bench/.installed
ENV_CLASS := .venv-classroom/.installed
SITE := _build/html/index.html
SOURCES := $(shell find _config.yml _toc.yml *.md _ext _static _vendor chapters teaching hub data pyproject.toml rnn_lib rnn_exercises tools/pyodide.py tools/bytecode.mjs -type f -not -path '*/.*' -not -name '*.pyc')

# Two workers, each notebook and each test file on one of them. One thread each: small arrays gain nothing from more.
PYTEST := -m pytest -n 2 --dist loadfile
PYTEST_CLASS := -m pytest -n 2 --dist loadgroup
# Run the unit tests and the notebooks on an engine ($1) with its Python ($2), both also where the first fail.
run_tests = export RNN_ENGINE=$1; $2 tools/versions.py && \
    { $2 $(PYTEST) --doctest-modules rnn_lib tests; units=$$?; $2 $(PYTEST) --nbval chapters && exit $$units; }
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1

.DELETE_ON_ERROR:
.PHONY: help book serve lab check proof test test-pytensor test-theano test-class test-browser classroom test-classroom notebooks bench lint lock clean

help:            ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## */\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{printf "make %-15s %s\n", $$1, $$2}'

book: $(SITE)    ## make the environment and the website
	@echo "The book is at file://$(CURDIR)/$(SITE); \`make serve\` shows it with code that runs in the page."

serve: book      ## serve the website on http://127.0.0.1:8000
	$(PY) tools/serve.py _build/html

lab: $(ENV)      ## open the notebooks in JupyterLab
	$(PY) -m jupyterlab chapters

test:            ## units, structure, website and every notebook, on both engines, and a small class
	@$(MAKE) --keep-going --no-print-directory test-pytensor test-theano test-class

test-pytensor: $(ENV) $(SITE)   ## all tests and notebooks on PyTensor; finds or installs a browser
	@$(PY) tools/browser.py
	@$(call run_tests,pytensor,$(PY))

check: lint      ## lint, and the quick tests of rnn_lib and of the pages: two minutes
	$(PY) $(PYTEST) -m "not slow and not whole" tests

test-theano: $(ENV_THEANO)      ## the unit tests and all notebooks on Theano 1.0.5 (needs Python 3.11)
	@[ -x $(PY_THEANO) ] || exit 0; $(call run_tests,theano,$(PY_THEANO))

test-class: $(ENV_CLASS)        ## grade one page with nbgrader, and let two students use one JupyterHub
	$(PY_CLASS) $(PYTEST_CLASS) tests/test_nbgrader.py tests/test_hub.py

test-browser: $(ENV) $(SITE)    ## every cell of every page in a browser, every notebook in JupyterLab, five on their own
	@$(PY) tools/browser.py
	BOOK_BROWSER=all $(PY) -m pytest -m "whole or not whole" tests/test_browser.py tests/test_front_ends.py tests/test_alone.py

proof: $(ENV)    ## the tests of bad input, damage and kills at full length; every page under other kernels of BLAS
	BOOK_EXAMPLES=1250 BOOK_FILES=2000 BOOK_KILLS=67 $(PY) -m pytest -n 2 tests/test_generated_inputs.py tests/test_damage.py
	$(PY) -m tools.proof

classroom: $(ENV)               ## make the students', teachers' and nbgrader's notebooks in _build/classroom
	$(PY) -m tools.classroom

test-classroom: $(ENV_CLASS)    ## answer every exercise right and wrong, grade every page, four students on one hub: minutes
	$(PY_CLASS) $(PYTEST_CLASS) -m "whole or not whole" tests/test_classroom.py tests/test_nbgrader.py tests/test_hub.py

notebooks: $(ENV)               ## format, execute and normalise all notebooks, or one: NB=chapters/02_theano.ipynb
	$(PY) -m ruff format --quiet $(NB)
	$(PY) -m tools.notebooks $(NB)

bench: $(ENV) $(ENV_THEANO) $(ENV_BENCH)   ## measure speed beside PyTorch, JAX, NumPy and C, and store it for the page about it
	$(PY) benchmarks/run.py

lint: $(ENV)     ## check style, formatting, types and spelling
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	.venv/$(BIN)/codespell

lock:            ## write the locks anew, with the newest versions that the pins leave open
	$(PYTHON) -m venv .venv-lock
	.venv-lock/$(BIN)/python -m pip install --quiet --require-hashes -r locks/build.txt
	for name in build theano benchmarks; do .venv-lock/$(BIN)/uv $(LOCK) --upgrade locks/$$name.in --output-file locks/$$name.txt; done
	.venv-lock/$(BIN)/uv $(LOCK) --upgrade --no-emit-package rnn-lib requirements.txt --output-file locks/book.txt
	.venv-lock/$(BIN)/uv $(LOCK) --no-emit-package rnn-lib locks/classroom.in --output-file locks/classroom.txt
LOCK := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
    --no-emit-find-links --custom-compile-command "make lock"

clean:           ## remove the website and the environments
	rm -rf _build .venv .venv-theano .venv-bench .venv-classroom .venv-lock .pytest_cache .mypy_cache .ruff_cache

# Each environment from its lock, with checked files only.
$(ENV): tools/install.py requirements.txt locks/build.txt locks/book.txt pyproject.toml
	$(PYTHON) tools/install.py

# The second engine, where there is a Python that runs it.
$(ENV_THEANO): tools/install.py locks/build.txt locks/theano.txt pyproject.toml tools/python311.sh
	@python311=$$(PYTHON311='$(PYTHON311)' PYTHON='$(PYTHON)' sh tools/python311.sh) || { [ -z "$$CI" ]; exit; }; \
	"$$python311" tools/install.py theano

# The peers of the benchmark.
$(ENV_BENCH): tools/install.py locks/build.txt locks/benchmarks.txt
	$(PYTHON) tools/install.py benchmarks

# The environment of a class: the book's, nbgrader and JupyterHub; its proxy where Node.js is.
$(ENV_CLASS): tools/install.py locks/build.txt locks/classroom.txt hub/package.json hub/package-lock.json pyproject.toml
	$(PYTHON) tools/install.py classroom
	cp hub/package.json hub/package-lock.json .venv-classroom
	if command -v npm >/dev/null; then npm ci --prefix .venv-classroom --ignore-scripts --no-audit --no-fund --silent; fi
	@touch $@

# After a failed build the next one would skip the page with the warning, so its cache goes. The order of the pages is
# part of every page, so a new one builds all of them.
$(SITE): $(ENV) $(SOURCES)
	.venv/$(BIN)/jupyter-book build . -W -n --keep-going $(if $(filter $(ENV) _config.yml _toc.yml _ext/%,$?),--all) \
	    || { rm -rf _build/.doctrees $@; exit 1; }
	@touch $@
