/* SPDX-License-Identifier: MIT
 *
 * The stored record of a run: plain data of fixed size, without pointers.  It crosses
 * process boundaries and comes back from a file, so a receiver must call *_is_valid()
 * before use; flags are octets, since a bool that is neither 0 nor 1 is undefined.
 */
#ifndef CORE_DISCIPLINE_RUN_RECORD_H
#define CORE_DISCIPLINE_RUN_RECORD_H

#include "core/discipline/discipline.h"
#include "core/select/run.h"

enum {
	RECORD_BOOT_ID_SIZE = 40, /* 36 letters as in /proc/sys/kernel/random/boot_id */
	RECORD_VERSION_SIZE = 24,
	RECORD_REASON_SIZE = SOURCE_REASON_SIZE,
};

enum run_verb { RUN_VERB_QUERY, RUN_VERB_SET, RUN_VERB_CHECK, RUN_VERB_COUNT };
const char *run_verb_name(enum run_verb verb); /* "query"; NULL when out of range */

/* Bits of kernel_flags. */
#define RECORD_KERNEL_UNSYNCHRONISED UINT32_C(1)
#define RECORD_KERNEL_PLL UINT32_C(2)
#define RECORD_KERNEL_LEAP_INSERT UINT32_C(4)
#define RECORD_KERNEL_LEAP_DELETE UINT32_C(8)
/* Not of the kernel: the leap second that this run, or an earlier one of this boot,
 * armed. */
#define RECORD_KERNEL_ARMED_INSERT UINT32_C(16)
#define RECORD_KERNEL_ARMED_DELETE UINT32_C(32)
/* Nor this: the time of this run is confirmed (core/select/decide.h), so it can show that
 * other records are old. */
#define RECORD_CONFIRMED UINT32_C(64)
#define RECORD_KERNEL_ALL UINT32_C(127)

struct run_record {
	/* The clocks, read at the moment of the offset. */
	struct instant at;
	int64_t mono_ns;
	int64_t boot_ns;
	char boot_id[RECORD_BOOT_ID_SIZE];
	char version[RECORD_VERSION_SIZE]; /* of the program */
	uint32_t verb;                     /* enum run_verb */
	uint32_t status;                   /* enum run_status */
	uint32_t exit_status;              /* 0..255 */
	uint32_t agreeing_count;
	uint32_t asked_count;
	uint8_t is_dry;

	uint8_t has_answer; /* the next six are known */
	uint32_t leap;      /* enum ntp_leap */
	uint32_t sample_count;
	int64_t offset_ns;
	int64_t bound_ns;
	int64_t delay_ns;
	int64_t jitter_ns;

	uint8_t has_plan;     /* the next three are known */
	uint32_t plan_action; /* enum plan_action */
	uint32_t plan_reason; /* enum plan_reason */
	int64_t plan_by_ns;

	uint32_t applied_action; /* enum plan_action; PLAN_NONE: the clock was not moved */
	int64_t applied_by_ns;

	uint8_t has_kernel; /* the rest is known; before: as found by the run */
	int64_t frequency_before_ppb;
	int64_t frequency_after_ppb;
	int64_t slew_before_ns; /* the rest that adjtime() reported */
	int64_t slew_after_ns;
	struct instant after; /* CLOCK_REALTIME when the latter was read; 0: unknown */
	uint32_t tick_before; /* of struct timex, us per 10 ms; 0: unknown */
	uint32_t tick_after;
	int64_t max_error_ns; /* after */
	int64_t estimated_error_ns;
	uint32_t kernel_flags; /* RECORD_KERNEL_*, before; RECORD_CONFIRMED */
};

enum record_authentication {
	RECORD_PLAIN,
	RECORD_NTS,      /* its answer was authenticated (RFC 8915), ... */
	RECORD_NTS_TOLD, /* ... with a certificate that was valid only by the server's time */
};

