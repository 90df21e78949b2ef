// The calls themselves. Each looks up libc's by dlsym(RTLD_NEXT), and with nothing armed calls it
// at once. What is below a prefix is found out when a call is made, from the kernel: the path by
// /proc/self/fd (the present name, also after a rename), O_DSYNC by F_GETFL, the position of a
// writev by lseek. So nothing need be kept per descriptor, and files opened before anything was
// armed are seen too. Calls that libc makes to itself (fopen, fwrite) do not pass here.

#define _GNU_SOURCE
#include "internal.h"

#if defined(__linux__)

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

// The entry points run in library start-up too, before a sanitizer's runtime is ready.
#define PLAIN __attribute__((disable_sanitizer_instrumentation))

#define REAL(result, name, ...)                                                                \
    typedef result (*name##_type)(__VA_ARGS__);                                                \
    PLAIN static name##_type real_##name(void) {                                               \
        static _Atomic(name##_type) found;                                                     \
        name##_type f = atomic_load_explicit(&found, memory_order_relaxed);                    \
        if (f == NULL) {                                                                       \
            f = (name##_type)dlsym(RTLD_NEXT, #name);                                          \
            atomic_store_explicit(&found, f, memory_order_relaxed);                            \
        }                                                                                      \
        return f;                                                                              \
    }

REAL(ssize_t, write, int, const void *, size_t)
REAL(ssize_t, pwrite, int, const void *, size_t, off_t)
REAL(ssize_t, writev, int, const struct iovec *, int)
REAL(ssize_t, pwritev, int, const struct iovec *, int, off_t)
REAL(int, fdatasync, int)
REAL(int, fsync, int)
REAL(int, ftruncate, int, off_t)
REAL(int, fallocate, int, int, off_t, off_t)
REAL(int, posix_fallocate, int, off_t, off_t)
REAL(int, openat, int, const char *, int, ...)
REAL(int, renameat, int, const char *, int, const char *)
REAL(int, mkdirat, int, const char *, mode_t)
REAL(int, unlinkat, int, const char *, int)

PLAIN static bool is_idle(void) {
    return atomic_load_explicit(&shim_active, memory_order_acquire) == 0;
}

// The absolute path of an open file; false for sockets, pipes and the like.
static bool path_of(int fd, char path[PATH_MAX]) {
    int saved = errno;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    errno = saved;
    if (length <= 0 || path[0] != '/') {
        return false;
    }
    path[length] = 0;
    return true;
}

// The absolute path of a name: its parent resolved, itself not.
static bool path_at(int directory, const char *name, char path[PATH_MAX]) {
    int saved = errno;
    char joined[PATH_MAX], base[PATH_MAX];
    bool found = true;
    if (name[0] == '/' || directory == AT_FDCWD) {
        snprintf(joined, sizeof joined, "%s", name);
    } else {
        found = path_of(directory, base) &&
                snprintf(joined, sizeof joined, "%s/%s", base, name) < PATH_MAX;
    }
    if (found) {
        for (size_t end = strlen(joined); end > 1 && joined[end - 1] == '/'; end--) {
            joined[end - 1] = 0;
        }
        char *slash = strrchr(joined, '/');
        const char *last = slash ? slash + 1 : joined;
        char resolved[PATH_MAX];
        if (slash != NULL) {
            *slash = 0;
        }
        const char *parent = slash == NULL ? "." : (joined[0] == 0 ? "/" : joined);
        found = realpath(parent, resolved) != NULL &&
                snprintf(path, PATH_MAX, "%s/%s", strcmp(resolved, "/") ? resolved : "", last) <
                    PATH_MAX;
    }
    errno = saved;
    return found;
}

// At `offset`; if it is not to wait for the disk, through a descriptor that is not synchronous.
static ssize_t write_at(int fd, const uint8_t *data, size_t count, off_t offset, bool skips) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int other = skips ? real_openat()(AT_FDCWD, link, O_WRONLY | O_CLOEXEC) : -1;
    ssize_t written = real_pwrite()(other < 0 ? fd : other, data, count, offset);
    int code = errno;
    if (other >= 0) {
        close(other);
    }
    errno = code;
    return written;
}

// A write at `offset`, or at the descriptor's position if -1.
static ssize_t shim_write(int fd, const struct iovec *parts, int count, off_t offset) {
    char path[PATH_MAX];
    bool positioned = offset >= 0;
    if (!path_of(fd, path)) {
        return positioned ? real_pwritev()(fd, parts, count, offset)
                          : real_writev()(fd, parts, count);
    }
    int saved = errno, flags = fcntl(fd, F_GETFL);
    bool synchronous = (flags & O_DSYNC) != 0;
    size_t total = 0;
    for (int i = 0; i < count; i++) {
        total += parts[i].iov_len;
    }
    bool meta = positioned && total >= 64 && total <= 512 && offset < 8192;
    // What stands behind a meta page.
    bool seal = meta && offset % 4096 == 152;
    int kind = seal ? disk_shim_seal_write : meta ? disk_shim_meta_write : disk_shim_write;
    uint8_t *data = malloc(total + 1);
    if (data == NULL) {
        abort();
    }
    for (size_t at = 0, i = 0; i < (size_t)count; at += parts[i].iov_len, i++) {
        if (parts[i].iov_len > 0) {
            memcpy(data + at, parts[i].iov_base, parts[i].iov_len);
        }
    }
    shim_verdict verdict = shim_judge(kind, path);
    if (verdict.limit >= 0 && (uint64_t)verdict.limit < total) {
        total = (size_t)verdict.limit;
    }
    struct stat status;
    off_t at = positioned ? offset : lseek(fd, 0, SEEK_CUR);
    if ((flags & O_APPEND) != 0 && fstat(fd, &status) == 0) {
        at = status.st_size;
    }
    disk_shim_event event = {.kind = disk_shim_event_write, .path = path};
    event.offset = at;
    event.data = data;
    shim_span span;
    if (synchronous) {
        event.kind = disk_shim_event_dsync_begin;
        event.length = total;
        shim_record(&event, &span, NULL);
    }
    ssize_t written = -1;
    errno = verdict.error != 0 ? verdict.error : saved;
    if (verdict.error == 0) {
        written = positioned ? write_at(fd, data, total, offset, synchronous && verdict.skips)
                             : real_write()(fd, data, total);
    }
    int code = errno;
    event.error = written < 0 ? code : 0;
    if (synchronous) {
        event.kind = disk_shim_event_dsync_end;
        event.length = 0;
        event.error = written >= 0 && (size_t)written < total ? EIO : event.error;
        shim_record(&event, NULL, &span);
    } else {
        event.length = written > 0 ? (size_t)written : 0;
        shim_record(&event, NULL, NULL);
    }
    shim_count(kind, path, written, synchronous);
    free(data);
    errno = code;
    return written;
}

PLAIN ssize_t write(int fd, const void *bytes, size_t count) {
    if (is_idle()) {
        return real_write()(fd, bytes, count);
    }
    struct iovec part = {(void *)bytes, count};
    char path[PATH_MAX];
    return path_of(fd, path) && strncmp(path, "/dev/", 5) != 0 ? shim_write(fd, &part, 1, -1)
                                                                : real_write()(fd, bytes, count);
}

PLAIN ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
    if (is_idle() || offset < 0) {
        return real_pwrite()(fd, bytes, count, offset);
    }
    struct iovec part = {(void *)bytes, count};
    return shim_write(fd, &part, 1, offset);
}

