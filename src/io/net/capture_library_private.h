/* SPDX-License-Identifier: MIT
 *
 * libpcap, loaded when a capture is opened.  It pulls in D-Bus, systemd, gcrypt and three
 * compressors, which must not be in a process that may set the clock.
 */
#ifndef IO_NET_CAPTURE_LIBRARY_PRIVATE_H
#define IO_NET_CAPTURE_LIBRARY_PRIVATE_H

#include <pcap/pcap.h>
#include <stdbool.h>

#include "core/base/base.h"

#define CAPTURE_CALLS(CALL)                                                                \
	CALL(activate)                                                                     \
	CALL(close)                                                                        \
	CALL(compile)                                                                      \
	CALL(create)                                                                       \
	CALL(datalink)                                                                     \
	CALL(datalink_val_to_name)                                                         \
	CALL(dump)                                                                         \
	CALL(dump_close)                                                                   \
	CALL(dump_file)                                                                    \
	CALL(dump_flush)                                                                   \
	CALL(dump_fopen)                                                                   \
	CALL(fopen_offline_with_tstamp_precision)                                          \
	CALL(freecode)                                                                     \
	CALL(get_selectable_fd)                                                            \
	CALL(geterr)                                                                       \
	CALL(next_ex)                                                                      \
	CALL(set_buffer_size)                                                              \
	CALL(set_immediate_mode)                                                           \
	CALL(set_promisc)                                                                  \
	CALL(set_snaplen)                                                                  \
	CALL(set_timeout)                                                                  \
	CALL(set_tstamp_precision)                                                         \
	CALL(setfilter)                                                                    \
	CALL(setnonblock)                                                                  \
	CALL(stats)                                                                        \
	CALL(statustostr)

/* pcap_NAME() as member NAME. */
struct capture_library {
#define CAPTURE_MEMBER(name) __typeof__(pcap_##name) *name;
	CAPTURE_CALLS(CAPTURE_MEMBER)
#undef CAPTURE_MEMBER
	bool has_narrow_times;
};

/* A packet's header, from a library with 64-bit or 32-bit times: on a 32-bit machine the
 * same library name stands for either. */
struct capture_header {
	int64_t s;
	int64_t ns;
	uint32_t captured;
	uint32_t wire;
};
struct capture_header capture_library_header(const struct capture_library *library,
                                             const struct pcap_pkthdr *header);

/* Stays loaded.  0, or -ELIBACC: not installed, or too old. */
MUST_USE int capture_library_load(struct capture_library *ret);

#endif
