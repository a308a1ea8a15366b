# Targets with a comment behind two number signs are listed by `make help`. `make run` and `make test` are all that a newcomer needs.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# In a bare container HOME may be empty and Go outside PATH.
export HOME := $(or $(HOME),$(CURDIR)/.bin/home)
export PATH := $(if $(shell command -v go),$(PATH),/usr/local/go/bin:$(PATH))
export GOFLAGS := $(or $(GOFLAGS),-mod=readonly)
# The servers of tests and development listen on this machine only: no proxy may stand between.
export NO_PROXY := $(NO_PROXY),127.0.0.1,localhost

BIN := .bin
TOOL = go build -modfile=tools.mod -o $@
VERSION := $(shell git describe --always --dirty 2>/dev/null || echo development)

# Packages that share memory between goroutines, or run against several servers at once.
RACE := ./activities/... ./api/... ./cmd/... ./internal/advance/... ./internal/app/... ./internal/devserver/process/... ./internal/people/... ./internal/store/... ./internal/telemetry/... ./workflows/...
FUZZTIME ?= 20s
ARGS ?=

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: build ## start everything on this machine: page, API, Postgres, Temporal, demo data (ARGS="--fresh" starts empty)
	@exec $(BIN)/steward dev $(ARGS)

.PHONY: build
build: go-is-here ## build the program into .bin/steward
	@echo "building Steward (a few minutes the first time, then seconds) …"
	@go build -ldflags "-X main.version=$(VERSION)" -o $(BIN)/steward ./cmd/steward

.PHONY: test
test: go-is-here check-format vet lint check-workflows check-generate check-definitions temporal browser-test race go-test ## check everything, installing what that needs

.PHONY: go-test
go-test: temporal ## run the Go tests alone
	@echo "== tests of the Temporal program"
	cd internal/devserver/temporal && go test -timeout 10m ./...
	@echo "== tests"
	go test -p 2 -parallel 4 -timeout 25m ./...

.PHONY: race
race: temporal ## test for data races where goroutines meet
	@echo "== data races"
	go test -race -p 2 -timeout 20m $(RACE)

.PHONY: lint
lint: $(BIN)/golangci-lint ## run the linters, the import rules of the architecture among them
	@echo "== linters"
	$(BIN)/golangci-lint run --concurrency 2 --timeout 20m ./...
	@echo "== linters, the Temporal program"
	cd internal/devserver/temporal && ../../../$(BIN)/golangci-lint run -c ../../../.golangci.yaml --concurrency 2 --timeout 20m ./...

.PHONY: vet
vet: ## run go vet
	@echo "== vet"
	go vet ./...

.PHONY: check-format
check-format: $(BIN)/gofumpt ## check that the code is formatted
	@echo "== format"
	@faulty="$$(git ls-files -co --exclude-standard '*.go' | while read -r f; do if [ -f "$$f" ]; then echo "$$f"; fi; done | grep -v -e '/storesql/' -e '/gen\.go$$' | xargs $(BIN)/gofumpt -l)"; \
	if [ -n "$$faulty" ]; then echo "not formatted, run make format:"; echo "$$faulty"; exit 1; fi

.PHONY: format
format: $(BIN)/gofumpt ## format every Go file
	@git ls-files -co --exclude-standard '*.go' | grep -v -e '/storesql/' -e '/gen\.go$$' | xargs $(BIN)/gofumpt -w

.PHONY: check-workflows
check-workflows: $(BIN)/workflowcheck ## check that workflow code is deterministic
	@echo "== workflow code is deterministic"
	$(BIN)/workflowcheck ./workflows/...

.PHONY: generate
generate: $(BIN)/sqlc ## write all generated files anew: SQL, contract, configuration reference
	$(BIN)/sqlc generate
	cd api && go generate .
	go run ./cmd/steward config-docs > docs/configuration.md.new
	mv docs/configuration.md.new docs/configuration.md

.PHONY: check-generate
check-generate: $(BIN)/sqlc ## check that generated files are what their sources say
	@echo "== generated files"
	$(BIN)/sqlc diff
	@mkdir -p $(BIN)/drift
	cd api && go tool -modfile=tools.mod oapi-codegen -config oapi-codegen.yaml -o ../$(BIN)/drift/gen.go openapi.yaml
	diff -q api/gen.go $(BIN)/drift/gen.go || { echo "api/gen.go is not what api/openapi.yaml says: run make generate"; exit 1; }
	go run ./cmd/steward config-docs > $(BIN)/drift/configuration.md
	diff -q docs/configuration.md $(BIN)/drift/configuration.md || { echo "docs/configuration.md is not what the flags say: run make generate"; exit 1; }

.PHONY: check-definitions
check-definitions: build ## lint the shipped definitions and run their scenarios
	@echo "== shipped definitions"
	$(BIN)/steward lint
	$(BIN)/steward test

.PHONY: browser-test
browser-test: build temporal ## use the page in a real browser
	@echo "== page in a browser"
	.ci/browser-test

.PHONY: temporal
temporal: build ## build the development Temporal server (minutes the first time, cached in .bin)
	@$(BIN)/steward build-temporal

.PHONY: bench
bench: temporal ## measure the figures that the product promises
	go run ./internal/bench/cmd/bench $(ARGS)

.PHONY: chaos
chaos: temporal ## kill programs 200 times under load and count what was lost
	STEWARD_CHAOS_ROUNDS=200 go test -count 1 -timeout 3h -run 'KilledUnderLoad|FailPoints' -v ./internal/e2e

.PHONY: fuzz
fuzz: go-is-here ## fuzz every parser for FUZZTIME each
	@grep -rl --include '*_test.go' '^func Fuzz' . | while read -r file; do \
	  grep -o '^func Fuzz[A-Za-z]*' "$$file" | cut -d' ' -f2 | while read -r name; do \
	    echo "== $$name in $$(dirname "$$file")"; \
	    go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "$$(dirname "$$file")"; \
	  done; \
	done

.PHONY: clean
clean: ## remove what was built; data in .steward stays
	@if [ -d $(BIN) ]; then chmod -R u+w $(BIN); fi
	rm -rf $(BIN)

.PHONY: go-is-here
go-is-here:
	@command -v go >/dev/null || { echo "Go is not installed: get the version that go.mod names from https://go.dev/dl/" >&2; exit 1; }

$(BIN)/golangci-lint: tools.mod tools.sum | go-is-here
	@echo "building golangci-lint, once (a few minutes) …"
	@$(TOOL) github.com/golangci/golangci-lint/v2/cmd/golangci-lint
$(BIN)/gofumpt: tools.mod tools.sum | go-is-here
	@$(TOOL) mvdan.cc/gofumpt
$(BIN)/workflowcheck: tools.mod tools.sum | go-is-here
	@$(TOOL) go.temporal.io/sdk/contrib/tools/workflowcheck
$(BIN)/sqlc: tools.mod tools.sum | go-is-here
	@echo "building sqlc, once (a few minutes) …"
	@$(TOOL) github.com/sqlc-dev/sqlc/cmd/sqlc
