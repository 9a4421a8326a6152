/* SPDX-License-Identifier: MIT
 *
 * The kernel's clock: reading, stepping, slewing, frequency and status.
 */
#include "io/sys/kernel_clock.h"

#include <errno.h>
#include <string.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "core/ntp/packet.h"
#include "core/select/plan.h"
#include "io/sys/bare_call.h"

/* A 32-bit time_t ends in 2038: such a build must fail. */
_Static_assert(
	sizeof(time_t) >= 8,
	"time_t has 32 bits here: compile with -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 "
	"and a C library that knows them (glibc 2.34 or later), or with musl 1.2");

/* A reading that took longer than this was interrupted; it is repeated. */
#define READ_GAP_ENOUGH_NS INT64_C(2000)
enum { READ_TRIES = 3, PRECISION_READS = 16 };

static int64_t timespec_to_ns(const struct timespec *ts)
{
	return (int64_t)ts->tv_sec * NS_PER_S + ts->tv_nsec;
}

static int clock_read(clockid_t clock, int64_t *ret_ns)
{
	struct timespec ts;
	struct instant at;

	if (clock_gettime(clock, &ts) < 0) {
		return -errno;
	}
	/* Out of range a difference would be silently wrong. */
	at = instant_from_unix(ts.tv_sec, ts.tv_nsec);
	if (instant_is_end(at)) {
		return -EOVERFLOW;
	}
	*ret_ns = at.unix_ns;
	return 0;
}

/* The monotonic clock is read before and after: only so is the gap known, even if the wall
 * clock is stepped in between. */
static int read_once(struct reading *ret)
{
	int64_t mono_ns = 0, wall_ns = 0, boot_ns = 0, end_ns = 0;
	int r = clock_read(CLOCK_MONOTONIC, &mono_ns);

	if (r == 0) {
		r = clock_read(CLOCK_REALTIME, &wall_ns);
	}
	if (r == 0) {
		r = clock_read(CLOCK_BOOTTIME, &boot_ns);
	}
	if (r == 0) {
		r = clock_read(CLOCK_MONOTONIC, &end_ns);
	}
	if (r < 0) {
		return r;
	}
	*ret = (struct reading){
		.wall = { wall_ns },
		.mono_ns = mono_ns,
		.boot_ns = boot_ns,
		.gap_ns = end_ns > mono_ns ? end_ns - mono_ns : 0,
	};
	return 0;
}

int kernel_clock_now(struct reading *ret)
{
	struct reading best, next;
	int r = read_once(&best);

	if (r < 0) {
		return r;
	}
	for (int i = 1; i < READ_TRIES && best.gap_ns > READ_GAP_ENOUGH_NS; i++) {
		r = read_once(&next);
		if (r < 0) {
			return r;
		}
		if (next.gap_ns < best.gap_ns) {
			best = next;
		}
	}
	*ret = best;
	return 0;
}

/* The cost of one read of the wall clock, or its resolution where that is coarser (a clock
 * that moves only at timer ticks reads the same many times). */
int kernel_clock_precision(int64_t *ret_ns)
{
	struct timespec resolution;
	int64_t least_ns = INT64_MAX, last_ns = 0, now_ns = 0;
	int r;

	if (clock_getres(CLOCK_REALTIME, &resolution) < 0) {
		return -errno;
	}
	r = clock_read(CLOCK_REALTIME, &last_ns);
	for (int i = 0; r == 0 && i < PRECISION_READS; i++) {
		r = clock_read(CLOCK_REALTIME, &now_ns);
		if (r == 0 && now_ns > last_ns && now_ns - last_ns < least_ns) {
			least_ns = now_ns - last_ns;
		}
		last_ns = now_ns;
	}
	if (r < 0) {
		return r;
	}
	if (least_ns == INT64_MAX || least_ns < timespec_to_ns(&resolution)) {
		least_ns = timespec_to_ns(&resolution);
	}
	*ret_ns = least_ns > 1 ? least_ns : 1;
	return 0;
}

/* `tick` is in microseconds per 1/_SC_CLK_TCK second. */
static int64_t tick_ppb(const struct timex *tx)
{
	int64_t ticks_per_s = sysconf(_SC_CLK_TCK);

	return ticks_per_s <= 0 ? 0 : ((int64_t)tx->tick * ticks_per_s - 1000000) * 1000;
}

/* Rounded to nearest, so that a value reads back unchanged. */
static int64_t divided(int64_t value, int64_t by)
{
	return (value + (value < 0 ? -by : by) / 2) / by;
}

/* `freq` is ppm with a 16-bit fraction. */
static int64_t frequency_ppb(const struct timex *tx)
{
	return tick_ppb(tx) + divided((int64_t)tx->freq * 1000, 65536);
}

