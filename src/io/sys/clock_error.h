/* SPDX-License-Identifier: MIT
 *
 * Why the clock cannot be read, for people.
 */
#ifndef IO_SYS_CLOCK_ERROR_H
#define IO_SYS_CLOCK_ERROR_H

/* For errors of kernel_clock_now() and its callers: -EOVERFLOW (a time that 64 bits of
 * nanoseconds cannot hold) gets the way out; else as strerror(). */
const char *clock_error_text(int r);

#endif
