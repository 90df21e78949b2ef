#include <lmdb.h>
#include <stdint.h>
#include <string.h>

// XXH64 with seed 0 of whole stripes of 32 bytes: the strong checksum of seals. In C, because every page
// that a transaction writes goes through it, in builds that are not optimised too. Little-endian machines.

typedef struct {
    uint64_t lanes[4];
    uint64_t bytes;
} clmdb_digest;

static const uint64_t clmdb_prime1 = 0x9E3779B185EBCA87ULL;
static const uint64_t clmdb_prime2 = 0xC2B2AE3D27D4EB4FULL;
static const uint64_t clmdb_prime3 = 0x165667B19E3779F9ULL;
static const uint64_t clmdb_prime4 = 0x85EBCA77C2B2AE63ULL;

static inline uint64_t clmdb_rotate(uint64_t value, int bits) {
    return value << bits | value >> (64 - bits);
}

static inline uint64_t clmdb_round(uint64_t lane, uint64_t input) {
    return clmdb_rotate(lane + input * clmdb_prime2, 31) * clmdb_prime1;
}

static inline clmdb_digest clmdb_digest_begin(void) {
    clmdb_digest digest = {
        {clmdb_prime1 + clmdb_prime2, clmdb_prime2, 0, 0 - clmdb_prime1},
        0,
    };
    return digest;
}

// `count` is a multiple of 32.
static inline void clmdb_digest_add(clmdb_digest *digest, const void *bytes, size_t count) {
    const unsigned char *next = (const unsigned char *)bytes;
    uint64_t a = digest->lanes[0], b = digest->lanes[1], c = digest->lanes[2],
             d = digest->lanes[3];
    for (size_t done = 0; done < count; done += 32, next += 32) {
        uint64_t words[4];
        memcpy(words, next, 32);
        a = clmdb_round(a, words[0]);
        b = clmdb_round(b, words[1]);
        c = clmdb_round(c, words[2]);
        d = clmdb_round(d, words[3]);
    }
    digest->lanes[0] = a;
    digest->lanes[1] = b;
    digest->lanes[2] = c;
    digest->lanes[3] = d;
    digest->bytes += count;
}

static inline uint64_t clmdb_digest_end(const clmdb_digest *digest) {
    const uint64_t *lanes = digest->lanes;
    uint64_t hash = clmdb_rotate(lanes[0], 1) + clmdb_rotate(lanes[1], 7) +
                    clmdb_rotate(lanes[2], 12) + clmdb_rotate(lanes[3], 18);
    for (int i = 0; i < 4; i++) {
        hash = (hash ^ clmdb_round(0, lanes[i])) * clmdb_prime1 + clmdb_prime4;
    }
    // Of no stripe at all XXH64 begins in another way, which nobody here needs.
    hash += digest->bytes;
    hash = (hash ^ hash >> 33) * clmdb_prime2;
    hash = (hash ^ hash >> 29) * clmdb_prime3;
    return hash ^ hash >> 32;
}
