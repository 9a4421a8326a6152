/* SPDX-License-Identifier: MIT */
#include "cmd/set/set_private.h"

#include <string.h>
#include <unistd.h>

#include "io/sys/clock_error.h"
#include "io/sys/kernel_clock.h"
#include "io/sys/priv.h"
#include "io/sys/rival.h"
#include "io/sys/rtc.h"

static struct plan_limits limits_from(const struct set_settings *set)
{
	struct plan_limits limits = measuring_limits();

	limits.wish = (enum plan_wish)set->wish;
	limits.step_above_ns = set->step_above_ns;
	limits.refuse_above_ns = set->refuse_above_ns;
	limits.refuse_back_above_ns = set->refuse_back_above_ns;
	limits.any_offset = set->any_offset;
	if (set->floor.unix_ns > limits.floor.unix_ns) {
		limits.floor = set->floor;
	}
	return limits;
}

static int clock_now(void *ctx, struct reading *ret)
{
	(void)ctx;
	return kernel_clock_now(ret);
}

static int clock_may_set(void *ctx)
{
	(void)ctx;
	return kernel_clock_may_set();
}

static int clock_raise(void *ctx)
{
	(void)ctx;
	return priv_raise_time();
}

static int clock_clear(void *ctx)
{
	(void)ctx;
	return priv_clear_time();
}

static int clock_state(void *ctx, struct kernel_clock_state *ret)
{
	(void)ctx;
	return kernel_clock_state(ret);
}

static int clock_order(void *ctx, const struct kernel_clock_order *order, int *ret_tell)
{
	const struct set_settings *set = ctx;

	/* Should this process end before the run is recorded, the next one must not take
	 * its frequency for that of another program. */
	if (order->has_frequency && set->lock) {
		lock_note(set->lock, order->frequency_ppb);
	}
	return kernel_clock_order(order, ret_tell);
}

static int clock_slew(void *ctx, int64_t by_ns)
{
	(void)ctx;
	return kernel_clock_slew(by_ns);
}

static enum rival rival_seen;
static enum proc_view view_seen;

void set_judge_open(void)
{
	rival_seen = rival_look("/proc");
	view_seen = proc_view_look("/proc");
}

static enum rival clock_rival(void *ctx)
{
	(void)ctx;
	return rival_seen;
}

static const struct clock_ports kernel_clock = {
	.now = clock_now,
	.may_set = clock_may_set,
	.raise = clock_raise,
	.clear = clock_clear,
	.state = clock_state,
	.order = clock_order,
	.slew = clock_slew,
	.rival = clock_rival,
};

/* The chip is given the true time, not the clock's that may still be slewing. */
static int rtc_set(const struct correct_record *record, const struct correct_result *result)
{
	int64_t ahead_ns = record->offset_ns;
	int fd, r, cleared;

	if (result->applied == PLAN_STEP) {
		ahead_ns = ns_add(ahead_ns, -result->applied_ns);
	}
	fd = rtc_open();
	if (fd < 0) {
		return fd;
	}
	r = priv_raise_time();
	if (r == 0) {
		r = rtc_write(fd, ahead_ns);
	}
	cleared = priv_clear_time();
	close(fd);
	return cleared < 0 ? cleared : r;
}

int set_mono_now(int64_t *ret_ns)
{
	struct reading now;
	int r = kernel_clock_now(&now);

	if (r < 0) {
		command_complain("cannot read the clock: %s", clock_error_text(r));
		return REQTIME_EXIT_SYSTEM;
	}
	*ret_ns = now.mono_ns;
	return 0;
}

static enum run_status status_of(const struct correct_result *result,
                                 const struct correct_record *record)
{
	switch (result->status) {
	case CORRECT_DONE:
		return correct_rate_is_missing(result) ? RUN_ERROR : RUN_OK;
	case CORRECT_REFUSED:
		return RUN_REFUSED;
	case CORRECT_NO_ANSWER:
		return (enum run_status)record->status;
	case CORRECT_STALE:
		return RUN_NO_ANSWER;
	case CORRECT_NOT_PERMITTED:
		return RUN_NOT_PERMITTED;
	case CORRECT_BUSY:
		return RUN_BUSY;
	case CORRECT_BAD_RECORD:
	case CORRECT_FAILED:
	case CORRECT_NOT_MOVED:
		break;
	}
	return RUN_ERROR;
}

struct set_reply set_judge(const struct set_settings *set,
                           const struct correct_record *record, bool may_repeat)
{
	struct plan_limits limits = limits_from(set);
	struct correct_wish wish = { .is_dry = set->is_dry, .is_force = set->is_force };
	struct clock_ports clock = kernel_clock;
	struct set_reply reply;
	int r;

	memset(&reply, 0,
	       sizeof(reply)); /* the octets between the members cross a socket */
	if (!set->is_dry) {
		set_judge_open(); /* who is at work now, not when this process started */
	}
	if (set->lock) {
		wish.has_noted_frequency = lock_noted(set->lock, &wish.noted_frequency_ppb);
	}
	clock.ctx = (void *)set;
	correct_apply(record, &limits, &clock, &wish, &reply.result);
	if (set->is_rtc && !set->is_dry && reply.result.status == CORRECT_DONE) {
		r = rtc_set(record, &reply.result);
		reply.result.rtc_written = r == 0;
		reply.result.rtc_error = -r;
	}
	reply.view = view_seen;
	reply.status = status_of(&reply.result, record);
	reply.is_again = may_repeat && reply.result.status == CORRECT_STALE;
	return reply;
}
