/* SPDX-License-Identifier: MIT
 *
 * Model of adjtime() in Linux: second_overflow() in kernel/time/ntp.c.
 */
#include "core/discipline/slew.h"

#include "core/base/ntp_time.h"

int64_t kernel_slew_valid_rest(int64_t rest_ns)
{
	return ns_clamp(rest_ns, -KERNEL_SLEW_MAX_NS, KERNEL_SLEW_MAX_NS);
}

int64_t kernel_slew_rest_after(int64_t rest_ns, int64_t seconds)
{
	int64_t size_ns = ns_abs(rest_ns);

	if (seconds <= 0) {
		return rest_ns;
	}
	if (seconds > size_ns / KERNEL_SLEW_STEP_NS) {
		return 0;
	}
	size_ns -= seconds * KERNEL_SLEW_STEP_NS;
	return rest_ns < 0 ? -size_ns : size_ns;
}

static int64_t since_full_second_ns(int64_t wall_ns)
{
	int64_t ns = wall_ns % NS_PER_S;

	return ns < 0 ? ns + NS_PER_S : ns;
}

int64_t kernel_slew_seconds(const struct kernel_slew *slew, int64_t after_ns)
{
	return ns_add(since_full_second_ns(slew->wall_ns), after_ns) / NS_PER_S;
}

struct kernel_slew kernel_slew_later(const struct kernel_slew *slew, int64_t after_ns)
{
	int64_t seconds = kernel_slew_seconds(slew, after_ns);
	struct kernel_slew later = *slew;

	later.wall_ns = ns_add(slew->wall_ns, after_ns);
	if (seconds > 0) {
		later.rest_ns = kernel_slew_rest_after(slew->rest_ns, seconds);
		later.taken_ns =
			kernel_slew_rest_after(slew->rest_ns, seconds - 1) - later.rest_ns;
	}
	return later;
}

double kernel_slew_in_flight_ns(const struct kernel_slew *slew)
{
	double given = (double)since_full_second_ns(slew->wall_ns) / (double)NS_PER_S;

	return (double)slew->taken_ns * (1.0 - given);
}

double kernel_slew_left_ns(const struct kernel_slew *slew)
{
	return (double)slew->rest_ns + kernel_slew_in_flight_ns(slew);
}