PLAIN ssize_t writev(int fd, const struct iovec *parts, int count) {
    return is_idle() ? real_writev()(fd, parts, count) : shim_write(fd, parts, count, -1);
}

PLAIN ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
    return is_idle() || offset < 0 ? real_pwritev()(fd, parts, count, offset)
                                   : shim_write(fd, parts, count, offset);
}

static int shim_flush(int fd, int (*real)(int)) {
    char path[PATH_MAX];
    struct stat status;
    if (!path_of(fd, path) || fstat(fd, &status) != 0) {
        return real(fd);
    }
    bool is_directory = S_ISDIR(status.st_mode);
    int kind = is_directory ? disk_shim_directory_sync : disk_shim_flush;
    disk_shim_event event = {.kind = disk_shim_event_flush_begin, .path = path};
    event.is_directory = is_directory;
    shim_span span;
    shim_record(&event, &span, NULL);
    shim_verdict verdict = shim_judge(kind, path);
    errno = verdict.error;
    int outcome = verdict.error != 0 ? -1 : verdict.skips ? 0 : real(fd);
    int code = errno;
    event.kind = disk_shim_event_flush_end;
    event.error = outcome == 0 ? 0 : code;
    shim_record(&event, NULL, &span);
    shim_count(kind, path, 0, false);
    errno = code;
    return outcome;
}

PLAIN int fdatasync(int fd) {
    return is_idle() ? real_fdatasync()(fd) : shim_flush(fd, real_fdatasync());
}

PLAIN int fsync(int fd) {
    return is_idle() ? real_fsync()(fd) : shim_flush(fd, real_fsync());
}

static void record_length(int fd, const char *path) {
    struct stat status;
    if (fstat(fd, &status) == 0) {
        disk_shim_event event = {.kind = disk_shim_event_truncate, .path = path};
        event.offset = status.st_size;
        shim_record(&event, NULL, NULL);
    }
}

PLAIN int ftruncate(int fd, off_t length) {
    int outcome = real_ftruncate()(fd, length);
    char path[PATH_MAX];
    if (outcome == 0 && !is_idle() && path_of(fd, path)) {
        record_length(fd, path);
    }
    return outcome;
}

