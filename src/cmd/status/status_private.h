/* SPDX-License-Identifier: MIT
 *
 * The bound file, for people and scripts; between `now` and `status`.
 */
#ifndef CMD_STATUS_STATUS_PRIVATE_H
#define CMD_STATUS_STATUS_PRIVATE_H

#include "core/report/now_report.h"

struct json_t;

/* The options that both commands share. */
struct now_settings {
	const char *bound_file;
	int64_t within_ns; /* how far off the clock may be; 0: anything is right enough */
	int64_t wait_ns;   /* wait for that at most so long */
	unsigned max_drift_ppm; /* 0: that of the file */
	bool is_proved; /* `within` is for the proved bound, not for the likely one */
	bool is_json;
};
void now_settings_init(struct now_settings *ret);

/* Never fails: `*ret` has the reason. */
void now_look(const struct now_settings *settings, struct now_view *ret);
/* There is an answer, and it is right enough. */
bool now_is_within(const struct now_settings *settings, const struct now_view *view);
/* Looks until now_is_within(), or the time is up. */
void now_wait(const struct now_settings *settings, struct now_view *ret);

/* A new JSON object of the verb, to which more keys may be added; an unknown value is null.
 * NULL: out of memory. */
struct json_t *now_json(const char *verb, const struct now_settings *settings,
                        const struct now_view *view);

#endif
