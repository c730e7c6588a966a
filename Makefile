VENV := .venv
PYTHON := $(VENV)/bin/python
LYCEUM := $(PYTHON) -m lyceum.runtime.cli

.PHONY: run test check fix docs clean

run: $(VENV)/.run
	@$(PYTHON) scripts/frontend.py
	@$(LYCEUM) up

test: $(VENV)/.dev
	@sh scripts/chromium.sh
	@$(PYTHON) scripts/frontend.py --dev
	$(LYCEUM) with-servers $(PYTHON) -m pytest -n 2 --dist loadfile

check: $(VENV)/.dev
	@$(PYTHON) scripts/frontend.py --dev
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(LYCEUM) with-servers $(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(LYCEUM) with-servers $(PYTHON) -m django makemigrations --check --dry-run
	$(PYTHON) scripts/docs_check.py
	$(PYTHON) scripts/docs_write.py --check

fix: $(VENV)/.dev
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

docs: $(VENV)/.dev
	$(PYTHON) scripts/docs_write.py
	$(PYTHON) scripts/env_example.py > .env.example

clean:
	rm -rf $(VENV) var frontend/node_modules src/lyceum/core/static/lyceum/fonts

$(VENV)/.made:
	python3 -m venv $(VENV)
	@$(PYTHON) scripts/link_source.py
	@touch $@

$(VENV)/.run: requirements/run.txt $(VENV)/.made
	$(PYTHON) -m pip install --quiet --require-hashes -r requirements/run.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.made
	$(PYTHON) -m pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@
