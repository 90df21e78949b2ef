// CRC-32C three ways: by tables (slicing-by-8) everywhere; by the CRC instruction of SSE4.2 or
// ARMv8, 8 bytes a step; and by three streams of that instruction at once. Which of them a
// processor has is asked at run time, on Apple's when compiled.
//
// The instruction takes 3 cycles and may be begun in every one, so that one chain of them does 8
// bytes in 3 cycles and three chains do 24. The streams are the three parts of a block of 24 n
// bytes, each with a checksum of its own: A, B and C. That of the block is A carried over 2 n
// words, plus B carried over n, plus C. To carry a checksum over m words is to multiply it by
// x^64m modulo the polynomial (V. Gopal et al., "Fast CRC Computation for iSCSI Polynomial Using
// CRC32 Instruction", Intel, 2011):
//
// - The carry-less product of two reflected 32-bit numbers is, read as a reflected word of 64
//   bits, theirs times x. The instruction, given a word and the checksum 0, answers the word times
//   x^32 modulo the polynomial. So a factor x^(64m - 33) gives the product wanted: those are in
//   shifts.h.
// - Checksums are linear: both products are added to the last word of C before its own
//   instruction, and cost none of their own.
//
// The blocks of a row of a few hundred bytes are as long as the row allows, so that it gains as
// well.

#include "crc32c.h"

#include <pthread.h>
#include <string.h>

#include "shifts.h"

// The tables are made once, at the first use of the software way: 8 KiB that a processor with
// the instruction never touches.
static uint32_t table[8][256];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void make_table(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ ((crc & 1) ? 0x82F63B78u : 0);
        }
        table[0][byte] = crc;
    }
    for (uint32_t byte = 0; byte < 256; byte++) {
        for (int slice = 1; slice < 8; slice++) {
            uint32_t before = table[slice - 1][byte];
            table[slice][byte] = (before >> 8) ^ table[0][before & 0xFF];
        }
    }
}

static uint32_t load_little_endian(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t by_tables(uint32_t crc, const void *bytes, size_t count) {
    pthread_once(&table_once, make_table);
    const uint8_t *p = bytes;
    crc = ~crc;
    while (count >= 8) {
        uint32_t low = crc ^ load_little_endian(p);
        uint32_t high = load_little_endian(p + 4);
        crc = table[7][low & 0xFF] ^ table[6][(low >> 8) & 0xFF] ^
              table[5][(low >> 16) & 0xFF] ^ table[4][low >> 24] ^
              table[3][high & 0xFF] ^ table[2][(high >> 8) & 0xFF] ^
              table[1][(high >> 16) & 0xFF] ^ table[0][high >> 24];
        p += 8;
        count -= 8;
    }
    while (count > 0) {
        crc = (crc >> 8) ^ table[0][(crc ^ *p) & 0xFF];
        p += 1;
        count -= 1;
    }
    return ~crc;
}

// Each processor says what one step is: the instruction over 8, 4, 2 or 1 bytes, and the
// carry-less product.

#if defined(__x86_64__)

#include <immintrin.h>

#define HAS_INSTRUCTION 1
#define ONE_STREAM __attribute__((target("sse4.2")))
#define THREE_STREAMS __attribute__((target("sse4.2,pclmul")))
#define STEP_8(crc, word) ((uint32_t)_mm_crc32_u64(crc, word))
#define STEP_4(crc, word) _mm_crc32_u32(crc, word)
#define STEP_2(crc, word) _mm_crc32_u16(crc, word)
#define STEP_1(crc, byte) _mm_crc32_u8(crc, byte)

THREE_STREAMS static inline uint64_t multiply(uint32_t crc, uint32_t factor) {
    __m128i left = _mm_cvtsi32_si128((int)crc);
    __m128i right = _mm_cvtsi32_si128((int)factor);
    return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(left, right, 0));
}

crc32c_way crc32c_best_way(void) {
    // Both read a word that the compiler's start-up code filled in: cheap enough for every call.
    if (!__builtin_cpu_supports("sse4.2")) return CRC32C_TABLES;
    return __builtin_cpu_supports("pclmul") ? CRC32C_THREE_STREAMS : CRC32C_ONE_STREAM;
}

#elif defined(__aarch64__) && (defined(__linux__) || defined(__ARM_FEATURE_CRC32))

#include <arm_neon.h>

