// Faults and counters.

#define _GNU_SOURCE
#include "internal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

atomic_int shim_active;

typedef struct {
    bool used, sticky, released;
    int kind, action, inside;
    int64_t value;
    uint64_t nth, seen, fired, waiting;
    char prefix[PATH_MAX];
} fault;

typedef struct {
    bool used;
    disk_shim_counts counts;
    char prefix[PATH_MAX];
} counter;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static fault faults[FAULTS];
static counter counters[COUNTERS];

bool shim_covers(const char *prefix, const char *path) {
    size_t length = strlen(prefix);
    return strncmp(prefix, path, length) == 0 &&
           (path[length] == 0 || path[length] == '/' || (length == 1 && prefix[0] == '/'));
}

void shim_resolve_prefix(const char *prefix, char out[PATH_MAX]) {
    if (realpath(prefix, out) != NULL) {
        return;
    }
    // Not there yet: its parent may be.
    char parent[PATH_MAX], resolved[PATH_MAX];
    snprintf(parent, sizeof parent, "%s", prefix);
    char *slash = strrchr(parent, '/');
    const char *name = slash == NULL ? prefix : prefix + (slash - parent) + 1;
    if (slash != NULL) {
        *slash = 0;
    }
    const char *asked = slash == NULL ? "." : (parent[0] == 0 ? "/" : parent);
    if (realpath(asked, resolved) == NULL ||
        snprintf(out, PATH_MAX, "%s/%s", strcmp(resolved, "/") == 0 ? "" : resolved, name) >=
            PATH_MAX) {
        snprintf(out, PATH_MAX, "%s", prefix);
    }
}

int disk_shim_arm(int kind, int action, int64_t value, uint64_t nth, bool sticky,
                  const char *prefix) {
    char resolved[PATH_MAX];
    shim_resolve_prefix(prefix, resolved);
    int handle = -1;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < FAULTS && handle < 0; i++) {
        if (!faults[i].used && faults[i].inside == 0) {
            handle = i;
        }
    }
    if (handle >= 0) {
        fault *f = &faults[handle];
        memset(f, 0, sizeof *f);
        f->used = true;
        f->kind = kind;
        f->action = action;
        f->value = value;
        f->nth = nth;
        f->sticky = sticky;
        memcpy(f->prefix, resolved, sizeof resolved);
        atomic_fetch_add(&shim_active, 1);
    }
    pthread_mutex_unlock(&lock);
    return handle;
}

uint64_t disk_shim_fired(int handle) {
    pthread_mutex_lock(&lock);
    uint64_t fired = faults[handle].fired;
    pthread_mutex_unlock(&lock);
    return fired;
}

void disk_shim_release(int handle) {
    pthread_mutex_lock(&lock);
    faults[handle].released = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

void disk_shim_disarm(int handle) {
    pthread_mutex_lock(&lock);
    faults[handle].released = true;
    faults[handle].used = false;
    atomic_fetch_sub(&shim_active, 1);
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

bool disk_shim_await_gate(int handle, int64_t timeout_milliseconds) {
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += timeout_milliseconds / 1000;
    end.tv_nsec += (timeout_milliseconds % 1000) * 1000000;
    if (end.tv_nsec >= 1000000000) {
        end.tv_sec += 1;
        end.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&lock);
    int outcome = 0;
    while (faults[handle].waiting == 0 && outcome == 0) {
        outcome = pthread_cond_timedwait(&changed, &lock, &end);
    }
    bool reached = faults[handle].waiting > 0;
    pthread_mutex_unlock(&lock);
    return reached;
}

shim_verdict shim_judge(int kind, const char *path) {
    shim_verdict verdict = {0, -1, false};
    int64_t sleep_microseconds = 0;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < FAULTS; i++) {
        fault *f = &faults[i];
        if (!f->used || f->kind != kind || !shim_covers(f->prefix, path)) {
            continue;
        }
        f->seen += 1;
        if (f->seen != f->nth && !(f->sticky && f->seen > f->nth)) {
            continue;
        }
        f->fired += 1;
        switch (f->action) {
        case disk_shim_error:
            verdict.error = (int)f->value;
            break;
        case disk_shim_short:
            verdict.limit = f->value;
            break;
        case disk_shim_delay:
            sleep_microseconds += f->value;
            break;
        case disk_shim_kill:
            kill(getpid(), SIGKILL);
            break;
        case disk_shim_skip:
            verdict.skips = true;
            break;
        case disk_shim_gate:
            f->waiting += 1;
            f->inside += 1;
            pthread_cond_broadcast(&changed);
            while (!f->released) {
                pthread_cond_wait(&changed, &lock);
            }
            f->waiting -= 1;
            f->inside -= 1;
            break;
        }
    }
    pthread_mutex_unlock(&lock);
    if (sleep_microseconds > 0) {
        struct timespec left = {sleep_microseconds / 1000000, sleep_microseconds % 1000000 * 1000};
        while (nanosleep(&left, &left) != 0 && errno == EINTR) {
        }
    }
    return verdict;
}

int disk_shim_counter_open(const char *prefix) {
    char resolved[PATH_MAX];
    shim_resolve_prefix(prefix, resolved);
    int handle = -1;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < COUNTERS && handle < 0; i++) {
        if (!counters[i].used) {
            memset(&counters[i], 0, sizeof counters[i]);
            memcpy(counters[i].prefix, resolved, sizeof resolved);
            counters[i].used = true;
            atomic_fetch_add(&shim_active, 1);
            handle = i;
        }
    }
    pthread_mutex_unlock(&lock);
    return handle;
}

