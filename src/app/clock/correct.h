/* SPDX-License-Identifier: MIT
 *
 * The privileged half of `set`.  It never sees a packet: it gets one record of fixed size
 * from the measuring process, checks everything in it that it can, plans again by its own
 * limits, and updates the kernel in one system call, two for a slew.
 */
#ifndef APP_CLOCK_CORRECT_H
#define APP_CLOCK_CORRECT_H

#include "core/select/decide.h"
#include "core/select/other_daemon.h"
#include "core/select/reading.h"
#include "core/select/run.h"
#include "io/sys/kernel_clock.h"

#define CORRECT_RECORD_MAGIC UINT32_C(0x72715433)

/* The message from the measuring process: no pointer, no text, the same program on both
 * sides.  Unused octets are zero. */
struct correct_record {
	uint32_t magic;
	uint32_t status; /* enum run_status */
	int64_t offset_ns;
	int64_t bound_ns;
	int64_t wall_ns; /* local clock at the moment of the offset ... */
	int64_t mono_ns; /* ... and the monotonic one: reveals a step or a wait since */
	uint32_t leap;
	uint32_t agreeing_count;
	uint32_t asked_count;
	uint32_t agreeing_server_count;
	/* Estimates from past runs (core/discipline/discipline.h).  They narrow the
	 * correction, choose within the bound, or change the frequency as far as
	 * discipline_frequency_allowed() permits in one run. */
	uint32_t has_advice;   /* the next five are known */
	int64_t phase_ns;      /* the advised correction; |phase - offset| <= bound */
	int64_t phase_sd_ns;   /* its standard deviation: esterror */
	int64_t in_flight_ns;  /* of that correction, by an earlier slew in this second */
	int64_t frequency_ppb; /* to be given to the kernel */
	int64_t beyond_ppb;    /* needed, but out of the kernel's range; or 0 */
	int64_t expected_ns;   /* the offset expected from past runs ... */
	int64_t expected_bound_ns; /* ... within this; <= 0: no expectation */
	/* The kernel's frequency at the end of the previous run, whatever its outcome (also
	 * busy: then a change is reported once), in the same boot. */
	uint32_t has_last_frequency;
	uint32_t
		leap_armed; /* enum ntp_leap that an earlier run of ours armed, this boot */
	int64_t last_frequency_ppb;
};

enum correct_status {
	CORRECT_DONE,       /* verified by a read-back; or nothing was needed */
	CORRECT_REFUSED,    /* or held back, by the decision */
	CORRECT_NO_ANSWER,  /* the record has no answer; its status gives the reason */
	CORRECT_BAD_RECORD, /* an invalid record: the measuring process misbehaved */
	CORRECT_STALE,      /* over a second old, or the clock was stepped: measure again */
	CORRECT_NOT_PERMITTED,
	CORRECT_FAILED,    /* the system call failed: `error` */
	CORRECT_NOT_MOVED, /* the call succeeded, but the read-back does not match */
	CORRECT_BUSY,      /* another program disciplines the clock: `other_daemon` */
};

struct correct_result {
	enum correct_status status;
	int error;                /* errno of CORRECT_FAILED */
	struct decision decision; /* of the privileged side */
	enum plan_action applied; /* PLAN_NONE unless the clock was given something */
	int64_t applied_ns;
	int64_t readback_ns; /* how far the clock was seen to have moved */

	/* With CORRECT_BUSY, and as a warning of a dry run and of --force. */
	enum other_daemon other_daemon;
	/* The kernel's clock before and after; both as found where nothing was done. */
	bool has_kernel;    /* the rest is known */
	bool is_verified;   /* given frequency, status and errors match the read-back */
	int settings_error; /* errno: correction taken, these settings refused */
	int64_t frequency_before_ppb;
	int64_t frequency_after_ppb;
	/* After a correction: how much faster the clock would have to run than the kernel
	 * could be set to; beyond CORRECT_RATE_TOLERANCE_PPB it will not follow. */
	int64_t rate_missing_ppb;
	int64_t stray_tick_us; /* `tick` left by another program, reset by this run; or 0 */
	int64_t slew_before_ns; /* what adjtime() had pending */
	int64_t slew_after_ns;
	int64_t slew_lasts_ns; /* until slew_after_ns is done ... */
	int64_t slew_ends_ns;  /* ... which is then, by the local clock, unix ns; 0: none */
	int64_t max_error_ns;  /* after */
	int64_t estimated_error_ns;
	uint32_t kernel_flags; /* CORRECT_KERNEL_*, after */
	uint32_t kernel_flags_before;
	uint32_t leap_armed; /* enum ntp_leap that we have armed: for the next record */
	int rtc_error;       /* of --rtc: 0 or errno; set_decide fills it */
	bool rtc_written;
	bool rtc_waits; /* the time is not confirmed yet */
};

#define CORRECT_RATE_TOLERANCE_PPB 1000

/* In kernel_flags. */
#define CORRECT_KERNEL_UNSYNC UINT32_C(1)
#define CORRECT_KERNEL_PLL UINT32_C(2)
#define CORRECT_KERNEL_LEAP_INSERT UINT32_C(4)
#define CORRECT_KERNEL_LEAP_DELETE UINT32_C(8)

/* The clock for `set`: io/sys/kernel_clock.c, or in tests a simulated clock. */
struct clock_ports {
	void *ctx;
	int (*now)(void *ctx, struct reading *ret);
	int (*raise)(void *ctx); /* capability on ... */
	int (*clear)(void *ctx); /* ... and off */
	int (*state)(void *ctx, struct kernel_clock_state *ret);
	/* Like kernel_clock_update(). */
	int (*update)(void *ctx, const struct kernel_clock_update *update,
	              int *ret_settings_error);
	int (*slew)(void *ctx, int64_t by_ns);
	enum other_daemon (*other_daemon)(
		void *ctx); /* a running time daemon; NULL: do not look */
};

struct correct_wish {
	bool is_dry;         /* plan, but change nothing */
	bool is_force;       /* even if another program disciplines the clock */
	bool is_disciplined; /* false: --no-discipline */
	bool remembers;      /* the anchor will persist until the next run */
	/* For validating the record: SERVERs named, addresses of each at most, and --liars,
	 * --min-sources (0: none). */
	size_t server_count;
	size_t pool;
	size_t liars; /* SELECT_LIARS_DEFAULT: fewer than half */
	size_t min_sources;
};

/* The clock will not stay right: the kernel cannot be set to the rate that it needs. */
static inline bool correct_rate_is_missing(const struct correct_result *result)
{
	return result->rate_missing_ppb > CORRECT_RATE_TOLERANCE_PPB ||
	       result->rate_missing_ppb < -CORRECT_RATE_TOLERANCE_PPB;
}

/* Never fails: `*ret` holds the outcome.  `anchor` is updated to now and by the outcome: an
 * offset refused or held back is recorded as seen, one that the clock follows as trusted;
 * otherwise the anchor is the previous one.  Before `clock->update` it has the frequency
 * that the kernel is about to get. */
void correct_apply(const struct correct_record *record, const struct plan_limits *limits,
                   const struct clock_ports *clock, const struct correct_wish *wish,
                   struct anchor *anchor, struct correct_result *ret);

#endif
