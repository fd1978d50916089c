/* SPDX-License-Identifier: Apache-2.0
 * Includes every header, so that their static assertions run in each build. */
#include <millrace/millrace.h>
