/* SPDX-License-Identifier: MIT
 *
 * The next run, as systemd knows it: asks systemctl, in a process without privileges.
 *
 *   start (before privileges go) -> take
 */
#ifndef IO_SYS_SYSTEMD_TIMER_H
#define IO_SYS_SYSTEMD_TIMER_H

#include <stdbool.h>

#include "core/select/reading.h"
#include "io/sys/child.h"

enum { SYSTEMD_TIMER_UNIT_SIZE = 32 };

/* Plain data that crosses a process border: flags are octets. */
struct systemd_timer {
	uint8_t is_installed; /* the units are there; without it the rest is zero */
	uint8_t is_enabled;   /* reqtime.timer starts with the machine */
	uint8_t is_active;    /* ... and has been started */
	uint8_t is_running;   /* reqtime.service runs now */
	uint8_t has_next;     /* the next two are known */
	struct instant next;  /* by the local clock */
	char unit[SYSTEMD_TIMER_UNIT_SIZE]; /* the timer that will start it */
};

/* The output of `systemctl show` about the units, in the C locale and in UTC.  `now` converts
 * CLOCK_MONOTONIC.  False when `len` octets do not describe reqtime.timer. */
MUST_USE bool systemd_timer_parse(const char *text, size_t len, const struct reading *now,
                                  struct systemd_timer *ret);

struct systemd_timer_query {
	struct child child;
	int error; /* of the start; 0: it runs */
	int64_t deadline_mono_ns;
};

/* Never fails: systemd_timer_take() has the error.  It ends within `limit_ns`, whatever
 * systemctl does. */
void systemd_timer_start(int64_t limit_ns, struct systemd_timer_query *ret);
/* Once.  0; -ENOSYS: this machine does not run systemd; -ENOENT: no systemctl; -ETIMEDOUT;
 * -EPROTO: it has failed, or answered something else; another -errno. */
MUST_USE int systemd_timer_take(struct systemd_timer_query *query,
                                struct systemd_timer *ret);

#endif
