# `make help` lists the targets.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

include lambda.mk

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export SAM_CLI_TELEMETRY := 0
export AWS_DEFAULT_REGION ?= us-east-1

# ---------------------------------------------------------------------------------------------------------------------------
# The environments. Each stamp is named after the lock's content, since the file times of a fresh checkout say nothing
# about it.
# ---------------------------------------------------------------------------------------------------------------------------
checksum = $(shell cat $(1) 2>/dev/null | cksum | tr ' ' -)
DEV_STAMP := .venv/dependencies-$(call checksum,requirements/dev.lock)
PROJECT_STAMP := .venv/project-$(call checksum,pyproject.toml)
TOOLS_STAMP := .venv-tools/dependencies-$(call checksum,requirements/tools.lock)
LONG_STAMP := .venv-long/dependencies-$(call checksum,requirements/long.lock)
BENCH_STAMP := .venv-bench/dependencies-$(call checksum,requirements/bench.lock)
CHECKOV_STAMP := .venv-checkov/dependencies-$(call checksum,requirements/checkov.lock)
PARLIAMENT_STAMP := .venv-parliament/dependencies-$(call checksum,requirements/parliament.lock)
SUPPLY_CHAIN_STAMP := .venv-supply-chain/dependencies-$(call checksum,requirements/supply-chain.lock)
AWS_STAMP := .venv-aws/dependencies-$(call checksum,requirements/aws.lock)
DOCS_STAMP := .venv-docs/dependencies-$(call checksum,requirements/docs.lock)

# An explicit interpreter (`make PYTHON=python3.12 setup`) replaces an environment of another version.
# An empty name would leave `-c` as the first word, which bash takes for an option of its own.
python_version = $(if $(1),$(shell $(1) -c 'import sys; v = sys.version_info; print(v[:2] if v >= (3, 11) else "")' 2>/dev/null))
ifdef PYTHON
  ifeq ($(call python_version,$(PYTHON)),)
    $(error PYTHON=$(PYTHON) is not Python 3.11 or newer: make PYTHON=/path/to/python3 $(MAKECMDGOALS))
  endif
  ifneq ($(filter-out $(call python_version,.venv/bin/python),$(call python_version,$(PYTHON))),)
    $(shell rm -f .venv/dependencies-*)
  endif
else
  # The first that is new enough: a distribution may have python3.11 beside an older python3.
  new_enough = $(if $(call python_version,$(1)),$(1))
  PYTHON := $(or $(LAMBDA_PYTHON),$(call new_enough,python3),$(call new_enough,python3.12),$(call new_enough,python3.11),$(call new_enough,python3.14),python3)
endif

define create_environment
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer is needed, and $(PYTHON) is not: make PYTHON=/path/to/python3 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "building $(1) with $$($(PYTHON) --version) from $(2)"
	@"$$($(PYTHON) -c 'import sys; print(sys._base_executable)')" -m venv --clear $(1)
endef

$(DEV_STAMP):
	$(call create_environment,.venv,requirements/dev.lock)
	@.venv/bin/python -m pip install -qq --require-hashes --requirement requirements/dev.lock
	@touch $@

$(PROJECT_STAMP): $(DEV_STAMP)
	@.venv/bin/python -m pip install -qq --no-deps --no-build-isolation --editable .
	@rm -f .venv/project-* && touch $@

# The npm clients run on the machine's Node if it is new enough; else on a Node that a lock of its own pins.
CLIENTS := tests/integration/javascript
CLIENTS_STAMP := $(CLIENTS)/node_modules/dependencies-$(call checksum,$(CLIENTS)/package-lock.json)
NODE := $(shell command -v npm >/dev/null && node -e 'process.exit(+(process.versions.node.split(".")[0] < 20))' 2>/dev/null && command -v node)
ifeq ($(NODE),)
  NODE := $(CURDIR)/.venv-node/bin/node
  NODE_PATH := $(CURDIR)/.venv-node/bin:
  NODE_STAMP := .venv-node/dependencies-$(call checksum,requirements/node.lock)
