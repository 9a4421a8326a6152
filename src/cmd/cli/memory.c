/* SPDX-License-Identifier: MIT */
#include "cmd/cli/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/store/history.h"
#include "io/sys/kernel_clock.h"

const char *memory_dir(const struct measuring_settings *settings, char buf[MEMORY_DIR_ROOM])
{
	return settings->state_dir ? settings->state_dir : state_dir_default(buf);
}

static bool may(int dir_fd, const char *path, int mode)
{
	return faccessat(dir_fd, path, mode, AT_EACCESS) == 0;
}

/* A read-only command starts the history process only if there is a history, or a directory for one. */
static bool looking_settings(const char *dir, struct recorder_settings *ret)
{
	char file[MEMORY_DIR_ROOM + sizeof(HISTORY_FILE) + 1];

	ret->may_write = may(AT_FDCWD, dir, W_OK | X_OK);
	snprintf(file, sizeof(file), "%s/%s", dir, HISTORY_FILE);
	return ret->may_write || may(AT_FDCWD, file, R_OK);
}

/* Only `set` makes the directory; without it a read-only command remembers nothing, and says so if the
 * directory was named.  /dev/null means exactly that, so it needs no warning. */
static void complain_no_dir(const struct memory *memory, const char *dir)
{
	char quoted[COMMAND_QUOTE_ROOM];
	struct stat st;
	bool is_there = stat(dir, &st) == 0;

	if (memory->is_told && is_there && !S_ISDIR(st.st_mode) && !S_ISCHR(st.st_mode)) {
		command_complain("warning: --state-dir: %s is not a directory: nothing is "
		                 "remembered",
		                 command_quote(dir, quoted));
	} else if (memory->is_told && !is_there && errno == ENOENT) {
		command_complain("warning: --state-dir: there is no %s: nothing is "
		                 "remembered; mkdir makes it, and so does reqtime set",
		                 command_quote(dir, quoted));
	}
}

static void complain(struct memory *memory, const char *warning)
{
	if (warning[0] != '\0' && !memory->is_silent &&
	    (memory->role == MEMORY_RECORDS || memory->is_told)) {
		command_complain("warning: %s", warning);
		memory->has_warned = true;
	}
}

void memory_open(const struct measuring_settings *settings, enum memory_role role,
                 bool wants_past, struct memory *ret)
{
	struct recorder_settings how = { .limits = RECORDER_LIMITS,
		                         .keep_ns = settings->keep_ns,
		                         .wants_past = wants_past };
	char buf[MEMORY_DIR_ROOM];
	const char *dir = memory_dir(settings, buf);
	int r;

	memset(ret, 0, sizeof(*ret));
	ret->role = role;
	ret->is_told = settings->state_dir != NULL;
	ret->view.standing = HISTORY_ABSENT;
	learn_past_init(&ret->view.past);
	if (role == MEMORY_RECORDS) {
		how.may_write = true;
		how.may_create = true;
	} else if (!looking_settings(dir, &how)) {
		complain_no_dir(ret, dir);
		return;
	}
	ret->may_write = how.may_write;
	r = recorder_start(dir, &how, &ret->recorder);
	if (r < 0) {
		ret->recorder = NULL;
		complain(ret, "the process that keeps the history does not start");
	}
}

static void spare_all_held(struct history_view *view)
{
	struct reading now;

	if (kernel_clock_now(&now) < 0) {
		view->kiss_count = 0;
	}
	for (size_t i = 0; i < view->kiss_count; i++) {
		kiss_record_renew(&view->kisses[i], now.wall);
	}
}

void memory_load(struct memory *memory)
{
	if (!memory->recorder) {
		return;
	}
	recorder_load(memory->recorder, &memory->view);
	if (!memory->may_write) {
		spare_all_held(&memory->view);
	}
	complain(memory, memory->view.warning);
}

