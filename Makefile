# SPDX-License-Identifier: MIT
# GNU Make. `make help` lists the targets.
#
# Each flavour of a build has its own tree, so that switching never mixes objects:
#   build/          the default: gcc, optimised
#   build/clang/    make CC=clang
#   build/asan/     make FLAVOUR=asan: gcc with the address and undefined-behaviour sanitizers
#   build/fuzz/     make FLAVOUR=fuzz: clang with libFuzzer and the same sanitizers
# Nothing here may fail while the file is read on a machine without compiler or pkg-config: `make demo` and
# `make test` install what is missing first, and only then call make again to build.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory

# ---- settings that may be given on the command line --------------------------------------------------------
ifeq ($(origin CC),default)
CC := $(if $(filter fuzz,$(FLAVOUR)),clang,gcc)
endif
ifeq ($(origin AR),default)
AR := ar
endif
FLAVOUR ?= $(if $(findstring clang,$(notdir $(CC))),clang)
PREFIX ?= /usr/local
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
FUZZ_SECONDS ?= 300
OPTIMIZE ?= -O3 -g
CFLAGS ?=
LDFLAGS ?=
WERROR ?=
V ?=

BUILD := build$(FLAVOUR:%=/%)
OBJ := $(BUILD)/obj

# ---- flags -------------------------------------------------------------------------------------------------
STANDARD := -std=c11 -D_GNU_SOURCE
WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes
# Nothing may change the meaning of a float operation: no contraction into fused multiply-adds (the kernels
# ask for them by name), no -ffast-math, no -march=native. One configuration and seed give one model.
ARITHMETIC := -fno-math-errno -fno-trapping-math -ffp-contract=off
INCLUDES := -Isrc -Idevice

SANITIZERS := -fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
# Following variables for the debugger takes gcc longer than all else in the training kernels.
ifeq ($(FLAVOUR),asan)
OPTIMIZE := -O1 -g -fno-var-tracking
FLAVOUR_CFLAGS := $(SANITIZERS)
FLAVOUR_LDFLAGS := $(SANITIZERS)
endif
ifeq ($(FLAVOUR),fuzz)
OPTIMIZE := -O1 -g
FLAVOUR_CFLAGS := $(SANITIZERS) -fsanitize=fuzzer-no-link
FLAVOUR_LDFLAGS := $(SANITIZERS)
endif

# Asked once, and only when something is compiled.
once = $(eval $(1) := $(2))$($(1))
PACKAGES := yaml-0.1 libcjson zlib popt libpng cairo fontconfig libmicrohttpd libserialport libcurl libcrypto
PKG_CFLAGS = $(call once,PKG_CFLAGS,$(shell pkg-config --cflags $(PACKAGES) 2>/dev/null))
PKG_LIBS = $(call once,PKG_LIBS,$(shell pkg-config --libs $(PACKAGES) 2>/dev/null))
CMOCKA_CFLAGS = $(call once,CMOCKA_CFLAGS,$(shell pkg-config --cflags cmocka 2>/dev/null))
CMOCKA_LIBS = $(call once,CMOCKA_LIBS,$(shell pkg-config --libs cmocka 2>/dev/null))
# Only for comparing the simulated core with it; nothing else may need it.
UNICORN_LIBS = $(call once,UNICORN_LIBS,$(shell pkg-config --libs unicorn 2>/dev/null))
MACHINE = $(call once,MACHINE,$(shell $(CC) -dumpmachine 2>/dev/null || uname -m))