endif

# One environment a lock, `.venv-NAME` from requirements/NAME.lock. The pins of checkov conflict with those of all others.
environment = $(patsubst .venv-%,%,$(@D))
$(TOOLS_STAMP) $(CHECKOV_STAMP) $(PARLIAMENT_STAMP) $(LONG_STAMP) $(BENCH_STAMP) $(DOCS_STAMP) $(SUPPLY_CHAIN_STAMP) $(AWS_STAMP) $(NODE_STAMP): | $(DEV_STAMP)
	$(call create_environment,$(@D),requirements/$(environment).lock)
	@.venv/bin/python -m pip --python $(@D)/bin/python install -qq --require-hashes --requirement requirements/$(environment).lock
	@touch $@

PEERS := benchmarks/javascript
PEERS_STAMP := $(PEERS)/node_modules/dependencies-$(call checksum,$(PEERS)/package-lock.json)
PAGES := tests/browser/javascript
PAGES_STAMP := $(PAGES)/node_modules/dependencies-$(call checksum,$(PAGES)/package-lock.json)
# The example page takes the browser build of its client from here.
APP := examples/browser-app
APP_STAMP := $(APP)/node_modules/dependencies-$(call checksum,$(APP)/package-lock.json)
CDK := examples/cdk
CDK_STAMP := $(CDK)/node_modules/dependencies-$(call checksum,$(CDK)/package-lock.json)
# The site's pages draw their diagrams with it.
DIAGRAMS := docs/site
DIAGRAMS_STAMP := $(DIAGRAMS)/node_modules/dependencies-$(call checksum,$(DIAGRAMS)/package-lock.json)
$(CLIENTS_STAMP) $(PEERS_STAMP) $(PAGES_STAMP) $(APP_STAMP) $(CDK_STAMP) $(DIAGRAMS_STAMP): | $(NODE_STAMP)
	@folder="$(patsubst %/node_modules/,%,$(dir $@))"; echo "installing what $$folder/package-lock.json names"; \
		cd "$$folder" && PATH="$(NODE_PATH)$$PATH" npm ci --silent
	@touch $@

.PHONY: setup tools lock
setup: $(PROJECT_STAMP) ## build only .venv, from the lock

tools: $(TOOLS_STAMP)

# A hijacked version is found out within days: an upgrade leaves out versions younger than a week. A source
# distribution would run its own code here: uv builds none.
COOLDOWN_DAYS := 7
lock: setup ## compile the locks (UPGRADE=1 takes the newest versions)
	@newest=$$(.venv/bin/python -c 'import datetime as d; print(d.datetime.now(d.UTC) - d.timedelta($(COOLDOWN_DAYS)))' | tr ' ' T); \
	compile() { .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-build \
		--no-header --no-emit-index-url $${UPGRADE:+--upgrade --exclude-newer "$${UV_EXCLUDE_NEWER:-$$newest}"} "$$@"; }; \
	compile requirements/dev.in --output-file requirements/dev.lock; \
	compile requirements/aws.in --output-file requirements/aws.lock; \
	compile requirements/tools.in --output-file requirements/tools.lock; \
	compile requirements/checkov.in --output-file requirements/checkov.lock; \
	compile requirements/parliament.in --output-file requirements/parliament.lock; \
	compile requirements/long.in --output-file requirements/long.lock; \
	compile requirements/bench.in --output-file requirements/bench.lock; \
	compile requirements/docs.in --output-file requirements/docs.lock; \
	compile requirements/node.in --output-file requirements/node.lock; \
	compile requirements/supply-chain.in --output-file requirements/supply-chain.lock; \
	compile tests/sam_local/requirements.in --output-file tests/sam_local/requirements.txt; \
	for layer in layers/keyturn layers/dependencies layers/login; do \
		compile $$layer/requirements.in --constraint requirements/dev.lock --output-file $$layer/requirements.txt; \
	done

