/* SPDX-License-Identifier: MIT
 *
 * The hardware clock, which is kept in UTC.
 */
#ifndef IO_SYS_RTC_H
#define IO_SYS_RTC_H

#include "core/base/ntp_time.h"

/* The delay from a write until the chip ticks: half a second for rtc-cmos, a full one for
 * others. */
#define RTC_CMOS_DELAY_NS (NS_PER_S / 2)

/* The moment of a write and the value to write, from the true time `now` on: the first
 * moment after which the chip ticks with true time.  At least `lead_ns` ahead. */
struct rtc_moment {
	int64_t wait_ns;
	struct instant value; /* a full second */
};
struct rtc_moment rtc_moment_after(struct instant now, int64_t delay_ns, int64_t lead_ns);

/* Opens the device for rtc_write().  A descriptor or -errno; -ENOTSUP when it keeps local
 * time (/etc/adjtime). */
MUST_USE int rtc_open(void);
/* Waits, at most 1.1 s, for the right moment and writes the true time: the system clock
 * plus `ahead_ns`.  The caller has raised CAP_SYS_TIME.  0 or -errno. */
MUST_USE int rtc_write(int fd, int64_t ahead_ns);

#endif
