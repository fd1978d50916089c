// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "mrshim.h"

#include <dlfcn.h>
#include <link.h>

const char *mrshim_file_of_address(const void *address) {
  Dl_info information;
  return dladdr(address, &information) != 0 ? information.dli_fname : NULL;
}

const char *mrshim_file_of_library(void *handle) {
  struct link_map *map = NULL;
  return dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 ? map->l_name : NULL;
}
