# make run      the API with demo data, on http://127.0.0.1:$(PORT); needs Python 3.11 or newer, nothing else
# make check    lint, types and the quick tests on SQLite: about two minutes, for between two edits
# make test     every test, on SQLite + memory and on PostgreSQL + Redis: about 20 minutes on two cores; needs Node 20 or newer too
# make verify   what takes hours: long soaks, crowds, a fresh clone; and docs/verify-report.md
# make bench    Tidewire, the textbook and a broadcaster in C, side by side; make bench-quick for a look; needs cc
# make soak     two workers under faults, and a verdict: SEED=1 DURATION=60 SIZE=grown WORKERS=2
# make conformance-server   for the protocol's public SDK suites, on http://127.0.0.1:$(PORT)
# make lint     what a reviewer should not have to say
# make schema   openapi.yaml and asyncapi.yaml anew
# make reference docs/reference/ anew, from the code; make docs builds the site of docs/ into var/site
# make release  wheel, sdist and npm package of a tagged version, checked, into dist/; uploads nothing
# make types    the TypeScript client's types, its reference and the built demo anew

PORT ?= 8000
DATA_DIR ?= $(CURDIR)/var
PYTHON ?= python3
VENV ?= .venv
export PORT DATA_DIR

bin := $(VENV)/bin
pip := $(bin)/python -m pip install --quiet --disable-pip-version-check --require-hashes
pytest := $(bin)/python -m pytest
# A database server or a Redis needs a driver, which the base does not hold.
run_requirements := $(if $(DATABASE_URL)$(REDIS_URL),production,base)
js := tests/sdk/js tests/contract/js tests/conformance/js tests/browser clients/typescript demo
packages := $(js:%=%/node_modules/.stamp)

.PHONY: run check check-tests test verify bench bench-quick soak conformance-server types lint format package release reference docs schema released requirements clean
.DEFAULT_GOAL := run

# -- environments: a stamp per requirements file, so that the second run starts at once --------------------------------

$(bin)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Tidewire needs Python 3.11 or newer; try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "python3 -m venv needs ensurepip; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Making $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/%.stamp: requirements/%.txt | $(bin)/python
	@echo "Installing requirements/$*.txt"
	@$(pip) -r $<
	@touch $@

# Installing more never takes anything away: the files pin the same versions.
$(VENV)/production.stamp: requirements/base.txt
$(VENV)/dev.stamp: requirements/base.txt requirements/production.txt requirements/observability.txt requirements/mqtt.txt

# A generator of clients, which a test runs as a third party would: with packages of its own.
.venv-generator/.stamp: requirements/generator.txt | $(bin)/python
	@echo "Installing requirements/generator.txt"
	@$(PYTHON) -m venv .venv-generator
	@.venv-generator/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# A broker of MQTT for development, for `make run MQTT=1` and for tests.
.venv-broker/.stamp: requirements/broker.txt | $(bin)/python
	@echo "Installing requirements/broker.txt"
	@$(PYTHON) -m venv .venv-broker
	@.venv-broker/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# npm ci empties node_modules, so the stamp is always younger than what it stands for.
%/node_modules/.stamp: %/package.json %/package-lock.json
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' \
		|| { echo "make test needs Node 20 or newer: the JavaScript SDK is one of the clients"; exit 1; }
	@echo "Installing the packages of $*"
	@npm ci --prefix $* --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# -- run ---------------------------------------------------------------------------------------------------------------

# MQTT=1 runs a broker for development and the bridge beside the server; docs/mqtt.md.
run: $(VENV)/$(run_requirements).stamp $(if $(MQTT),$(VENV)/mqtt.stamp .venv-broker/.stamp)
	@BIN=$(bin) scripts/run

# -- test --------------------------------------------------------------------------------------------------------------

# The parts of `make test`, the longest first; one alone: make test-serve. JOBS run at a time, each in one process with
# servers of its own. One more than there are cores keeps them busy, because many tests wait; more gain nothing.
cores := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
JOBS ?= $(shell expr $(cores) + 1)
parts := grown embedded serve postgresql contract sqlite typescript browser soak uvicorn
together := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) --keep-going --jobs $(JOBS)
.PHONY: $(parts:%=test-%)
tested := $(VENV)/dev.stamp .venv-generator/.stamp .venv-broker/.stamp $(packages)

engine := tests/tidewire --ignore=tests/tidewire/serve
npm := cd clients/typescript && PYTHON=$(CURDIR)/$(bin)/python npm

# The type checker uses one core, so the tests begin beside it.
check: $(VENV)/dev.stamp
	@$(MAKE) --no-print-directory --keep-going --jobs 2 lint check-tests

check-tests: $(VENV)/dev.stamp
	$(pytest) -n $(cores) --dist loadfile -m "not slow" tests/api tests/backend tests/bench $(engine) tests/contract

