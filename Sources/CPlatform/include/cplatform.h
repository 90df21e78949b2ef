#ifndef CPLATFORM_H
#define CPLATFORM_H

#include <stdbool.h>
#include <stdint.h>

// What the C library's Swift module leaves out on Linux: statfs, fallocate, thread names.

/// The kind of file system a path is on. Returns 0 or an errno.
///
/// Linux fills `magic` (and leaves `name` empty); Darwin fills `name` and `is_local`.
int cplatform_file_system(const char *path, uint64_t *magic, char name[32], bool *is_local);

/// Allocates blocks for a range of an open file and leaves its length alone. Returns 0 or an
/// errno; ENOTSUP or EOPNOTSUPP where the file system or the platform cannot.
int cplatform_allocate(int descriptor, int64_t offset, int64_t length);

/// Names the calling thread; Linux refuses names of more than 15 bytes.
void cplatform_set_thread_name(const char *name);

#endif
