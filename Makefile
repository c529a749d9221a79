# Everything that is done with this project. `make` alone lists it.
#
# A Rust toolchain, a C compiler (libwebp and ring contain C) and, on x86-64, nasm (the AVIF decoder contains assembly)
# are all that `make demo` needs; `make test` also needs Python 3.11 with venv, and installs into it what
# tests/clients/requirements.txt and the lists beside the template's tests name, and Node.js and Chromium, for what
# tests/browser/package.json names. `make bench` needs Node.js as well; docs/benchmarks.md says what it takes: QUICK=1,
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
SAM_HOME := $(TARGET)/sam
CHECKOV_HOME := $(TARGET)/checkov
EMULATOR_HOME := $(TARGET)/emulator
CARGO_LAMBDA_HOME := $(TARGET)/cargo-lambda
SCHEMATHESIS_HOME := $(TARGET)/schemathesis
BROWSER_HOME := $(TARGET)/browser
BENCH_HOME := $(TARGET)/bench
BENCH_PYTHON = PYTHONDONTWRITEBYTECODE=1 $(BENCH_HOME)/python/bin/python
BENCH_READY := $(addprefix $(BENCH_HOME)/,python/ready sharp/ready pictures/ready)
# Where the conformance suite finds the other S3, and the client tests what they test.
export MOTO_SERVER := $(PYTHON_HOME)/bin/moto_server
export TESTED_THUMBLINE := $(THUMBLINE)
# sam reports to nobody what is done with it.
export SAM_CLI_TELEMETRY := 0

.PHONY: help
help: ## list these
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: build ## sample pictures through the whole stack, into demo-output/
	$(THUMBLINE) demo --out demo-output

.PHONY: local
local: build ## the whole stack on this machine, until Ctrl-C
	$(THUMBLINE) local

.PHONY: test
test: lint test-rust run-client-tests run-page-tests ## everything that must hold: lint, Rust, clients, page

.PHONY: lint
lint: lint-rust lint-template ## formatting, clippy and the template, warnings denied

.PHONY: lint-rust
lint-rust: rust-tools
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

# As written and as CloudFormation gets it. SAM puts parameters' values in some places where the template refers to them,
# which is why parameters seem unused then (W2001).
TRANSLATED := $(TARGET)/template/translated.json
CHECKOV = $(CHECKOV_HOME)/bin/checkov --framework cloudformation --compact --quiet --skip-download --file
.PHONY: lint-template
lint-template: $(SAM_HOME)/ready $(CHECKOV_HOME)/ready ## template.yaml: cfn-lint, sam validate, checkov
	AWS_DEFAULT_REGION=us-east-1 $(SAM_HOME)/bin/sam validate --lint
	@mkdir -p $(dir $(TRANSLATED))
	PYTHONDONTWRITEBYTECODE=1 $(SAM_HOME)/bin/python tests/template/translate.py template.yaml $(TRANSLATED)
	$(SAM_HOME)/bin/cfn-lint --ignore-checks W2001 -- $(TRANSLATED)
	PYTHONDONTWRITEBYTECODE=1 $(SAM_HOME)/bin/python -m unittest tests/template/test_template.py
	$(CHECKOV) template.yaml
	$(CHECKOV) $(TRANSLATED)

.PHONY: test-rust
test-rust: rust-tools $(PYTHON_READY) ## the Rust tests, the S3 conformance suite among them
	cargo test --workspace --locked

.PHONY: conformance
conformance: rust-tools $(PYTHON_READY) ## the S3 conformance suite alone, with its table
	cargo test --locked -p thumbline-local-s3 --test conformance -- --nocapture --test-threads 1

.PHONY: prove-backfill
prove-backfill: rust-tools ## backfill and verify on 100,000 objects (OBJECTS=), killed five times and damaged
	OBJECTS=$(or $(OBJECTS),100000) cargo test --locked --profile proof -p thumbline-cli --test buckets -- \
		--ignored --nocapture --test-threads 1

# With the features of the whole workspace, as the Rust tests are built: nothing is compiled a second time.
.PHONY: prove
prove: prove-build ## what Thumbline promises, and attempts to break it (CHECK=name, SEED=, JSON=1)
	@$(TARGET)/debug/prove $(CHECK) $(if $(SEED),--seed $(SEED)) $(if $(JSON),--json)

