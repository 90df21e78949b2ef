#ifndef DISKSHIM_H
#define DISKSHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Stands between this process and libc's file calls (Linux): the definitions of pwrite, fdatasync
// and so on in interpose.c pre-empt libc's for every shared library of the process, liblmdb.so too.
// With nothing armed each call passes through after one atomic load.
//
// As a library of its own, to be preloaded into a child process and told by the environment:
//   clang -shared -fPIC -Iinclude -o shim.so *.c -ldl -lpthread
//   RLOG_DISK_FAULT="flush:3:EIO:/data/n1;write:10+:ENOSPC:/data/n1"   (kind:n[+]:what:prefix)
// kind: flush, meta, write, allocate, directory, rename, seal. `+` is for ever. what: the name or number
// of an errno, delay=MICROSECONDS, short=BYTES, skip, or kill (SIGKILL to the process itself).
//
// A prefix is a directory or file; it covers itself and all below. Handles are small numbers; -1
// means that all are taken.

enum disk_shim_kind {
    disk_shim_flush = 0,           // fdatasync or fsync of a file
    disk_shim_meta_write = 1,      // a write of 64 to 512 bytes that begins in the first two pages
    disk_shim_write = 2,           // any other write
    disk_shim_allocate = 3,        // fallocate, posix_fallocate
    disk_shim_directory_sync = 4,  // fsync of a directory
    disk_shim_rename = 5,
    disk_shim_seal_write = 6,      // as a meta write, and begins at byte 152 of its page
    disk_shim_kind_count = 7,
};

enum disk_shim_action {
    disk_shim_error = 0,  // fails with errno `value`; nothing is done
    disk_shim_short = 1,  // a write takes at most `value` bytes
    disk_shim_delay = 2,  // sleeps `value` microseconds, then goes on
    disk_shim_gate = 3,   // waits until the fault is disarmed or released, then goes on
    disk_shim_kill = 4,   // SIGKILL to this process, before the call
    disk_shim_skip = 5,   // a flush does nothing, a synchronous write does not wait; both succeed
};

// Arms a fault for the n-th call (from 1) of a kind below the prefix from now; `sticky`: and all
// after it. Returns a handle.
int disk_shim_arm(int kind, int action, int64_t value, uint64_t nth, bool sticky,
                  const char *prefix);
// How often the fault has fired.
uint64_t disk_shim_fired(int fault);
// Lets calls through the gate, now and from now on.
void disk_shim_release(int fault);
// Waits until a call stands at the gate; false after the timeout.
bool disk_shim_await_gate(int fault, int64_t timeout_milliseconds);
void disk_shim_disarm(int fault);

typedef struct {
    uint64_t calls[disk_shim_kind_count];  // by enum disk_shim_kind, those that failed included
    uint64_t bytes;                        // written, by whatever kind of write
    uint64_t synchronous;                  // writes of either kind on an O_DSYNC descriptor
} disk_shim_counts;

// Counts the calls below the prefix from now until closed.
int disk_shim_counter_open(const char *prefix);
disk_shim_counts disk_shim_counter_read(int counter);
void disk_shim_counter_close(int counter);

enum disk_shim_event_kind {
    disk_shim_event_create = 0,       // open made the file
    disk_shim_event_write = 1,        // completed
    disk_shim_event_dsync_begin = 2,  // a write on an O_DSYNC descriptor, with its bytes
    disk_shim_event_dsync_end = 3,
    disk_shim_event_flush_begin = 4,
    disk_shim_event_flush_end = 5,
    disk_shim_event_truncate = 6,     // to `offset`
    disk_shim_event_rename = 7,
    disk_shim_event_mkdir = 8,
    disk_shim_event_unlink = 9,       // or rmdir
    disk_shim_event_mark = 10,
};

typedef struct {
    int kind;
    int error;           // errno, or 0
    int64_t begin;       // of an end event: the index of its begin, or -1
    int64_t offset;      // of a write; the new length of a truncate
    size_t length;       // bytes in `data`
    bool is_directory;   // of a flush
    uint64_t mark_kind;
    uint64_t mark_value;
    const char *path;    // absolute; empty for a mark
    const char *target;  // of a rename
    const uint8_t *data;
} disk_shim_event;

// Records every effect on what is below the directory, in one order. A write stands where it
// completed; a flush and a synchronous write stand where they began and where they ended.
int disk_shim_record_begin(const char *directory);
void disk_shim_mark(int recording, uint64_t kind, uint64_t value);
void disk_shim_record_stop(int recording);
size_t disk_shim_record_count(int recording);
// The event lives until disk_shim_record_free; ask only when stopped.
bool disk_shim_record_event(int recording, size_t index, disk_shim_event *event);
void disk_shim_record_free(int recording);

#endif
