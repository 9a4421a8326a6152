/* SPDX-License-Identifier: MIT
 *
 * What one run found out, as plain data: filled by app/measure, shown by
 * core/report (people) and cmd/json (programs).
 */
#ifndef CORE_SELECT_RUN_H
#define CORE_SELECT_RUN_H

#include "core/base/address.h"
#include "core/ntp/packet.h"
#include "core/ntp/server_spec.h"
#include "core/select/plan.h"

enum source_status {
	SOURCE_SELECTED,
	SOURCE_AGREEING,
	SOURCE_FALSETICKER,
	SOURCE_REJECTED,    /* it answered (or was named) in a way that cannot be used */
	SOURCE_UNREACHABLE, /* no usable answer came */
	SOURCE_STATUS_COUNT
};
const char *source_status_name(enum source_status status); /* as in JSON */

/* How T1 or T4 was taken. */
enum stamp_kind {
	STAMP_NONE,
	STAMP_USER,   /* clock_gettime() around the system call */
	STAMP_KERNEL, /* SO_TIMESTAMPING */
};

enum { SOURCE_REASON_SIZE = 120, RUN_REASON_SIZE = 240 };

struct run_source {
	char name[SERVER_HOST_SIZE]; /* the host as it was given */
	enum scheme scheme;
	struct address address; /* family ADDRESS_NONE while the name is not resolved */
	uint16_t port;
	enum source_status status;
	char reason
		[SOURCE_REASON_SIZE]; /* "" when there is nothing to say; foreign octets escaped */
	unsigned sent;
	unsigned received;
	bool has_header; /* the next six are known */
	uint8_t leap;
	uint8_t stratum;
	uint8_t refid[4];
	int64_t root_delay_ns;
	int64_t root_dispersion_ns;
	struct ntp_ts reference;
	bool has_estimate; /* the next seven are known */
	int64_t offset_ns;
	int64_t bound_ns;
	int64_t delay_ns;
	int64_t jitter_ns; /* as in core/select/filter.h */
	unsigned sample_count;
	enum stamp_kind sent_stamp;     /* the worse of the samples' T1 */
	enum stamp_kind received_stamp; /* ... T4 */
	char text[64];                  /* daytime: the line as it came, escaped; else "" */
};

enum run_status {
	RUN_OK,
	RUN_NO_ANSWER,
	RUN_NO_MAJORITY,
	RUN_UNSYNCHRONISED,
	RUN_REFUSED,
	RUN_NOT_PERMITTED,
	RUN_BUSY,
	RUN_ERROR,
	RUN_INTERRUPTED, /* by `signal`; not shown as JSON */
};
const char *run_status_name(enum run_status status); /* as in JSON: "no-answer", ... */
int run_status_exit(enum run_status status);         /* the contract's exit status, 0..6 */

struct run {
	enum run_status status;
	char reason[RUN_REASON_SIZE]; /* why it is not RUN_OK, in words */
	struct instant at;            /* local clock at the end of the measurement */
	int64_t at_mono_ns;
	bool has_answer; /* the next seven are known */
	int64_t offset_ns;
	int64_t bound_ns;
	int64_t delay_ns;  /* of the sharpest of the selected sources ... */
	int64_t jitter_ns; /* ... and of that one */
	unsigned sample_count;
	uint8_t leap; /* enum ntp_leap by majority of the agreeing */
	/* Slots: a SERVER has one, or one for each of its addresses, as core/select/source_groups.h
	 * limits them. */
	size_t agreeing_count;
	size_t needed_count;
	size_t asked_count; /* all address pairs, answered or not */
	/* SERVERs: those named, two with the same addresses being one; and those with a source that
	 * agrees, two that are one daemon being one. */
	size_t server_count;
	size_t agreeing_server_count;
	int signal;
	struct run_source *sources; /* owned by who owns the run */
	size_t source_count;
};

#endif
