/* SPDX-License-Identifier: MIT
 *
 * Frames from an interface or from a file, and into a file (libpcap).
 *
 *   load -> open_live | open_file -> save -> next* -> close
 *
 * libpcap is loaded by the first of them; where it is not installed, that call fails with
 * -ELIBACC. Only opening an interface needs CAP_NET_RAW: give it up afterwards. Timestamps
 * are in nanoseconds where the source has them.
 */
#ifndef IO_NET_CAPTURE_H
#define IO_NET_CAPTURE_H

#include <stdbool.h>
#include <stdio.h>

#include "core/trace/trace.h"

struct capture;

/* An error in one line for people; untrusted octets are escaped. */
enum { CAPTURE_WHY_SIZE = 400 };

/* For a caller that can open no file later.  0, or -ELIBACC with `why`. */
MUST_USE int capture_load(char why[CAPTURE_WHY_SIZE]);

/* Captures on `interface` ("any": all of them) what comes from or goes to the ports, in
 * tagged frames too; without ports every frame.  0; -EPERM or -EACCES: CAP_NET_RAW is
 * missing; -ENODEV; -ENOTSUP: a link type that frame_parse() does not know; another -errno.
 *  `why` is set when it is not 0. */
MUST_USE int capture_open_live(const char *interface, const struct trace_port *ports,
                               size_t port_count, struct capture **ret,
                               char why[CAPTURE_WHY_SIZE]);

/* Reads every frame of a pcap or pcapng file, so that the numbers match those of other
 * programs.  Takes over `from`, also on failure.  0, -ENOTSUP as above, -EBADMSG for a file
 * of another format. */
MUST_USE int capture_open_file(FILE *from, struct capture **ret,
                               char why[CAPTURE_WHY_SIZE]);

/* Saves every frame that capture_next() returns in `to`, a new and empty file.  Takes over
 * `to`, also on failure. */
MUST_USE int capture_save(struct capture *capture, FILE *to, char why[CAPTURE_WHY_SIZE]);

enum capture_result {
	CAPTURE_FRAME,
	CAPTURE_NOTHING, /* live: no frame within `timeout_ms`, or a signal came */
	CAPTURE_END,     /* of the file */
	CAPTURE_FAILED,  /* `why` is set: a damaged file, a vanished interface, a full
	                 * device */
};

/* The next frame; its octets stay valid until the next call. */
enum capture_result capture_next(struct capture *capture, int timeout_ms,
                                 struct trace_input *ret, char why[CAPTURE_WHY_SIZE]);

/* Frames lost for lack of room; live only, else 0. */
uint64_t capture_lost(struct capture *capture);

/* Closes both files.  0, or -errno when the saved file may be incomplete.  NULL is fine. */
int capture_close(struct capture *capture);

#endif
