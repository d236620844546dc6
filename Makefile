# Every target says what it does: `make help`. Needs git, make, Go, Node.js and npm; everything else is installed by the targets themselves.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# npm puts Node.js 24 into node_modules, so the version of the machine's own doesn't matter.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
export npm_config_update_notifier := false
export npm_config_fund := false

PROVIDER ?= local
NAMESPACE ?= km-agent
export PROVIDER

.PHONY: help
help: ## Lists every target with a line
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

node_modules/.package-lock.json: package-lock.json package.json
	@echo "installing npm packages (about a minute the first time)" >&2
	@npm ci --ignore-scripts --no-audit --loglevel=error >&2
	@touch $@

.PHONY: demo
demo: node_modules/.package-lock.json build ## Shows the whole operator on a real three-node cluster and leaves it up
	@node test/demo.ts

.PHONY: test
test: node_modules/.package-lock.json build ## Runs every test: unit tests, some mutants, then the real cluster
	@node test/run.ts unit mutants cluster

.PHONY: unit
unit: node_modules/.package-lock.json ## Runs the unit tests: seconds, no cluster
	@node test/run.ts unit

.PHONY: soak
soak: node_modules/.package-lock.json build ## Runs all tests and mutants with full repetitions and durations
	@SOAK=1 node test/run.ts unit mutants cluster

.PHONY: mutants
mutants: node_modules/.package-lock.json ## Runs all mutants of the rollout's machine: some ten minutes
	@SOAK=1 node test/run.ts mutants

.PHONY: lint
lint: node_modules/.package-lock.json ## Checks types, style, import directions, formatting, generated files and unused code
	@tsc --noEmit -p .
	@eslint --cache --cache-location .cache/eslint src test crds
	@depcruise --config .dependency-cruiser.cjs --output-type err src
	@prettier --check --cache --cache-location .cache/prettier --log-level warn .
	@node crds/generate.ts --check
	@knip

.PHONY: format
format: node_modules/.package-lock.json ## Formats every file
	@prettier --write --log-level warn .

.PHONY: generate
generate: node_modules/.package-lock.json ## Makes the CRD and the reference pages anew from the code
	@node crds/generate.ts

.PHONY: build
build: node_modules/.package-lock.json ## Makes the bundle that ships: dist/kmagent-operator.mjs
	@npm run --silent build

.PHONY: manifest
manifest: node_modules/.package-lock.json ## Prints what the chart installs as one file for kubectl apply
	@node test/cluster/manifest.ts $(NAMESPACE)

.PHONY: up
up: node_modules/.package-lock.json build ## Starts the real cluster: PROVIDER=local, kind or kubeconfig
	@node test/cluster/up.ts

.PHONY: down
down: node_modules/.package-lock.json ## Takes the cluster and everything that the demo made away
	@node test/cluster/down.ts

.PHONY: status
status: node_modules/.package-lock.json ## Says what of the cluster runs, and where its logs are
	@node test/cluster/status.ts

.PHONY: bench
bench: node_modules/.package-lock.json build ## Prints what the operator costs, each figure beside its budget
	@node test/bench/bench.ts
