/* SPDX-License-Identifier: MIT
 *
 * The decision of `set`, and the calls that change the clock, made by the privileged
 * parent.
 */
#include "cmd/set/set_private.h"

#include <string.h>
#include <unistd.h>

#include "io/sys/boot_id.h"
#include "io/sys/clock_error.h"
#include "io/sys/kernel_clock.h"
#include "io/sys/other_daemon.h"
#include "io/sys/priv.h"
#include "io/sys/rtc.h"

/* The context of the calls below. */
struct decider {
	struct decide_view view; /* first: decide_clock reads it */
	const struct set_settings *set;
};

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

/* True if the next run will find the anchor. */
static bool anchor_keep(const struct decider *decider)
{
	struct set_shared *shared = decider->set->shared;

	if (shared) {
		shared->anchor = decider->view.anchor;
		shared->has_anchor = true;
	}
	return anchor_file_write(decider->set->anchor_file, &decider->view.anchor) ||
	       shared;
}

/* The anchor already has the new frequency: it is stored before the kernel gets it. */
static int clock_update(void *ctx, const struct kernel_clock_update *update,
                        int *ret_settings_error)
{
	const struct decider *decider = ctx;

	if (update->has_frequency) {
		(void)!anchor_keep(decider);
	}
	return kernel_clock_update(update, ret_settings_error);
}

static int clock_slew(void *ctx, int64_t by_ns)
{
	(void)ctx;
	return kernel_clock_slew(by_ns);
}

/* The hardware clock gets the true time, not that of a clock that may still slew. */
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
		if (result->decision.verdict == DECIDE_PARTLY) {
			return RUN_REFUSED;
		}
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

/* The anchor as this process last stored it, advanced to this boot and stored at once: the
 * state of the clock before any change is known only now. */
static bool anchor_open(struct decider *decider)
{
	const struct set_shared *shared = decider->set->shared;
	struct decide_view *view = &decider->view;
	struct reading now;

	boot_id_read(view->boot_id);
	anchor_file_read(decider->set->anchor_file, view->boot_id, decide_release(),
	                 &view->anchor);
	if (shared && shared->has_anchor &&
	    anchor_is_newer(&shared->anchor, &view->anchor, view->boot_id)) {
		view->anchor = shared->anchor;
	}
	if (kernel_clock_now(&now) < 0) {
		return false;
	}
	anchor_begin(&view->anchor, view->boot_id, &now);
	return anchor_keep(decider) && view->boot_id[0] != '\0';
}

/* Whether further runs may confirm the offset, by the parent's own decision.  A run without
 * an answer does not end an earlier hold. */
static bool is_held_back(const struct correct_result *result, bool was_held_back)
{
	const struct decision *decision = &result->decision;

	if (result->status == CORRECT_NO_ANSWER || result->status == CORRECT_STALE ||
	    result->status == CORRECT_BAD_RECORD) {
		return was_held_back;
	}
	return (result->status == CORRECT_REFUSED || decision->verdict == DECIDE_PARTLY) &&
	       decision->verdict != DECIDE_IMPOSSIBLE && !decision->is_limit_given;
}

static void reply_finish(const struct correct_record *record, bool may_repeat,
                         struct set_reply *reply)
{
	reply->status = status_of(&reply->result, record);
	reply->is_again = may_repeat && reply->result.status == CORRECT_STALE;
}

struct set_reply set_decide(const struct set_settings *set, size_t server_count,
                            const struct correct_record *record, bool may_repeat)
{
	const struct plan_limits limits = decide_limits(&set->decide);
	struct correct_wish wish =
		decide_wish(&set->decide, &set->measurement, server_count);
	struct decider decider = { .set = set };
	struct clock_ports clock = decide_clock;
	struct set_reply reply;
	int r;

	clock.ctx = &decider;
	clock.raise = clock_raise;
	clock.clear = clock_clear;
	clock.update = clock_update;
	clock.slew = clock_slew;
	memset(&reply, 0, sizeof(reply)); /* padding crosses a socket, too */
	/* Daemons that run now, not when this process started. */
	decider.view.other_daemon = other_daemon_look("/proc");
	reply.view = proc_view_look("/proc");
	wish.remembers = anchor_open(&decider);
	correct_apply(record, &limits, &clock, &wish, &decider.view.anchor, &reply.result);
	reply.is_not_remembered = !anchor_keep(&decider) || !wish.remembers;
	/* The hardware clock keeps it over a reboot. */
	if (set->is_rtc && reply.result.status == CORRECT_DONE) {
		reply.result.rtc_waits = !reply.result.decision.is_confirmed;
		r = reply.result.rtc_waits ? 0 : rtc_set(record, &reply.result);
		reply.result.rtc_written = r == 0 && !reply.result.rtc_waits;
		reply.result.rtc_error = -r;
	}
	if (set->shared) {
		set->shared->is_held_back =
			is_held_back(&reply.result, set->shared->is_held_back);
	}
	reply_finish(record, may_repeat, &reply);
	return reply;
}

struct set_reply set_decide_dry(const struct set_settings *set, size_t server_count,
                                const struct decide_view *view,
                                const struct correct_record *record, bool may_repeat)
{
	struct set_reply reply;

	memset(&reply, 0, sizeof(reply));
	reply.view = view->proc;
	decide_dry(view, &set->measurement, server_count, record, &reply.result);
	reply_finish(record, may_repeat, &reply);
	return reply;
}