// A compiler told nothing about the processor builds for plain ARMv8.0, where both instructions are
// optional: they are asked for by name here and used if the kernel reports them.
#define HAS_INSTRUCTION 1
#define ONE_STREAM __attribute__((target("crc")))
#define THREE_STREAMS __attribute__((target("crc,aes")))
#define STEP_8(crc, word) __builtin_arm_crc32cd(crc, word)
#define STEP_4(crc, word) __builtin_arm_crc32cw(crc, word)
#define STEP_2(crc, word) __builtin_arm_crc32ch(crc, word)
#define STEP_1(crc, byte) __builtin_arm_crc32cb(crc, byte)

THREE_STREAMS static inline uint64_t multiply(uint32_t crc, uint32_t factor) {
    return (uint64_t)vmull_p64((poly64_t)crc, (poly64_t)factor);
}

#if defined(__linux__)

#include <sys/auxv.h>

#define REPORTED_PMULL (1ul << 4)
#define REPORTED_CRC32 (1ul << 7)

crc32c_way crc32c_best_way(void) {
    unsigned long reported = getauxval(AT_HWCAP);
    if (!(reported & REPORTED_CRC32)) return CRC32C_TABLES;
    return reported & REPORTED_PMULL ? CRC32C_THREE_STREAMS : CRC32C_ONE_STREAM;
}

#else

// Every processor of Apple's with this architecture has both.
crc32c_way crc32c_best_way(void) { return CRC32C_THREE_STREAMS; }

#endif

#else

crc32c_way crc32c_best_way(void) { return CRC32C_TABLES; }

#endif

// The shortest block for which two products pay.
#define LEAST_BYTES 96

#if defined(HAS_INSTRUCTION)

ONE_STREAM static inline uint64_t word_at(const uint8_t *p) {
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
}

// Of the inverted checksum, as the two below it.
ONE_STREAM static uint32_t one_stream(uint32_t crc, const uint8_t *p, size_t count) {
    while (count >= 8) {
        crc = STEP_8(crc, word_at(p));
        p += 8;
        count -= 8;
    }
    if (count & 4) {
        uint32_t word;
        memcpy(&word, p, 4);
        crc = STEP_4(crc, word);
        p += 4;
    }
    if (count & 2) {
        uint16_t word;
        memcpy(&word, p, 2);
        crc = STEP_2(crc, word);
        p += 2;
    }
    if (count & 1) {
        crc = STEP_1(crc, *p);
    }
    return crc;
}

// Of three streams of so many words each.
THREE_STREAMS static inline uint32_t block(uint32_t crc, const uint8_t *p, size_t words) {
    const uint8_t *q = p + 8 * words;
    const uint8_t *r = q + 8 * words;
    uint32_t second = 0;
    uint32_t third = 0;
    for (size_t left = words - 1; left > 0; left--) {
        crc = STEP_8(crc, word_at(p));
        second = STEP_8(second, word_at(q));
        third = STEP_8(third, word_at(r));
        p += 8;
        q += 8;
        r += 8;
    }
    crc = STEP_8(crc, word_at(p));
    second = STEP_8(second, word_at(q));
    uint64_t carried =
        multiply(crc, shifts[2 * words - 1]) ^ multiply(second, shifts[words - 1]);
    return STEP_8(third, word_at(r) ^ carried);
}

// The longest that shifts.h reaches.
#define MOST_WORDS 128

THREE_STREAMS static uint32_t three_streams(uint32_t crc, const uint8_t *p, size_t count) {
    while (count >= LEAST_BYTES) {
        size_t words = count / 24 < MOST_WORDS ? count / 24 : MOST_WORDS;
        crc = block(crc, p, words);
        p += 24 * words;
        count -= 24 * words;
    }
    return one_stream(crc, p, count);
}

#else

static uint32_t one_stream(uint32_t crc, const uint8_t *p, size_t count) {
    return ~by_tables(~crc, p, count);
}

static uint32_t three_streams(uint32_t crc, const uint8_t *p, size_t count) {
    return one_stream(crc, p, count);
}

#endif

uint32_t crc32c_update_by(crc32c_way way, uint32_t crc, const void *bytes, size_t count) {
    if (way == CRC32C_TABLES) return by_tables(crc, bytes, count);
    if (way == CRC32C_THREE_STREAMS && count >= LEAST_BYTES) {
        return ~three_streams(~crc, bytes, count);
    }
    return ~one_stream(~crc, bytes, count);
}

uint32_t crc32c_update(uint32_t crc, const void *bytes, size_t count) {
    return crc32c_update_by(crc32c_best_way(), crc, bytes, count);
}