test: $(tested)
	@$(MAKE) --no-print-directory $(together) $(parts:%=test-%)

test-sqlite: $(tested)
	$(pytest) tests/api tests/backend tests/bench tests/mqtt $(engine)

# Without the tests that use no database, and the one that asks about views only.
test-postgresql: $(tested)
	$(pytest) tests/api tests/bench $(engine) --ignore=tests/api/test_access_matrix.py --database postgresql

test-contract: $(tested)
	$(pytest) tests/contract tests/conformance tests/generated tests/fuzz tests/rig tests/browser vectors demo

test-serve: $(tested)
	$(pytest) tests/tidewire/serve

test-embedded test-grown: $(tested)
	$(pytest) tests/scenarios --size $(@:test-%=%)

# Of the scenarios, those in which the server itself matters most; `make verify` runs all of them on it.
test-uvicorn: $(tested)
	$(pytest) tests/scenarios/test_survives_restart.py --server uvicorn

test-typescript: $(tested)
	$(npm) test

test-browser: $(tested)
	$(npm) run test:browser

test-soak: $(tested)
	$(pytest) tests/soak

# Hours: it begins with this revision in a fresh clone, and ends with docs/verify-report.md.
verify: $(VENV)/dev.stamp .venv-generator/.stamp .venv-broker/.stamp $(packages)
	$(bin)/python -m tests.verify

# For test suites that expect the protocol's reference server; see docs/testing.md.
conformance-server: $(VENV)/dev.stamp
	@exec $(bin)/python manage.py conformance_server --port $(PORT) $(if $(INSECURE_API),--insecure-api)

SEED ?= 1
DURATION ?= 60
SIZE ?= grown
WORKERS ?= 2
soak: $(VENV)/dev.stamp tests/sdk/js/node_modules/.stamp
	$(bin)/python -m tests.soak --seed $(SEED) --seconds $(DURATION) --size $(SIZE) --workers $(WORKERS)

# One core for the server, one for the load. Figures of a busy machine are its own: read the ratios, and the load.
ONLY ?=
bench bench-quick: $(VENV)/dev.stamp
	$(bin)/python -m bench $(if $(findstring quick,$@),--quick) --only "$(ONLY)"

lint: $(VENV)/dev.stamp
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/basedpyright

format: $(VENV)/dev.stamp
	$(bin)/ruff check --fix .
	$(bin)/ruff format .

# -- generated files ---------------------------------------------------------------------------------------------------

# The engine as others install it: dist/*.whl and dist/*.tar.gz.
package: $(VENV)/dev.stamp
	$(bin)/python -m build --no-isolation

# The same for a tagged version, with the npm package and every check; docs/releasing.md says what comes before and after.
release: $(VENV)/dev.stamp clients/typescript/node_modules/.stamp
	$(bin)/python scripts/release.py

reference: $(VENV)/dev.stamp
	DJANGO_SETTINGS_MODULE=backend.settings $(bin)/python scripts/reference.py

.venv-docs/.stamp: requirements/docs.txt | $(bin)/python
	@echo "Installing requirements/docs.txt"
	@$(PYTHON) -m venv .venv-docs
	@.venv-docs/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

docs: .venv-docs/.stamp
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --strict --quiet

schema: $(VENV)/dev.stamp
	$(bin)/python manage.py spectacular --file openapi.yaml --validate --fail-on-warn
	$(bin)/python manage.py asyncapi --file asyncapi.yaml

# When a release is made: from then on, nothing that these documents promise may be taken away.
released:
	cp openapi.yaml asyncapi.yaml tests/contract/released/

# The client's types and reference and the demo's built page, from openapi.yaml; tests fail when they have drifted.
types: $(packages)
	cd clients/typescript && npm run generate && npm run reference
	cd demo && npm run build

# Takes the newest versions the .in files allow: make requirements UPGRADE=--upgrade
compile := CUSTOM_COMPILE_COMMAND="make requirements" ../$(bin)/pip-compile --quiet --generate-hashes --strip-extras \
	--allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host $(UPGRADE)
requirements: $(VENV)/dev.stamp
	cd requirements && $(compile) -o base.txt base.in
	cd requirements && $(compile) -c base.txt -o production.txt production.in
	cd requirements && $(compile) -c production.txt -o observability.txt observability.in
	cd requirements && $(compile) -c production.txt -o mqtt.txt mqtt.in
	cd requirements && $(compile) -c observability.txt -o dev.txt dev.in
	cd requirements && $(compile) -o broker.txt broker.in
	cd requirements && $(compile) -o generator.txt generator.in
	cd requirements && $(compile) -o docs.txt docs.in

clean:
	rm -rf $(VENV) .venv-generator .venv-broker .venv-docs .venv-installed $(js:%=%/node_modules)
