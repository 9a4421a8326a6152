/* SPDX-License-Identifier: MIT */
#include "set.h"

#include <string.h>

#include "io/kernel_clock.h"
#include "io/priv.h"

static struct plan_limits limits_from(const struct set_settings *set)
{
	struct plan_limits limits = measuring_limits();

	limits.wish = (enum plan_wish)set->wish;
	limits.step_above_ns = set->step_above_ns;
	limits.refuse_above_ns = set->refuse_above_ns;
	limits.any_offset = set->any_offset;
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

static int clock_step(void *ctx, int64_t by_ns)
{
	enum kernel_clock_method method;

	(void)ctx;
	return kernel_clock_step(by_ns, &method);
}

static int clock_slew(void *ctx, int64_t by_ns)
{
	(void)ctx;
	return kernel_clock_slew(by_ns);
}

static int clock_pending(void *ctx, int64_t *ret_slew_ns)
{
	struct kernel_clock_state state;
	int r = kernel_clock_state(&state);

	(void)ctx;
	if (r == 0) {
		*ret_slew_ns = state.pending_slew_ns;
	}
	return r;
}

static const struct clock_ports kernel_clock = {
	.now = clock_now,
	.may_set = clock_may_set,
	.raise = clock_raise,
	.clear = clock_clear,
	.step = clock_step,
	.slew = clock_slew,
	.pending = clock_pending,
};

int set_mono_now(int64_t *ret_ns)
{
	struct reading now;
	int r = kernel_clock_now(&now);

	if (r < 0) {
		command_complain("cannot read the clock: %s", strerror(-r));
		return EXIT_SYSTEM;
	}
	*ret_ns = now.mono_ns;
	return 0;
}

static enum run_status status_of(const struct correct_result *result,
                                 const struct correct_record *record)
{
	switch (result->status) {
	case CORRECT_DONE:
		return RUN_OK;
	case CORRECT_REFUSED:
		return RUN_REFUSED;
	case CORRECT_NO_ANSWER:
		return (enum run_status)record->status;
	case CORRECT_STALE:
		return RUN_NO_ANSWER;
	case CORRECT_NOT_PERMITTED:
		return RUN_NOT_PERMITTED;
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
	struct set_reply reply;

	memset(&reply, 0,
	       sizeof(reply)); /* the octets between the members cross a socket */
	correct_apply(record, &limits, &kernel_clock, set->is_dry, &reply.result);
	reply.status = status_of(&reply.result, record);
	reply.is_again = may_repeat && reply.result.status == CORRECT_STALE;
	return reply;
}
