#define _GNU_SOURCE
#include "testsupport.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/// Swift Testing runs two cases at a time for each processor, as if they computed; most of ours wait, and who may run
/// beside whom is said by their turns. It looks at this variable once, before it looks for tests.
__attribute__((constructor)) static void set_width(void) {
    char width[24];
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    snprintf(width, sizeof width, "%ld", processors * test_support_cases_each);
    setenv("SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH", width, 0);
}
