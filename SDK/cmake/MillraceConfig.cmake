# SPDX-License-Identifier: Apache-2.0
# For `find_package(Millrace 1 REQUIRED)`. Gives:
#
#   Millrace::headers               the headers, C and C++
#   millrace_add_plugin(NAME FILE…) a plugin: libNAME.so with one exported symbol
#   millrace_add_test(NAME COMMAND…) a test; MILLRACE in its environment is the program
#
# Nothing here names a place: the tree may be moved.
get_filename_component(_millrace_here "${CMAKE_CURRENT_LIST_FILE}" REALPATH)
get_filename_component(_millrace_here "${_millrace_here}" DIRECTORY)
get_filename_component(MILLRACE_SDK "${_millrace_here}" DIRECTORY)

if(NOT TARGET Millrace::headers)
  add_library(Millrace::headers INTERFACE IMPORTED)
  set_target_properties(Millrace::headers PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${MILLRACE_SDK}/include")
endif()

# The program: what the project's link leads to, that of an installed tree, what is in PATH.
find_program(MILLRACE_PROGRAM millrace
  HINTS "${CMAKE_SOURCE_DIR}/.millrace" "${MILLRACE_SDK}/../../bin")

function(millrace_add_plugin name)
  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE Millrace::headers)
  set_target_properties(${name} PROPERTIES
    PREFIX lib SUFFIX .so POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LINK_DEPENDS "${MILLRACE_SDK}/exports.map")
  target_compile_options(${name} PRIVATE
    "$<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>")
  target_link_options(${name} PRIVATE
    "LINKER:--version-script=${MILLRACE_SDK}/exports.map" "LINKER:-Bsymbolic"
    "LINKER:--exclude-libs,ALL" "LINKER:-z,defs" "LINKER:-z,now" "LINKER:-z,relro"
    "LINKER:-z,noexecstack")
endfunction()

function(millrace_add_test name)
  add_test(NAME ${name} COMMAND ${ARGN})
  if(MILLRACE_PROGRAM)
    set_tests_properties(${name} PROPERTIES ENVIRONMENT "MILLRACE=${MILLRACE_PROGRAM}")
  endif()
endfunction()
