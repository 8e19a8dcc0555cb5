# The two commands: `make demo` and `make test`. Both make .venv themselves on a machine that has python3 with venv, make and git.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: demo test check bench bench-credit docs lock wheel clean long cometbft proto

demo: $(STAMP)
	$(BIN)/hefu demo

# Tests kill processes and cut files, not the power: in memory, where there is room, their thousands of synced writes take no time.
ROOMY := $(shell test -w /dev/shm && df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 4000000 { print "TMPDIR=/dev/shm" }')

test: $(STAMP)
	$(ROOMY) $(BIN)/python -m pytest -n 2 -rs --ignore=tests/network
	$(ROOMY) $(BIN)/python -m pytest -n 2 --dist loadfile -rs tests/network

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(STAMP)
	$(BIN)/python -m bench

# Peers are installed by hand: .venv/bin/uv pip install --require-hashes -r requirements/peers.txt
bench-credit: $(STAMP)
	$(BIN)/python -m bench.credit_models --write

docs: $(STAMP)
	$(BIN)/python scripts/make_docs.py

wheel: $(STAMP)
	$(BIN)/uv build --wheel --no-build-isolation --python $(BIN)/python --out-dir dist

# The engine of a network of nodes, pinned; `make cometbft VERSION=0.40.0` brings another.
cometbft: $(STAMP)
	scripts/install_cometbft.sh $(VERSION)

# Only after a change of the protocol's file; what it makes is committed.
ABCI := src/hefu/ledger/engines/cometbft
proto: $(STAMP)
	$(BIN)/python -m grpc_tools.protoc -I $(ABCI) --python_out=$(ABCI) --pyi_out=$(ABCI) $(ABCI)/abci.proto

# The long runs that a release waits for: 1,000 kills of a ledger and of a network, every fault five times, every single bit of a bundle.
long: $(STAMP)
	scripts/install_cometbft.sh 0.38.25 clock
	$(BIN)/python scripts/kill_run.py --kills 1000
	$(BIN)/python scripts/fault_run.py --each 5 --kills 1000
	$(BIN)/python scripts/bit_run.py

# Hashes, no download addresses: any index or mirror serves, and none can change a byte.
lock: $(STAMP)
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q requirements/bootstrap.in -o requirements/bootstrap.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q requirements/go.in -o requirements/go.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q pyproject.toml --extra postgres -o requirements/product.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q pyproject.toml --extra postgres --group dev -o requirements/dev.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q pyproject.toml --extra models --group peers -c requirements/dev.txt -o requirements/peers.txt

$(STAMP): requirements/bootstrap.txt requirements/dev.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "hefu: cannot make .venv; on Debian: apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "hefu: Python 3.11 or later is needed; set PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/dev.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

clean:
	rm -rf .venv build dist
