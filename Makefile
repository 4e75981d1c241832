# `make` lists what there is. Programs that a step needs are installed by the step that needs them:
# Go's into bin/, Debian's by apt-get, the page's by npm into web/node_modules.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL: # the tests measure time; they share the machine with nothing
.PHONY: help run build man docs test storm restart soak pipe check fmt fuzz bench bench-save bench-peers page-speed vuln vendor rename clean test-go test-web tools

GOLANGCI_LINT_VERSION := v2.15.0
GOVULNCHECK_VERSION   := v1.9.0
BENCHSTAT_VERSION     := v0.0.0-20260908200009-22c9c6c9d4da
GOLANGCI_LINT := bin/golangci-lint-$(GOLANGCI_LINT_VERSION)
GOVULNCHECK   := bin/govulncheck-$(GOVULNCHECK_VERSION)
BENCHSTAT     := bin/benchstat-$(BENCHSTAT_VERSION)

ARGS     ?=
BENCH    ?= .
FUZZTIME ?= 30s
SOAK     ?= 10m

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

run: ## Start the server; ARGS="--lan" adds flags
	go run ./cmd/recado serve $(ARGS)

build: ## Build bin/recado
	go build -trimpath -o bin/recado ./cmd/recado

man: ## Write the man pages to bin/man
	go run ./cmd/recado man bin/man

docs: ## Write the tables of docs/configuration.md
	go test ./cmd/recado -run '^TestReference$$' -count=1 -update

test: test-go test-web ## Run every test: Go with the race detector, the page, a real browser

test-go: tools build web/node_modules/.installed
	go test -race -shuffle=on ./...
	cd bench/peers && go test ./...

test-web: tools build web/node_modules/.installed
	cd web && RECADO_BIN=$(CURDIR)/bin/recado npm test

storm: tools web/node_modules/.installed ## Let 500 clients talk for a minute while connections and the server fail, and check every promise
	mkdir -p bin
	go test -run '^TestStorm$$' -count=1 -timeout 10m -v -artifacts -outputdir $(CURDIR)/bin ./internal/storm -full

restart: ## Restart the server under 2,000 clients who talk, and check that nothing is lost and nobody rushes back
	mkdir -p bin
	go test -run '^TestRestart$$' -count=1 -timeout 10m -v -artifacts -outputdir $(CURDIR)/bin ./internal/storm -full

soak: ## Let clients of all kinds come and go for SOAK, and check that the server does not grow; bin/soak.svg shows it
	mkdir -p bin
	go test -run '^TestSoak$$' -count=1 -timeout 24h -v ./internal/storm -soak $(SOAK) -plot $(CURDIR)/bin/soak.svg

pipe: build ## Pipe 100,000 lines through pub and sub while the server restarts, and say how fast it was
	scripts/pipe bin/recado

check: $(GOLANGCI_LINT) web/node_modules/.installed ## Lint, formatting, imports, the page's types, builds for other systems
	$(GOLANGCI_LINT) run ./...
	cd bench/peers && $(CURDIR)/$(GOLANGCI_LINT) run --config $(CURDIR)/.golangci.yml ./...
	go vet ./...
	go test ./internal/house
	GOOS=darwin GOARCH=arm64 go build ./...
	GOOS=windows GOARCH=amd64 go build ./...
	GOOS=linux GOARCH=arm64 go build ./...
	cd web && npm run check

fmt: $(GOLANGCI_LINT) ## Format the Go files
	$(GOLANGCI_LINT) fmt ./...
	cd bench/peers && $(CURDIR)/$(GOLANGCI_LINT) fmt --config $(CURDIR)/.golangci.yml ./...

fuzz: ## Run each fuzz test for FUZZTIME
	@go test -list '^Fuzz' ./... | awk '/^Fuzz/ { names[n++] = $$1 } /^ok/ { for (i = 0; i < n; i++) print $$2, names[i]; n = 0 }' | \
	while read -r package name; do \
		echo "go test -run '^$$' -fuzz '^$$name$$' -fuzztime $(FUZZTIME) $$package"; \
		go test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s "$$package" </dev/null; \
	done

bench: $(BENCHSTAT) ## Run the Go benchmarks and compare them with bench/micro.txt; BENCH=FanOut chooses
	$(MICRO)
	@head -n 1 bench/micro.txt
	@$(BENCHSTAT) -filter '.fullname:/$(subst /,\/,$(BENCH))/' bench/micro.txt bin/micro.txt

bench-save: override BENCH := .
bench-save: ## Run the Go benchmarks and keep what they say in bench/micro.txt
	$(MICRO)
	echo "# $$(date -u +%F), $$(uname -sr), $$(nproc) processors, $$(go env GOVERSION)" > bench/micro.txt
	grep -E '^(goos|goarch|pkg|cpu|Benchmark)' bin/micro.txt >> bench/micro.txt

# Six times each, for benchstat to tell a difference from noise.
MICRO = mkdir -p bin; go test -run '^$$' -bench '$(BENCH)' -benchmem -benchtime 500ms -count 6 ./... | tee bin/micro.txt

bench-peers: tools ## Measure the fan-out against other servers, some 20 minutes, and write docs/benchmarks.md
	cd bench/peers && go run ./fanout -peers all -rounds 3 -warmup 500ms -duration 2s -experiments -idle 18000 -settle 5s \
		-report ../../docs/benchmarks.md $(ARGS)

page-speed: tools build web/node_modules/.installed ## Measure how fast the page is, in Chromium
	cd web && RECADO_BIN=$(CURDIR)/bin/recado node test/measure.js

vuln: $(GOVULNCHECK) ## Look for known vulnerabilities in what is called
	$(GOVULNCHECK) ./...

vendor: web/node_modules/.installed ## Update what the page has of others from web/node_modules
	scripts/vendor

rename: ## Give the module another path: make rename MODULE=example.org/you/recado
	@test -n "$(MODULE)" || { echo "say the new path: make rename MODULE=example.org/you/recado" >&2; exit 2; }
	scripts/rename "$(MODULE)"

clean: ## Remove what was built and installed here
	rm -rf bin web/node_modules bench/peers/nodews/node_modules

tools:
	@scripts/tools

$(GOLANGCI_LINT):
	GOBIN=$(CURDIR)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	mv bin/golangci-lint $@

$(BENCHSTAT):
	GOBIN=$(CURDIR)/bin go install golang.org/x/perf/cmd/benchstat@$(BENCHSTAT_VERSION)
	mv bin/benchstat $@

$(GOVULNCHECK):
	GOBIN=$(CURDIR)/bin go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)
	mv bin/govulncheck $@

web/node_modules/.installed: web/package.json web/package-lock.json | tools
	cd web && npm ci --no-audit --no-fund
	touch $@
