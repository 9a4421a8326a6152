/* SPDX-License-Identifier: MIT
 *
 * libpcap, loaded when something is to be captured.  It brings D-Bus, systemd, gcrypt and three
 * compressors with it, and none of them has any business in a process that may set the clock.
 */
#ifndef IO_NET_CAPTURE_LIBRARY_PRIVATE_H
#define IO_NET_CAPTURE_LIBRARY_PRIVATE_H

#include <pcap/pcap.h>

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
};

/* Once loaded it stays.  0, or -ELIBACC: it is not there, or too old. */
MUST_USE int capture_library_load(struct capture_library *ret);

#endif
