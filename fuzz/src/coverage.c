/* Where C code goes: libFuzzer is told by counters of its own that it looks for under this name, since GCC knows only this
 * way to report it (-fsanitize-coverage=trace-pc), and libFuzzer refuses that one. */
#include <stdint.h>

#define COUNTERS (1 << 16)

__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t counters[COUNTERS];

__attribute__((no_sanitize_coverage, no_sanitize_address)) void __wrap___sanitizer_cov_trace_pc(void) {
    uintptr_t place = (uintptr_t)__builtin_return_address(0);
    uint8_t *counter = &counters[(place ^ (place >> 16)) % COUNTERS];
    if (*counter != UINT8_MAX) {
        *counter += 1;
    }
}

/* GCC reports comparisons of fractions, too; libFuzzer has no use for them. */
__attribute__((no_sanitize_coverage)) void __sanitizer_cov_trace_cmpf(float one, float other) {
    (void)one;
    (void)other;
}

__attribute__((no_sanitize_coverage)) void __sanitizer_cov_trace_cmpd(double one, double other) {
    (void)one;
    (void)other;
}