int kernel_clock_state(struct kernel_clock_state *ret)
{
	struct timex tx = { .modes = 0 };
	struct timex slew = { .modes = ADJ_OFFSET_SS_READ };
	int64_t precision_ns = 0;
	int state, r;

	state = adjtimex(&tx);
	if (state < 0 || adjtimex(&slew) < 0) {
		return -errno;
	}
	r = kernel_clock_precision(&precision_ns);
	if (r < 0) {
		return r;
	}
	*ret = (struct kernel_clock_state){
		.is_unsynchronised = state == TIME_ERROR || (tx.status & STA_UNSYNC),
		.is_pll_active = tx.status & (STA_PLL | STA_FLL),
		.status = tx.status,
		.leap = tx.status & STA_INS   ? NTP_LEAP_INSERT
		        : tx.status & STA_DEL ? NTP_LEAP_DELETE
		                              : NTP_LEAP_NONE,
		.frequency_ppb = frequency_ppb(&tx),
		.tick_us = tx.tick,
		.tick_ppb = tick_ppb(&tx),
		.max_error_ns = (int64_t)tx.maxerror * NS_PER_US,
		.estimated_error_ns = (int64_t)tx.esterror * NS_PER_US,
		.pending_slew_ns = (int64_t)slew.offset * NS_PER_US,
		.precision_ns = precision_ns,
		.tai_offset_s = tx.tai,
	};
	return 0;
}

int kernel_clock_may_set(void)
{
	/* Linux checks CAP_SYS_TIME in the initial user namespace first and tv_usec
	 * afterwards (timekeeping_validate_timex).  Every version with ADJ_SETOFFSET
	 * refuses -1, with and without ADJ_NANO. */
	struct timex tx = { .modes = ADJ_SETOFFSET | ADJ_NANO, .time = { .tv_usec = -1 } };

	return clock_adjtime(CLOCK_REALTIME, &tx) >= 0 || errno == EINVAL ? 0 : -errno;
}

/* Seconds rounded down, so that the rest is in [0, 1e9) for steps backwards too: -0.3 s is
 * { -1, 700000000 }. */
static struct timespec split_ns(int64_t ns)
{
	struct timespec ts;

	ts.tv_sec = ns / NS_PER_S - (ns % NS_PER_S < 0);
	ts.tv_nsec = (long)(ns % NS_PER_S + (ns % NS_PER_S < 0 ? NS_PER_S : 0));
	return ts;
}

/* The wall clock's value after a step, read as late as possible before it. */
static int stepped_time(int64_t by_ns, struct timespec *ret)
{
	int64_t now_ns = 0;
	int r = clock_read(CLOCK_REALTIME, &now_ns);

	if (r < 0) {
		return r;
	}
	*ret = split_ns(ns_add(now_ns, by_ns));
	return 0;
}

static int step_by_adjtime(int64_t by_ns)
{
	struct timespec by = split_ns(by_ns);
	/* ADJ_NANO makes tv_usec count nanoseconds. */
	struct timex tx = {
		.modes = ADJ_SETOFFSET | ADJ_NANO,
		.time = { .tv_sec = by.tv_sec, .tv_usec = by.tv_nsec },
	};

	return clock_adjtime(CLOCK_REALTIME, &tx) < 0 ? -errno : 0;
}

static int step_by_settime(int64_t by_ns)
{
	struct timespec to;
	int r = stepped_time(by_ns, &to);

	if (r < 0) {
		return r;
	}
	return clock_settime(CLOCK_REALTIME, &to) < 0 ? -errno : 0;
}

/* The bare system call: the C library's settimeofday() is clock_settime(), which has just
 * been refused. */
static int step_by_settimeofday(int64_t by_ns)
{
	struct timespec to;
	int r = stepped_time(ns_add(by_ns, NS_PER_US / 2), &to);

	return r < 0 ? r : bare_settimeofday(&to);
}

int kernel_clock_step(int64_t by_ns, enum kernel_clock_method *ret_method)
{
	static const struct {
		enum kernel_clock_method method;
		int (*step)(int64_t by_ns);
	} ways[] = {
		{ CLOCK_BY_ADJTIME, step_by_adjtime },
		{ CLOCK_BY_SETTIME, step_by_settime },
		{ CLOCK_BY_SETTIMEOFDAY, step_by_settimeofday },
	};
	int r = -ENOSYS;

	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		r = ways[i].step(by_ns);
		if (r == 0) {
			*ret_method = ways[i].method;
			return 0;
		}
		if (r == -EPERM) {
			break;
		}
	}
	return r;
}

/* The status bits that are set anew: those of a PLL, which would go on moving the clock,
 * and those of the leap second and synchronisation. */
#define STATUS_OURS                                                                        \
	(STA_PLL | STA_FLL | STA_PPSFREQ | STA_PPSTIME | STA_UNSYNC | STA_INS | STA_DEL)