// Returns the errno that a fault wants, or 0 for the real call.
static int judge_allocation(int fd) {
    char path[PATH_MAX];
    if (!path_of(fd, path)) {
        return 0;
    }
    shim_count(disk_shim_allocate, path, 0, false);
    return shim_judge(disk_shim_allocate, path).error;
}

PLAIN int fallocate(int fd, int mode, off_t offset, off_t length) {
    if (is_idle()) {
        return real_fallocate()(fd, mode, offset, length);
    }
    int error = judge_allocation(fd);
    if (error != 0) {
        errno = error;
        return -1;
    }
    int outcome = real_fallocate()(fd, mode, offset, length);
    char path[PATH_MAX];
    if (outcome == 0 && (mode & FALLOC_FL_KEEP_SIZE) == 0 && path_of(fd, path)) {
        record_length(fd, path);
    }
    return outcome;
}

PLAIN int posix_fallocate(int fd, off_t offset, off_t length) {
    int error = is_idle() ? 0 : judge_allocation(fd);
    if (error != 0) {
        return error;
    }
    int outcome = real_posix_fallocate()(fd, offset, length);
    char path[PATH_MAX];
    if (outcome == 0 && !is_idle() && path_of(fd, path)) {
        record_length(fd, path);
    }
    return outcome;
}

static int shim_open(int directory, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    struct stat status;
    int saved = errno;
    bool known = path_at(directory, name, path);
    bool is_new = known && (flags & O_CREAT) != 0 && lstat(path, &status) != 0;
    errno = saved;
    int fd = real_openat()(directory, name, flags, mode);
    int code = errno;
    if (fd >= 0 && is_new) {
        disk_shim_event event = {.kind = disk_shim_event_create, .path = path};
        shim_record(&event, NULL, NULL);
    } else if (fd >= 0 && known && (flags & O_TRUNC) != 0) {
        record_length(fd, path);
    }
    errno = code;
    return fd;
}

#define OPEN_MODE(flags)                                                                       \
    mode_t mode = 0;                                                                           \
    if (((flags) & O_CREAT) != 0 || ((flags) & O_TMPFILE) == O_TMPFILE) {                      \
        va_list list;                                                                          \
        va_start(list, flags);                                                                 \
        mode = va_arg(list, mode_t);                                                           \
        va_end(list);                                                                          \
    }

PLAIN int open(const char *name, int flags, ...) {
    OPEN_MODE(flags)
    return is_idle() ? real_openat()(AT_FDCWD, name, flags, mode)
                     : shim_open(AT_FDCWD, name, flags, mode);
}

PLAIN int openat(int directory, const char *name, int flags, ...) {
    OPEN_MODE(flags)
    return is_idle() ? real_openat()(directory, name, flags, mode)
                     : shim_open(directory, name, flags, mode);
}

static int shim_renameat(int from_fd, const char *from, int to_fd, const char *to) {
    char from_path[PATH_MAX], to_path[PATH_MAX];
    if (!path_at(from_fd, from, from_path) || !path_at(to_fd, to, to_path)) {
        return real_renameat()(from_fd, from, to_fd, to);
    }
    shim_count(disk_shim_rename, to_path, 0, false);
    shim_verdict verdict = shim_judge(disk_shim_rename, to_path);
    if (verdict.error != 0) {
        errno = verdict.error;
        return -1;
    }
    int outcome = real_renameat()(from_fd, from, to_fd, to);
    if (outcome == 0) {
        disk_shim_event event = {.kind = disk_shim_event_rename, .path = from_path};
        event.target = to_path;
        shim_record(&event, NULL, NULL);
    }
    return outcome;
}

PLAIN int renameat(int from_fd, const char *from, int to_fd, const char *to) {
    return is_idle() ? real_renameat()(from_fd, from, to_fd, to)
                     : shim_renameat(from_fd, from, to_fd, to);
}

PLAIN int rename(const char *from, const char *to) {
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

static void record_name(int kind, int directory, const char *name) {
    char path[PATH_MAX];
    if (path_at(directory, name, path)) {
        disk_shim_event event = {.kind = kind, .path = path};
        shim_record(&event, NULL, NULL);
    }
}

PLAIN int mkdirat(int directory, const char *name, mode_t mode) {
    int outcome = real_mkdirat()(directory, name, mode);
    if (outcome == 0 && !is_idle()) {
        record_name(disk_shim_event_mkdir, directory, name);
    }
    return outcome;
}

PLAIN int mkdir(const char *name, mode_t mode) { return mkdirat(AT_FDCWD, name, mode); }

PLAIN int unlinkat(int directory, const char *name, int flags) {
    int outcome = real_unlinkat()(directory, name, flags);
    if (outcome == 0 && !is_idle()) {
        record_name(disk_shim_event_unlink, directory, name);
    }
    return outcome;
}

PLAIN int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }
PLAIN int rmdir(const char *name) { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }

#endif
