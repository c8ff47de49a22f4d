# make test   every test; needs Go and make, no C compiler
# make check  everything a change must pass: format, vet, lint, tests with the
#             race detector (needs a C compiler), a short run of every fuzz target
# make lab    the tests on real networks (root, ip, nft, python3), 5 minutes
# make lab-full  the whole required list on real networks, without a skip, with
#             a table at the end; SOAK is how long its soak lasts
# make lab-soak  the soak alone, 20 minutes if SOAK does not say else
# make sim    the ring in the simulator, SEEDS seeds from START
# make mutants  known protocol bugs, put in one at a time; MUTANTS=-sample=5
# make bench  throughput and latency beside Corosync on one bed (root, ip, tc);
#             BENCH=-quick for a look
# make build  the three programs, static, in bin/

PKGS     ?= ./...
FUZZTIME ?= 5s
SEEDS    ?= 2000
START    ?= 1
MUTANTS  ?=
BENCH    ?=
# The slowest package is internal/lab: minutes of real time on real networks.
TIMEOUT  ?= 20m
# How long the soak on real networks lasts.
SOAK     ?= 2m
# The tests on real networks time things: they go before what else runs here,
# where that is permitted.
FIRST    ?= nice -n -14 env
# More arguments for go test, such as -v or -run.
TESTFLAGS ?=

GO = CGO_ENABLED=0 go

.PHONY: all test check format vet lint race fuzz lab lab-full lab-soak sim mutants bench build vuln clean

all: build

test:
	$(GO) test -timeout $(TIMEOUT) $(TESTFLAGS) $(PKGS)

check: format vet lint race fuzz

format:
	@bad=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go' 2>/dev/null || find . -name '*.go')); \
	if [ -n "$$bad" ]; then echo "not formatted (run gofmt -w):"; echo "$$bad"; exit 1; fi

vet:
	$(GO) vet ./...

# The linter is pinned in a module file of its own, so that the programs'
# dependencies stay few.
lint:
	$(GO) tool -modfile=.ci/tools.mod staticcheck ./...

race:
	CGO_ENABLED=1 go test -race -timeout $(TIMEOUT) $(TESTFLAGS) $(PKGS)

fuzz:
	FUZZTIME=$(FUZZTIME) .ci/fuzz

lab:
	$(FIRST) $(GO) test -timeout $(TIMEOUT) $(TESTFLAGS) ./internal/lab/...

FULL = MPSPREAD_LAB_FULL=1 MPSPREAD_NO_SKIP=1 $(GO) test -count=1 -v -timeout 3h $(TESTFLAGS) ./internal/lab

lab-full:
	$(FIRST) MPSPREAD_LAB_SOAK=$(SOAK) $(FULL) -run '^TestRequired$$'

lab-soak: SOAK = 20m
lab-soak:
	$(FIRST) MPSPREAD_LAB_SOAK=$(SOAK) $(FULL) -run '^TestRequired$$/^soak$$'

sim:
	$(GO) run ./cmd/spreadsim -seeds $(SEEDS) -start $(START)

mutants:
	$(GO) run ./internal/sim/mutants $(MUTANTS)

bench:
	$(GO) run ./bench $(BENCH)

build:
	$(GO) build -trimpath -o bin/ ./cmd/...

# Known vulnerabilities in what we depend on; asks a database on the network.
vuln:
	go run golang.org/x/vuln/cmd/govulncheck@latest ./...

clean:
	rm -rf bin .ci/log
