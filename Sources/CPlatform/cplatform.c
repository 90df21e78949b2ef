#define _GNU_SOURCE
#include "cplatform.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>

#if defined(__linux__)

#include <sys/vfs.h>

int cplatform_file_system(const char *path, uint64_t *magic, char name[32], bool *is_local) {
    struct statfs found;
    int outcome;
    do {
        outcome = statfs(path, &found);
    } while (outcome != 0 && errno == EINTR);
    if (outcome != 0) {
        return errno;
    }
    // Magic numbers are 32 bits wide; f_type is a signed long on most architectures.
    *magic = (uint64_t)(uint32_t)found.f_type;
    name[0] = 0;
    *is_local = true;
    return 0;
}

int cplatform_allocate(int descriptor, int64_t offset, int64_t length) {
    int outcome;
    do {
        outcome = fallocate(descriptor, FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length);
    } while (outcome != 0 && errno == EINTR);
    return outcome == 0 ? 0 : errno;
}

void cplatform_set_thread_name(const char *name) {
    pthread_setname_np(pthread_self(), name);
}

#elif defined(__APPLE__)

#include <sys/mount.h>
#include <sys/param.h>

int cplatform_file_system(const char *path, uint64_t *magic, char name[32], bool *is_local) {
    struct statfs found;
    if (statfs(path, &found) != 0) {
        return errno;
    }
    *magic = 0;
    strlcpy(name, found.f_fstypename, 32);
    *is_local = (found.f_flags & MNT_LOCAL) != 0;
    return 0;
}

int cplatform_allocate(int descriptor, int64_t offset, int64_t length) {
    (void)descriptor;
    (void)offset;
    (void)length;
    return ENOTSUP;
}

void cplatform_set_thread_name(const char *name) {
    pthread_setname_np(name);
}

#else
#error "swift-replicated-log runs on Linux and on Darwin"
#endif
