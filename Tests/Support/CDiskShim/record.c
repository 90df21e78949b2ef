// Recordings: growing arrays of events, each a copy of what went by.

#define _GNU_SOURCE
#include "internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    bool used, running;
    char prefix[PATH_MAX];
    disk_shim_event *events;
    size_t count, capacity;
} recording;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static recording recordings[RECORDINGS];

int disk_shim_record_begin(const char *directory) {
    char resolved[PATH_MAX];
    shim_resolve_prefix(directory, resolved);
    int handle = -1;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < RECORDINGS && handle < 0; i++) {
        if (!recordings[i].used) {
            memset(&recordings[i], 0, sizeof recordings[i]);
            memcpy(recordings[i].prefix, resolved, sizeof resolved);
            recordings[i].used = recordings[i].running = true;
            atomic_fetch_add(&shim_active, 1);
            handle = i;
        }
    }
    pthread_mutex_unlock(&lock);
    return handle;
}

// With the lock held. Out of memory ends the process: a recording with holes would prove nothing.
static void append(recording *r, const disk_shim_event *event) {
    if (r->count == r->capacity) {
        r->capacity = r->capacity == 0 ? 256 : r->capacity * 2;
        r->events = realloc(r->events, r->capacity * sizeof *r->events);
    }
    if (r->events == NULL) {
        abort();
    }
    disk_shim_event copy = *event;
    copy.path = strdup(event->path ? event->path : "");
    copy.target = strdup(event->target ? event->target : "");
    uint8_t *data = malloc(event->length + 1);
    if (copy.path == NULL || copy.target == NULL || data == NULL) {
        abort();
    }
    if (event->length > 0) {
        memcpy(data, event->data, event->length);
    }
    copy.data = data;
    r->events[r->count] = copy;
    r->count += 1;
}

static bool concerns(const recording *r, const char *path) {
    return r->used && r->running && shim_covers(r->prefix, path);
}

void shim_record(const disk_shim_event *event, shim_span *begins, const shim_span *ends) {
    pthread_mutex_lock(&lock);
    for (int i = 0; i < RECORDINGS; i++) {
        if (begins != NULL) {
            begins->begin[i] = -1;
        }
        if (!concerns(&recordings[i], event->path) &&
            !(event->target != NULL && concerns(&recordings[i], event->target))) {
            continue;
        }
        disk_shim_event placed = *event;
        placed.begin = ends != NULL ? ends->begin[i] : -1;
        if (begins != NULL) {
            begins->begin[i] = (int64_t)recordings[i].count;
        }
        append(&recordings[i], &placed);
    }
    pthread_mutex_unlock(&lock);
}

void disk_shim_mark(int handle, uint64_t kind, uint64_t value) {
    disk_shim_event event = {.kind = disk_shim_event_mark, .begin = -1};
    event.mark_kind = kind;
    event.mark_value = value;
    pthread_mutex_lock(&lock);
    if (recordings[handle].running) {
        append(&recordings[handle], &event);
    }
    pthread_mutex_unlock(&lock);
}

void disk_shim_record_stop(int handle) {
    pthread_mutex_lock(&lock);
    if (recordings[handle].running) {
        recordings[handle].running = false;
        atomic_fetch_sub(&shim_active, 1);
    }
    pthread_mutex_unlock(&lock);
}

size_t disk_shim_record_count(int handle) {
    pthread_mutex_lock(&lock);
    size_t count = recordings[handle].count;
    pthread_mutex_unlock(&lock);
    return count;
}

bool disk_shim_record_event(int handle, size_t index, disk_shim_event *event) {
    pthread_mutex_lock(&lock);
    bool found = index < recordings[handle].count;
    if (found) {
        *event = recordings[handle].events[index];
    }
    pthread_mutex_unlock(&lock);
    return found;
}

void disk_shim_record_free(int handle) {
    disk_shim_record_stop(handle);
    pthread_mutex_lock(&lock);
    recording *r = &recordings[handle];
    for (size_t i = 0; i < r->count; i++) {
        free((void *)r->events[i].path);
        free((void *)r->events[i].target);
        free((void *)r->events[i].data);
    }
    free(r->events);
    memset(r, 0, sizeof *r);
    pthread_mutex_unlock(&lock);
}
