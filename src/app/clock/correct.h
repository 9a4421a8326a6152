/* SPDX-License-Identifier: MIT
 *
 * The privileged half of `set`.  It never sees a packet: it is handed one record of fixed
 * size by the measuring process, believes nothing in it that it can check
 * itself, plans again by its own limits, and tells the kernel in one system call, two
 * where there is a slew.
 */
#ifndef APP_CLOCK_CORRECT_H
#define APP_CLOCK_CORRECT_H

#include "core/select/decide.h"
#include "core/select/other_daemon.h"
#include "core/select/reading.h"
#include "core/select/run.h"
#include "io/sys/kernel_clock.h"

#define CORRECT_RECORD_MAGIC UINT32_C(0x72715433)

/* What crosses from the measuring process: no pointer, no text, the same
 * program on both sides.  Unused octets are zero. */
struct correct_record {
	uint32_t magic;
	uint32_t status; /* enum run_status */
	int64_t offset_ns;
	int64_t bound_ns;
	int64_t wall_ns; /* local clock when the offset was right ... */
	int64_t mono_ns; /* ... and the monotonic one: shows a step or a wait since */
	uint32_t leap;
	uint32_t agreeing_count;
	uint32_t asked_count;
	uint32_t agreeing_server_count;
	/* What past runs teach (core/discipline/discipline.h).  It narrows what is done, chooses within
	 * the bound, or changes the frequency as far as discipline_frequency_allowed() lets one run. */
	uint32_t has_advice; /* the next five are known */
	int64_t phase_ns;    /* the correction advised; |phase - offset| <= bound */
	int64_t phase_sd_ns; /* its standard deviation: esterror */
	int64_t in_flight_ns; /* of the correction, what a slew of before does in this second */
	int64_t frequency_ppb; /* to give the kernel */
	int64_t beyond_ppb; /* what the clock needs and no kernel can be given; 0: nothing */
	int64_t expected_ns;       /* what the past lets expect of the offset ... */
	int64_t expected_bound_ns; /* ... within this; 0 and below: nothing */
	/* The kernel's frequency at the end of the run before, whatever became of it (also
	 * busy: then a change is named once), in the same boot. */
	uint32_t has_last_frequency;
	uint32_t
		leap_armed; /* enum ntp_leap that an earlier run of ours armed, this boot */
	int64_t last_frequency_ppb;
};

enum correct_status {
	CORRECT_DONE, /* the clock follows, and a read-back says so; or nothing was needed */
	CORRECT_REFUSED,    /* or held back, by the decision */
	CORRECT_NO_ANSWER,  /* the record holds none; its own status says why */
	CORRECT_BAD_RECORD, /* it makes no sense: the measuring process misbehaved */
	CORRECT_STALE, /* older than a second, or the clock was stepped since: measure again */
	CORRECT_NOT_PERMITTED,
	CORRECT_FAILED,    /* the system call failed: `error` */
	CORRECT_NOT_MOVED, /* it said yes, but the read-back does not match */
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
	bool is_verified;   /* frequency, status and errors were given, and read back so */
	int settings_error; /* errno when the kernel took the correction, but not these */
	int64_t frequency_before_ppb;
	int64_t frequency_after_ppb;
	/* After a run that did something: how much faster the clock would have to run than the kernel
	 * could be told; beyond CORRECT_RATE_TOLERANCE_PPB it will not follow. */
	int64_t rate_missing_ppb;
	int64_t stray_tick_us; /* `tick` of struct timex as another program left it, and which was
	                        * set right; 0: none */
	int64_t slew_before_ns; /* what adjtime() had still to do */
	int64_t slew_after_ns;
	int64_t slew_lasts_ns; /* until slew_after_ns is done ... */
	int64_t slew_ends_ns;  /* ... which is then, by the local clock, unix ns; 0: none */
	int64_t max_error_ns;  /* after */
	int64_t estimated_error_ns;
	uint32_t kernel_flags; /* CORRECT_KERNEL_*, after */
	uint32_t kernel_flags_before;
	uint32_t leap_armed; /* enum ntp_leap that we have armed: the next record's */
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

/* The clock as `set` needs it; io/sys/kernel_clock.c behind it, a history process in tests. */
struct clock_ports {
	void *ctx;
	int (*now)(void *ctx, struct reading *ret);
	int (*raise)(void *ctx); /* capability on ... */
	int (*clear)(void *ctx); /* ... and off */
	int (*state)(void *ctx, struct kernel_clock_state *ret);
	/* As kernel_clock_update(). */
	int (*update)(void *ctx, const struct kernel_clock_update *update,
	              int *ret_settings_error);
	int (*slew)(void *ctx, int64_t by_ns);
	enum other_daemon (*other_daemon)(
		void *ctx); /* a program that is running; NULL: not looked */
};

struct correct_wish {
	bool is_dry;         /* plan, and change nothing */
	bool is_force;       /* although another program disciplines the clock */
	bool is_disciplined; /* false: --no-discipline */
	bool remembers;      /* the anchor will be there at the next run */
	/* What the record is held against: SERVERs named, addresses of each at most, and --liars, --min-sources (0:
	 * none). */
	size_t server_count;
	size_t pool;
	size_t liars; /* SELECT_LIARS_DEFAULT: fewer than half */
	size_t min_sources;
};

/* The clock was corrected and will not stay right: the kernel has another rate than it needs. */
static inline bool correct_rate_is_missing(const struct correct_result *result)
{
	return result->rate_missing_ppb > CORRECT_RATE_TOLERANCE_PPB ||
	       result->rate_missing_ppb < -CORRECT_RATE_TOLERANCE_PPB;
}

/* Never fails: `*ret` says it all.  `anchor` is brought to now, and by what came of the run: what was
 * refused or held back was seen, and what the clock follows is believed; otherwise it is the one from
 * before.  Before `clock->order` it has the frequency that the kernel is about to be given. */
void correct_apply(const struct correct_record *record, const struct plan_limits *limits,
                   const struct clock_ports *clock, const struct correct_wish *wish,
                   struct anchor *anchor, struct correct_result *ret);

#endif
