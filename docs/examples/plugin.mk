# SPDX-License-Identifier: Apache-2.0
# How the examples in C and C++ are built: one shared library from one file. Copy this file with an
# example, and say where Millrace is: make MILLRACE=/usr/local
MILLRACE ?= ../../../..
include $(firstword $(wildcard $(MILLRACE)/share/millrace $(MILLRACE)/SDK))/plugin.mk
CFLAGS   ?= -O2
CXXFLAGS ?= -O2

all: $(PLUGINS:%=%.so)
.DEFAULT_GOAL := all

%.so: %.c
	$(CC) -std=c11 -Wall -Wextra -pedantic $(MILLRACE_CFLAGS) $(CFLAGS) $< $(MILLRACE_LDFLAGS) \
	  $(LDFLAGS) -o $@

%.so: %.cpp
	$(CXX) -std=c++17 -Wall -Wextra -pedantic $(MILLRACE_CXXFLAGS) $(CXXFLAGS) $< \
	  $(MILLRACE_LDFLAGS) $(LDFLAGS) -o $@

clean:
	rm -f $(PLUGINS:%=%.so)

.PHONY: all clean
