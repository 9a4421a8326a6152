/* SPDX-License-Identifier: MIT
 *
 * The clock, its last and next run, and this machine on one screen, for people.
 */
#ifndef CORE_REPORT_STATUS_REPORT_H
#define CORE_REPORT_STATUS_REPORT_H

#include "core/discipline/run_record.h"
#include "core/report/discipline_report.h"
#include "core/report/now_report.h"
#include "core/report/refusal.h"
#include "core/select/other_daemon.h"
#include "core/select/reading.h"

enum status_history {
	STATUS_HISTORY_READ,
	STATUS_HISTORY_NONE,   /* no run is recorded */
	STATUS_HISTORY_DENIED, /* not for this user */
	STATUS_HISTORY_UNUSABLE,
};

enum status_timer {
	STATUS_TIMER_UNKNOWN, /* systemd has not said: `why` */
	STATUS_TIMER_ABSENT,  /* no such unit, or no systemd: `why` */
	STATUS_TIMER_OFF,
	STATUS_TIMER_ON, /* started, and ... */
};

/* The next run, by systemd. */
struct status_next {
	enum status_timer timer;
	const char *why;
	bool is_enabled; /* starts with the machine */
	bool is_running; /* a run is under way */
	bool has_next;   /* the next two are known */
	struct instant next;
	const char *unit;
};

struct status_kernel {
	bool is_known; /* the rest is */
	bool is_synchronised;
	int64_t max_error_ns;
	int64_t pending_slew_ns;
	int64_t frequency_ppb;
	unsigned leap; /* enum ntp_leap */
};

/* Texts are printable. */
struct status_view {
	struct now_view now;
	int64_t within_ns; /* this is right enough, ... */
	bool is_proved;    /* ... of the proved bound, not of the likely one */
	bool is_within;
	struct reading at;

	const char *config; /* the configuration file, and the servers in it */
	size_t configured_count;

	const char *state_dir;
	enum status_history history;
	const char *history_reason; /* STATUS_HISTORY_UNUSABLE */

	bool has_last; /* the newest run of `set`; the next four are known */
	struct run_record last;
	int64_t last_age_ns; /* below 0: unknown */
	const struct source_record *sources;
	size_t source_count;
	bool has_trusted;       /* the newest one with an answer that was accepted */
	int64_t trusted_age_ns; /* below 0: unknown */
	int64_t interval_ns;    /* between the latest runs; 0: unknown */
	bool has_silent;        /* a server that has not answered for long */
	struct silent_server silent;

	struct discipline_report discipline;

	/* Since this boot. */
	bool is_held_back;
	struct held_back held_back;
	bool is_confirmed; /* the last accepted run is; else, where known, by ... */
	bool has_confirm_after;
	struct instant confirm_after; /* ... an accepted run after this */

	struct status_next next;
	enum other_daemon other_daemon;
	const char *unseen; /* why other daemons may be hidden; NULL: they are not */
	struct status_kernel kernel;
};

/* Nothing has ever been recorded, and nothing keeps the clock. */
MUST_USE bool status_is_fresh(const struct status_view *view);

/* The server that the last run followed, or NULL. */
const struct source_record *status_selected(const struct status_view *view);

/* Whether only authenticated servers have decided. */
enum status_answer { STATUS_NO, STATUS_YES, STATUS_UNKNOWN };
enum status_answer status_authenticated(const struct status_view *view);
enum status_answer status_confirmed(const struct status_view *view);

/* Lines of at most 80 columns, like snprintf(). */
enum { STATUS_REPORT_SIZE = 8192 };
size_t status_report(const struct status_view *view, const struct style *style, char *buf,
                     size_t size);

#endif
