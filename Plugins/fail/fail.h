/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MR_FAIL_H
#define MR_FAIL_H

#include <millrace/millrace.h>

extern const mr_operator fail_operator;

#endif
