/* SPDX-License-Identifier: BSL-1.0 */
/* A row as a program of its own, unpatched. */
#include "row.h"

int main(void) {
    row(stdout);
    return 0;
}
