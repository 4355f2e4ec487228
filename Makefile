# Every target does its own set-up. Needs Python 3.11 or later, make and a network to install from.
PYTHON ?= python3
BIN := .venv/bin
# In the order of the folders, so that the long trials of tests/ begin first and no worker waits at the end.
PYTEST := $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --durations=12 --reruns 1
# So that checks need no home and no database.
NOWHERE := GUANXI_SECRET_KEY=only-for-checks GUANXI_DATABASE_URL=sqlite://:memory:

# Python may keep what it has compiled: each of the many processes then begins in half the time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test lint format bench messages screens lock

help:
	@echo "make run      set up and serve on 127.0.0.1:8000 (PORT, GUANXI_HOME)"
	@echo "make test     all tests, on SQLite and on PostgreSQL"
	@echo "make lint     style, types, floors, migrations"
	@echo "make format   put the code into the house's form"
	@echo "make bench    the figures, beside their floors (ARGS=...)"
	@echo "make messages collect what people read for translation"
	@echo "make screens  a picture of every page into var/screens (ARGS=...)"
	@echo "make lock     the versions of all packages anew"

run:
	@$(PYTHON) scripts/setup.py run
	@exec $(BIN)/guanxi serve --first-run

test:
	@$(PYTHON) scripts/setup.py test
	@failed=0; $(PYTEST) $(ARGS) || failed=1; GUANXI_TEST_DATABASE=postgresql $(PYTEST) $(ARGS) || failed=1; exit $$failed

lint:
	@$(PYTHON) scripts/setup.py test
	@failed=0; \
	$(BIN)/ruff check || failed=1; \
	$(BIN)/ruff format --check || failed=1; \
	$(BIN)/lint-imports || failed=1; \
	$(NOWHERE) $(BIN)/python manage.py makemigrations --check --dry-run || failed=1; \
	$(NOWHERE) $(BIN)/mypy || failed=1; \
	exit $$failed

format:
	@$(PYTHON) scripts/setup.py test
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench:
	@$(PYTHON) scripts/setup.py test
	$(BIN)/guanxi bench $(ARGS)

messages:
	@$(PYTHON) scripts/setup.py test
	@$(NOWHERE) $(BIN)/python scripts/messages.py

screens:
	@$(PYTHON) scripts/setup.py test
	$(BIN)/python scripts/screens.py $(ARGS)

COMPILE := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -q
lock:
	@$(PYTHON) scripts/setup.py run
	$(COMPILE) requirements/uv.in -o requirements/uv.lock
	$(COMPILE) pyproject.toml --extra demo requirements/build.in -o requirements/run.lock
	$(COMPILE) pyproject.toml --extra demo --group dev requirements/build.in -c requirements/run.lock -o requirements/dev.lock
	$(COMPILE) --no-deps requirements/data.in -o requirements/data.lock
