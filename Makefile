# Two commands matter: `make run` builds Colophon and starts it, `make test` proves it.
.DELETE_ON_ERROR:
.PHONY: run try build check container test lint tools tour bench fuzz torture doctor matrix clean

GO ?= go
BIN := bin/colophon
LISTEN ?= 127.0.0.1:8080

# Builds and starts a server to try out, with sample models behind it and everything it keeps in out/data, and prints the link of
# the first officer.
run: build
	./$(BIN) serve --trial --set sample-model=on --data out/data --listen $(LISTEN)

# Labels one sample of each format, reads all back and prints a table.
try: build
	./$(BIN) try out/try

build: check
	CGO_ENABLED=0 $(GO) build -trimpath -tags nodynamic -ldflags "-s -w" -o $(BIN) ./cmd/colophon

# The reader of files for browsers, built into the program: package internal/console serves it.
BUILT := internal/console/built
check:
	mkdir -p out
	GOOS=js GOARCH=wasm $(GO) build -trimpath -ldflags "-s -w" -o out/checker.wasm ./cmd/colophon-check
	gzip -9nc out/checker.wasm > out/checker.wasm.gz
	cmp -s out/checker.wasm.gz $(BUILT)/checker.wasm.gz || cp out/checker.wasm.gz $(BUILT)/checker.wasm.gz
	cmp -s "$$($(GO) env GOROOT)/lib/wasm/wasm_exec.js" $(BUILT)/wasm_exec.js || cp "$$($(GO) env GOROOT)/lib/wasm/wasm_exec.js" $(BUILT)/wasm_exec.js

# An image of the program alone; deploy/README.md says what it needs around it.
CONTAINER ?= podman
BASE ?= scratch
CA ?= /etc/ssl/certs/ca-certificates.crt
container: build
	rm -rf out/container
	mkdir -p -m 700 out/container/data
	cp $(BIN) $(CA) out/container/
	$(CONTAINER) build --build-arg BASE=$(BASE) -t colophon -f deploy/Containerfile out/container

# Packages that work on bytes and pixels, those that are SQL or ledgers on it, and those that start whole servers, browsers and programs made of
# packages tested elsewhere: the race detector makes them four to eight times as slow. `make torture` tests them with it.
PLAIN := /(watermark|credential|notice|label|stamp|desk|refutation|duty|review|incident|register|consent|identity|standing|agreement|moderation|intake|gateway/media|screen/(sight|phash|library|policy)|internal/(picture|media|inspect|document|probe|app|cli|clients|httpapi|console|checker|browser|browsertest|store/[a-z]+))(/|$$)|colophon$$

# Everything that decides: test tools, static checks (`go vet` once, with them), and all tests, with the race detector where much happens at once.
test: tools check lint
	$(GO) test -vet=off -race -count=1 -timeout 19m $$($(GO) list ./... | grep -vE '$(PLAIN)')
	$(GO) test -vet=off -count=1 -timeout 25m $$($(GO) list ./... | grep -E '$(PLAIN)')
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

# Takes the pictures of docs/tour.md and of the READMEs anew, on the walk that the test goes.
tour: tools check
	mkdir -p docs/tour
	$(GO) test ./internal/app -run '^(TestNewcomer|TestPlayground|TestHeard|TestRegisterLooks|TestGovernedLooks)$$' -count=1 -tour $(CURDIR)/docs/tour

bench: build tools
	cd bench && $(GO) run . -colophon ../$(BIN)

# Each fuzz target for FUZZTIME.
FUZZTIME ?= 60s
fuzz:
	@bash tools/fuzz.sh $(FUZZTIME)

# What takes long: fuzzing, big files. Its last results stand in docs/torture.md.
torture: build tools
	@PLAIN='$(PLAIN)' bash tools/torture.sh

doctor: build
	./$(BIN) doctor

clean:
	rm -rf bin out
