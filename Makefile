# make fit PHOTO=path   installs what is missing and writes the avatar
# make test             tests, lint and type checks
# make bench            speed of the command line and of the overlap search
# make bench-many       batch and serve: speed, memory, kills, hostile uploads
# make sanitize         the overlap kernel under AddressSanitizer and UBSan
# make replay           the overlap kernel on its own, here or on another processor
# make sheet            photo beside avatar, for every photo in PHOTOS
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PHOTO ?=
PHOTOS ?= ../shared/data/photos/*
SHEET ?= sheet.png
NATIVE := $(wildcard emojimap/_overlap_native/*)
SOURCES := pyproject.toml setup.py emojimap/_overlap.pyx $(NATIVE)

.PHONY: fit test lint types bench bench-many sheet train-extra check-wheel sanitize replay clean

fit: $(VENV)/installed
	@photo="$(PHOTO)"; \
	if [ -z "$$photo" ]; then \
	  photo=$$($(BIN)/python -c "import skimage.data as d, pathlib as p; print(p.Path(d.__file__).with_name('astronaut.png'))"); \
	fi; \
	$(BIN)/emojimap fit "$$photo" -o avatar.png --sheet sheet.png

$(VENV)/python:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 10))" || \
	  { echo "Python 3.10 or newer is needed, $(PYTHON) is older: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=23"
	@touch $@

$(VENV)/installed: $(VENV)/python $(SOURCES)
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/tested: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --editable ".[test]"
	@touch $@

# The tests of the training code run where torch is installed, and skip elsewhere.
train-extra: $(VENV)/installed
	$(BIN)/python -m pip install --quiet "torch==2.13.0"
	$(BIN)/python -m pip install --quiet "torchvision==0.28.0"
	$(BIN)/python -m pip install --quiet --editable ".[train]"

test: lint types
	OMP_NUM_THREADS=1 EMOJIMAP_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m "not timing"
	OMP_NUM_THREADS=1 EMOJIMAP_THREADS=1 $(BIN)/python -m pytest -m timing

lint: $(VENV)/tested
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/cython-lint emojimap
	$(BIN)/codespell emojimap tests docs benchmarks models cartoonset README.md CHANGELOG.md NOTICE
	$(BIN)/lint-imports
	$(BIN)/numpydoc lint $$(find emojimap -name "[a-z]*.py")

types: $(VENV)/tested
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest emojimap._overlap --mypy-config-file pyproject.toml

bench: $(VENV)/installed
	$(BIN)/python benchmarks/command.py
	$(BIN)/python benchmarks/overlap.py

# Minutes each, on photos of EMOJIMAP_DATA; they end with an error where a limit is passed.
bench-many: $(VENV)/tested
	$(BIN)/python benchmarks/batch.py speed
	$(BIN)/python benchmarks/batch.py memory
	$(BIN)/python benchmarks/batch.py kills
	$(BIN)/python benchmarks/serve.py
	$(BIN)/python benchmarks/hostile.py

sheet: $(VENV)/installed
	$(BIN)/emojimap fit $(PHOTOS) -o runs/avatars --sheet $(SHEET)

# The wheel carries other files than the editable install: it is tried on its own.
check-wheel: $(VENV)/installed
	rm -rf build/wheel
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir build/wheel .
	$(PYTHON) -m venv build/wheel/venv
	build/wheel/venv/bin/python -m pip install --quiet build/wheel/*.whl
	cd build/wheel && venv/bin/emojimap fit \
	  "$$(venv/bin/python -c "import skimage.data as d, pathlib as p; print(p.Path(d.__file__).with_name('astronaut.png'))")" \
	  -o avatar.png -o avatar.svg -o avatar.json
	cd build/wheel && venv/bin/python -c "from importlib.resources import files as f; \
	  s = f('emojimap') / 'web' / 'page' / 'static'; \
	  assert (s / 'page.css').is_file() and (s / 'studio.js').is_file(), 'the page lacks files'"

# The C files under AddressSanitizer and UndefinedBehaviorSanitizer, in a copy of their own.
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
sanitize: $(VENV)/tested
	rm -rf build/sanitize
	CFLAGS="-g -fno-omit-frame-pointer $(SANITIZE)" LDFLAGS="$(SANITIZE)" \
	  $(BIN)/python setup.py --quiet build --build-base build/sanitize/temp --build-lib build/sanitize/lib
	cp -r tests pyproject.toml build/sanitize/lib
	cd build/sanitize/lib && LD_PRELOAD="$$(gcc -print-file-name=libasan.so)" ASAN_OPTIONS=detect_leaks=0 \
	  $(CURDIR)/$(BIN)/python -m pytest -p no:cacheprovider -m "not slow" tests/test_overlap.py tests/test_overlap_exact.py tests/test_overlap_file.py

# Searches recorded here and replayed by the bare C files; CC and RUN for another processor:
# make replay CC="aarch64-linux-gnu-gcc -static" RUN=qemu-aarch64
CC ?= cc
RUN ?=
replay: $(VENV)/tested
	mkdir -p build/replay
	$(BIN)/python -m tests.native.record build/replay/searches
	$(CC) -std=gnu11 -O2 -ffp-contract=off -Iemojimap/_overlap_native -o build/replay/replay \
	  tests/native/replay.c emojimap/_overlap_native/paths.c -lm
	$(RUN) build/replay/replay build/replay/searches

clean:
	rm -rf $(VENV) build *.egg-info emojimap/_overlap.c emojimap/*.so
