# SPDX-License-Identifier: Apache-2.0
# How a plugin is built: a shared library with one exported symbol, which misses nothing and has no
# writable tables of addresses. For Makefiles, which include this file and add it to their own
# CFLAGS, CXXFLAGS and LDFLAGS. cmake/MillraceConfig.cmake says the same for CMake.
MILLRACE_SDK := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))

MILLRACE_CPPFLAGS := -I$(MILLRACE_SDK)/include
MILLRACE_CFLAGS := $(MILLRACE_CPPFLAGS) -fPIC -fvisibility=hidden
MILLRACE_CXXFLAGS := $(MILLRACE_CFLAGS) -fvisibility-inlines-hidden -fno-gnu-unique
MILLRACE_LDFLAGS := -shared -Wl,--version-script=$(MILLRACE_SDK)/exports.map -Wl,-Bsymbolic \
  -Wl,--exclude-libs,ALL -Wl,-z,defs -Wl,-z,now -Wl,-z,relro -Wl,-z,noexecstack
