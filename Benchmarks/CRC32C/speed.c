// How many bytes each way of CRC-32C takes in a cycle, by length: Scripts/crc32c-speed runs it.
//
// The cycles are those of the time stamp counter, which runs at the nominal rate of the processor.
// Each figure is the best of 25 rounds, of calls that follow each other.

#include "crc32c.h"

#include <stdio.h>
#include <time.h>

#if defined(__x86_64__)
#include <x86intrin.h>
static const char unit[] = "cycle";
static double now(void) {
    unsigned processor;
    return (double)__rdtscp(&processor);
}
#else
static const char unit[] = "nanosecond";
static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}
#endif

static unsigned char bytes[65536 + 64];

static double bytes_in_one(crc32c_way way, size_t count) {
    double best = 0;
    uint32_t crc = 0;
    size_t calls = 4000000 / count / (way == CRC32C_TABLES ? 4 : 1);
    for (int round = 0; round < 25; round++) {
        double begin = now();
        for (size_t call = 0; call < calls; call++) {
            crc = crc32c_update_by(way, crc, bytes + call % 8, count);
        }
        double each = (double)(calls * count) / (now() - begin);
        if (each > best) best = each;
    }
    // So that nothing of it is left out.
    bytes[0] = (unsigned char)crc;
    return best;
}

int main(void) {
    static const char *const names[] = {"tables", "one stream", "three streams"};
    static const size_t counts[] = {16, 64, 312, 1024, 4096, 65536};
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(i * 167 + (i >> 3));
    printf("bytes in a %s    ", unit);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) printf("%8zu", counts[i]);
    printf("\n");
    for (int way = CRC32C_TABLES; way <= (int)crc32c_best_way(); way++) {
        printf("%-20s", names[way]);
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            printf("%8.2f", bytes_in_one((crc32c_way)way, counts[i]));
        }
        printf("\n");
    }
    return 0;
}