LIBS = $(PKG_LIBS) -lm -pthread
ALL_CFLAGS = $(STANDARD) $(OPTIMIZE) $(WARNINGS) $(ARITHMETIC) $(INCLUDES) $(FLAVOUR_CFLAGS) \
	$(PKG_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(OPTIMIZE) $(FLAVOUR_LDFLAGS) $(LDFLAGS)
# Not part of the stamp below: it changes what is refused, not what is made.
COMPILE = $(CC) $(ALL_CFLAGS) $(if $(WERROR),-Werror)

# ---- sources -----------------------------------------------------------------------------------------------
find_c = $(sort $(shell find $(1) -name '*.c' 2>/dev/null))
DEVICE_SOURCES := $(call find_c,device)
CLI_SOURCES := $(call find_c,src/cli)
HOST_SOURCES := $(filter-out $(CLI_SOURCES),$(call find_c,src))
LIB_SOURCES := $(DEVICE_SOURCES) $(HOST_SOURCES)
TEST_SOURCES := $(sort $(wildcard tests/test_*.c))
TEST_SUPPORT := $(filter-out $(TEST_SOURCES),$(wildcard tests/*.c))
TEST_SCRIPTS := $(sort $(wildcard tests/test_*.sh tests/test_*.py))
FUZZ_SOURCES := $(sort $(wildcard fuzz/fuzz_*.c))
BENCH_SOURCES := $(sort $(wildcard bench/bench_*.c))
BENCH_SUPPORT := $(filter-out $(BENCH_SOURCES),$(wildcard bench/*.c))
C_FILES = $(sort $(shell find device firmware src lib web examples tests fuzz bench -name '*.[ch]' \
	-not -path 'fuzz/corpus/*' 2>/dev/null))

objects = $(1:%.c=$(OBJ)/%.o)
LIBRARY := $(BUILD)/libdime.a
ENCODE := device/vision/encode.c device/vision/encode.h
# What `dime export` writes out beside a model is carried inside the program. lib/ holds templates, which
# include a generated model.h: they are embedded, never compiled here.
EMBEDDED := LICENSE $(sort $(filter-out device/engine/fast_%,$(wildcard device/engine/*.[ch]))) \
	$(ENCODE) $(sort $(wildcard lib/*.[ch]))
# And what `dime firmware` compiles beside that for the chip.
FIRMWARE := $(sort $(wildcard firmware/*.[chS] firmware/*.ld firmware/*/*.[chS] device/display/*.[ch] \
	device/link/*.[ch] device/engine/fast_*.[chS] device/engine/fast_*.inc) \
	$(filter-out $(ENCODE),$(wildcard device/vision/*.[chS])))
# The live page.
WEB := $(sort $(wildcard web/*.html web/*.css web/*.js))
PROGRAM := $(BUILD)/dime
TESTS := $(TEST_SOURCES:tests/%.c=$(BUILD)/tests/%)
FUZZERS := $(FUZZ_SOURCES:fuzz/%.c=$(BUILD)/%)
BENCHES := $(BENCH_SOURCES:bench/%.c=$(BUILD)/bench/%)

ifeq ($(V),)
Q := @
say = @printf '  %-5s %s\n' '$(1)' '$(2)'
else
say = @:
endif

# ---- building ----------------------------------------------------------------------------------------------
.PHONY: all
all: $(PROGRAM) ## build the program, build/dime (CC=clang: build/clang/dime)

.PHONY: tests fuzzers benches FORCE
tests: $(TESTS) ## build the C tests, build/tests/test_*, which some of the scripts run too
fuzzers: $(FUZZERS)
benches: $(BENCHES)
FORCE:

# A stamp is rewritten only when its content changes: then everything that depends on it is made again.
stamp = @mkdir -p $(@D); printf '%s\n' '$(1)' | cmp -s - $@ || printf '%s\n' '$(1)' > $@

$(BUILD)/flags: FORCE
	@scripts/setup.sh --libraries $(CC) $(PACKAGES)
	$(call stamp,$(shell $(CC) --version 2>/dev/null | head -n 1) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(LIBS))
$(BUILD)/sources: FORCE
	$(call stamp,$(LIB_SOURCES) $(CLI_SOURCES) $(EMBEDDED) $(FIRMWARE) $(WEB))

# GCC 12 sees dangling pointers that are none in cmocka programs at -O3.
$(OBJ)/tests/%.o: MODULE_CFLAGS = -Itests $(if $(filter -O3,$(OPTIMIZE)),-O2) $(CMOCKA_CFLAGS)
$(OBJ)/bench/%.o: MODULE_CFLAGS = -Ibench
UNICORN_USERS := tests/test_sim_unicorn bench/unicorn
$(UNICORN_USERS:%=$(OBJ)/%.o): UNICORN_CFLAGS = $(if $(UNICORN_LIBS),-DDIME_HAVE_UNICORN)
$(BUILD)/tests/test_sim_unicorn $(BENCHES): EXTRA_LIBS = $(UNICORN_LIBS)

# The training kernels, once for each instruction set; which one runs is chosen at run time.
AVX2_CFLAGS = $(if $(filter x86_64%,$(MACHINE)),-mavx2 -mfma)
AVX512_CFLAGS = $(if $(filter x86_64%,$(MACHINE)),-mavx512f -mavx512dq -mavx512bw -mavx512vl -mavx2 -mfma \
	-mprefer-vector-width=512)
VNNI_CFLAGS = $(if $(filter x86_64%,$(MACHINE)),-mavx512vnni)
# -Wno-psabi: no vector crosses from one file to another.
VECTOR_FILES := $(addprefix $(OBJ)/src/,train/kernel_ train/conv_ data/picture_kernels_ model/host_maps_)
$(VECTOR_FILES:%=%generic.o): MODULE_CFLAGS = -Wno-psabi
$(VECTOR_FILES:%=%avx2.o): MODULE_CFLAGS = -Wno-psabi $(AVX2_CFLAGS)
$(VECTOR_FILES:%=%avx512.o): MODULE_CFLAGS = -Wno-psabi $(AVX512_CFLAGS)
$(VECTOR_FILES:%=%avx512vnni.o): MODULE_CFLAGS = -Wno-psabi $(AVX512_CFLAGS) $(VNNI_CFLAGS)
# Under the sanitizers these take half of the time of a compilation. No fuzz target trains: there they go
# without.
TRAIN_KERNELS := $(addprefix $(OBJ)/src/train/,$(foreach set,generic avx2 avx512 avx512vnni,kernel_$(set).o \
	conv_$(set).o))
ifeq ($(FLAVOUR),fuzz)
$(TRAIN_KERNELS): KERNEL_CFLAGS = -g0 -fno-sanitize=all
endif
# Likewise the dot products of the engine on the PC.
$(OBJ)/src/model/host_dot_avx2.o: MODULE_CFLAGS = $(AVX2_CFLAGS)
$(OBJ)/src/model/host_dot_avx512.o: MODULE_CFLAGS = $(AVX512_CFLAGS)

$(OBJ)/%.o: %.c $(BUILD)/flags Makefile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) $(MODULE_CFLAGS) $(UNICORN_CFLAGS) $(KERNEL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/embedded.c: scripts/embed.sh $(EMBEDDED) $(BUILD)/sources
	$(call say,EMBED,$@)
	$(Q)sh scripts/embed.sh $@ dime_embedded $(EMBEDDED)
$(BUILD)/embedded_firmware.c: scripts/embed.sh $(FIRMWARE) $(BUILD)/sources
	$(call say,EMBED,$@)
	$(Q)sh scripts/embed.sh $@ dime_firmware $(FIRMWARE)
$(BUILD)/embedded_web.c: scripts/embed.sh $(WEB) $(BUILD)/sources
	$(call say,EMBED,$@)
	$(Q)sh scripts/embed.sh $@ dime_web $(WEB)
$(OBJ)/embed%.o: $(BUILD)/embed%.c $(BUILD)/flags Makefile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

$(LIBRARY): $(call objects,$(LIB_SOURCES)) $(OBJ)/embedded.o $(OBJ)/embedded_firmware.o \
	$(OBJ)/embedded_web.o $(BUILD)/sources
	$(call say,AR,$@)
	@rm -f $@.new
	$(Q)$(AR) rcs $@.new $(filter %.o,$^)
	@mv $@.new $@

$(PROGRAM): $(call objects,$(CLI_SOURCES)) $(LIBRARY) $(BUILD)/sources
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LIBS)

$(BUILD)/tests/%: $(OBJ)/tests/%.o $(call objects,$(TEST_SUPPORT)) $(LIBRARY)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(CMOCKA_LIBS) $(EXTRA_LIBS) $(LIBS)

# What scripts/test.sh puts before the cross compiler.
$(BUILD)/cached_gcc: $(OBJ)/tests/cross/cached_gcc.o
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^

$(BUILD)/fuzz_%: $(OBJ)/fuzz/fuzz_%.o $(LIBRARY)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)

$(BUILD)/bench/%: $(OBJ)/bench/%.o $(call objects,$(BENCH_SUPPORT)) $(LIBRARY)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(EXTRA_LIBS) $(LIBS)

.SECONDARY:
-include $(patsubst %.o,%.d,$(OBJ)/embedded.o $(OBJ)/embedded_firmware.o $(OBJ)/embedded_web.o \
	$(call objects,$(LIB_SOURCES) \
	$(CLI_SOURCES) $(TEST_SOURCES) $(TEST_SUPPORT) tests/cross/cached_gcc.c $(FUZZ_SOURCES) \
	$(BENCH_SOURCES) $(BENCH_SUPPORT)))

# ---- the device code stands alone --------------------------------------------------------------------------
# Compiled with no headers but the compiler's own freestanding ones; and for the chip where its compiler is.
CHIP_CC := riscv64-unknown-elf-gcc
CHIP_CFLAGS := -march=rv32ec -mabi=ilp32e -Os
FREESTANDING := -std=c11 $(WARNINGS) -Werror -ffreestanding -fno-builtin -nostdinc -Idevice
freestanding_objects = $(DEVICE_SOURCES:%.c=$(BUILD)/$(1)/%.o)

.PHONY: freestanding
freestanding: $(call freestanding_objects,freestanding) $(if $(shell command -v $(CHIP_CC) 2>/dev/null),\
	$(call freestanding_objects,chip))

$(BUILD)/freestanding/%.o: %.c $(BUILD)/flags Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(FREESTANDING) -O2 -isystem $$($(CC) -print-file-name=include) -MMD -MP -c -o $@ $<
$(BUILD)/chip/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(Q)$(CHIP_CC) $(FREESTANDING) $(CHIP_CFLAGS) -isystem $$($(CHIP_CC) -print-file-name=include) \
	-MMD -MP -c -o $@ $<
-include $(patsubst %.o,%.d,$(call freestanding_objects,freestanding) $(call freestanding_objects,chip))

# ---- running -----------------------------------------------------------------------------------------------
# Submakes build with all processors unless the caller has said otherwise.
SUBMAKE = $(MAKE) $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS))
CLANG := $(if $(findstring clang,$(notdir $(CC))),$(CC),clang)

.PHONY: setup
setup: ## install every distribution package that demo, test or lint needs
	@scripts/setup.sh all

.PHONY: demo
demo: ## from nothing to a trained, proven, exported digit classifier (about a minute)
	@scripts/setup.sh demo
	+@$(SUBMAKE) FLAVOUR= all
	@DIME=build/dime scripts/demo.sh

.PHONY: test
test: ## install what is missing, build with both compilers, run every test; ends with `N passed, N failed`
	@scripts/setup.sh test
	+@MAKE="$(MAKE)" JOBS="$(JOBS)" scripts/test.sh

.PHONY: sanitize
sanitize: ## every test under the address and undefined-behaviour sanitizers
	@scripts/setup.sh test
	+@$(SUBMAKE) FLAVOUR=asan all tests
	@scripts/run_tests.py --sanitized --program build/asan/dime --logs build/asan/logs \
	$(TEST_SOURCES:tests/%.c=build/asan/tests/%) $(TEST_SCRIPTS)

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZ_SECONDS (300)
	@scripts/setup.sh test
	+@$(SUBMAKE) FLAVOUR=fuzz fuzzers
	@scripts/run_fuzz.sh $(FUZZ_SECONDS) $(FUZZ_SOURCES:fuzz/%.c=build/fuzz/%)

.PHONY: bench
bench: ## time training, resizing and inference
	+@$(SUBMAKE) FLAVOUR= benches
	@scripts/run_bench.sh $(filter-out %/bench_chip,$(BENCH_SOURCES:bench/%.c=build/bench/%))

.PHONY: bench-chip
bench-chip: ## cycles, flash and RAM on the simulated chip [RUNS='runs/a runs/b'] [EPOCHS=3] [MARKDOWN=1]
	+@$(SUBMAKE) FLAVOUR= all $(BUILD)/bench/bench_chip
	@RUNS="$(RUNS)" EPOCHS="$(EPOCHS)" MARKDOWN="$(MARKDOWN)" scripts/bench_chip.sh

.PHONY: calibrate-chip
calibrate-chip: ## measure what kernels cost on the simulated chip, for `dime inspect`: src/model/chip_costs.c
	+@$(SUBMAKE) FLAVOUR= $(BUILD)/bench/bench_chip
	$(BUILD)/bench/bench_chip --calibrate >$(BUILD)/chip_costs.c
	mv $(BUILD)/chip_costs.c src/model/chip_costs.c
	clang-format -i src/model/chip_costs.c

.PHONY: bench-train
bench-train: ## time training: images/s, share of the peak, where the time goes, against PyTorch
	+@$(SUBMAKE) FLAVOUR= $(BUILD)/bench/bench_train
	@scripts/run_bench.sh $(BUILD)/bench/bench_train

.PHONY: lint
lint: ## check format, scripts and static analysis
	@scripts/setup.sh lint
	@scripts/lint.sh

.PHONY: format
format: ## format all C files in place
	clang-format -i $(C_FILES)

LIB_OUT = $(if $(OUT),$(OUT),$(BUILD)/lib)
.PHONY: lib
lib: $(if $(MODEL),$(PROGRAM)) ## MODEL=... [OUT=build/lib]: libdime_model.so, and a .dll with mingw-w64
	@$(if $(MODEL),,echo 'usage: make lib MODEL=<run folder or model file> [OUT=build/lib]' >&2; exit 2)
	@DIME=$(PROGRAM) CC="$(CC)" sh scripts/make_library.sh "$(MODEL)" "$(LIB_OUT)"

.PHONY: web
web: $(if $(MODEL),$(PROGRAM)) ## MODEL=... [OUT=build/web]: the live page as a folder for any static host
	@$(if $(MODEL),,echo 'usage: make web MODEL=<run folder or model file> [OUT=build/web]' >&2; exit 2)
	@scripts/setup.sh web
	@DIME=$(PROGRAM) scripts/make_web.sh "$(MODEL)" "$(if $(OUT),$(OUT),$(BUILD)/web)"

FIRMWARE_APP ?= demo
FIRMWARE_OUT = $(if $(OUT),$(OUT),$(BUILD)/firmware/$(FIRMWARE_APP).elf)
.PHONY: flash
flash: $(if $(MODEL),$(PROGRAM)) ## MODEL=... [FIRMWARE_APP=demo] [DRY_RUN=1]: build and write it
	@$(if $(MODEL),,echo 'usage: make flash MODEL=<run folder or model file> [DRY_RUN=1]' >&2; exit 2)
	@mkdir -p $(dir $(FIRMWARE_OUT))
	$(PROGRAM) firmware $(MODEL) --app $(FIRMWARE_APP) --out $(FIRMWARE_OUT)
	$(PROGRAM) flash $(FIRMWARE_OUT) $(if $(DRY_RUN),--dry-run)

.PHONY: install
install: all ## install below PREFIX (/usr/local), or into DESTDIR for packagers
	install -D -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/dime

.PHONY: clean
clean: ## remove everything that was built (runs/ and the data cache stay)
	rm -rf build

.PHONY: help
help: ## list the targets
	@echo 'make [TARGET] [VARIABLE=VALUE]...'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo 'Variables: CC=gcc|clang  JOBS=N  V=1 (show commands)  PREFIX  DESTDIR  FUZZ_SECONDS  CFLAGS  LDFLAGS'
