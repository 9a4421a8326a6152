/* SPDX-License-Identifier: MIT
 *
 * For tests/vm/set_guest.sh, preloaded: a kernel that does not know ADJ_SETOFFSET.
 */
#include <errno.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

int clock_adjtime(clockid_t clock, struct timex *tx)
{
	if (tx->modes & ADJ_SETOFFSET) {
		errno = EINVAL;
		return -1;
	}
	return (int)syscall(SYS_clock_adjtime, clock, tx);
}
