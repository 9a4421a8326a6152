/* SPDX-License-Identifier: MIT
 *
 * The result of one run, as plain data: filled by app/client, shown by core/report and as
 * JSON.
 */
#ifndef CORE_SELECT_RUN_H
#define CORE_SELECT_RUN_H

#include "core/base/address.h"
#include "core/ntp/packet.h"
#include "core/ntp/server_spec.h"
#include "core/nts/message.h"
#include "core/select/plan.h"

enum source_status {
	SOURCE_SELECTED,
	SOURCE_AGREEING,
	SOURCE_FALSETICKER,
	SOURCE_REJECTED,    /* its answer, or its name, cannot be used */
	SOURCE_UNREACHABLE, /* no answer that can be used */
	SOURCE_STATUS_COUNT
};
const char *source_status_name(enum source_status status); /* as in JSON */

/* Origin of T1 or T4. */
enum stamp_kind {
	STAMP_NONE,
	STAMP_USER,   /* clock_gettime() around the system call */
	STAMP_KERNEL, /* SO_TIMESTAMPING */
};

enum { SOURCE_REASON_SIZE = 120, RUN_REASON_SIZE = 240 };

/* A reply that was evaluated: as in core/select/sample.h. */
struct run_exchange {
	struct instant t1, t4; /* local */
	enum stamp_kind t1_stamp, t4_stamp;
	bool has_server;       /* the next two are known */
	struct instant t2, t3; /* a text protocol has one time for both */
	bool is_accepted;      /* the next three are known */
	int64_t offset_ns, bound_ns, delay_ns;
	char reason[SOURCE_REASON_SIZE]; /* not accepted: why */
};

/* Network Time Security of a source, RFC 8915. */
struct source_nts {
	uint16_t key_port;     /* of the key exchange */
	bool has_keys;         /* the next six are known */
	bool is_authenticated; /* an answer was authentic and is used */
	/* The certificate is valid at the time that the source tells, but not by the local
	 * clock. */
	bool is_told;
	unsigned cookie_count;          /* left */
	int64_t key_exchange_ns;        /* how long it took; -1: keys of an earlier run */
	struct nts_window window;       /* of the certificates */
	char subject[NTS_SUBJECT_SIZE]; /* of the server's; printable ASCII */
};

struct run_source {
	char name[SERVER_HOST_SIZE]; /* the host as given */
	size_t server;               /* index of the SERVER that it is an address of */
	enum scheme scheme;
	struct address address; /* family ADDRESS_NONE while the name is not resolved */
	uint16_t port;
	enum source_status status;
	char reason[SOURCE_REASON_SIZE]; /* or ""; octets from outside are escaped */
	unsigned sent;
	unsigned received;
	bool has_header; /* the next six are known */
	uint8_t leap;
	uint8_t stratum;
	uint8_t refid[4];
	int64_t root_delay_ns;
	int64_t root_dispersion_ns;
	struct ntp_ts reference;
	bool has_estimate; /* the next eight are known */
	int64_t offset_ns;
	int64_t bound_ns;
	int64_t at_mono_ns; /* when offset +- bound holds */
	int64_t delay_ns;
	int64_t jitter_ns; /* as in core/select/filter.h */
	unsigned sample_count;
	enum stamp_kind sent_stamp;     /* the worse of the samples' T1 */
	enum stamp_kind received_stamp; /* ... T4 */
	char text[64];                  /* daytime: the line received, escaped; else "" */
	/* Another source is authenticated and decides; this one is only compared. */
	bool has_no_vote;
	struct source_nts nts; /* scheme nts */
	/* In order of arrival; NULL: not kept.  Owned by the run. */
	const struct run_exchange *exchanges;
	unsigned exchange_count;
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
	char reason[RUN_REASON_SIZE]; /* text, when not RUN_OK */
	struct instant at;            /* local clock at the end of the measurement */
	int64_t at_mono_ns;
	bool has_answer; /* the next seven are known */
	int64_t offset_ns;
	int64_t bound_ns;
	int64_t delay_ns;  /* of the selected source with the smallest bound ... */
	int64_t jitter_ns; /* ... as this */
	unsigned sample_count;
	uint8_t leap; /* enum ntp_leap by majority of the agreeing */
	/* Address pairs: one for a SERVER, or several for its addresses up to the limit of
	 * core/select/source_groups.h. */
	size_t agreeing_count;
	size_t needed_count;
	size_t asked_count; /* answered or not */
	/* SERVERs named, where two with the same addresses count once; and SERVERs with
	 * an agreeing source, where two that are one daemon count once. */
	size_t server_count;
	size_t agreeing_server_count;
	bool is_authenticated; /* only authenticated sources have decided */
	int signal;
	struct run_source *sources; /* owned by the owner of the run */
	size_t source_count;
	struct run_exchange *exchanges; /* of all sources; NULL: not kept */
};

#endif