static int status_for(const struct kernel_clock_update *update, int before)
{
	int status = before & ~STATUS_OURS;

	if (!update->has_errors) {
		status |= update->step_ns != 0 ? STA_UNSYNC : before & STA_UNSYNC;
	}
	if (update->leap == NTP_LEAP_INSERT) {
		status |= STA_INS;
	} else if (update->leap == NTP_LEAP_DELETE) {
		status |= STA_DEL;
	}
	return status;
}

/* Resets `tick` and puts the rest into `freq`; beyond the range of `freq` rounds `tick` to
 * nearest. */
static void frequency_set(int64_t wanted_ppb, int64_t tick_before, struct timex *ret)
{
	int64_t ticks_per_s = sysconf(_SC_CLK_TCK);
	int64_t unit_ppb = ticks_per_s * 1000; /* per 1 of `tick` */
	int64_t max_ppb = KERNEL_CLOCK_FREQUENCY_MAX_PPB;
	int64_t ppb = wanted_ppb > max_ppb    ? max_ppb
	              : wanted_ppb < -max_ppb ? -max_ppb
	                                      : wanted_ppb;
	int64_t off = ppb > KERNEL_CLOCK_FREQ_MAX_PPB || ppb < -KERNEL_CLOCK_FREQ_MAX_PPB
	                      ? divided(ppb, unit_ppb)
	                      : 0;

	ret->modes |= ADJ_FREQUENCY;
	ret->tick = (long)(1000000 / ticks_per_s + off);
	ret->modes |= ret->tick != tick_before ? ADJ_TICK : 0;
	ret->freq = (long)divided((ppb - off * unit_ppb) * 65536, 1000);
}

static long microseconds_up(int64_t ns)
{
	return (long)(ns / NS_PER_US + (ns % NS_PER_US > 0));
}

static bool errors_are_representable(const struct kernel_clock_update *update)
{
	return update->has_errors && update->max_error_ns >= 0 &&
	       update->max_error_ns < KERNEL_CLOCK_ERROR_MAX_NS &&
	       update->estimated_error_ns >= 0 &&
	       update->estimated_error_ns < KERNEL_CLOCK_ERROR_MAX_NS;
}

/* All fields except the step. */
static int update_prepare(const struct kernel_clock_update *update, struct timex *ret)
{
	struct timex now = { .modes = 0 };
	struct kernel_clock_update representable = *update;

	if (adjtimex(&now) < 0) {
		return -errno;
	}
	representable.has_errors = errors_are_representable(update);
	*ret = (struct timex){
		.modes = ADJ_STATUS,
		.status = status_for(&representable, now.status),
	};
	if (update->has_frequency) {
		frequency_set(update->frequency_ppb, now.tick, ret);
	}
	if (representable.has_errors) {
		ret->modes |= ADJ_MAXERROR | ADJ_ESTERROR;
		ret->maxerror = microseconds_up(update->max_error_ns);
		ret->esterror = microseconds_up(update->estimated_error_ns);
	}
	return 0;
}

static int settings_r(struct timex tx)
{
	return clock_adjtime(CLOCK_REALTIME, &tx) < 0 ? -errno : 0;
}

int kernel_clock_update(const struct kernel_clock_update *update, int *ret_settings_error)
{
	struct timespec by = split_ns(update->step_ns);
	enum kernel_clock_method method;
	struct timex rest, all;
	int prepared, r;

	prepared = update_prepare(update, &rest);
	if (update->step_ns == 0) {
		r = prepared < 0 ? prepared : settings_r(rest);
		*ret_settings_error = -r;
		return r;
	}
	if (prepared == 0) {
		all = rest;
		all.modes |= ADJ_SETOFFSET | ADJ_NANO;
		all.time.tv_sec = by.tv_sec;
		all.time.tv_usec = by.tv_nsec;
		r = settings_r(all);
		if (r == 0 || r == -EPERM) {
			*ret_settings_error = -r;
			return r;
		}
	}
	/* The kernel validated every other field before it stepped. */
	r = kernel_clock_step(update->step_ns, &method);
	if (r < 0) {
		*ret_settings_error = -r;
		return r;
	}
	*ret_settings_error = prepared < 0 ? -prepared : -settings_r(rest);
	return 0;
}

int kernel_clock_slew(int64_t by_ns)
{
	struct timespec by;
	struct timeval delta;

	if (by_ns > PLAN_SLEW_MAX_NS || by_ns < -PLAN_SLEW_MAX_NS) {
		return -ERANGE;
	}
	by = split_ns(by_ns + NS_PER_US / 2); /* to the nearest microsecond */
	delta = (struct timeval){ .tv_sec = by.tv_sec, .tv_usec = by.tv_nsec / NS_PER_US };
	return adjtime(&delta, NULL) < 0 ? -errno : 0;
}
