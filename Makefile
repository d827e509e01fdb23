# The project's commands. `make` alone lists them.

VENV := .venv/bin
# The environment's kernel comes before one that the user may have installed.
export JUPYTER_PREFER_ENV_PATH := 1
# What make says to the programs below it is not for them: cargo would wait for a jobserver that is not there.
unexport MAKEFLAGS MFLAGS
NOTEBOOKS ?=
PEERS ?=
BROWSER ?=
IMAGE ?= vardrop
MUTANTS ?=

.DEFAULT_GOAL := help
.PHONY: help setup data lab test check-code test-crate test-products test-doc test-readme test-runner test-kernel test-set-up notebooks
.PHONY: test-miri test-workflow test-containers test-deploy test-image test-browser test-pages mutants bench bench-peers peers-torch test-peers readme lock
.PHONY: test-features test-aarch64 test-platforms test-burn test-gpu bench-burn fuzz docs lessons

help: ## List the commands
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "make %-15s %s\n", $$1, $$2 }'

setup: ## Install what is missing and compile the crate for notebooks
	@scripts/setup.sh

data: ## Download MNIST, unless it is there
	@scripts/setup.sh data

# In a container the user is often root, which JupyterLab wants to be told.
lab: setup data ## Open JupyterLab with the notebooks on the Rust kernel
	$(VENV)/jupyter lab --notebook-dir notebooks $(if $(filter 0,$(shell id -u)),--allow-root) $(LAB_ARGS)

# A kernel waits for one core at a time: what starts kernels runs two at once.
test: setup check-code test-crate test-burn test-products test-doc test-readme ## Run every check
	@$(MAKE) --jobs=2 --output-sync=target notebooks test-kernel test-set-up test-runner test-containers test-workflow test-deploy

check-code: ## Check the format and the lints
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings

test-crate: ## Run the unit, integration and documentation tests
	cargo test --locked

# One build of Burn for all of it.
test-burn: ## Check and test the Burn modules of crates/vardrop-burn
	cargo fmt --check -p vardrop-burn
	cargo clippy --locked -p vardrop-burn --all-targets --features train -- -D warnings
	cargo test --locked -p vardrop-burn --features train --tests
	cargo test --locked -p vardrop-burn --features train --doc
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps -p vardrop-burn --features train

# Any Vulkan will do: Debian's mesa-vulkan-drivers has one in software.
test-gpu: ## Run the tests of the Burn modules on the graphics processor
	cargo test --locked -p vardrop-burn --no-default-features --features wgpu

test-products: ## Run the numerical tests with each way of computing products that this machine has, and say which it has not
	scripts/test_products.sh

test-miri: ## Interpret the engine's unit tests by Miri, which sees undefined behaviour (nightly Rust, installed if missing)
	scripts/test_miri.sh

test-features: ## Check every combination of features, and run the tests without any
	python3 scripts/test_features.py

test-aarch64: ## Lint for aarch64, and run there (under QEMU) the tests that need no BLAS
	scripts/test_platforms.sh aarch64

test-platforms: ## Lint the library without features for Windows, macOS and WebAssembly
	scripts/test_platforms.sh others

test-doc: ## Build the documentation, warnings denied
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps

test-readme: setup ## Check the tables and the links of the documents
	$(VENV)/python scripts/readme_tables.py --check
	$(VENV)/python scripts/test_links.py
	$(VENV)/python scripts/test_lessons.py

test-deploy: setup ## Check the manifests of deploy/
	$(VENV)/python deploy/test_kubernetes.py

test-runner: setup ## Check that the notebook runner sees every kind of failure
	$(VENV)/python scripts/test_run_notebooks.py

test-kernel: setup ## Check what the kernel completes, documents, displays and says of errors
	$(VENV)/python scripts/test_kernel.py

test-set-up: setup ## Check that set-up and kernel use Cargo.lock's versions on another user's machine
	$(VENV)/python scripts/test_set_up.py

test-workflow: setup ## Check that public CI runs what the Makefile has
	$(VENV)/python scripts/test_workflow.py

test-containers: setup ## Check the image's scripts, and that Dockerfile, compose.yaml and devcontainer agree
	$(VENV)/python scripts/test_containers.py
	$(VENV)/python docker/test_certificate.py
	$(VENV)/python docker/test_start.py

notebooks: setup ## Run every notebook headless in the real kernel (NOTEBOOKS="'notebooks/a.ipynb' …" for some)
	$(VENV)/python scripts/run_notebooks.py $(NOTEBOOKS)

lessons: setup ## Write each notebook, as it is stored, as one HTML file that works without a network: target/lessons
	$(VENV)/python scripts/export_lessons.py

mutants: ## Change the crate in one place at a time, and see whether a test fails (MUTANTS="src/noise …" for some modules)
	scripts/mutants.sh $(MUTANTS)

test-image: ## Run the image (IMAGE=name) in each way that it can be run, and check what it says and does
	docker/test.sh $(IMAGE)

test-browser: .cache/browser/stamp ## Run the notebooks of a server in Chromium (BROWSER="https://localhost --password …")
	.cache/browser/bin/python scripts/browser/test_notebooks.py $(BROWSER)

test-pages: lessons .cache/browser/stamp ## Open each lesson's page in Chromium, and move every slider and list
	.cache/browser/bin/python scripts/browser/test_pages.py

# Needs a nightly compiler, cargo-fuzz and a C++ compiler, and says so where one is missing.
fuzz: ## Fuzz every reader, FUZZ_SECONDS (600) each (FUZZ_TARGETS="idx plan" for some)
	@scripts/fuzz.sh

bench: ## Run the benchmarks, and time a step beside its matrix products alone
	cargo bench --locked

bench-burn: .cache/peers/stamp ## Time a step of LeNet-5 in Burn beside JAX, and measure what each kind of layer costs
	cargo bench --locked -p vardrop-burn -- --python $(CURDIR)/.cache/peers/bin/python

bench-peers: .cache/peers/stamp ## Time a step beside JAX and, after `make peers-torch`, PyTorch (PEERS="--rows none:250:100")
	cargo bench --locked --bench peers -- --python .cache/peers/bin/python --peers jax,torch,torch-compiled $(PEERS)

peers-torch: .cache/peers/stamp ## Install PyTorch for bench-peers (5 GB on Linux: PyPI's brings CUDA)
	.cache/peers/bin/pip install --quiet --disable-pip-version-check --require-hashes -r benches/peers/torch/requirements.txt

test-peers: peers-torch ## Check that the peers compute the same step
	.cache/peers/bin/python benches/peers/test_peers.py

.cache/browser/stamp: scripts/browser/requirements.txt
	python3 -m venv --clear .cache/browser
	.cache/browser/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

# Python 3.11 or later.
.cache/peers/stamp: benches/peers/requirements.txt
	python3 -m venv --clear .cache/peers
	.cache/peers/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

docs: setup .cache/mdbook/bin/mdbook ## Build the documentation as a site: target/book/index.html
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --lib -p vardrop -p vardrop-burn
	$(VENV)/python scripts/build_docs.py

.cache/mdbook/bin/mdbook:
	cargo install mdbook --version 0.5.4 --locked --no-default-features --features search --root .cache/mdbook

readme: setup ## Write the tables of README.md and docs/ anew from the records in results/
	$(VENV)/python scripts/readme_tables.py

lock: setup ## Write each requirements.txt anew from its requirements.in
	scripts/lock_requirements.sh scripts 3.10
	scripts/lock_requirements.sh scripts/browser 3.10
	scripts/lock_requirements.sh benches/peers 3.11
	scripts/lock_requirements.sh benches/peers/torch 3.11
