// The names that code built with 64-bit file offsets uses; on 64-bit Linux the same calls.

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <sys/uio.h>
#include <unistd.h>

#if defined(__linux__) && defined(__LP64__)

#define PLAIN __attribute__((disable_sanitizer_instrumentation))

PLAIN ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
    return pwrite(fd, bytes, count, offset);
}

PLAIN ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) {
    return pwritev(fd, parts, count, offset);
}

PLAIN int ftruncate64(int fd, off64_t length) { return ftruncate(fd, length); }

PLAIN int fallocate64(int fd, int mode, off64_t offset, off64_t length) {
    return fallocate(fd, mode, offset, length);
}

PLAIN int posix_fallocate64(int fd, off64_t offset, off64_t length) {
    return posix_fallocate(fd, offset, length);
}

PLAIN int open64(const char *name, int flags, ...) {
    va_list list;
    va_start(list, flags);
    mode_t mode = va_arg(list, mode_t);
    va_end(list);
    return open(name, flags, mode);
}

PLAIN int openat64(int directory, const char *name, int flags, ...) {
    va_list list;
    va_start(list, flags);
    mode_t mode = va_arg(list, mode_t);
    va_end(list);
    return openat(directory, name, flags, mode);
}

#endif
