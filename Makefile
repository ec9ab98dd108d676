# Every target sets up .venv by itself, from the lock, when it is missing or older than the lock.
# Only make, a network, and Python 3.11 or newer are needed: PYTHON=/path/to/python3 names another one.

PYTHON ?= python3

# What the targets below take, as in `make loadtest PROFILE=smoke`. Empty: the command's own default.
PROFILE ?= standard
SCENARIO ?=
STRATEGIES ?=
AXES ?=
STRATEGY ?=
SEED ?=
CROWD ?=
SHOPPERS ?=
ASK ?=
REPEATS ?=
SERVERS ?=
RUN ?= runs/latest
CALIBRATE ?=
CHECK ?=
ONLY ?=
BASE ?=
PAIRS ?=
SHORT ?=
RACE ?= lost_update

BIN := .venv/bin
READY := .venv/ready
option = $(if $($(1)),--$(2) '$($(1))')
axes = $(foreach axis,$(AXES),--set '$(axis)')
# A worker of the tests for each core, up to four; the tests of one shop run in one worker.
IN_PARALLEL := --numprocesses auto --maxprocesses 4 --dist loadgroup

.DEFAULT_GOAL := help
.PHONY: help loadtest simulate foresee calibrate validate gate report serve race races bench selfcheck test prove lint lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo '  Make reports any failure as 2. $(BIN)/dropday, which the targets call, says which one it was:'
	@echo '  1 a threshold or an invariant failed, 2 wrong usage, 3 invalid or unknown.'

loadtest: $(READY) ## rehearse a drop on real servers (PROFILE=smoke|standard SCENARIO CROWD STRATEGIES AXES SEED REPEATS SERVERS CALIBRATE=1)
	@$(BIN)/dropday loadtest --profile '$(PROFILE)' $(call option,SCENARIO,scenario) $(call option,CROWD,crowd) \
	  $(call option,STRATEGIES,strategies) $(call option,SEED,seed) $(call option,REPEATS,repeats) \
	  $(call option,SERVERS,servers) $(if $(CALIBRATE),--calibrate) $(axes)

simulate: $(READY) ## foresee a drop with the model alone, and answer questions (SCENARIO CROWD STRATEGIES AXES SEED ASK)
	@$(BIN)/dropday simulate $(call option,SCENARIO,scenario) $(call option,CROWD,crowd) \
	  $(call option,STRATEGIES,strategies) $(call option,SEED,seed) $(call option,ASK,ask) $(axes)

foresee: $(READY) ## foresee a crowd of up to millions, many times over (SHOPPERS=1000000 SCENARIO STRATEGIES AXES SEED)
	@$(BIN)/dropday foresee $(call option,SHOPPERS,shoppers) $(call option,SCENARIO,scenario) \
	  $(call option,STRATEGIES,strategies) $(call option,SEED,seed) $(axes)

calibrate: $(READY) ## measure this machine for the model, or tell whether it is as it was measured (CHECK=1 AXES)
	@$(BIN)/dropday calibrate $(if $(CHECK),--check) $(axes)

selfcheck: $(READY) ## hold the model to what theory knows exactly (SHORT=1 SEED)
	@$(BIN)/dropday selfcheck $(if $(SHORT),--short) $(call option,SEED,seed)

validate: $(READY) ## hold the model to runs that it has not seen (PROFILE=smoke|standard STRATEGIES AXES SEED REPEATS)
	@$(BIN)/dropday validate --profile '$(PROFILE)' $(call option,STRATEGIES,strategies) \
	  $(call option,SEED,seed) $(call option,REPEATS,repeats) $(axes)

gate: $(READY) ## judge a run against thresholds.toml again (RUN=runs/latest)
	@$(BIN)/dropday gate '$(RUN)'

report: $(READY) ## write the report of a run again (RUN=runs/latest)
	@$(BIN)/dropday report '$(RUN)'

serve: $(READY) ## run the checkout system until Ctrl-C (STRATEGY AXES)
	@$(BIN)/dropday serve $(call option,STRATEGY,strategy) $(axes)

race: $(READY) ## play an interleaving, statement by statement (RACE=lost_update; --list shows all)
	@$(BIN)/dropday race '$(RACE)'

races: $(READY) ## play all races and write docs/races.md
	@$(BIN)/dropday race --all --markdown > docs/races.md.new && mv docs/races.md.new docs/races.md \
	  || { rm -f docs/races.md.new; exit 1; }

bench: $(READY) ## compare with pgbench, Locust and other simulators, or orders with a commit (ONLY AXES, BASE=REF STRATEGIES PAIRS)
	@$(BIN)/dropday bench $(call option,ONLY,only) $(call option,BASE,base) $(call option,STRATEGIES,strategies) \
	  $(call option,PAIRS,pairs) $(axes)

test: $(READY) ## run the tests of every day, on real PostgreSQL and Redis
	@$(BIN)/pytest $(IN_PARALLEL)

prove: $(READY) ## run what proves rather than tests: mutations, properties, faults, all races, theory
	@$(BIN)/pytest $(IN_PARALLEL) tests/proofs

lint: $(READY) ## check style, types and who imports whom
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# Universal: for every platform and every Python from 3.11 on. It names packages and hashes, no registry.
COMPILE = $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-annotate --custom-compile-command 'make lock' --upgrade --quiet

lock: $(READY) ## pin the newest versions of all dependencies, with hashes
	$(COMPILE) --output-file requirements.lock
	$(COMPILE) --extra dev --constraint requirements.lock --output-file requirements-dev.lock

clean: ## remove .venv, the environments of make bench and caches; runs and calibrations stay
	rm -rf .venv .bench .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Dropday needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1)." \
	       "Name one that is: make PYTHON=/path/to/python3.11 .."; exit 1; }
	@echo 'Setting up .venv; the first time takes a minute or two.'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