void memory_close(struct memory *memory)
{
	recorder_stop(memory->recorder);
	memory->recorder = NULL;
	recorder_view_free(&memory->view);
}

static uint32_t kernel_flags(const struct kernel_clock_state *state)
{
	uint32_t flags = 0;

	flags |= state->is_unsynchronised ? RECORD_KERNEL_UNSYNCHRONISED : 0;
	flags |= state->is_pll_active ? RECORD_KERNEL_PLL : 0;
	flags |= state->leap == NTP_LEAP_INSERT ? RECORD_KERNEL_LEAP_INSERT : 0;
	flags |= state->leap == NTP_LEAP_DELETE ? RECORD_KERNEL_LEAP_DELETE : 0;
	return flags;
}

static void note_after(const struct kernel_clock_state *state, struct run_record *record)
{
	record->frequency_after_ppb = state->frequency_ppb;
	record->slew_after_ns = state->pending_slew_ns;
	record->tick_after = (uint32_t)state->tick_us;
	record->max_error_ns = state->max_error_ns;
	record->estimated_error_ns = state->estimated_error_ns;
}

void memory_note_before(const struct memory *memory, struct run_record *record)
{
	struct kernel_clock_state state;
	struct reading now;

	memcpy(record->boot_id, memory->view.boot_id, sizeof(record->boot_id));
	/* The moment of the offset lies milliseconds back: no suspend was between. */
	if (kernel_clock_now(&now) == 0) {
		record->boot_ns = ns_add(record->mono_ns, now.boot_ns - now.mono_ns);
	}
	if (kernel_clock_state(&state) == 0) {
		record->has_kernel = 1;
		record->frequency_before_ppb = state.frequency_ppb;
		record->slew_before_ns = state.pending_slew_ns;
		record->tick_before = (uint32_t)state.tick_us;
		record->kernel_flags = kernel_flags(&state);
		note_after(&state, record);
	}
}

void memory_note_after(struct run_record *record)
{
	struct kernel_clock_state state;
	struct reading now;

	if (record->has_kernel && kernel_clock_state(&state) == 0 &&
	    kernel_clock_now(&now) == 0) {
		note_after(&state, record);
		record->after = now.wall;
	}
}

void memory_store(struct memory *memory, const struct run_record *record,
                  const struct run *run)
{
	size_t count = run->source_count < HISTORY_SOURCES_PER_RUN_MAX
	                       ? run->source_count
	                       : HISTORY_SOURCES_PER_RUN_MAX;
	char warning[RECORDER_WARNING_ROOM] = "";
	struct source_record *sources;
	int r;

	/* Why there is none was said when it was loaded. */
	if (!memory->recorder || memory->view.standing != HISTORY_USED) {
		return;
	}
	sources = calloc(count + 1, sizeof(*sources));
	if (!sources) {
		complain(memory, "this run is not recorded: out of memory");
		return;
	}
	for (size_t i = 0; i < count; i++) {
		source_record_init(&sources[i], &run->sources[i]);
	}
	r = recorder_store(memory->recorder, record, sources, count, warning);
	/* Who may only read has no wish to hear each time that he may not write. */
	if (r == 0 || (r != -EROFS && r != -EACCES) || memory->role == MEMORY_RECORDS) {
		complain(memory, warning);
	}
	free(sources);
}

const struct run_record *memory_last_set(const struct memory *memory)
{
	return memory->view.past.has_trusted ? &memory->view.past.trusted : NULL;
}

int64_t memory_age_ns(const struct memory *memory, const struct run_record *record)
{
	struct reading now;

	if (kernel_clock_now(&now) < 0) {
		return -1;
	}
	if (memory->view.boot_id[0] != '\0' &&
	    strcmp(memory->view.boot_id, record->boot_id) == 0) {
		return ns_add(now.boot_ns, -record->boot_ns);
	}
	return instant_diff_ns(now.wall, run_record_end(record));
}
