/* SPDX-License-Identifier: MIT
 *
 * Reads the bound file, and compares the kernel with it.
 */
#include "cmd/status/status_private.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "core/base/ntp_time.h"
#include "io/sys/kernel_clock.h"
#include "io/sys/monotonic.h"

/* Writes through a mapping raise no event that inotify could report. */
#define LOOK_EVERY_NS (100 * NS_PER_MS)

void now_settings_init(struct now_settings *ret)
{
	ret->bound_file = REQTIME_NOW_FILE;
}

static void compare_kernel(struct now_view *view)
{
	struct kernel_clock_state state;

	/* Some containers may not read it. */
	if (view->status == REQTIME_NOW_OK && kernel_clock_state(&state) == 0 &&
	    now_is_steered(&view->facts, view->now.real_ns, state.frequency_ppb,
	                   state.pending_slew_ns)) {
		view->is_steered = true;
		view->status = REQTIME_NOW_UNKNOWN;
	}
}

void now_look(const struct now_settings *settings, struct now_view *ret)
{
	struct reqtime_now_reader reader;
	int r;

	memset(ret, 0, sizeof(*ret));
	ret->status = REQTIME_NOW_UNKNOWN;
	ret->now.real_ns = reqtime_now_clock(CLOCK_REALTIME);
	ret->is_named = strcmp(settings->bound_file, REQTIME_NOW_FILE) != 0;
	r = reqtime_now_open(settings->bound_file, &reader);
	if (r < 0) {
		ret->is_absent = r == -ENOENT || r == -ENOTDIR;
		ret->is_denied = r == -EACCES || r == -EPERM;
		ret->error = ret->is_absent      ? NULL
		             : r == -EMEDIUMTYPE ? "the file is no bound file"
		                                 : strerror(-r);
		return;
	}
	/* A writer changes it in less than a microsecond, and not the fields used here. */
	ret->facts = reader.page->facts;
	if (settings->max_drift_ppm > 0) {
		reader.more_drift_ppb =
			(int64_t)settings->max_drift_ppm * 1000 - ret->facts.max_drift_ppb;
	}
	ret->status = reqtime_now_read(&reader, &ret->now);
	if (ret->now.real_ns == 0) {
		ret->now.real_ns = reqtime_now_clock(CLOCK_REALTIME);
	}
	reqtime_now_close(&reader);
	compare_kernel(ret);
}

bool now_is_within(const struct now_settings *settings, const struct now_view *view)
{
	return view->status == REQTIME_NOW_OK &&
	       (settings->within_ns == 0 ||
	        now_error_ns(view, settings->is_proved) <= settings->within_ns);
}

void now_wait(const struct now_settings *settings, struct now_view *ret)
{
	const int64_t end_ns = ns_add(boottime_now_ns(), settings->wait_ns);

	for (;;) {
		int64_t left_ns;
		struct timespec pause;

		now_look(settings, ret);
		left_ns = ns_sub(end_ns, boottime_now_ns());
		if (now_is_within(settings, ret) || left_ns <= 0) {
			return;
		}
		left_ns = ns_min(left_ns, LOOK_EVERY_NS);
		pause.tv_sec = left_ns / NS_PER_S;
		pause.tv_nsec = (long)(left_ns % NS_PER_S);
		clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	}
}
