# SPDX-License-Identifier: Apache-2.0
# make            the program and the bundled plugins, optimised
# make setup      look for what a build needs; install it where that is allowed
# make demo       build, count the words of a real text, compare with coreutils
# make check      tidy rules, format, headers in every language mode
# make format     let the formatters rewrite what they can
# make test-core  unit tests only
# make test       everything that must be green before a change goes in
# make soak       SEEDS=1000 runs under faults, as many that lose power, each call on a disk
#                 failing in each way, and as many hundred simulated lives
# make bench      speed beside the machine's limit and, where there is Java, Apache Flink
# make man        manual pages in build/man
# make reference  docs/reference and the compiled-in error pages, written anew
# make install    what make built, headers and templates into PREFIX (DESTDIR in front); it builds
#                 nothing, so that root needs no compiler
# make uninstall  remove them
# make clean      remove what a build made

PLUGINS := mr_io mr_basic mr_fail mr_bench mr_conform mr_aggregates mr_native
BUILD := .build
SWIFT_BUILD := swift build --scratch-path $(BUILD)
RELEASE := $(BUILD)/release
STAMP := build/setup.stamp
PREFIX ?= /usr/local

.PHONY: all setup demo check format test-core test soak bench man reference install uninstall clean

all: $(STAMP)
	$(SWIFT_BUILD) -c release --product millrace
	@for plugin in $(PLUGINS); do $(SWIFT_BUILD) -c release --product $$plugin || exit; done

setup: $(STAMP)

$(STAMP): scripts/setup
	scripts/setup
	@mkdir -p $(@D) && touch $@

demo: all
	scripts/demo $(RELEASE)

check: $(STAMP)
	scripts/check $(BUILD)

format:
	git ls-files -z '*.swift' ':!SDK/templates' | xargs -0 swift format -i --parallel
	git ls-files -z '*.c' '*.h' '*.hpp' ':!*golden*' ':!SDK/templates' \
	  | xargs -0 clang-format -i

test-core: $(STAMP)
	scripts/test core $(BUILD)

test: $(STAMP)
	scripts/test all $(BUILD)

SEEDS ?= 1000
soak: all
	$(SWIFT_BUILD) -c release --product millrace-sim
	$(RELEASE)/millrace-sim --seeds $(SEEDS)00
	Tests/FaultTests/run $(RELEASE) $(SEEDS)
	Tests/FaultTests/disks $(RELEASE) all $(SEEDS)

bench: all
	scripts/bench $(RELEASE)

man: all
	scripts/man-pages $(RELEASE)/millrace build/man

reference: all
	scripts/error-pages
	scripts/reference $(RELEASE)

install:
	scripts/install $(RELEASE) "$(PREFIX)" "$(DESTDIR)"

uninstall:
	scripts/install --remove $(RELEASE) "$(PREFIX)" "$(DESTDIR)"

clean:
	rm -rf build $(BUILD)
