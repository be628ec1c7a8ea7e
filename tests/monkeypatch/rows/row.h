/* SPDX-License-Identifier: BSL-1.0 */
/* One row: a plain C program, which knows nothing of green. It prints what it has seen, and the same must be seen
   wherever it runs (differential_test.py). Times are printed only as "not too early": a busy machine may be late. */
#pragma once

#include <stdio.h>

#ifdef __cplusplus
extern "C"
#endif
void row(FILE* out);