struct source_record {
	char name[SERVER_HOST_SIZE]; /* as given */
	struct address address;      /* its port is `port` */
	uint32_t port;               /* 0..65535 */
	uint32_t scheme;             /* enum scheme */
	uint32_t status;             /* enum source_status */
	char reason[RECORD_REASON_SIZE];
	uint32_t sent_count;
	uint32_t received_count;
	uint32_t kiss;           /* enum ntp_kiss: the last one of this run */
	uint32_t authentication; /* enum record_authentication */
	uint8_t has_header;      /* the next five are known */
	uint8_t leap;
	uint8_t stratum;
	uint8_t refid[4];
	int64_t root_delay_ns;
	int64_t root_dispersion_ns;
	uint8_t has_estimate; /* the next three are known */
	int64_t offset_ns;
	int64_t bound_ns;
	int64_t delay_ns;
};

/* Unused octets are zero.  `run` gives the clocks, the status and the answer; the caller
 * fills in the rest. */
void run_record_init(struct run_record *ret, enum run_verb verb, const struct run *run);
void source_record_init(struct source_record *ret, const struct run_source *source);

MUST_USE bool run_record_is_valid(const struct run_record *record);
MUST_USE bool source_record_is_valid(const struct source_record *record);

/* A recorded run as input of the discipline; `before` is the record before it, or NULL. */
struct discipline_observation run_record_observation(const struct run_record *record,
                                                     const struct run_record *before);
struct discipline_action run_record_action(const struct run_record *record);

/* The run was held back until another run confirms it: core/select/decide.h. */
MUST_USE bool run_record_is_held_back(const struct run_record *record);

/* The clock at the end of the run, after its step. */
struct instant run_record_end(const struct run_record *record);

/* A server that has not answered. */
struct silent_server {
	char name[SERVER_HOST_SIZE]; /* as given */
	uint32_t port;
	struct instant since; /* the first run in which it was silent */
};
MUST_USE bool silent_server_is_valid(const struct silent_server *silent);

/* A server that sent a kiss code: RFC 5905 section 7.4. */
struct kod_holdoff {
	struct address address; /* with the port */
	uint32_t code;          /* enum ntp_kiss, not NTP_KISS_NONE */
	uint32_t rate_count;    /* RATE codes, less usable answers since; saturates */
	struct instant since;
	struct instant until;
};

/* The hold-off: a quarter of an hour after the first RATE, doubled by each further one,
 * at most a day.  DENY and RSTR give a day: they mean "forever", but an address may get
 * a new owner, and one request a day does no harm. */
#define KOD_HOLDOFF_FIRST_NS (900 * NS_PER_S)
#define KOD_HOLDOFF_MAX_NS (86400 * NS_PER_S)

MUST_USE bool kod_holdoff_is_valid(const struct kod_holdoff *kiss);

/* True when the server is in hold-off at `now`: until `until`, but no longer than
 * KOD_HOLDOFF_MAX_NS after `since`.  A kiss from the future (the clock went back) does not
 * count. */
bool kod_holdoff_holds(const struct kod_holdoff *kiss, struct instant now);

/* Whether a server in hold-off may be asked where there is no majority without it:
 * KOD_HOLDOFF_FIRST_NS after the code, or after the request before.  ntpd polls no less
 * often. */
bool kod_holdoff_may_ask(const struct kod_holdoff *kiss, struct instant now);
/* After a request at `now`: `since` becomes `now`, and `until` gets no later. */
void kod_holdoff_renew(struct kod_holdoff *kiss, struct instant now);

/* The hold-off of an address after `source` of a run that ended at `now`; `known` is the
 * one before, or NULL.  True and `*ret` when there is one to store.  A server that was
 * asked in its hold-off and did not end it by its answer has `since` renewed; `until`
 * gets no later. */
bool kod_holdoff_next(const struct kod_holdoff *known, const struct source_record *source,
                      struct instant now, struct kod_holdoff *ret);

#endif
