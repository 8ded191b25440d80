# Two commands set everything up:
#   make demo    install into .venv, reconstruct the sample clip, say how wrong it is, and show it in a page
#   make test    install what the tests need, then do what CI does (`make check` is the same)
# And, for those who change something:
#   make page    build the page that the api serves at /; make wheel: a package with the page in it
#   make lint    format, style, types and who may import what; make pytest: the rest of make test
#   make fuzz    decode mutated videos for ten minutes
#   make fuzz-rpc  say anything over gRPC for ten minutes
#   make gltf    check an animated scene with Khronos' validator, which npm fetches
#   make bench   time the network as published against the way we run it
#   make load    measure the service: throughput, batch fill, fairness, memory of Redis
#   make page-speed   play a minute of two people in a browser without a graphics card
#   make chaos   kill, stop, poison and starve its workers, and count what is lost; ten minutes
#   make overload   ten times more work than it can do: what refused clients are told, and goodput
#   make contract   ask for ten minutes whatever its own description allows (Schemathesis)
#   make image   the images of all roles, with docker or buildah; make try-images: have them work (buildah, root)
#   make dashboard   ask every query of the dashboard of a real Prometheus
#   make docs-check  run each command of README and docs/ in a fresh clone
#   make docs/api.md   write that page anew
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SAMPLE := docs/sample/walk.mp4
VIDEO ?= $(SAMPLE)
OUT ?= out
PAGE := service/web/dist/index.html

.PHONY: demo page page-speed wheel test check lint pytest fuzz fuzz-rpc gltf bench load chaos overload contract image try-images dashboard docs-check docs/api.md clean

demo: $(VENV)/.installed
	@mkdir -p "$(OUT)"
	$(BIN)/remocap reconstruct "$(VIDEO)" --smooth light -o "$(OUT)/demo.npz" -o "$(OUT)/demo.mp4" -o "$(OUT)/demo.png"
	@$(if $(filter $(SAMPLE),$(VIDEO)),$(BIN)/python -m model.synth.sample_errors docs/sample "$(OUT)/demo.npz")
	@$(MAKE) --no-print-directory page || echo "The page was not built, see above; all else works without it."
	@shown="$(OUT)/demo.mp4"; \
	if [ -f "$(PAGE)" ] && $(BIN)/remocap view "$(OUT)/demo.npz" --video "$(VIDEO)" -o "$(OUT)/demo.html"; \
	then shown="$(OUT)/demo.html"; fi; \
	echo "Beside it: $(OUT)/demo.mp4, the meshes drawn over the video; $(OUT)/demo.png, from the side too."; \
	echo "See it: file://$$(realpath "$$shown")"; \
	if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] && command -v xdg-open >/dev/null; then xdg-open "$$shown"; fi

page: $(PAGE)

$(PAGE): $(shell find service/web -path '*/node_modules' -prune -o -path '*/dist' -prune -o -type f -print) | $(VENV)/.installed
	$(BIN)/python service/web/build.py
	@touch $@

page-speed: $(VENV)/.installed-dev $(PAGE)
	$(BIN)/python -m tests.load.page

wheel: $(PAGE)
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .

test: lint pytest

check: test

lint: $(VENV)/.installed-dev service/pb
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python service/web/build.py check

pytest: $(VENV)/.installed-dev service/pb $(PAGE)
	$(BIN)/pytest

fuzz: $(VENV)/.installed-dev
	$(BIN)/python -m tests.fuzz_decoder 600

fuzz-rpc: $(VENV)/.installed-dev service/pb
	$(BIN)/python -m tests.load.rpc_fuzz 600

gltf: $(VENV)/.installed-dev
	npm install --no-save --no-fund --no-audit --prefix "$(OUT)/npm" gltf-validator@2.0.0-dev.3.10
	NODE_PATH="$(abspath $(OUT))/npm/node_modules" $(BIN)/pytest -k khronos tests/model/export/test_glb.py

bench: $(VENV)/.installed
	$(BIN)/remocap bench network

load: $(VENV)/.installed-dev
	$(BIN)/python -m tests.load.load

chaos: $(VENV)/.installed-dev
	$(BIN)/python -m tests.load.chaos

overload: $(VENV)/.installed-dev
	$(BIN)/python -m tests.load.overload

contract: $(VENV)/.installed-dev
	$(BIN)/python -m tests.load.contract 600

image:
	deploy/image/build.sh

try-images: $(VENV)/.installed-dev service/pb
	$(BIN)/python -m tests.images

dashboard: $(VENV)/.installed-dev
	$(BIN)/python -m tests.load.dashboard

docs-check: $(VENV)/.installed-dev
	$(BIN)/python -m tests.docs_check

docs/api.md: $(VENV)/.installed-dev service/pb
	$(BIN)/python -m tests.api_page

# What gRPC needs; installing writes it as well.
service/pb: proto/generate.py $(wildcard proto/remocap/*/*.proto) | $(VENV)/.installed-dev
	$(BIN)/python proto/generate.py --if-old
	@touch $@

clean:
	rm -rf "$(VENV)" "$(OUT)" service/pb service/web/dist service/web/node_modules

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "RemoCap needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Try: make PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -m venv "$(VENV)" || \
	  { echo "Python's venv module is missing. On Debian: apt-get install python3-venv" >&2; exit 2; }

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[all]'
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.installed
