/* SPDX-License-Identifier: MIT
 *
 * io/sys/kernel_clock with a simulated kernel: every call that could move a clock is
 * wrapped by the linker, so none reaches the machine's.  Only the readings are real.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>

#include "core/ntp/packet.h"
#include "core/select/plan.h"
#include "io/sys/clock_error.h"
#include "io/sys/kernel_clock.h"

int __wrap_clock_adjtime(clockid_t clock, struct timex *tx);
int __wrap_adjtimex(struct timex *tx);
int __wrap_clock_settime(clockid_t clock, const struct timespec *to);
int __wrap_adjtime(const struct timeval *delta, struct timeval *old);
long __wrap_syscall(long number, ...);
int __real_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);

/* The answers of the simulated kernel (errno, 0 for success) and the calls that it got. */
static struct {
	int adjtime_error; /* of a call that steps; else: */
	int settings_error;
	int settime_error;
	int settimeofday_error;
	int slew_error;
	unsigned adjtime_calls;
	unsigned settime_calls;
	unsigned settimeofday_calls;
	unsigned slew_calls;
	struct timex adjtime;
	struct timespec settime;
	struct timeval settimeofday;
	struct timeval slew;
	struct timex state; /* what adjtimex() shows */
	int state_result;
	int state_error;
	long pending_us;
	time_t wall_s; /* the wall clock's reading; 0: this machine's */
} kernel;

static int answer(int error, int yes)
{
	if (error == 0) {
		return yes;
	}
	errno = error;
	return -1;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
	int r = __real_clock_gettime(clock, ret);

	if (r == 0 && clock == CLOCK_REALTIME && kernel.wall_s != 0) {
		ret->tv_sec = kernel.wall_s;
		ret->tv_nsec = 999999999;
	}
	return r;
}

int __wrap_clock_adjtime(clockid_t clock, struct timex *tx)
{
	assert_int_equal(clock, CLOCK_REALTIME);
	kernel.adjtime_calls++;
	kernel.adjtime = *tx;
	return answer((tx->modes & ADJ_SETOFFSET) ? kernel.adjtime_error
	                                          : kernel.settings_error,
	              TIME_ERROR);
}

int __wrap_adjtimex(struct timex *tx)
{
	if (tx->modes == ADJ_OFFSET_SS_READ) {
		tx->offset = kernel.pending_us;
		return answer(kernel.state_error, kernel.state_result);
	}
	assert_int_equal(tx->modes, 0);
	*tx = kernel.state;
	return answer(kernel.state_error, kernel.state_result);
}

int __wrap_clock_settime(clockid_t clock, const struct timespec *to)
{
	assert_int_equal(clock, CLOCK_REALTIME);
	kernel.settime_calls++;
	kernel.settime = *to;
	return answer(kernel.settime_error, 0);
}

int __wrap_adjtime(const struct timeval *delta, struct timeval *old)
{
	assert_null(old);
	kernel.slew_calls++;
	kernel.slew = *delta;
	return answer(kernel.slew_error, 0);
}

long __wrap_syscall(long number, ...)
{
	/* The kernel's layout, whatever the C library's struct timeval is. */
	const struct {
		long tv_sec;
		long tv_usec;
	} * to;
	const void *zone;
	va_list args;

	assert_int_equal(number, SYS_settimeofday);
	va_start(args, number);
	to = va_arg(args, const void *);
	zone = va_arg(args, const void *);
	va_end(args);
	assert_null(zone); /* a zone would set the kernel's, permanently */
	kernel.settimeofday_calls++;
	kernel.settimeofday =
		(struct timeval){ .tv_sec = to->tv_sec, .tv_usec = to->tv_usec };
	return answer(kernel.settimeofday_error, 0);
}

static int start(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	kernel.state.tick = 10000;
	return 0;
}

