/* SPDX-License-Identifier: MIT
 *
 * Why the clock cannot be read, for people.
 */
#ifndef IO_SYS_CLOCK_ERROR_H
#define IO_SYS_CLOCK_ERROR_H

/* Of kernel_clock_now() and what is built on it: -EOVERFLOW is a clock that no 64 bits of
 * nanoseconds hold, and says what to do; else as strerror(). */
const char *clock_error_text(int r);

#endif
