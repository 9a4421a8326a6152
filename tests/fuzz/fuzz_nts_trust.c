/* SPDX-License-Identifier: MIT
 *
 * The dates of a certificate, and an interval of time: 32 octets are four numbers, compared
 * here with 128 bits.
 */
#include <stdlib.h>
#include <string.h>

#include "core/nts/trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert(): must hold in every build. */
static void must(bool holds)
{
	if (!holds) {
		abort();
	}
}

static bool is_inside(const struct nts_window *window, int64_t ns)
{
	return (__int128)ns >= (__int128)window->from_s * NS_PER_S &&
	       (__int128)ns <= (__int128)window->until_s * NS_PER_S;
}

static void check(const struct nts_window *window, int64_t lo_ns, int64_t hi_ns)
{
	const enum nts_trust trust =
		nts_trust_at(window, (struct instant){ lo_ns }, (struct instant){ hi_ns });
	const bool is_bounded = lo_ns != INT64_MIN && lo_ns != INT64_MAX &&
	                        hi_ns != INT64_MIN && hi_ns != INT64_MAX;

	switch (trust) {
	case NTS_TRUST_VALID:
		must(is_bounded && is_inside(window, lo_ns) && is_inside(window, hi_ns));
		return;
	case NTS_TRUST_EXPIRED:
		must((__int128)lo_ns > (__int128)window->until_s * NS_PER_S);
		return;
	case NTS_TRUST_EARLY:
		must((__int128)hi_ns < (__int128)window->from_s * NS_PER_S);
		return;
	case NTS_TRUST_STRADDLES:
		must(!is_bounded || !is_inside(window, lo_ns) || !is_inside(window, hi_ns));
		must((__int128)lo_ns <= (__int128)window->until_s * NS_PER_S);
		must((__int128)hi_ns >= (__int128)window->from_s * NS_PER_S);
		return;
	}
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int64_t numbers[4];
	struct nts_window window;

	if (size < sizeof(numbers)) {
		return 0;
	}
	memcpy(numbers, data, sizeof(numbers));
	window = (struct nts_window){ numbers[0], numbers[1] };
	must(nts_window_is_valid(&window) == (numbers[0] <= numbers[1]));
	if (numbers[2] <= numbers[3]) {
		check(&window, numbers[2], numbers[3]);
	}
	/* Near the ends of the window, where they are within reach. */
	for (int64_t near = -2; near <= 2; near++) {
		for (size_t i = 0; i < 2; i++) {
			int64_t ns;

			if (!__builtin_mul_overflow(numbers[i], NS_PER_S, &ns) &&
			    !__builtin_add_overflow(ns, near, &ns)) {
				check(&window, ns, ns);
				check(&window, ns < numbers[2] ? ns : numbers[2], ns);
				check(&window, ns, ns > numbers[3] ? ns : numbers[3]);
			}
		}
	}
	return 0;
}
