/* SPDX-License-Identifier: MIT
 *
 * The answer of `systemctl show`: a block of KEY=VALUE lines for each unit.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/span.h"
#include "core/base/text_time.h"
#include "io/sys/systemd_timer.h"

#define TIMER "reqtime.timer"
#define SERVICE "reqtime.service"

enum { VALUE_SIZE = 64 };

/* A block. */
struct unit {
	char id[SYSTEMD_TIMER_UNIT_SIZE];
	char load[VALUE_SIZE], active[VALUE_SIZE], file[VALUE_SIZE];
	char realtime[VALUE_SIZE], monotonic[VALUE_SIZE];
};

/* A longer value is not one of ours: it is left out. */
static void take_value(const char *value, size_t len, char *ret, size_t size)
{
	if (len < size) {
		memcpy(ret, value, len);
		ret[len] = '\0';
	}
}

static void take_line(const char *line, size_t len, struct unit *unit)
{
	const struct {
		const char *key;
		char *value;
		size_t size;
	} keys[] = {
		{ "Id=", unit->id, sizeof(unit->id) },
		{ "LoadState=", unit->load, VALUE_SIZE },
		{ "ActiveState=", unit->active, VALUE_SIZE },
		{ "UnitFileState=", unit->file, VALUE_SIZE },
		{ "NextElapseUSecRealtime=", unit->realtime, VALUE_SIZE },
		{ "NextElapseUSecMonotonic=", unit->monotonic, VALUE_SIZE },
	};

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		const size_t key_len = strlen(keys[i].key);

		if (len >= key_len && memcmp(line, keys[i].key, key_len) == 0) {
			take_value(line + key_len, len - key_len, keys[i].value,
			           keys[i].size);
		}
	}
}

/* "Mon 2026-11-30 22:08:00 UTC". */
static bool parse_realtime(const char *text, struct instant *ret)
{
	char whole[VALUE_SIZE + 1];
	const char *day = strchr(text, ' ');
	const char *zone = strstr(text, " UTC");

	if (!day || !zone || zone <= day || zone[4] != '\0') {
		return false;
	}
	snprintf(whole, sizeof(whole), "%.*sZ", (int)(zone - day - 1), day + 1);
	return text_time_rfc3339_parse(whole, strlen(whole), ret);
}

/* "2h 3min 4.5s" of CLOCK_MONOTONIC; "0", "infinity" and "": none. */
static bool parse_monotonic(const char *text, const struct reading *now,
                            struct instant *ret)
{
	int64_t at_ns;

	if (strcmp(text, "0") == 0 || span_parse(text, &at_ns) != SPAN_OK) {
		return false;
	}
	*ret = instant_add_ns(now->wall, ns_sub(at_ns, now->mono_ns));
	return true;
}

static void note_next(const struct unit *unit, struct instant at, struct systemd_timer *ret)
{
	if (!ret->has_next || at.unix_ns < ret->next.unix_ns) {
		ret->has_next = 1;
		ret->next = at;
		snprintf(ret->unit, sizeof(ret->unit), "%s", unit->id);
	}
}

static void take_timer(const struct unit *unit, const struct reading *now,
                       struct systemd_timer *ret)
{
	struct instant at;

	if (strcmp(unit->active, "active") != 0) {
		return;
	}
	if (parse_realtime(unit->realtime, &at)) {
		note_next(unit, at, ret);
	}
	if (parse_monotonic(unit->monotonic, now, &at)) {
		note_next(unit, at, ret);
	}
}

/* True for the block of reqtime.timer. */
static bool take_unit(const struct unit *unit, const struct reading *now,
                      struct systemd_timer *ret)
{
	if (strcmp(unit->id, SERVICE) == 0) {
		ret->is_running = strcmp(unit->active, "activating") == 0;
		return false;
	}
	take_timer(unit, now, ret);
	if (strcmp(unit->id, TIMER) != 0) {
		return false;
	}
	ret->is_installed = strcmp(unit->load, "loaded") == 0;
	ret->is_active = strcmp(unit->active, "active") == 0;
	ret->is_enabled = strncmp(unit->file, "enabled", strlen("enabled")) == 0;
	return unit->load[0] != '\0' && unit->active[0] != '\0';
}

bool systemd_timer_parse(const char *text, size_t len, const struct reading *now,
                         struct systemd_timer *ret)
{
	const char *const stop = text + len;
	struct systemd_timer timer;
	struct unit unit;
	bool is_whole = false;

	memset(&timer, 0, sizeof(timer));
	memset(&unit, 0, sizeof(unit));
	while (text < stop) {
		const char *line_end = memchr(text, '\n', (size_t)(stop - text));
		const char *line_stop = line_end ? line_end : stop;

		take_line(text, (size_t)(line_stop - text), &unit);
		if (line_stop == text) { /* a blank line ends a block */
			is_whole |= take_unit(&unit, now, &timer);
			memset(&unit, 0, sizeof(unit));
		}
		text = line_stop + 1;
	}
	is_whole |= take_unit(&unit, now, &timer);
	if (is_whole) {
		*ret = timer;
	}
	return is_whole;
}