static int64_t wall_ns(void)
{
	struct timespec ts;

	assert_int_equal(clock_gettime(CLOCK_REALTIME, &ts), 0);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* ---- step: the value ---- */

struct step_row {
	const char *name;
	int64_t by_ns;
	int64_t want_s;
	int64_t want_ns;
};

static const struct step_row steps[] = {
	/* name                          by            s   ns */
	{ "forward 0.3 s", 300000000, 0, 300000000 },
	{ "back 0.3 s", -300000000, -1, 700000000 },
	{ "forward 1 ns", 1, 0, 1 },
	{ "back 1 ns", -1, -1, 999999999 },
	{ "forward 1 s", 1000000000, 1, 0 },
	{ "back 1 s", -1000000000, -1, 0 },
	{ "back 1.000000001 s", -1000000001, -2, 999999999 },
	{ "forward 25 years", 788400000500000000, 788400000, 500000000 },
	{ "back 25 years", -788400000500000000, -788400001, 500000000 },
	{ "nothing", 0, 0, 0 },
};

static void step_value(void **state)
{
	const struct step_row *row = *state;
	enum kernel_clock_method method = CLOCK_BY_SLEW;

	assert_int_equal(kernel_clock_step(row->by_ns, &method), 0);
	assert_int_equal(method, CLOCK_BY_ADJTIME);
	assert_int_equal(kernel.adjtime_calls, 1);
	assert_int_equal(kernel.adjtime.modes, ADJ_SETOFFSET | ADJ_NANO);
	assert_true(kernel.adjtime.time.tv_sec == row->want_s);
	assert_true(kernel.adjtime.time.tv_usec == row->want_ns);
	assert_int_equal(kernel.settime_calls, 0);
	assert_int_equal(kernel.settimeofday_calls, 0);
}

/* ---- step: the order of the calls ---- */

struct order_row {
	const char *name;
	int errors[3];
	int want;
	enum kernel_clock_method method;
	unsigned calls[3];
};

static const struct order_row orders[] = {
	/* name, errors of the three calls, result, method, calls of each */
	{ "the first way does", { 0, 0, 0 }, 0, CLOCK_BY_ADJTIME, { 1, 0, 0 } },
	{ "EINVAL falls back", { EINVAL, 0, 0 }, 0, CLOCK_BY_SETTIME, { 1, 1, 0 } },
	{ "ENOSYS falls back", { ENOSYS, 0, 0 }, 0, CLOCK_BY_SETTIME, { 1, 1, 0 } },
	{ "EOPNOTSUPP, ENOSYS fall back",
	  { EOPNOTSUPP, ENOSYS, 0 },
	  0,
	  CLOCK_BY_SETTIMEOFDAY,
	  { 1, 1, 1 } },
	{ "EPERM at once is the end", { EPERM, 0, 0 }, -EPERM, CLOCK_BY_SLEW, { 1, 0, 0 } },
	{ "EPERM at the second is the end",
	  { EINVAL, EPERM, 0 },
	  -EPERM,
	  CLOCK_BY_SLEW,
	  { 1, 1, 0 } },
	{ "all refuse: the last reason",
	  { EINVAL, ENOSYS, EFAULT },
	  -EFAULT,
	  CLOCK_BY_SLEW,
	  { 1, 1, 1 } },
};

static void step_update(void **state)
{
	const struct order_row *row = *state;
	enum kernel_clock_method method = CLOCK_BY_SLEW;

	kernel.adjtime_error = row->errors[0];
	kernel.settime_error = row->errors[1];
	kernel.settimeofday_error = row->errors[2];
	assert_int_equal(kernel_clock_step(-300000000, &method), row->want);
	assert_int_equal(method, row->method);
	assert_int_equal(kernel.adjtime_calls, row->calls[0]);
	assert_int_equal(kernel.settime_calls, row->calls[1]);
	assert_int_equal(kernel.settimeofday_calls, row->calls[2]);
}

/* The absolute calls get the time of that very moment, plus the step. */
static void fallback_value(void **state)
{
	enum kernel_clock_method method;
	const int64_t by_ns = -3600300000000;
	int64_t low_ns, high_ns, told_ns;

	(void)state;
	kernel.adjtime_error = EINVAL;
	kernel.settime_error = EINVAL;
	low_ns = wall_ns() + by_ns;
	assert_int_equal(kernel_clock_step(by_ns, &method), 0);
	high_ns = wall_ns() + by_ns;
	told_ns = (int64_t)kernel.settime.tv_sec * NS_PER_S + kernel.settime.tv_nsec;
	assert_true(told_ns >= low_ns && told_ns <= high_ns);
	assert_in_range(kernel.settime.tv_nsec, 0, NS_PER_S - 1);
	/* Microseconds, rounded to the nearest. */
	told_ns = (int64_t)kernel.settimeofday.tv_sec * NS_PER_S +
	          kernel.settimeofday.tv_usec * NS_PER_US;
	assert_true(told_ns >= low_ns - 500 && told_ns <= high_ns + 500);
	assert_in_range(kernel.settimeofday.tv_usec, 0, 999999);
}

/* 2100: does not fit 32 bits, and the call must not make another time of it. */
static void fallback_beyond_2038(void **state)
{
	enum kernel_clock_method method;
	const int64_t by_ns = INT64_C(4102444800) * NS_PER_S - wall_ns();

	(void)state;
	kernel.adjtime_error = EINVAL;
	kernel.settime_error = EINVAL;
	if (sizeof(long) < 8) {
		assert_int_equal(kernel_clock_step(by_ns, &method), -EOVERFLOW);
		assert_int_equal(kernel.settimeofday_calls, 0);
		return;
	}
	assert_int_equal(kernel_clock_step(by_ns, &method), 0);
	assert_in_range(kernel.settimeofday.tv_sec, 4102444800 - 1, 4102444800 + 60);
}

/* ---- slew ---- */

struct slew_row {
	const char *name;
	int64_t by_ns;
	int error;
	int want;
	int64_t want_us; /* as passed, seconds and microseconds together */
};

static const struct slew_row slews[] = {
	{ "slew forward 40 ms", 40000000, 0, 0, 40000 },
	{ "slew back 40 ms", -40000000, 0, 0, -40000 },
	{ "slew rounds down", 1499, 0, 0, 1 },
	{ "slew rounds up", 1500, 0, 0, 2 },
	{ "slew back rounds", -1501, 0, 0, -2 },
	{ "slew back 1.5 s", -1500000000, 0, 0, -1500000 },
	{ "slew by the most", PLAN_SLEW_MAX_NS, 0, 0, PLAN_SLEW_MAX_NS / 1000 },
	{ "slew back by the most", -PLAN_SLEW_MAX_NS, 0, 0, -PLAN_SLEW_MAX_NS / 1000 },
	{ "slew not permitted", 1000, EPERM, -EPERM, 1 },
};

static void slew_value(void **state)
{
	const struct slew_row *row = *state;

	kernel.slew_error = row->error;
	assert_int_equal(kernel_clock_slew(row->by_ns), row->want);
	assert_int_equal(kernel.slew_calls, 1);
	assert_in_range(kernel.slew.tv_usec, 0, 999999);
	assert_true(kernel.slew.tv_sec * INT64_C(1000000) + kernel.slew.tv_usec ==
	            row->want_us);
	assert_int_equal(kernel.adjtime_calls, 0);
}

static void slew_too_far(void **state)
{
	(void)state;
	assert_int_equal(kernel_clock_slew(PLAN_SLEW_MAX_NS + 1), -ERANGE);
	assert_int_equal(kernel_clock_slew(-PLAN_SLEW_MAX_NS - 1), -ERANGE);
	assert_int_equal(kernel_clock_slew(INT64_MIN), -ERANGE);
	assert_int_equal(kernel.slew_calls, 0);
}

/* ---- update: all in one call ---- */

#define TOLD (ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR)
#define STEPPED (ADJ_SETOFFSET | ADJ_NANO)

struct told_row {
	const char *name;
	struct kernel_clock_update update;
	int status_before;
	long tick;
	unsigned want_modes;
	int want_status;
	long want_freq;
	long want_maxerror, want_esterror;
	long want_tick; /* 0: not checked */
};

/* clang-format off */
static const struct told_row tolds[] = {
	{ "tell: errors clear STA_UNSYNC", { .has_errors = true, .max_error_ns = 5000000, .estimated_error_ns = 200000, 0 },
	  STA_UNSYNC, 10000, TOLD, 0, 0, 5000, 200, 0 },
	{ "tell: errors are rounded up", { .has_errors = true, .max_error_ns = 5000001, .estimated_error_ns = 1, 0 },
	  STA_UNSYNC, 10000, TOLD, 0, 0, 5001, 1, 0 },
	{ "tell: no errors leave STA_UNSYNC", { 0 }, STA_UNSYNC, 10000, ADJ_STATUS, STA_UNSYNC, 0, 0, 0, 0 },
	{ "tell: no errors leave it synchronised", { 0 }, 0, 10000, ADJ_STATUS, 0, 0, 0, 0, 0 },
	{ "tell: 16 s is no error to tell", { .has_errors = true, .max_error_ns = 16000000000, 0 },
	  STA_UNSYNC, 10000, ADJ_STATUS, STA_UNSYNC, 0, 0, 0, 0 },
	{ "tell: just below 16 s is", { .has_errors = true, .max_error_ns = 15999999000, 0 },
	  STA_UNSYNC, 10000, TOLD, 0, 0, 15999999, 0, 0 },
	{ "tell: a negative error is ignored", { .has_errors = true, .max_error_ns = -1 }, STA_UNSYNC, 10000, ADJ_STATUS, STA_UNSYNC, 0, 0, 0, 0 },
	{ "tell: the PLL is off, other bits stay", { .has_errors = true, 0 },
	  STA_PLL | STA_FLL | STA_PPSFREQ | STA_PPSTIME | STA_FREQHOLD | STA_NANO, 10000, TOLD, STA_FREQHOLD | STA_NANO, 0, 0, 0, 0 },
	{ "tell: 1 ppm", { .has_frequency = true, .frequency_ppb = 1000 }, 0, 10000, ADJ_STATUS | ADJ_FREQUENCY, 0, 65536, 0, 0, 0 },
	{ "tell: -12.345 ppm, to the nearest", { .has_frequency = true, .frequency_ppb = -12345 }, 0, 10000, ADJ_STATUS | ADJ_FREQUENCY, 0, -809042, 0, 0, 0 },
	{ "tell: 500 ppm", { .has_frequency = true, .frequency_ppb = 500000 }, 0, 10000, ADJ_STATUS | ADJ_FREQUENCY, 0, 32768000, 0, 0, 0 },
	{ "tell: beyond 500 ppm by tick", { .has_frequency = true, .frequency_ppb = 500001 }, 0, 10000, ADJ_STATUS | ADJ_FREQUENCY | ADJ_TICK, 0, 66, 0, 0, 10005 },
	{ "tell: -2036.5 ppm by tick and the rest", { .has_frequency = true, .frequency_ppb = -2036500 }, 0, 10000, ADJ_STATUS | ADJ_FREQUENCY | ADJ_TICK, 0, -2392064, 0, 0, 9980 },
	{ "tell: 5000 ppm is the most", { .has_frequency = true, .frequency_ppb = INT64_MAX }, 0, 10000, ADJ_STATUS | ADJ_FREQUENCY | ADJ_TICK, 0, 0, 0, 0, 10050 },
	{ "tell: -5000 ppm too", { .has_frequency = true, .frequency_ppb = INT64_MIN }, 0, 10000, ADJ_STATUS | ADJ_FREQUENCY | ADJ_TICK, 0, 0, 0, 0, 9950 },
	{ "tell: a stray tick is set right", { .has_frequency = true, .frequency_ppb = 1000 }, 0, 10020, ADJ_STATUS | ADJ_FREQUENCY | ADJ_TICK, 0, 65536, 0, 0, 10000 },
	{ "tell: a tick that fits stays", { .has_frequency = true, .frequency_ppb = 2001000 }, 0, 10020, ADJ_STATUS | ADJ_FREQUENCY, 0, 65536, 0, 0, 10020 },
	{ "tell: no frequency leaves the tick alone", { 0 }, 0, 10020, ADJ_STATUS, 0, 0, 0, 0, 0 },
	{ "tell: a leap second to insert", { .leap = NTP_LEAP_INSERT }, STA_DEL, 10000, ADJ_STATUS, STA_INS, 0, 0, 0, 0 },
	{ "tell: a leap second to leave out", { .leap = NTP_LEAP_DELETE }, 0, 10000, ADJ_STATUS, STA_DEL, 0, 0, 0, 0 },
	{ "tell: no leap second disarms", { 0 }, STA_INS | STA_DEL, 10000, ADJ_STATUS, 0, 0, 0, 0, 0 },
	{ "tell: leap 3 arms nothing", { .leap = NTP_LEAP_UNSYNCHRONISED }, 0, 10000, ADJ_STATUS, 0, 0, 0, 0, 0 },
	{ "tell: a step, all in one call", { .step_ns = -300000000, .has_frequency = true, .frequency_ppb = 1000,
	  .has_errors = true, .max_error_ns = 5000000, .estimated_error_ns = 200000, 0 },
	  STA_UNSYNC | STA_PLL, 10000, STEPPED | TOLD | ADJ_FREQUENCY, 0, 65536, 5000, 200, 0 },
	{ "tell: a step without known errors is unsynchronised", { .step_ns = -300000000 }, 0, 10000, STEPPED | ADJ_STATUS, STA_UNSYNC, 0, 0, 0, 0 },
};
/* clang-format on */

static void told(void **state)
{
	const struct told_row *row = *state;
	int tell = 4711;

	kernel.state.status = row->status_before;
	kernel.state.tick = row->tick;
	assert_int_equal(kernel_clock_update(&row->update, &tell), 0);
	assert_int_equal(tell, 0);
	assert_int_equal(kernel.adjtime_calls, 1);
	assert_int_equal(kernel.adjtime.modes, row->want_modes);
	assert_int_equal(kernel.adjtime.status, row->want_status);
	assert_int_equal(kernel.adjtime.freq, row->want_freq);
	if (row->want_tick != 0) {
		assert_int_equal(kernel.adjtime.tick, row->want_tick);
	}
	assert_int_equal(kernel.adjtime.maxerror, row->want_maxerror);
	assert_int_equal(kernel.adjtime.esterror, row->want_esterror);
	if (row->want_modes & ADJ_SETOFFSET) {
		assert_int_equal(kernel.adjtime.time.tv_sec, -1);
		assert_int_equal(kernel.adjtime.time.tv_usec, 700000000);
	}
	assert_int_equal(kernel.settime_calls + kernel.settimeofday_calls, 0);
	assert_int_equal(kernel.slew_calls, 0);
}

struct told_fails_row {
	const char *name;
	int64_t step_ns;
	int adjtime_error, settings_error, settime_error, state_error;
	int want, want_tell;
	unsigned adjtime_calls, settime_calls;
};

static const struct told_fails_row told_fails[] = {
	/* name, step, errors of step, tell, settime, adjtimex; result, tell; calls */
	{ "order: EPERM of a step is the end", 1, EPERM, 0, 0, 0, -EPERM, EPERM, 1, 0 },
	{ "order: EPERM without a step", 0, 0, EPERM, 0, 0, -EPERM, EPERM, 1, 0 },
	{ "order: refused without a step", 0, 0, EINVAL, 0, 0, -EINVAL, EINVAL, 1, 0 },
	{ "order: one call refused: stepped otherwise, then updated", 1, EINVAL, 0, 0, 0, 0,
	  0, 3, 1 },
	{ "order: no update is possible", 1, EINVAL, EOPNOTSUPP, 0, 0, 0, EOPNOTSUPP, 3,
	  1 },
	{ "order: no way to step", 1, EINVAL, 0, EPERM, 0, -EPERM, EPERM, 2, 1 },
	{ "order: a kernel that shows nothing is stepped", 1, 0, 0, 0, ENOSYS, 0, ENOSYS, 1,
	  0 },
	{ "order: a kernel that cannot be read gets no update", 0, 0, 0, 0, ENOSYS, -ENOSYS,
	  ENOSYS, 0, 0 },
};

static void told_failing(void **state)
{
	const struct told_fails_row *row = *state;
	const struct kernel_clock_update update = { .step_ns = row->step_ns,
		                                    .has_errors = true };
	int tell = 4711;

	kernel.adjtime_error = row->adjtime_error;
	kernel.settings_error = row->settings_error;
	kernel.settime_error = row->settime_error;
	kernel.state_error = row->state_error;
	assert_int_equal(kernel_clock_update(&update, &tell), row->want);
	assert_int_equal(tell, row->want_tell);
	assert_int_equal(kernel.adjtime_calls, row->adjtime_calls);
	assert_int_equal(kernel.settime_calls, row->settime_calls);
	assert_int_equal(kernel.settimeofday_calls, 0);
}

/* ---- permission ---- */

struct may_row {
	const char *name;
	int error;
	int want;
};

static const struct may_row mays[] = {
	{ "may set: the value was looked at", EINVAL, 0 },
	{ "may not set", EPERM, -EPERM },
	{ "no such call", ENOSYS, -ENOSYS },
};

static void may_set(void **state)
{
	const struct may_row *row = *state;

	kernel.adjtime_error = row->error;
	assert_int_equal(kernel_clock_may_set(), row->want);
	assert_int_equal(kernel.adjtime_calls, 1);
	/* Whatever the privilege, this must be a value that every kernel refuses. */
	assert_int_equal(kernel.adjtime.modes, ADJ_SETOFFSET | ADJ_NANO);
	assert_true(kernel.adjtime.time.tv_usec < 0 ||
	            kernel.adjtime.time.tv_usec >= NS_PER_S);
	assert_int_equal(kernel.settime_calls, 0);
	assert_int_equal(kernel.settimeofday_calls, 0);
	assert_int_equal(kernel.slew_calls, 0);
}

/* ---- state ---- */

struct state_row {
	const char *name;
	int result;
	int status;
	long freq;
	long tick;
	bool is_unsynchronised;
	bool is_pll_active;
	unsigned leap;
	int64_t frequency_ppb;
};

static const struct state_row states[] = {
	/* name                    result      status        freq   tick  */
	{ "synchronised", TIME_OK, STA_PLL, 0, 10000, false, true, NTP_LEAP_NONE, 0 },
	{ "fresh boot", TIME_ERROR, STA_UNSYNC, 0, 10000, true, false, NTP_LEAP_NONE, 0 },
	{ "TIME_ERROR alone", TIME_ERROR, 0, 0, 10000, true, false, NTP_LEAP_NONE, 0 },
	{ "STA_UNSYNC alone", TIME_OK, STA_UNSYNC, 0, 10000, true, false, NTP_LEAP_NONE,
	  0 },
	{ "FLL", TIME_OK, STA_FLL, 0, 10000, false, true, NTP_LEAP_NONE, 0 },
	{ "leap to insert", TIME_INS, STA_INS, 0, 10000, false, false, NTP_LEAP_INSERT, 0 },
	{ "leap to delete", TIME_DEL, STA_DEL, 0, 10000, false, false, NTP_LEAP_DELETE, 0 },
	{ "1 ppm", TIME_OK, 0, 65536, 10000, false, false, NTP_LEAP_NONE, 1000 },
	{ "-500 ppm", TIME_OK, 0, -32768000, 10000, false, false, NTP_LEAP_NONE, -500000 },
	{ "one tick more", TIME_OK, 0, 0, 10001, false, false, NTP_LEAP_NONE, 100000 },
	{ "a tick less, 1 ppm more", TIME_OK, 0, 65536, 9999, false, false, NTP_LEAP_NONE,
	  -99000 },
};

static void state_is_told(void **state)
{
	const struct state_row *row = *state;
	struct kernel_clock_state got;

	kernel.state_result = row->result;
	kernel.state = (struct timex){
		.status = row->status,
		.freq = row->freq,
		.tick = row->tick,
		.maxerror = 16000000,
		.esterror = 250,
		.tai = 37,
	};
	kernel.pending_us = -40000;
	assert_int_equal(kernel_clock_state(&got), 0);
	assert_int_equal(got.is_unsynchronised, row->is_unsynchronised);
	assert_int_equal(got.is_pll_active, row->is_pll_active);
	assert_int_equal(got.leap, row->leap);
	assert_true(got.frequency_ppb == row->frequency_ppb);
	assert_true(got.max_error_ns == 16 * NS_PER_S);
	assert_true(got.estimated_error_ns == 250000);
	assert_true(got.pending_slew_ns == -40 * NS_PER_MS);
	assert_int_equal(got.tai_offset_s, 37);
	assert_true(got.precision_ns >= 1 && got.precision_ns <= 20 * NS_PER_MS);
}

static void state_fails(void **state)
{
	struct kernel_clock_state got, before;

	(void)state;
	memset(&got, 0xa5, sizeof(got));
	before = got;
	kernel.state_error = ENOSYS;
	assert_int_equal(kernel_clock_state(&got), -ENOSYS);
	assert_memory_equal(&got, &before, sizeof(got));
}

/* ---- reading, on the real clocks ---- */

static int64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	assert_int_equal(clock_gettime(clock, &ts), 0);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static void reading_lies_between(void **state)
{
	struct reading r;
	int64_t wall, mono, boot;

	(void)state;
	for (int i = 0; i < 100; i++) {
		wall = wall_ns();
		mono = clock_ns(CLOCK_MONOTONIC);
		boot = clock_ns(CLOCK_BOOTTIME);
		assert_int_equal(kernel_clock_now(&r), 0);
		assert_true(r.wall.unix_ns >= wall && r.wall.unix_ns <= wall_ns());
		assert_true(r.mono_ns >= mono && r.mono_ns <= clock_ns(CLOCK_MONOTONIC));
		assert_true(r.boot_ns >= boot && r.boot_ns <= clock_ns(CLOCK_BOOTTIME));
		assert_true(r.gap_ns >= 0);
		assert_true(r.gap_ns <= clock_ns(CLOCK_MONOTONIC) - mono);
	}
}

/* A time beyond 64 bits of nanoseconds must not pass for another one. */
static void reading_beyond_64_bits(void **state)
{
	const struct {
		int64_t wall_s;
		int want;
	} cases[] = {
		{ INT64_C(9223372036), -EOVERFLOW }, /* 2262-04-11 23:47:16.999999999 */
		{ INT64_C(9223372035), 0 },
		{ INT64_C(13569465600), -EOVERFLOW }, /* 2400-01-01 */
		{ INT64_MAX, -EOVERFLOW },
		{ INT64_C(7226582400), 0 },  /* 2199-01-01 */
		{ -INT64_C(2145916800), 0 }, /* 1902-01-01 */
		{ -INT64_C(9223372037), 0 },
		{ -INT64_C(9223372038), -EOVERFLOW },
		{ INT64_MIN, -EOVERFLOW },
	};
	enum kernel_clock_method method;
	struct reading r, before;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		memset(&r, 0xa5, sizeof(r));
		before = r;
		kernel.wall_s = (time_t)cases[i].wall_s;
		assert_int_equal(kernel_clock_now(&r), cases[i].want);
		if (cases[i].want == 0) {
			assert_true(r.wall.unix_ns == (cases[i].wall_s + 1) * NS_PER_S - 1);
		} else {
			assert_memory_equal(&r, &before, sizeof(r));
		}
	}
	/* Nor is a clock set by a sum with it. */
	kernel.wall_s = (time_t)INT64_C(13569465600);
	kernel.adjtime_error = EINVAL;
	kernel.settimeofday_error = EINVAL;
	assert_int_equal(kernel_clock_step(-NS_PER_S, &method), -EOVERFLOW);
	assert_int_equal(kernel.settime_calls, 0);
}

