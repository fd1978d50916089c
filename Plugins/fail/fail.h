/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MR_FAIL_H
#define MR_FAIL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* nanosleep, pause */
#endif
#include <millrace/millrace.h>

extern const mr_operator fail_operator;

#endif