.PHONY: prove-long
prove-long: prove-build ## the same with more cases, and for longer
	@$(TARGET)/debug/prove --long $(CHECK) $(if $(SEED),--seed $(SEED)) $(if $(JSON),--json)

.PHONY: prove-build
prove-build: rust-tools
	cargo build --locked --workspace --bin prove --bin bootstrap --bin thumbline

.PHONY: test-clients
test-clients: build run-client-tests ## the aws CLI and boto3 against `thumbline local`

# By itself after the Rust tests, which build the same two executables: to build them alone would compile most of what they
# depend on a second time, with the features that only they ask for.
.PHONY: run-client-tests
run-client-tests: $(PYTHON_READY)
	PYTHONDONTWRITEBYTECODE=1 $(PYTHON_HOME)/bin/python -m pytest -p no:cacheprovider tests/clients

.PHONY: test-schemathesis
test-schemathesis: build $(SCHEMATHESIS_HOME)/ready ## the API against its OpenAPI document: at least 2,000 requests, all checks
	PYTHONDONTWRITEBYTECODE=1 $(SCHEMATHESIS_HOME)/bin/python tests/schemathesis/run.py

.PHONY: test-page
test-page: build run-page-tests ## the API's page in a real browser (needs Node.js; installs Chromium where apt can)

CHROMIUM ?= $(or $(shell command -v chromium || command -v chromium-browser || command -v google-chrome),/usr/bin/chromium)
.PHONY: run-page-tests
run-page-tests: $(BROWSER_HOME)/ready $(CHROMIUM)
	CHROMIUM=$(CHROMIUM) BROWSER_HOME=$(BROWSER_HOME) node --test tests/browser/page.test.mjs

# A test's own browser can't be told to stay off the network, and a system's is one download less.
/usr/bin/chromium:
	@command -v apt-get > /dev/null || { echo "Chromium is missing: install it, and name it with make CHROMIUM=..." >&2; exit 1; }
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core

.PHONY: test-deploy
test-deploy: $(PYTHON_READY) $(SAM_HOME)/ready $(EMULATOR_HOME)/ready ## the stack, deployed by sam to an AWS on this machine
	SAM=$(SAM) EMULATOR_PYTHON=$(EMULATOR_HOME)/bin/python PYTHONDONTWRITEBYTECODE=1 \
		$(PYTHON_HOME)/bin/python -m pytest -x -p no:cacheprovider tests/deploy

.PHONY: test-cargo-lambda
test-cargo-lambda: build $(CARGO_LAMBDA_HOME)/ready ## the layer's bootstrap under cargo lambda watch and invoke
	CARGO_LAMBDA=$(CARGO_LAMBDA_HOME)/bin/cargo-lambda PYTHONDONTWRITEBYTECODE=1 \
		$(CARGO_LAMBDA_HOME)/bin/python tests/deploy/cargo_lambda.py

.PHONY: test-arm64
test-arm64: build $(PYTHON_READY) ## the layer for arm64 answers an invocation, under qemu-user where this machine is none
	@command -v qemu-aarch64 > /dev/null || { echo "qemu-aarch64 is missing: apt-get install qemu-user (or the like)" >&2; exit 1; }
	@$(MAKE) --no-print-directory layer ARCH=arm64
	PYTHONDONTWRITEBYTECODE=1 $(PYTHON_HOME)/bin/python tests/deploy/arm64.py $(LAYER_HOME)/arm64/bootstrap

.PHONY: bench
bench: rust-tools $(BENCH_READY) ## cost and quality beside sharp's and others' (needs Node.js)
	@cargo build --locked --release -p thumbline-cli -p thumbline-bench-image
	@$(BENCH_PYTHON) benches/compare.py $(if $(QUICK),--quick) $(if $(ONLY),--only '$(ONLY)') \
		$(if $(JSON),--json) $(if $(DOCS),--docs)

.PHONY: bench-memory
bench-memory: rust-tools $(BENCH_READY) ## peak memory against the source's size, up to 100 megapixels
	@cargo build --locked --release -p thumbline-cli
	@$(BENCH_PYTHON) benches/memory.py $(if $(DOCS),--docs)

