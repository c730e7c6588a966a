# make run: set everything up and serve. make test: set everything up and run all tests.
# A Python of your own: make run PYTHON=python3.12. Another address: make run PORT=8001 HOST=0.0.0.0.
PYTHON := python3
HOST := 127.0.0.1
PORT := 8000
MESSAGES := 100000
MINUTES := 240
PARTS := bugs crowd market storm
SEED :=
VENV := .venv
IN_VENV := $(VENV)/bin/python
LYCEUM := $(IN_VENV) -m lyceum.runtime.cli
INSTALL := $(IN_VENV) -m pip install --quiet --disable-pip-version-check --require-hashes

.PHONY: run test check fix docs bench soak screenshots mutants clean

run: $(VENV)/.run
	@$(IN_VENV) scripts/frontend.py
	@$(LYCEUM) models fetch
	@$(LYCEUM) up --host $(HOST) --port $(PORT)

test: $(VENV)/.dev
	@sh scripts/chromium.sh
	@$(IN_VENV) scripts/opensearch.py --fetch
	@sh scripts/spark.sh $(IN_VENV)
	@$(IN_VENV) scripts/frontend.py --dev
	@$(LYCEUM) models fetch
	$(LYCEUM) with-servers $(IN_VENV) -m pytest -n 2 --dist loadfile

check: $(VENV)/.dev
	@$(IN_VENV) scripts/frontend.py --dev
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(LYCEUM) with-servers $(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(LYCEUM) with-servers $(IN_VENV) -m django makemigrations --check --dry-run
	$(IN_VENV) scripts/docs_check.py
	$(IN_VENV) scripts/docs_write.py --check

fix: $(VENV)/.dev
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

docs: $(VENV)/.dev
	$(IN_VENV) scripts/docs_write.py
	$(IN_VENV) scripts/env_example.py > .env.example

bench: $(VENV)/.dev
	$(LYCEUM) bench realtime
	$(LYCEUM) bench http
	$(LYCEUM) bench recommendations
	$(LYCEUM) bench search

soak: $(VENV)/.dev
	@$(IN_VENV) scripts/frontend.py --dev
	$(IN_VENV) -m tests.chaos.soak --messages $(MESSAGES) --minutes $(MINUTES) --parts $(PARTS) $(if $(SEED),--seed $(SEED))

screenshots: $(VENV)/.dev
	@sh scripts/chromium.sh fonts
	@$(IN_VENV) scripts/frontend.py
	$(LYCEUM) with-servers $(IN_VENV) scripts/screenshots.py

# Take each permission check away in turn and see whether a test notices; ONLY=messaging/selectors tries some.
mutants: $(VENV)/.dev
	@$(IN_VENV) scripts/frontend.py --dev
	$(LYCEUM) with-servers $(IN_VENV) scripts/mutants.py --only "$(ONLY)"

clean:
	rm -rf $(VENV) var frontend/node_modules src/lyceum/core/static/lyceum/fonts src/lyceum/core/static/lyceum/vendor

$(VENV)/.made:
	@sh scripts/python.sh $(PYTHON)
	$(PYTHON) -m venv --clear $(VENV)
	@$(IN_VENV) scripts/link_source.py
	@touch $@

$(VENV)/.run: requirements/run.txt $(VENV)/.made
	$(INSTALL) -r requirements/run.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.made
	$(INSTALL) -r requirements/dev.txt
	@touch $@
