# Everything that is done with this project. `make` alone lists it.
#
# A Rust toolchain, a C compiler (libwebp and ring contain C) and, on x86-64, nasm (the AVIF decoder contains assembly)
# are all that `make demo` needs; `make test` also needs Python 3.11 with venv, and installs into it what
# tests/clients/requirements.txt names. `make bench` needs Node.js as well; docs/benchmarks.md says what it takes: QUICK=1,
# ONLY=TEXT, JSON=1, DOCS=1, BENCH_PICTURES=DIR.

.DEFAULT_GOAL := help
.NOTPARALLEL:
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= python3
TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
PYTHON_HOME := $(TARGET)/python
PYTHON_READY := $(PYTHON_HOME)/ready
THUMBLINE := $(TARGET)/debug/thumbline
BENCH_HOME := $(TARGET)/bench
BENCH_PYTHON = PYTHONDONTWRITEBYTECODE=1 $(BENCH_HOME)/python/bin/python
BENCH_READY := $(addprefix $(BENCH_HOME)/,python/ready sharp/ready pictures/ready)
# Where the conformance suite finds the other S3, and the client tests what they test.
export MOTO_SERVER := $(PYTHON_HOME)/bin/moto_server
export TESTED_THUMBLINE := $(THUMBLINE)

.PHONY: help
help: ## list these
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: build ## sample pictures through the whole stack, into demo-output/
	$(THUMBLINE) demo --out demo-output

.PHONY: local
local: build ## the whole stack on this machine, until Ctrl-C
	$(THUMBLINE) local

.PHONY: test
test: lint test-rust run-client-tests ## everything that must hold: lint, Rust tests, client tests

.PHONY: lint
lint: rust-tools ## formatting and clippy, warnings denied
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

.PHONY: test-rust
test-rust: rust-tools $(PYTHON_READY) ## the Rust tests, the S3 conformance suite among them
	cargo test --workspace --locked

.PHONY: conformance
conformance: rust-tools $(PYTHON_READY) ## the S3 conformance suite alone, with its table
	cargo test --locked -p thumbline-local-s3 --test conformance -- --nocapture --test-threads 1

.PHONY: test-clients
test-clients: build run-client-tests ## the aws CLI and boto3 against `thumbline local`

# By itself after the Rust tests, which build the same two executables: to build them alone would compile most of what they
# depend on a second time, with the features that only they ask for.
.PHONY: run-client-tests
run-client-tests: $(PYTHON_READY)
	PYTHONDONTWRITEBYTECODE=1 $(PYTHON_HOME)/bin/python -m pytest -p no:cacheprovider tests/clients

.PHONY: bench
bench: rust-tools $(BENCH_READY) ## cost and quality beside sharp's and others' (needs Node.js)
	@cargo build --locked --release -p thumbline-cli -p thumbline-bench-image
	@$(BENCH_PYTHON) benches/compare.py $(if $(QUICK),--quick) $(if $(ONLY),--only '$(ONLY)') \
		$(if $(JSON),--json) $(if $(DOCS),--docs)

.PHONY: bench-memory
bench-memory: rust-tools $(BENCH_READY) ## peak memory against the source's size, up to 100 megapixels
	@cargo build --locked --release -p thumbline-cli
	@$(BENCH_PYTHON) benches/memory.py $(if $(DOCS),--docs)

.PHONY: bench-stages
bench-stages: rust-tools $(BENCH_HOME)/pictures/ready ## decoding, resizing, encoding, by Criterion
	BENCH_PICTURES=$(or $(BENCH_PICTURES),$(BENCH_HOME)/pictures) cargo bench --locked -p thumbline-bench-stages

.PHONY: bench-jpeg
bench-jpeg: rust-tools $(if $(BENCH_PICTURES),,bench-photos) ## our JPEG decoder beside djpeg (needs libjpeg-turbo's)
	@PYTHONDONTWRITEBYTECODE=1 $(PYTHON) benches/jpeg.py --pictures $(or $(BENCH_PICTURES),$(BENCH_HOME)/photos) \
		$(if $(DOCS),--docs)

.PHONY: bench-photos
bench-photos: $(BENCH_HOME)/photos/ready ## free photographs for bench-jpeg, from Debian's packages

.PHONY: contact-sheet
contact-sheet: rust-tools $(BENCH_READY) ## hard pictures beside sharp's, into target/contact-sheet.png
	@cargo build --locked --release -p thumbline-cli
	@$(BENCH_PYTHON) benches/contact_sheet.py

.PHONY: layer
layer: rust-tools ## the Lambda layer's bootstrap, as template.yaml deploys it
	cargo build --locked --release -p thumbline-layer
	mkdir -p target/layer
	cp $(TARGET)/release/bootstrap target/layer/bootstrap

.PHONY: fmt
fmt: rust-tools ## format the Rust code
	cargo fmt --all

.PHONY: python
python: $(PYTHON_READY) ## only the Python environment of the tests

.PHONY: clean
clean: ## remove everything that was built
	rm -rf -- $(TARGET) demo-output

# The command, and the bootstrap of the layer that its functions run.
.PHONY: build
build: rust-tools
	cargo build --locked -p thumbline-cli -p thumbline-layer

.PHONY: rust-tools
rust-tools:
	@command -v cargo > /dev/null || { echo "cargo is missing: install Rust from https://rustup.rs" >&2; exit 1; }
	@command -v cc > /dev/null || { echo "a C compiler is missing: apt-get install gcc libc6-dev (or the like)" >&2; exit 1; }
	@case "$$(uname -m)" in x86_64 | amd64) command -v nasm > /dev/null || { echo "nasm is missing, which the AVIF decoder is assembled with: apt-get install nasm (or the like)" >&2; exit 1; } ;; esac

$(PYTHON_READY): tests/clients/requirements.txt
$(BENCH_HOME)/python/ready: benches/requirements.txt

# An environment with what the first prerequisite names.
$(PYTHON_READY) $(BENCH_HOME)/python/ready:
	@command -v $(PYTHON) > /dev/null || { echo "$(PYTHON) is missing: apt-get install python3 python3-venv (or the like)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11: name a newer one with make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || { echo "$(PYTHON) has no venv: apt-get install python3-venv (or the like)" >&2; exit 1; }
	rm -rf -- $(@D)
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

$(BENCH_HOME)/sharp/ready: benches/package.json
	@command -v node > /dev/null && command -v npm > /dev/null || { echo "Node.js is missing, which sharp runs on: apt-get install nodejs npm (or the like)" >&2; exit 1; }
	@node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 9) ? 0 : 1)' || { echo "$$(node --version) of Node.js is too old for sharp: 20.9 or newer" >&2; exit 1; }
	rm -rf -- $(@D)
	mkdir -p $(@D)
	cp $< $(@D)/package.json
	npm install --prefix $(@D) --no-package-lock --no-audit --no-fund --loglevel=error
	touch $@

$(BENCH_HOME)/photos/ready: benches/photos.py benches/photos.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11: name a newer one with make PYTHON=..." >&2; exit 1; }
	mkdir -p $(@D)
	PYTHONDONTWRITEBYTECODE=1 $(PYTHON) $< $(@D)
	touch $@

$(BENCH_HOME)/pictures/ready: benches/pictures.py $(wildcard samples/generator/src/*.rs) | $(BENCH_HOME)/python/ready
	cargo run --quiet --locked -p thumbline-samples -- --benchmark $(@D)
	$(BENCH_HOME)/python/bin/python $< $(@D)
	touch $@