.PHONY: bench-cold
bench-cold: $(BENCH_HOME)/cold-start/ready ## cold starts, beside a hello-world and Node.js with sharp
	@$(MAKE) --no-print-directory layer ARCH=$(HOST_ARCH)
	@cargo build --locked --release -p thumbline-bench-cold-start
	@PYTHONDONTWRITEBYTECODE=1 $(PYTHON) benches/cold_start.py --bootstrap $(LAYER_HOME)/$(HOST_ARCH)/bootstrap \
		--zip $(LAYER_HOME)/thumbline-layer-$(HOST_ARCH).zip --hello $(TARGET)/release/hello-lambda \
		--node $(BENCH_HOME)/cold-start $(if $(DOCS),--docs)

.PHONY: bench-api
bench-api: rust-tools $(BENCH_READY) ## waiting for the thumbnail API, beside Node.js and sharp
	@cargo build --locked --release -p thumbline-cli -p thumbline-layer
	@$(BENCH_PYTHON) benches/on_demand.py $(if $(DOCS),--docs)

.PHONY: bench-backfill
bench-backfill: rust-tools $(BENCH_READY) ## pictures a second of a backfill, S3 and all, beside a loop of sharp on files
	@cargo build --locked --release -p thumbline-cli
	@cargo build --locked --release -p thumbline-local-s3 --example serve
	@$(BENCH_PYTHON) benches/backfill.py $(if $(DOCS),--docs)

.PHONY: docs-cost
docs-cost: ## docs/cost.md, of the figures in benches/results
	@PYTHONDONTWRITEBYTECODE=1 $(PYTHON) benches/cost.py

.PHONY: docs-scale
docs-scale: build $(PYTHON_READY) ## docs/scale.md: ten million and a billion pictures, played through
	@PYTHONDONTWRITEBYTECODE=1 $(PYTHON_HOME)/bin/python benches/scale.py --thumbline $(THUMBLINE)

.PHONY: layout
layout: rust-tools $(BENCH_HOME)/pictures/ready ## cli/layout/hot.ld: the functions that rendering runs (needs valgrind)
	THUMBLINE_LINK_MAP=$(TARGET)/thumbline.map cargo build --locked --release -p thumbline-cli
	PYTHONDONTWRITEBYTECODE=1 $(PYTHON) cli/layout/learn.py $(TARGET)/release/thumbline $(TARGET)/thumbline.map \
		$(BENCH_HOME)/pictures

.PHONY: bench-stages
bench-stages: rust-tools $(BENCH_HOME)/pictures/ready ## decoding, resizing, encoding, by Criterion
	BENCH_PICTURES=$(or $(BENCH_PICTURES),$(BENCH_HOME)/pictures) cargo bench --locked -p thumbline-bench-stages

.PHONY: bench-jpeg
bench-jpeg: rust-tools $(if $(BENCH_PICTURES),,bench-photos) ## our JPEG decoder beside djpeg (needs libjpeg-turbo's)
	@PYTHONDONTWRITEBYTECODE=1 $(PYTHON) benches/jpeg.py --pictures $(or $(BENCH_PICTURES),$(BENCH_HOME)/photos) \
		$(if $(DOCS),--docs)

