#ifndef CRC32C_H
#define CRC32C_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli: polynomial 0x1EDC6F41, reflected, as in RFC 3720 and iSCSI).
///
/// Start with `crc` 0. The result of one call is the `crc` of the next, so that
/// update(update(0, a), b) is the checksum of a followed by b. Any alignment; `bytes` may be NULL
/// when `count` is 0. Uses the processor's CRC instruction where it has one.
uint32_t crc32c_update(uint32_t crc, const void *bytes, size_t count);

/// The same function by tables alone, for processors without the instruction and for tests.
uint32_t crc32c_update_software(uint32_t crc, const void *bytes, size_t count);

/// Whether crc32c_update uses the processor's instruction here.
bool crc32c_is_hardware(void);

#endif
