#ifndef CRC32C_H
#define CRC32C_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli: polynomial 0x1EDC6F41, reflected, as in RFC 3720 and iSCSI).
///
/// Start with `crc` 0. The result of one call is the `crc` of the next, so that
/// update(update(0, a), b) is the checksum of a followed by b. Any alignment; `bytes` may be NULL
/// when `count` is 0. In the best way that the processor has.
uint32_t crc32c_update(uint32_t crc, const void *bytes, size_t count);

/// How it is computed.
typedef enum {
    /// By tables alone, on every processor.
    CRC32C_TABLES,
    /// By the processor's instruction, 8 bytes after the other.
    CRC32C_ONE_STREAM,
    /// By that instruction in three places at once, joined by carry-less products.
    CRC32C_THREE_STREAMS,
} crc32c_way;

/// The best way that this processor has; every lower one works here too.
crc32c_way crc32c_best_way(void);

/// The same function in a given way, which this processor must have: for tests and measuring.
uint32_t crc32c_update_by(crc32c_way way, uint32_t crc, const void *bytes, size_t count);

#endif