.PHONY: bench-webp
bench-webp: rust-tools $(if $(BENCH_PICTURES),,bench-photos) ## our WebP encoder beside libwebp, on photographs
	@cargo bench --locked -p thumbline-webp --bench libwebp -- \
		$(or $(foreach folder,$(BENCH_PICTURES),$(wildcard $(folder)/*.jpg)),$(foreach n,3 12 13 20 24,$(BENCH_HOME)/photos/$(n)mp.jpg))

.PHONY: bench-photos
bench-photos: $(BENCH_HOME)/photos/ready ## free photographs for bench-jpeg and bench-webp, from Debian's packages

.PHONY: contact-sheet
contact-sheet: rust-tools $(BENCH_READY) ## hard pictures beside sharp's, into target/contact-sheet.png
	@cargo build --locked --release -p thumbline-cli
	@$(BENCH_PYTHON) benches/contact_sheet.py

# What it needs, and what it does: docs/fuzzing.md. Only here, TARGET is what is to be fuzzed.
.PHONY: fuzz
fuzz: rust-tools ## look for pictures that the engine cannot bear (needs a nightly toolchain and cargo-fuzz)
	@PYTHONDONTWRITEBYTECODE=1 $(PYTHON) fuzz/run.py --minutes $(or $(MINUTES),10) \
		$(if $(filter command,$(origin TARGET)),--target '$(TARGET)') $(if $(KEEP),--keep) $(if $(DOCS),--docs)

# The processor that functions run on, by Lambda's name, and by the compilers'.
ARCH ?= arm64
HOST_ARCH := $(patsubst aarch64,arm64,$(shell uname -m))
MACHINE_arm64 := aarch64
MACHINE_x86_64 := x86_64
MACHINE = $(or $(MACHINE_$(ARCH)),$(error ARCH is arm64 or x86_64))
TRIPLE = $(MACHINE)-unknown-linux-gnu
# For another processor than this machine's: a linker and a C compiler, by the name that Debian gives them.
CROSS = $(if $(filter $(HOST_ARCH),$(ARCH)),,$(MACHINE)-linux-gnu-gcc)
CROSS_CC = CC_$(subst -,_,$(TRIPLE))=$(CROSS) CARGO_TARGET_$(shell echo $(subst -,_,$(TRIPLE)) | tr a-z A-Z)_LINKER=$(CROSS)
LAYER_HOME := $(TARGET)/layer

# `sam build` comes here too, and names the folder that it takes the layer from.
.PHONY: layer
layer: rust-tools layer-tools ## the Lambda layer: its bootstrap, checked, and its zip (ARCH=arm64, or x86_64)
	$(if $(CROSS),$(CROSS_CC)) cargo build --locked --release -p thumbline-layer $(if $(CROSS),--target $(TRIPLE))
	PYTHONDONTWRITEBYTECODE=1 $(PYTHON) layer/pack.py $(TARGET)/$(if $(CROSS),$(TRIPLE)/)release/bootstrap $(ARCH) $(LAYER_HOME)
	PYTHONDONTWRITEBYTECODE=1 $(PYTHON) layer/sbom.py $(TRIPLE) $(LAYER_HOME)/$(ARCH)/bootstrap $(LAYER_HOME)/thumbline-layer-$(ARCH).cdx.json
	$(if $(ARTIFACTS_DIR),cp $(LAYER_HOME)/$(ARCH)/bootstrap $(ARTIFACTS_DIR)/bootstrap)

.PHONY: layer-tools
layer-tools:
	@command -v $(PYTHON) > /dev/null || { echo "$(PYTHON) is missing: apt-get install python3 (or the like)" >&2; exit 1; }
	@command -v readelf > /dev/null || { echo "readelf is missing: apt-get install binutils (or the like)" >&2; exit 1; }
	@[[ -z "$(CROSS)" ]] || command -v "$(CROSS)" > /dev/null || { echo "$(CROSS) is missing, which builds for $(ARCH) on $(HOST_ARCH): apt-get install gcc-$(subst _,-,$(MACHINE))-linux-gnu (or the like); or build for this machine's processor with ARCH=$(HOST_ARCH)" >&2; exit 1; }
	@[[ -z "$(CROSS)" || -d "$$(rustc --print target-libdir --target $(TRIPLE))" ]] || rustup target add $(TRIPLE)

# `sam` as it is pinned, with the parameters that are not the template's defaults: PARAMETERS="MemorySize=3008 KeepWarm=enabled".
SAM := $(SAM_HOME)/bin/sam
.PHONY: deploy
deploy: $(SAM_HOME)/ready ## build the stack and deploy it (ARCH=, PARAMETERS="Name=value ...")
	$(SAM) build --parameter-overrides Architecture=$(ARCH)
	$(SAM) deploy --parameter-overrides Architecture=$(ARCH) $(PARAMETERS)

.PHONY: destroy
destroy: $(SAM_HOME)/ready ## remove the stack; its buckets stay, with all that is in them
	$(SAM) delete --no-prompts

# Miri knows no processor by itself: it is told one that has AVX2. What is NEON's, and what calls C, it can't run.
.PHONY: miri
miri: rust-tools ## vector code of ours under Miri, which looks for undefined behaviour (needs a nightly toolchain with miri)
	@cargo +nightly miri --version > /dev/null 2>&1 || { echo "Miri is missing: rustup toolchain install nightly --component miri,rust-src" >&2; exit 1; }
	MIRIFLAGS=-Zmiri-disable-isolation RUSTFLAGS="-C target-cpu=x86-64-v3" \
		cargo +nightly miri test --locked --target-dir $(TARGET)/miri -p thumbline-webp --lib -- arithmetic
	MIRIFLAGS=-Zmiri-disable-isolation RUSTFLAGS="-C target-cpu=x86-64-v3" \
		cargo +nightly miri test --locked --target-dir $(TARGET)/miri -p thumbline-jpeg --lib -- \
		gives_what_portable every_kind_of plain::

# Other people's crates: their licences, where they come from, and that there is one version of each. ADVISORIES=1 holds them
# against the known weaknesses of the RustSec database, too, which takes a way to GitHub.
DENY_HOME := $(TARGET)/cargo-deny
.PHONY: deny
deny: rust-tools $(DENY_HOME)/bin/cargo-deny ## other people's crates: licences, sources, duplicates (ADVISORIES=1: weaknesses)
	$(DENY_HOME)/bin/cargo-deny --workspace --locked check licenses bans sources $(if $(ADVISORIES),advisories)

$(DENY_HOME)/bin/cargo-deny: deny.version
	cargo install --quiet --locked --root $(DENY_HOME) cargo-deny@$$(cat deny.version)
	touch $@

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
$(SAM_HOME)/ready: tests/template/sam.txt
$(CHECKOV_HOME)/ready: tests/template/checkov.txt
$(CARGO_LAMBDA_HOME)/ready: tests/deploy/cargo-lambda.txt
$(SCHEMATHESIS_HOME)/ready: tests/schemathesis/requirements.txt
$(BENCH_HOME)/python/ready: benches/requirements.txt

# An environment with what the first prerequisite names.
$(PYTHON_READY) $(SAM_HOME)/ready $(CHECKOV_HOME)/ready $(CARGO_LAMBDA_HOME)/ready $(SCHEMATHESIS_HOME)/ready $(BENCH_HOME)/python/ready:
	@command -v $(PYTHON) > /dev/null || { echo "$(PYTHON) is missing: apt-get install python3 python3-venv (or the like)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11: name a newer one with make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || { echo "$(PYTHON) has no venv: apt-get install python3-venv (or the like)" >&2; exit 1; }
	rm -rf -- $(@D)
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

# The emulated AWS wants a newer Python than the rest.
EMULATOR_BASE = $(shell for python in python3.13 $(HOME)/.pyenv/versions/3.13*/bin/python; do \
	"$$python" -c 'import ensurepip, venv' 2> /dev/null && echo "$$python" && break; done)
$(EMULATOR_HOME)/ready: $(wildcard tests/deploy/emulator/*.t* tests/deploy/emulator/*/*.py)
	@[[ -n "$(EMULATOR_BASE)" ]] || { echo "the emulated AWS needs Python 3.13 with venv: name one with make EMULATOR_BASE=..." >&2; exit 1; }
	rm -rf -- $(@D)
	$(EMULATOR_BASE) -m venv $(@D)
	cp -R tests/deploy/emulator $(@D)/plugin
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $(@D)/plugin/requirements.txt $(@D)/plugin
	touch $@

$(BENCH_HOME)/cold-start/ready: benches/cold-start/function.mjs
$(BENCH_HOME)/sharp/ready: benches/package.json
$(BENCH_HOME)/cold-start/ready: benches/cold-start/package.json
$(BROWSER_HOME)/ready: tests/browser/package.json
$(BENCH_HOME)/sharp/ready $(BENCH_HOME)/cold-start/ready $(BROWSER_HOME)/ready:
	@command -v node > /dev/null && command -v npm > /dev/null || { echo "Node.js is missing: apt-get install nodejs npm (or the like)" >&2; exit 1; }
	@node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 9) ? 0 : 1)' || { echo "$$(node --version) of Node.js is too old: 20.9 or newer" >&2; exit 1; }
	rm -rf -- $(@D)
	mkdir -p $(@D)
	cp $(dir $<)package.json $(@D)/package.json
	$(if $(wildcard $(dir $<)function.mjs),cp $(dir $<)function.mjs $(@D)/)
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