# ---------------------------------------------------------------------------------------------------------------------------
# The embedded stack
# ---------------------------------------------------------------------------------------------------------------------------
.PHONY: run demo reset events
# The stack starts without the page too. The shell reads PARAMETERS as a variable, so that it runs no word of it.
run: export PARAMETERS ?=
run: setup ## start stack, sign-in page and demo (PARAMETERS="A=b")
	@$(MAKE) --silent $(APP_STAMP) || echo "examples/browser-app is not served: npm did not install its package" >&2
	@.venv/bin/python -m local run --parameters "$$PARAMETERS"

demo: export PARAMETERS ?=
demo: setup ## run the demo on the embedded stack, and exit
	@.venv/bin/python -m local demo --parameters "$$PARAMETERS"

reset: setup ## delete the state of the stopped embedded stack
	@.venv/bin/python -m local reset

events: setup ## render events, environments and profiles for `sam local`
	@.venv/bin/python -m local events

# ---------------------------------------------------------------------------------------------------------------------------
# Tests and checks. A check without its tool prints NOT RUN, and fails in CI.
# ---------------------------------------------------------------------------------------------------------------------------
ON_THE_STACK := tests/emulator tests/integration
STAGES := format lint types imports dead-code secrets template docs artifacts test guards browser containers commands

.PHONY: check test test-fast test-others test-stack $(STAGES)
check: setup ## run what CI runs: all checks, the build and all tests
	@for stage in $(STAGES); do \
		echo "== $$stage"; started=$$SECONDS; \
		$(MAKE) $$stage || { echo "== $$stage FAILED after $$((SECONDS - started)) s" >&2; exit 1; }; \
		echo "== $$stage: $$((SECONDS - started)) s"; \
	done; echo "== all of it: $$SECONDS s"

format: setup
	@.venv/bin/ruff format --check .

lint: setup
	@.venv/bin/ruff check .

types: setup
	@.venv/bin/mypy

dead-code: setup
	@.venv/bin/vulture

# tests/architecture runs them too, one by one.
imports: setup
	@PYTHONPATH=.:functions .venv/bin/lint-imports --no-logo

# Tests and locks hold strings that only look like secrets; the text catalogue of the pages has sentences about
# passwords. `api_key_claim` has the name of a claim.
secrets: setup
	@git ls-files -z -- ':!tests' ':!functions/login/pages/texts.py' ':!*.lock' ':!layers/*/requirements.txt' ':!*/package-lock.json' | xargs -0 .venv/bin/detect-secrets-hook --exclude-lines api_key_claim

