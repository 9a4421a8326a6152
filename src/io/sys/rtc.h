/* SPDX-License-Identifier: MIT
 *
 * The hardware clock, which is kept in UTC.
 */
#ifndef IO_SYS_RTC_H
#define IO_SYS_RTC_H

#include "core/base/ntp_time.h"

/* The chip ticks a second on this long after it was written: rtc-cmos half a second,
 * others a full one. */
#define RTC_CMOS_DELAY_NS (NS_PER_S / 2)

/* When to write, from the true time `now` on, and what: the first moment from which the
 * chip, written then, ticks with true time.  At least `lead_ns` ahead. */
struct rtc_moment {
	int64_t wait_ns;
	struct instant value; /* a full second */
};
struct rtc_moment rtc_moment_after(struct instant now, int64_t delay_ns, int64_t lead_ns);

/* Opens the clock for rtc_write().  A descriptor or -errno; -ENOTSUP when /etc/adjtime says that it keeps
 * local time. */
MUST_USE int rtc_open(void);
/* Waits, 1.1 s at most, for the right moment and writes the true time: the system clock
 * plus `ahead_ns`.  The caller has raised CAP_SYS_TIME.  0 or -errno. */
MUST_USE int rtc_write(int fd, int64_t ahead_ns);

#endif
