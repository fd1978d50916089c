# SPDX-License-Identifier: Apache-2.0
# How a C plugin is built: one shared library from one file, with one exported symbol. Copy this
# file with the example, and say where Millrace's headers are: make MILLRACE=/usr/local
MILLRACE ?= ../../../..
INCLUDE  ?= $(MILLRACE)/include
CC       ?= cc
CFLAGS   ?= -O2
CFLAGS   += -std=c11 -Wall -Wextra -pedantic -fPIC -fvisibility=hidden -I$(INCLUDE)
LDFLAGS  += -shared -Wl,--version-script=$(INCLUDE)/exports.map -Wl,-Bsymbolic -Wl,-z,defs \
            -Wl,-z,now -Wl,-z,relro -Wl,-z,noexecstack

all: $(PLUGINS:%=%.so)

%.so: %.c
	$(CC) $(CFLAGS) $(LDFLAGS) $< -o $@

clean:
	rm -f $(PLUGINS:%=%.so)

.PHONY: all clean
