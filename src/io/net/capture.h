/* SPDX-License-Identifier: MIT
 *
 * Frames from an interface or from a file, and into a file (libpcap).
 *
 *   load -> open_live | open_file -> save -> next* -> close
 *
 * libpcap is loaded by the first of them; where it is not there, that fails with -ELIBACC.
 * Opening an interface needs CAP_NET_RAW and nothing later does: give it up in between.
 * Timestamps are in nanoseconds where the source has them.
 */
#ifndef IO_NET_CAPTURE_H
#define IO_NET_CAPTURE_H

#include <stdbool.h>
#include <stdio.h>

#include "core/trace/trace.h"

struct capture;

/* What went wrong, in one line for people; foreign octets escaped. */
enum { CAPTURE_WHY_SIZE = 400 };

/* For a caller that can open no file later.  0, or -ELIBACC with `why`. */
MUST_USE int capture_load(char why[CAPTURE_WHY_SIZE]);

/* Listens on `interface` ("any" for all) to what comes from or goes to the ports, in tagged frames
 * too; without ports to every frame.  0; -EPERM or -EACCES: CAP_NET_RAW is missing; -ENODEV; -ENOTSUP: a link type that
 * frame_parse() does not know; another -errno.  `why` is set when it is not 0. */
MUST_USE int capture_open_live(const char *interface, const struct trace_port *ports,
                               size_t port_count, struct capture **ret,
                               char why[CAPTURE_WHY_SIZE]);

/* Reads a pcap or pcapng file; every frame of it, so that the numbers are those of other
 * programs.  Takes `from` over, also when it fails.  0, -ENOTSUP as above, -EBADMSG for what
 * is no such file. */
MUST_USE int capture_open_file(FILE *from, struct capture **ret,
                               char why[CAPTURE_WHY_SIZE]);

/* Keeps every frame that capture_next() hands out in `to`, a new and empty file, which it takes
 * over, also when it fails. */
MUST_USE int capture_save(struct capture *capture, FILE *to, char why[CAPTURE_WHY_SIZE]);

enum capture_result {
	CAPTURE_FRAME,
	CAPTURE_NOTHING, /* live: none within `timeout_ms`, or a signal came */
	CAPTURE_END,     /* of the file */
	CAPTURE_FAILED, /* `why` is set: a broken file, a vanished interface, a full device */
};

/* The next frame; its octets stay valid until the next call. */
enum capture_result capture_next(struct capture *capture, int timeout_ms,
                                 struct trace_input *ret, char why[CAPTURE_WHY_SIZE]);

/* Frames that came while there was no room for them; live only, else 0. */
uint64_t capture_lost(struct capture *capture);

/* Closes both files.  0, or -errno when what was saved may not be whole.  NULL is fine. */
int capture_close(struct capture *capture);

#endif