disk_shim_counts disk_shim_counter_read(int handle) {
    pthread_mutex_lock(&lock);
    disk_shim_counts counts = counters[handle].counts;
    pthread_mutex_unlock(&lock);
    return counts;
}

void disk_shim_counter_close(int handle) {
    pthread_mutex_lock(&lock);
    counters[handle].used = false;
    atomic_fetch_sub(&shim_active, 1);
    pthread_mutex_unlock(&lock);
}

void shim_count(int kind, const char *path, int64_t bytes, bool synchronous) {
    pthread_mutex_lock(&lock);
    for (int i = 0; i < COUNTERS; i++) {
        if (counters[i].used && shim_covers(counters[i].prefix, path)) {
            counters[i].counts.calls[kind] += 1;
            counters[i].counts.bytes += bytes > 0 ? (uint64_t)bytes : 0;
            counters[i].counts.synchronous += synchronous ? 1 : 0;
        }
    }
    pthread_mutex_unlock(&lock);
}

// One "kind:n[+]:what:prefix". A child that misreads its orders must not run on as if healthy.
static void arm_from_text(char *text) {
    static const char *const kinds[] = {"flush", "meta", "write", "allocate", "directory",
                                        "rename", "seal"};
    char *rest = text;
    const char *kind_text = strsep(&rest, ":"), *n = rest ? strsep(&rest, ":") : NULL;
    const char *what = rest ? strsep(&rest, ":") : NULL;
    int kind = -1, action = disk_shim_error;
    for (int i = 0; i < disk_shim_kind_count; i++) {
        if (strcmp(kinds[i], kind_text) == 0) {
            kind = i;
        }
    }
    if (kind < 0 || what == NULL || rest == NULL) {
        static const char complaint[] = "diskshim: RLOG_DISK_FAULT: kind:n[+]:what:prefix\n";
        (void)!write(2, complaint, sizeof complaint - 1);
        _exit(64);
    }
    int64_t value = 0;
    if (strncmp(what, "delay=", 6) == 0) {
        action = disk_shim_delay;
        value = atoll(what + 6);
    } else if (strncmp(what, "short=", 6) == 0) {
        action = disk_shim_short;
        value = atoll(what + 6);
    } else if (strcmp(what, "kill") == 0) {
        action = disk_shim_kill;
    } else if (strcmp(what, "skip") == 0) {
        action = disk_shim_skip;
    } else {
        value = strcmp(what, "EIO") == 0      ? EIO
                : strcmp(what, "ENOSPC") == 0 ? ENOSPC
                : strcmp(what, "EDQUOT") == 0 ? EDQUOT
                                              : atoll(what);
    }
    disk_shim_arm(kind, action, value, strtoull(n, NULL, 10), strchr(n, '+') != NULL, rest);
}

__attribute__((constructor)) static void arm_from_environment(void) {
    const char *orders = getenv("RLOG_DISK_FAULT");
    if (orders == NULL || orders[0] == 0) {
        return;
    }
    char *copy = strdup(orders);
    for (char *rest = copy, *one; (one = strsep(&rest, ";")) != NULL;) {
        if (one[0] != 0) {
            arm_from_text(one);
        }
    }
    free(copy);
}
