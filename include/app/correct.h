/* SPDX-License-Identifier: MIT
 *
 * The privileged half of `set`.  It never sees a packet: it is handed one record of fixed
 * size by the measuring process, believes nothing in it that it can check
 * itself, plans again by its own limits, and makes one system call.
 */
#ifndef APP_CORRECT_H
#define APP_CORRECT_H

#include "core/plan.h"
#include "core/reading.h"
#include "core/run.h"

#define CORRECT_RECORD_MAGIC UINT32_C(0x72715432)

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
	/* What past runs teach (core/discipline.h); they can only narrow what is done, or
	 * choose within the bound, so that a taken over process gains nothing by lying. */
	uint32_t has_advice;   /* the next four are known */
	int64_t phase_ns;      /* the correction advised; |phase - offset| <= bound */
	int64_t phase_sd_ns;   /* its standard deviation: esterror */
	int64_t frequency_ppb; /* to give the kernel */
	int64_t promise_ns;    /* |offset| to be promised until the next run: maxerror */
	int64_t expected_ns;   /* what the past lets expect of the offset ... */
	int64_t expected_bound_ns; /* ... within this; below 0: nothing */
	int64_t floor_ns; /* UTC known to be past by the last trusted run; 0: none */
};

enum correct_status {
	CORRECT_DONE, /* the clock follows, and a read-back says so; or nothing was needed */
	CORRECT_REFUSED,    /* by the plan */
	CORRECT_NO_ANSWER,  /* the record holds none; its own status says why */
	CORRECT_BAD_RECORD, /* it makes no sense: the measuring process misbehaved */
	CORRECT_STALE, /* older than a second, or the clock was stepped since: measure again */
	CORRECT_NOT_PERMITTED,
	CORRECT_FAILED,    /* the system call failed: `error` */
	CORRECT_NOT_MOVED, /* it said yes, but the read-back does not match */
};

struct correct_result {
	enum correct_status status;
	int error;                /* errno of CORRECT_FAILED */
	struct plan plan;         /* of the privileged side */
	enum plan_action applied; /* PLAN_NONE unless the clock was given something */
	int64_t applied_ns;
	int64_t readback_ns; /* how far the clock was seen to have moved */
};

/* The clock as `set` needs it; io/kernel_clock.c behind it, a recorder in tests. */
struct clock_ports {
	void *ctx;
	int (*now)(void *ctx, struct reading *ret);
	int (*may_set)(void *ctx);
	int (*raise)(void *ctx); /* capability on ... */
	int (*clear)(void *ctx); /* ... and off */
	int (*step)(void *ctx, int64_t by_ns);
	int (*slew)(void *ctx, int64_t by_ns);
	int (*pending)(void *ctx, int64_t *ret_slew_ns);
};

/* Never fails: `*ret` says it all. `is_dry` plans and changes nothing. */
void correct_apply(const struct correct_record *record, const struct plan_limits *limits,
                   const struct clock_ports *clock, bool is_dry,
                   struct correct_result *ret);

#endif