static void overflow_is_told_in_words(void **state)
{
	(void)state;
	assert_non_null(strstr(clock_error_text(-EOVERFLOW), "date -s"));
	assert_string_equal(clock_error_text(-EPERM), strerror(EPERM));
}

#define ROWS(table, test)                                                                  \
	for (size_t i = 0; i < COUNT_OF(table); i++) {                                     \
		tests[n++] = (struct CMUnitTest){ .name = (table)[i].name,                 \
			                          .test_func = (test),                     \
			                          .setup_func = start,                     \
			                          .initial_state = (void *)(uintptr_t) &   \
			                                           (table)[i] };           \
	}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(steps) + COUNT_OF(orders) + COUNT_OF(slews) +
	                        COUNT_OF(mays) + COUNT_OF(states) + COUNT_OF(tolds) +
	                        COUNT_OF(told_fails) + 7];
	size_t n = 0;

	ROWS(steps, step_value);
	ROWS(orders, step_update);
	ROWS(slews, slew_value);
	ROWS(tolds, told);
	ROWS(told_fails, told_failing);
	ROWS(mays, may_set);
	ROWS(states, state_is_told);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test_setup(fallback_value, start);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test_setup(fallback_beyond_2038, start);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test_setup(slew_too_far, start);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test_setup(state_fails, start);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test_setup(reading_lies_between, start);
	tests[n++] =
		(struct CMUnitTest)cmocka_unit_test_setup(reading_beyond_64_bits, start);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(overflow_is_told_in_words);
	return cmocka_run_group_tests_name("kernel_clock", tests, NULL, NULL);
}
