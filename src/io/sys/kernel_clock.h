/* SPDX-License-Identifier: MIT
 *
 * The system clock: read, and (one system call each) moved.  The only user of
 * clock_adjtime(), adjtimex(), adjtime() and clock_settime().
 */
#ifndef IO_SYS_KERNEL_CLOCK_H
#define IO_SYS_KERNEL_CLOCK_H

#include <stdbool.h>

#include "core/select/reading.h"

/* Reads the three clocks close together: of a few tries the one with the smallest gap.  0
 * or -errno; -EOVERFLOW when the wall clock is outside 1677..2262. */
MUST_USE int kernel_clock_now(struct reading *ret);

/* The kernel's clock state (adjtimex, modes 0; needs no privilege). */
struct kernel_clock_state {
	bool is_unsynchronised; /* STA_UNSYNC or TIME_ERROR */
	bool is_pll_active;     /* STA_PLL or STA_FLL: some program disciplines it */
	int status;             /* STA_* as they are */
	unsigned leap;          /* enum ntp_leap armed in the kernel: STA_INS, STA_DEL */
	int64_t frequency_ppb;  /* applied now, including `tick` */
	int64_t tick_us;        /* `tick` of struct timex */
	int64_t tick_ppb;       /* its part of frequency_ppb */
	int64_t max_error_ns;
	int64_t estimated_error_ns;
	int64_t pending_slew_ns; /* what remains of an adjtime() */
	int64_t precision_ns;    /* measured cost of reading CLOCK_REALTIME, >= 1 */
	int tai_offset_s;
};
MUST_USE int kernel_clock_state(struct kernel_clock_state *ret);
/* Only `precision_ns`, for where the rest is not readable (systemd's ProtectClock=yes,
 * seccomp of containers: -EPERM).  0 or -errno. */
MUST_USE int kernel_clock_precision(int64_t *ret_ns);

/* Whether the kernel would let this process set the clock now: 0, or -EPERM.  Uses a value
 * that the kernel rejects as invalid only after it has checked the privilege, so that
 * nothing is ever changed; capget() alone proves nothing (user namespaces). The caller has
 * raised the capability. */
MUST_USE int kernel_clock_may_set(void);

/* The call that made a step. */
enum kernel_clock_method {
	CLOCK_BY_ADJTIME,
	CLOCK_BY_SETTIME,
	CLOCK_BY_SETTIMEOFDAY,
	CLOCK_BY_SLEW
};

/* Moves the clock by `by_ns` at once: clock_adjtime(ADJ_SETOFFSET | ADJ_NANO); where that
 * fails for another reason than EPERM, clock_settime(), then settimeofday().  0 or
 * -errno. */
MUST_USE int kernel_clock_step(int64_t by_ns, enum kernel_clock_method *ret_method);

/* An update of the kernel's clock.  The kernel's maximum error grows by 500 us a second; at
 * 16 s it marks the clock unsynchronised again. */
#define KERNEL_CLOCK_ERROR_MAX_NS (INT64_C(16) * NS_PER_S)
/* The limits of `freq`, and of `tick`, for which Linux takes a tenth of its nominal
 * value. */
#define KERNEL_CLOCK_FREQ_MAX_PPB INT64_C(500000)
#define KERNEL_CLOCK_FREQUENCY_MAX_PPB INT64_C(5000000)
struct kernel_clock_update {
	int64_t step_ns; /* 0: none; cancels what remains of an adjtime() */
	bool has_frequency;
	int64_t frequency_ppb; /* total; `tick` keeps its nominal value where `freq`
	                        * suffices */
	bool has_errors;       /* also: synchronised.  Not for errors of 16 s and more */
	int64_t max_error_ns;
	int64_t estimated_error_ns;
	unsigned leap; /* enum ntp_leap to arm for the end of this day, UTC */
};

/* All of it in one clock_adjtime(): the kernel steps first, which makes it forget its
 * errors and the slew, and then takes the rest.  Its PLL is turned off.  Where the one call
 * is refused for another reason than EPERM, kernel_clock_step() does the step and a second
 * call the rest.  0 or -errno of the step (without a step, of the call);
 * `*ret_settings_error` is 0, or the errno with which the rest was refused. */
MUST_USE int kernel_clock_update(const struct kernel_clock_update *update,
                                 int *ret_settings_error);

/* Slews by `by_ns` with adjtime() (500 ppm), replacing any pending slew.  |by_ns| <=
 * PLAN_SLEW_MAX_NS.  0 or -errno. */
MUST_USE int kernel_clock_slew(int64_t by_ns);

#endif
