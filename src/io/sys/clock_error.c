/* SPDX-License-Identifier: MIT
 *
 * Messages for clocks that cannot be read.
 */
#include "io/sys/clock_error.h"

#include <errno.h>
#include <string.h>

const char *clock_error_text(int r)
{
	return r == -EOVERFLOW
	               ? "it reads a time before 1677 or after 2262, outside the range "
	                 "of this program: set it by hand first (date -s)"
	               : strerror(-r);
}
