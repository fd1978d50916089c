# SPDX-License-Identifier: Apache-2.0
# make            the program and the bundled plugins, optimised
# make setup      look for what a build needs; install it where that is allowed
# make demo       build, count the words of a real text, compare with coreutils
# make check      tidy rules, format, headers in every language mode
# make format     let the formatters rewrite what they can
# make test-core  unit tests only
# make test       everything that must be green before a change goes in
# make bench      speed beside the machine's limit and, where there is Java, Apache Flink
# make clean      remove what a build made

PLUGINS := mr_io mr_basic mr_fail mr_bench mr_aggregates
BUILD := .build
SWIFT_BUILD := swift build --scratch-path $(BUILD)
RELEASE := $(BUILD)/release
STAMP := build/setup.stamp

.PHONY: all setup demo check format test-core test bench clean

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
	git ls-files -z '*.swift' | xargs -0 swift format -i --parallel
	git ls-files -z '*.c' '*.h' ':!*golden*' | xargs -0 clang-format -i

test-core: $(STAMP)
	scripts/test core $(BUILD)

test: $(STAMP)
	scripts/test all $(BUILD)

bench: all
	scripts/bench $(RELEASE)

clean:
	rm -rf build $(BUILD)
