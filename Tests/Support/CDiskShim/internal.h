#ifndef DISKSHIM_INTERNAL_H
#define DISKSHIM_INTERNAL_H

#include "diskshim.h"

#include <limits.h>
#include <stdatomic.h>

#define RECORDINGS 16
#define FAULTS 64
#define COUNTERS 64

// How many recordings, faults and counters there are: 0 means that every call passes through.
extern atomic_int shim_active;

// Where in each recording an operation began; -1 where it was not seen.
typedef struct {
    int64_t begin[RECORDINGS];
} shim_span;

// What a fault wants: `error` instead of the call, at most `limit` bytes of it, or no wait for the
// disk.
typedef struct {
    int error;
    int64_t limit;
    bool skips;
} shim_verdict;

bool shim_covers(const char *prefix, const char *path);
void shim_resolve_prefix(const char *prefix, char out[PATH_MAX]);

// Waits at gates and sleeps as the armed faults want, and says what else they want.
shim_verdict shim_judge(int kind, const char *path);
void shim_count(int kind, const char *path, int64_t bytes, bool synchronous);

void shim_record(const disk_shim_event *event, shim_span *begins, const shim_span *ends);

#endif
