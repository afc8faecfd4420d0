# Two commands matter: `make run` builds Colophon and does its main job, `make test` proves it.
.DELETE_ON_ERROR:
.PHONY: run build test lint tools bench fuzz torture doctor matrix clean

GO ?= go
BIN := bin/colophon

# Builds, labels one sample of each format, reads all back and prints a table.
run: build
	./$(BIN) try out/try

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN) ./cmd/colophon

# Everything that decides: test tools, static checks, all tests with the race detector.
test: tools lint
	$(GO) test -race -count=1 ./...
	cd bench && $(GO) vet ./...

lint:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo 'gofmt:'; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

# Installs the programs that tests read our files back with; does nothing where all are there.
tools:
	@bash tools/install.sh

# Rewrites the tables in docs/format from what other programs read and what each sample got.
matrix: tools
	$(GO) test ./internal/cli -run 'TestMatrix|TestWrittenByOthers|TestTry' -count=1 -update

bench: build tools
	cd bench && $(GO) run . -colophon ../$(BIN)

# Each fuzz target for FUZZTIME.
FUZZTIME ?= 60s
fuzz:
	@bash tools/fuzz.sh $(FUZZTIME)

# What takes long: fuzzing, big files. Its last results stand in docs/torture.md.
torture: build tools
	@bash tools/torture.sh

doctor: build
	./$(BIN) doctor

clean:
	rm -rf bin out
