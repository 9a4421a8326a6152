/* SPDX-License-Identifier: MIT
 *
 * Waiting for signals: signalfd().
 *
 *   signals_open -> signals_wait* -> signals_close
 */
#ifndef IO_SYS_SIGNALS_H
#define IO_SYS_SIGNALS_H

#include "core/base/base.h"

/* Blocks `signals` in this thread and all that it creates from now on; only signals_wait()
 * receives them.  SIGPIPE is ignored from here on.  Descriptor or -errno. */
MUST_USE int signals_open(const int *signals, size_t count);
/* Waits for at most `timeout_ns`.  The signal, 0 on timeout, or -errno. */
MUST_USE int signals_wait(int fd, int64_t timeout_ns);
void signals_close(int fd);

#endif