# A dependency cycle shows only after the SAM transform, so the transformed template is linted too. Exceptions stand in
# .cfnlintrc.yaml, .checkov.yaml, .parliament.yaml and template.yaml, each with its reason; a test lists them. The tests
# read CloudFormation's resource schemas, which cfn-lint ships.
TEMPLATES := template.yaml $(wildcard examples/*/template.yaml)
template: setup tools $(CHECKOV_STAMP) $(PARLIAMENT_STAMP) $(CDK_STAMP)
	@for template in $(TEMPLATES); do .venv-tools/bin/sam validate --lint --template $$template || exit 1; done
	@.venv-tools/bin/cfn-lint --non-zero-exit-code informational $(TEMPLATES)
	@mkdir -p build && .venv/bin/python -m local transform > build/template.json
	@.venv-tools/bin/cfn-lint --non-zero-exit-code informational build/template.json
	@cd $(CDK) && CDK_OUTDIR=$(CURDIR)/build/cdk "$(NODE)" app.js
	@.venv-tools/bin/cfn-lint --non-zero-exit-code error build/cdk/keyturn-example.template.json >build/cdk/cfn-lint.log || { cat build/cdk/cfn-lint.log >&2; exit 1; }
	@.venv-checkov/bin/checkov --config-file .checkov.yaml
	@.venv/bin/python -m tests.infrastructure.role_policies build/template.json build/policies
	@.venv-parliament/bin/python -W ignore -m parliament.cli --directory build/policies --include_policy_extension json \
		--include-community-auditors --minimum_severity INFO --config .parliament.yaml
	@KEYTURN_CDK=build/cdk .venv/bin/python -m pytest --quiet tests/infrastructure/test_cdk_example.py tests/infrastructure/test_parameter_changes.py tests/infrastructure/test_deployer_permissions.py

# `--strict` fails at a link without a target and at a page without a place in the navigation.
docs: setup $(DOCS_STAMP) $(DIAGRAMS_STAMP) ## build the documentation's site into build/site
	@NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --quiet --strict
	@KEYTURN_SITE=build/site .venv/bin/python -m pytest --quiet tests/infrastructure/test_site.py

SAM_BUILD = LAMBDA_PYTHON="$(LAMBDA_PYTHON)" .venv-tools/bin/sam build --no-cached
not_run = echo "NOT RUN: $@ needs $(1)"; test -z "$${CI:-}"

# SBOMs, licences and digests of a build: docs/supply-chain.md.
describe_build = .venv-supply-chain/bin/python -m tests.supply_chain.bill_of_materials $(1) \
	"$$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" build/supply-chain/$(2)

.PHONY: dist
dist: setup ## build wheel and source distribution into dist
	@.venv/bin/python -m hatchling build

.PHONY: build
build: setup tools $(SUPPLY_CHAIN_STAMP) ## run `sam build` (ARCHITECTURE=arm64 or x86_64)
	@test -n "$(LAMBDA_PYTHON)" || { echo "sam build needs python3.13, the Lambda runtime: pyenv install 3.13" >&2; exit 1; }
	@$(SAM_BUILD) --parameter-overrides Architecture=$(ARCHITECTURE)
	@$(call describe_build,.aws-sam/build,$(ARCHITECTURE))

# The artifacts that Lambda would get, for each processor: read file by file, and imported if this machine has that
# processor. Those of the template's default are built twice: only the processor's wheels differ. Then wheel and source
# distribution, in environments of their own.
artifacts: setup tools $(SUPPLY_CHAIN_STAMP)
ifneq ($(call python_version,.venv/bin/python),$(call python_version,$(LAMBDA_PYTHON)))
	@$(call not_run,python3.13 (the Lambda runtime) in .venv: pyenv install 3.13 && make setup)
else
	@for architecture in arm64 x86_64; do \
		echo "sam build for $$architecture"; \
		$(SAM_BUILD) --build-dir .aws-sam/$$architecture --parameter-overrides Architecture=$$architecture >build/sam.log 2>&1 \
			|| { cat build/sam.log >&2; exit 1; }; \
		$(call describe_build,.aws-sam/$$architecture,$$architecture); \
	done
	@echo "sam build for arm64, in another folder and under other settings"
	@LAMBDA_PYTHON="$(LAMBDA_PYTHON)" .venv/bin/python -m tests.supply_chain.rebuild .aws-sam/arm64 arm64 .venv-tools/bin/sam
	@KEYTURN_SAM_BUILDS=.aws-sam .venv/bin/python -m pytest tests/infrastructure/test_packaging.py
endif
	@.venv/bin/python -m pytest tests/distribution

# Container images set it. Without byte code each worker and each process of a test compiles all modules again.
test test-fast test-others test-stack coverage browser: export PYTHONDONTWRITEBYTECODE :=

# Tests on the stack wait for a quarter of their time. The other parts fill it. Coverage yields the processors, since what runs on
# the stack has time limits. The other tests do not: they would go on alone for minutes. On two cores they run in one
# process: workers and their reports cost CPU too.
CORES = $(shell getconf _NPROCESSORS_ONLN)
test: export OTHERS_WORKERS = $(if $(filter 1 2,$(CORES)),0,auto)
test: setup $(CLIENTS_STAMP) $(PEERS_STAMP) $(AWS_STAMP) ## run the tests without Docker, browser and account
	@.venv/bin/python -m tests.side_by_side "coverage=nice -n 5 $(MAKE) coverage" "others=$(MAKE) test-others" \
		"stack=$(MAKE) test-stack"

test-fast: setup $(PEERS_STAMP)
	@.venv/bin/python -m tests.side_by_side "coverage=$(MAKE) coverage" "others=$(MAKE) test-others"

# The tests that coverage is measured by are left out: they run there.
OTHERS_WORKERS ?= auto
test-others: setup $(PEERS_STAMP)
	@PATH="$(NODE_PATH)$$PATH" KEYTURN_NODE="$(NODE)" .venv/bin/python -m pytest --numprocesses $(OTHERS_WORKERS) tests \
		$(addprefix --ignore=,$(COVERED_BY) $(ON_THE_STACK) tests/browser tests/commands tests/distribution tests/sam_local tests/aws)

# Each worker has a stack of its own, and runs all tests of a file.
test-stack: setup $(CLIENTS_STAMP) $(AWS_STAMP)
	@PATH="$(NODE_PATH)$$PATH" KEYTURN_NODE="$(NODE)" .venv/bin/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder \
		$(ON_THE_STACK)

# Web pages in a real browser, against the embedded stack. `.ci/run` installs a browser if it has the right to; a laptop
# has its own.
CHROMIUM := $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
browser: setup ## test the web pages in Chromium against the stack
	@if test -z "$(CHROMIUM)"; then $(call not_run,Chromium: apt-get install chromium); \
	else $(MAKE) $(PAGES_STAMP) $(APP_STAMP) $(CLIENTS_STAMP) && PATH="$(NODE_PATH)$$PATH" KEYTURN_NODE="$(NODE)" KEYTURN_CHROMIUM="$(CHROMIUM)" \
		.venv/bin/python -m pytest tests/browser; fi

.PHONY: screenshots
screenshots: setup ## write pictures of the pages: build/screenshots and docs
	@if test -z "$(CHROMIUM)"; then $(call not_run,Chromium: apt-get install chromium); \
	else $(MAKE) $(PAGES_STAMP) && PATH="$(NODE_PATH)$$PATH" PYTHONPATH=.:functions KEYTURN_NODE="$(NODE)" KEYTURN_CHROMIUM="$(CHROMIUM)" \
		.venv/bin/python -m tests.browser.screenshots build/screenshots --documentation docs/screenshots; fi

# Real containers, against the embedded stack. `.ci/run` starts an engine if it has the right to; a laptop has its own.
PROCESSOR := $(patsubst aarch64,arm64,$(shell uname -m))
CONTAINER_IMAGE := public.ecr.aws/lambda/python:3.13-$(PROCESSOR)
containers: setup tools
	@if ! docker info >/dev/null 2>&1; then $(call not_run,a running Docker engine: https://docs.docker.com/engine/install); \
	elif test ! -e .aws-sam/$(PROCESSOR)/template.yaml; then $(call not_run,the build of `make artifacts`); \
	else tests/sam_local/runtime_image.sh $(CONTAINER_IMAGE) "$(LAMBDA_PYTHON)" && .venv/bin/python -m pytest tests/sam_local; fi

# The commands of the pages that last for minutes.
commands: setup tools
	@.venv/bin/python -m pytest tests/commands

# Tests of verifier and authorizer run every branch, and the test of each rule fails without the rule's line. One process runs
# them: several would need a fifth more of the processors' time, and `make test` has other work for those. Each run has a data
# file of its own: two in one folder would mix what they measure.
COVERED_BY := tests/unit/jose tests/unit/authorizer tests/unit/domain/test_base64url.py \
	tests/unit/domain/access tests/unit/domain/revocations tests/unit/domain/time tests/unit/adapters/aws \
	tests/unit/adapters/test_stored_items.py tests/unit/domain/keys/test_key_ring.py tests/unit/domain/test_issuer_url.py \
	tests/unit/test_observability.py tests/contract/test_readers.py tests/contract/test_revocation_feed.py tests/verifier
coverage: setup
	@folder=$$(mktemp -d) && trap 'rm -r "$$folder"' EXIT && COVERAGE_FILE="$$folder/data" .venv/bin/python -m pytest --quiet $(COVERED_BY) --cov

guards: setup
	@.venv/bin/python -m tests.guards.run

# Not part of `make check`: a new advisory would fail an unchanged commit. CI runs it daily. A mirror of the index may
# lack the advisories, which pip-audit reads from the page of each version; it fails for a package that it cannot look up.
ADVISORIES := https://pypi.org/pypi/pip/24.0/json
LOCKS := $(sort $(wildcard layers/*/requirements.txt) $(wildcard requirements/*.lock))
.PHONY: audit
audit: setup ## compare the locks with known vulnerabilities
	@if ! .venv/bin/python -c 'import sys, urllib.request as r; r.urlopen(sys.argv[1], timeout=10)' $(ADVISORIES) 2>/dev/null; then \
		$(call not_run,the advisories of pypi.org: a network that reaches them); \
	else $(MAKE) $(SUPPLY_CHAIN_STAMP) && failed="" && for lock in $(LOCKS); do echo "$$lock"; \
		.venv-supply-chain/bin/pip-audit --strict --progress-spinner off --disable-pip --require-hashes --requirement $$lock || failed=1; \
	done && test -z "$$failed"; fi

# The long runs. docs/verifier.md and docs/authorizer.md have their figures.
.PHONY: fuzz mutants
fuzz: setup $(LONG_STAMP) ## fuzz tokens, clocks and access rules (MINUTES=10)
	@.venv/bin/python -m pytest --quiet --numprocesses auto --hypothesis-profile long \
		tests/unit/jose/test_verifier_properties.py tests/property tests/unit/login/http/test_hostile_input.py
	@PYTHONPATH=.:layers/keyturn .venv-long/bin/python -m tests.fuzz.verifier $(or $(MINUTES),10)

mutants: setup $(LONG_STAMP) ## run the mutants of verifier and authorizer (ONLY=a part)
	@.venv-long/bin/python -m tests.mutants.run $(ONLY)

# Not part of `make check`: its figures depend on the machine.
.PHONY: bench
bench: $(PROJECT_STAMP) $(BENCH_STAMP) $(PEERS_STAMP) ## measure beside peers, write docs/benchmarks.md (ONLY=warm)
	@PYTHONPATH=.:functions:layers/keyturn:cli KEYTURN_NODE="$(NODE)" .venv-bench/bin/python -m benchmarks $(ONLY)

# The region comes from the operator's environment or profile; the other targets set a default. The embedded stack needs
# neither an account nor the tools.
VERIFY = .venv/bin/python -m tests.aws.verify $(foreach parameter,$(PARAMETERS),--parameter $(parameter))
.PHONY: verify-aws
verify-aws: setup $(if $(EMBEDDED),,tools) ## check facts about AWS on STACK=name (KEEP=1) or EMBEDDED=1
ifdef EMBEDDED
	@$(VERIFY) --embedded $(if $(STACK),-- "$(STACK)")
else
	@test -n "$(STACK)" || { echo "make verify-aws STACK=name: see docs/verification/README.md" >&2; exit 2; }
	@test -n "$(LAMBDA_PYTHON)" || { echo "sam build needs python3.13, the Lambda runtime: pyenv install 3.13" >&2; exit 2; }
	@$(if $(filter file,$(origin AWS_DEFAULT_REGION)),unset AWS_DEFAULT_REGION;) LAMBDA_PYTHON="$(LAMBDA_PYTHON)" \
		$(VERIFY) $(if $(KEEP),--keep) --architecture $(ARCHITECTURE) -- "$(STACK)"
endif

.PHONY: requirements
requirements: setup ## write the generated parts of docs
	@.venv/bin/python -m tests.infrastructure.requirement_table
	@.venv/bin/python -m tests.guards.page
	@.venv/bin/python -m tests.infrastructure.conformance_page

.PHONY: help
help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
