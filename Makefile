# Verbs of daily work; `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help build test race lint generate fuzz bench integration browser corpus conformance schemathesis

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build the binary ./patchbay
	go build -trimpath -ldflags='-s -w' -o patchbay .

test: ## run all tests: no network, no installed service
	go test ./...

race: ## run all tests under the race detector
	go test -race ./...

lint: ## vet, staticcheck, formatting
	go vet ./...
	go tool staticcheck ./...
	@test -z "$$(gofmt -l . )" || { echo "not formatted:"; gofmt -l .; exit 1; }

generate: ## regenerate what is generated
	go generate ./...

FUZZTIME ?= 10s
fuzz: ## run every fuzz target for FUZZTIME (10s)
	.ci/fuzz $(FUZZTIME)

bench: ## measure the figures that the README states
	.ci/bench

integration: ## test on a real Zeebe (needs Maven and Java), a real PostgreSQL, a real RabbitMQ, a real Kafka, NATS and MQTT
	.ci/integration
	.ci/postgres
	.ci/nats-mqtt
	.ci/rabbitmq
	.ci/kafka

browser: ## look at the Web UI in Chromium (needs it, or apt-get); pictures in build/screenshots
	.ci/browser

schemathesis: ## compare the HTTP API with its OpenAPI document (needs Python)
	.ci/schemathesis

corpus: ## check every template of Camunda's npm package (needs npm)
	.ci/corpus

conformance: ## compare with recorded behaviour in $$PATCHBAY_SHARED, where it is there
	.ci/conformance
