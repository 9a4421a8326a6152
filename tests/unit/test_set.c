/* SPDX-License-Identifier: MIT
 *
 * The two processes of `set` with a simulated kernel (clock, capabilities, network): which
 * does what in which order, and the result when one of them fails.  Both write their steps
 * into shared memory.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/client/measure.h"
#include "app/clock/correct.h"
#include "app/history/exporter.h"
#include "app/history/history_client.h"
#include "cmd/cli/command.h"
#include "io/net/ports.h"
#include "io/store/anchor_file.h"
#include "io/store/lock.h"
#include "io/store/state_dir.h"
#include "io/sys/boot_id.h"
#include "io/sys/confine.h"
#include "io/sys/kernel_clock.h"
#include "io/sys/other_daemon.h"
#include "io/sys/priv.h"
#include "io/sys/rtc.h"

enum { PATIENCE_S = 60 }; /* for a row */

enum act {
	ACT_ANSWER,
	ACT_NO_MAJORITY,
	ACT_STALE_ONCE,
	ACT_STALE,
	ACT_FAIL,
	ACT_BAD_RECORD,
	ACT_SHORT_RECORD,
	ACT_HIDE_FLOOR,
	ACT_LONG_RECORD,
	ACT_EXIT,
	ACT_CRASH,
	ACT_HANG,
	ACT_INTERRUPTED,
	ACT_SIGNAL_PARENT,
};

struct script {
	enum act act;
	int64_t offset_ns;
	int keep_r, raise_r, may_set_r, child_drop_r, parent_drop_r, sandbox_r, step_r;
	bool clock_stands_still;
	int raise_again_r; /* the second time: for the action */
	int keep_alone_r;
	int lock_r, start_r, store_r;
	enum other_daemon other_daemon;
	int64_t floor_lead_ns; /* of the clock; 0: none is known */
	bool is_jump; /* the last good run found the clock right; else as this one found it */
	bool is_forgotten;   /* no anchor can be written */
	int64_t usual_ns;    /* the bound that the last run predicted */
	int64_t last_age_ns; /* of the last good run of this boot; 0: none */
	bool was_never_good; /* ... there was one, but it was not good */
};

static struct world {
	pid_t parent; /* the process that `set` runs in */
	struct script script;
	int64_t shift_ns;
	int64_t pending_ns;
	struct kernel_clock_update update; /* the last one */
	int raised;
	int kept_alone;
	int measured;
	int locked;
	int stored;
	struct run_record record; /* the last that was stored */
	struct anchor anchor;     /* the last that was written */
	char log[2000];
} * world;

static void note(const char *what)
{
	size_t len = strlen(world->log);

	snprintf(world->log + len, sizeof(world->log) - len, "%s%s-%s", len ? " " : "",
	         getpid() == world->parent ? "P" : "C", what);
}

/* ---- the simulated kernel ---- */

static int64_t clock_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

int kernel_clock_now(struct reading *ret)
{
	int64_t mono_ns = clock_ns(CLOCK_MONOTONIC);

	/* A single simulated clock: the test does not depend on the real one. */
	*ret = (struct reading){ .wall = { INT64_C(1800000000000000000) + mono_ns +
		                           world->shift_ns },
		                 .mono_ns = mono_ns,
		                 .boot_ns = mono_ns };
	return 0;
}

int kernel_clock_state(struct kernel_clock_state *ret)
{
	*ret = (struct kernel_clock_state){ .precision_ns = 100,
		                            .pending_slew_ns = world->pending_ns,
		                            .leap = world->update.leap,
		                            .frequency_ppb = world->update.frequency_ppb,
		                            .max_error_ns = world->update.max_error_ns };
	return 0;
}

int kernel_clock_may_set(void)
{
	note("may");
	return world->script.may_set_r;
}

int kernel_clock_update(const struct kernel_clock_update *update, int *ret_settings_error)
{
	*ret_settings_error = 0;
	/* By now the process cannot change to another user. */
	assert_true(world->kept_alone == 1);
	if (update->step_ns) {
		note("step");
	}
	if (world->script.step_r == 0) {
		world->update = *update;
		if (!world->script.clock_stands_still) {
			world->shift_ns += update->step_ns;
		}
	}
	return update->step_ns ? world->script.step_r : 0;
}

enum other_daemon other_daemon_look(const char *proc)
{
	(void)proc;
	return world->script.other_daemon;
}

int rtc_open(void)
{
	note("rtc");
	return -ENOENT;
}

int rtc_write(int fd, int64_t ahead_ns)
{
	(void)fd;
	(void)ahead_ns;
	return -EIO;
}

int kernel_clock_slew(int64_t by_ns)
{
	note("slew");
	world->pending_ns = by_ns;
	return 0;
}

int priv_keep_time_and_users(void)
{
	note("keep");
	return world->script.keep_r;
}

/* Runs in parallel with the child, in no fixed order. */
int priv_keep_time(void)
{
	assert_int_equal(getpid(), world->parent);
	world->kept_alone++;
	return world->script.keep_alone_r;
}

int priv_raise_time(void)
{
	note("raise");
	return world->raised++ ? world->script.raise_again_r : world->script.raise_r;
}

int priv_clear_time(void)
{
	note("clear");
	return 0;
}

int priv_drop_all(void)
{
	note("drop");
	return getpid() == world->parent ? world->script.parent_drop_r
	                                 : world->script.child_drop_r;
}

int priv_drop_to(uid_t uid, gid_t gid)
{
	assert_int_equal(uid, PRIV_NOBODY);
	assert_int_equal(gid, PRIV_NOBODY);
	return priv_drop_all();
}

int priv_act_as(uid_t uid, gid_t gid)
{
	(void)uid;
	(void)gid;
	return -EPERM;
}

void priv_act_as_self(void)
{
}

int confine_measurer(const uint16_t *tcp_ports, size_t count, int passing_fd,
                     struct confinement *ret)
{
	(void)tcp_ports;
	assert_int_equal(passing_fd, -1);
	assert_int_equal(count, 0);
	note("sandbox");
	*ret = (struct confinement){ .has_filter = world->script.sandbox_r != -ENOSYS,
		                     .has_landlock = true };
	return world->script.sandbox_r == -ENOSYS ? 0 : world->script.sandbox_r;
}

/* ---- the history ---- */

int lock_take(enum lock_purpose purpose, const char *state_dir, const char *run_dir,
              struct lock *ret)
{
	(void)purpose;
	(void)state_dir;
	(void)run_dir;
	(void)ret;
	world->locked = world->script.lock_r == 0;
	return world->script.lock_r;
}

void lock_forget(struct lock *lock)
{
	(void)lock;
}

void lock_release(struct lock *lock)
{
	(void)lock;
	world->locked = 0;
}

/* The state that the last run left. */
static void anchor_left(struct anchor *ret)
{
	const struct script *script = &world->script;
	struct reading now;

	anchor_init(ret);
	assert_int_equal(kernel_clock_now(&now), 0);
	if (script->floor_lead_ns) {
		ret->has_floor = 1;
		ret->floor_ns = now.wall.unix_ns + script->floor_lead_ns;
	}
	if (script->last_age_ns && !script->was_never_good) {
		memcpy(ret->boot_id, "this boot", 10);
		ret->found_booted_ns = now.wall.unix_ns - now.boot_ns;
		ret->has_last = ret->has_confirmed = 1;
		ret->last = (struct anchor_point){
			.boot_ns = now.boot_ns - script->last_age_ns,
			.booted_ns = ret->found_booted_ns +
			             (script->is_jump ? 0 : script->offset_ns),
			.bound_ns = NS_PER_MS,
		};
		ret->chain_ns = ret->last.boot_ns;
		ret->confirmed = ret->last;
	}
}

void boot_id_read(char ret[BOOT_ID_SIZE])
{
	memset(ret, 0, BOOT_ID_SIZE);
	memcpy(ret, "this boot", 10);
}

void anchor_file_open(const char *state_dir, const char *run_dir, struct anchor_file *ret)
{
	(void)state_dir;
	(void)run_dir;
	(void)ret;
	assert_true(world->locked || world->script.lock_r != 0);
}

void anchor_file_read(const struct anchor_file *file, const char *boot_id,
                      struct instant release, struct anchor *ret)
{
	(void)file;
	(void)boot_id;
	(void)release;
	assert_int_equal(getpid(), world->parent);
	anchor_left(ret);
}

void anchor_file_look(const char *state_dir, const char *run_dir, const char *boot_id,
                      struct instant release, struct anchor *ret)
{
	(void)state_dir;
	(void)run_dir;
	(void)boot_id;
	(void)release;
	anchor_left(ret);
}

bool anchor_file_write(const struct anchor_file *file, const struct anchor *anchor)
{
	(void)file;
	assert_int_equal(getpid(), world->parent);
	if (!world->script.is_forgotten) {
		world->anchor = *anchor;
	}
	return !world->script.is_forgotten;
}

void anchor_file_close(struct anchor_file *file)
{
	(void)file;
}

int exporter_start(const char *path, struct exporter *ret)
{
	(void)path;
	(void)ret;
	fail_msg("no metrics were asked for");
	return 0;
}

void exporter_note(const struct exporter *exporter, const struct metrics *metrics)
{
	(void)exporter;
	(void)metrics;
}

void exporter_skip(const struct exporter *exporter)
{
	(void)exporter;
}

int exporter_end(struct exporter *exporter, const struct metrics *metrics)
{
	(void)exporter;
	(void)metrics;
	return 0;
}

int history_client_start(const char *state_dir,
                         const struct history_client_settings *settings,
                         struct history_client **ret)
{
	static char client;

	(void)state_dir;
	assert_true(settings->may_write || !world->locked);
	*ret = (struct history_client *)&client;
	return world->script.start_r;
}

void history_client_load(struct history_client *client, struct history_view *ret)
{
	struct reading now;

	(void)client;
	memset(ret, 0, sizeof(*ret));
	assert_int_equal(kernel_clock_now(&now), 0);
	memcpy(ret->boot_id, "this boot", 10);
	replay_state_init(&ret->replay);
	if (world->script.last_age_ns) {
		ret->replay.has_last = 1;
		ret->replay.last.verb = RUN_VERB_SET;
		ret->replay.last.boot_ns = now.boot_ns - world->script.last_age_ns;
		ret->replay.last.mono_ns = now.mono_ns - world->script.last_age_ns;
		ret->replay.last.at = instant_add_ns(now.wall, -world->script.last_age_ns);
		ret->replay.last.bound_ns = NS_PER_MS;
		ret->replay.last.has_answer = 1;
		ret->replay.last.has_kernel = 1;
		ret->replay.last.max_error_ns = world->script.usual_ns;
		memcpy(ret->replay.last.boot_id, "this boot", 10);
		ret->replay.has_trusted = !world->script.was_never_good;
		ret->replay.trusted = ret->replay.last;
	}
}

void history_view_free(struct history_view *view)
{
	(void)view;
}

int history_client_store(struct history_client *client, const struct run_record *run,
                         const struct source_record *sources, size_t count, char *warning)
{
	(void)client;
	(void)sources;
	assert_int_equal(count, 0);
	assert_int_equal(run->verb, RUN_VERB_SET);
	world->stored++;
	world->record = *run;
	snprintf(warning, HISTORY_CLIENT_WARNING_SIZE, "%s",
	         world->script.store_r ? "the disk is full" : "");
	return world->script.store_r;
}

void history_client_take_keys(struct history_client *client, struct nts_store *ret,
                              char *warning)
{
	(void)client;
	(void)ret;
	(void)warning;
	fail_msg("no server needs keys");
}

void history_client_put_keys(struct history_client *client, const struct nts_store *keys,
                             char *warning)
{
	(void)client;
	(void)keys;
	(void)warning;
	fail_msg("there are no keys");
}

void history_client_stop(struct history_client *client)
{
	(void)client;
}

static const struct ports no_ports;

int ports_open(const struct kernel_ports_settings *settings, struct kernel_ports **ret)
{
	(void)settings;
	note("ports");
	*ret = NULL;
	return 0;
}

const struct ports *ports_of(struct kernel_ports *ports)
{
	(void)ports;
	return &no_ports;
}

void ports_expect_keys(struct kernel_ports *ports)
{
	(void)ports;
	fail_msg("no server needs keys");
}

int ports_passing_fd(const struct kernel_ports *ports)
{
	(void)ports;
	return -1;
}

size_t ports_window(const struct kernel_ports *ports)
{
	(void)ports;
	return 100;
}

void ports_close(struct kernel_ports *ports)
{
	(void)ports;
}

struct measure_settings measure_defaults(void)
{
	return (struct measure_settings){ .samples = 4, .pool = 4, .timeout_ns = NS_PER_S };
}

/* An attacker in the child: finds the descriptor that leads to the parent, and sends a
 * record that is valid except for its length. */
static void tell_parent(size_t octets)
{
	struct {
		struct correct_record record;
		char more[100];
	} message = { .record = { .magic = CORRECT_RECORD_MAGIC,
		                  .offset_ns = 2 * NS_PER_S,
		                  .agreeing_count = 1,
		                  .asked_count = 1 } };
	struct reading now;
	int fd, type;
	socklen_t len;

	if (kernel_clock_now(&now) < 0) {
		_exit(99);
	}
	message.record.wall_ns = now.wall.unix_ns;
	message.record.mono_ns = now.mono_ns;
	for (fd = 3; fd < 100; fd++) {
		len = sizeof(type);
		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
		    type == SOCK_SEQPACKET && write(fd, &message, octets) < 0) {
			_exit(99);
		}
	}
}

/* As the real one: ends only after it got the reply. */
static void hear_parent(void)
{
	struct pollfd fds[97];

	for (int i = 0; i < 97; i++) {
		int type = 0;
		socklen_t len = sizeof(type);
		bool is_ours = getsockopt(i + 3, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
		               type == SOCK_SEQPACKET;

		fds[i] = (struct pollfd){ .fd = is_ours ? i + 3 : -1, .events = POLLIN };
	}
	(void)poll(fds, 97, 5000);
}

static void misbehave(enum act act)
{
	switch (act) {
	case ACT_SHORT_RECORD:
		tell_parent(sizeof(struct correct_record) - 8);
		pause();
		break;
	case ACT_HIDE_FLOOR:
		tell_parent(sizeof(struct correct_record));
		hear_parent();
		_exit(3);
	case ACT_LONG_RECORD:
		tell_parent(sizeof(struct correct_record) + 8);
		pause();
		break;
	case ACT_EXIT:
		_exit(0);
	case ACT_CRASH:
		kill(getpid(), SIGKILL);
		break;
	case ACT_SIGNAL_PARENT:
		kill(world->parent, SIGTERM);
		pause();
		break;
	case ACT_HANG:
		pause();
		break;
	default:
		break;
	}
}

int measure(const struct measure_settings *settings, const struct ports *ports,
            struct run *ret)
{
	struct reading now;
	bool is_stale = world->script.act == ACT_STALE ||
	                (world->script.act == ACT_STALE_ONCE && world->measured == 0);

	(void)settings;
	(void)ports;
	note("measure");
	world->measured++;
	misbehave(world->script.act);
	if (world->script.act == ACT_FAIL) {
		return -ENOMEM;
	}
	if (kernel_clock_now(&now) < 0) {
		return -EIO;
	}
	*ret = (struct run){ .status = RUN_OK,
		             .at = now.wall,
		             .at_mono_ns = now.mono_ns,
		             .has_answer = true,
		             .offset_ns = world->script.offset_ns,
		             .bound_ns = NS_PER_MS,
		             .agreeing_count = 3,
		             .asked_count = 3,
		             .agreeing_server_count = 1,
		             .server_count = 1 };
	if (is_stale) {
		ret->at_mono_ns -= 2 * NS_PER_S;
		ret->at.unix_ns -= 2 * NS_PER_S;
	}
	if (world->script.act == ACT_NO_MAJORITY) {
		ret->status = RUN_NO_MAJORITY;
		ret->has_answer = false;
	} else if (world->script.act == ACT_INTERRUPTED) {
		ret->status = RUN_INTERRUPTED;
		ret->signal = SIGINT;
	} else if (world->script.act == ACT_BAD_RECORD) {
		ret->agreeing_count = 1;
	}
	return 0;
}

void measure_free(struct run *run)
{
	(void)run;
}

/* ---- rows ---- */

#define ALLOWED "P-keep P-raise P-may P-clear"
#define CHILD " C-drop C-drop C-ports C-sandbox C-measure"
#define DEED " P-raise P-step P-clear P-drop"
#define TOLD " P-raise P-clear P-drop"

struct row {
	const char *name;
	const char *words[5];
	struct script script;
	int status;
	const char *log;
	const char *out; /* part of it; NULL: nothing at all */
	const char *err;
};

#define S NS_PER_S
#define MS NS_PER_MS
/* clang-format off */
static const struct row rows[] = {
	{ "steps", { "h" }, { .offset_ns = 2 * S }, 0, ALLOWED CHILD DEED, "stepped the clock by +2 s", NULL },
	{ "slews", { "h" }, { .offset_ns = -40 * MS }, 0,
	  ALLOWED CHILD " P-raise P-slew P-clear P-drop", "slewing the clock by -40 ms", NULL },
	{ "needs nothing", { "h" }, { .offset_ns = 5 }, 0, ALLOWED CHILD TOLD, "left the clock alone", NULL },
	{ "quiet, needs nothing", { "-q", "h" }, { .offset_ns = 5 }, 0, ALLOWED CHILD TOLD, NULL, NULL },
	{ "quiet, steps: reported", { "-q", "h" }, { .offset_ns = 2 * S }, 0, ALLOWED CHILD DEED, "stepped the clock", NULL },
	{ "json, steps", { "--json", "h" }, { .offset_ns = 2 * S }, 0, ALLOWED CHILD DEED,
	  "\"status\":\"ok\",\"offset_ns\":2000000000,\"bound_ns\":1000000,\"delay_ns\":0,\"leap\":0,\"authenticated\":false,\"sources\":[],"
	  "\"plan\":{\"action\":\"step\",\"by_ns\":2000000000,\"reason\":\"the offset is not below --step-above\",\"lasts_ns\":null},"
	  "\"held_back\":null,\"applied\":{\"action\":\"step\",\"by_ns\":2000000000,\"lasts_ns\":null,\"ends\":null},"
	  "\"learnt\":{\"state\":\"learning\",\"frequency_ppb\":0,\"frequency_sd_ppb\":100000,"
	  "\"phase_ns\":2000000000,", NULL },
	{ "json, needs nothing", { "--json", "h" }, { .offset_ns = 5 }, 0, ALLOWED CHILD TOLD,
	  "\"applied\":{\"action\":\"none\",\"by_ns\":0,\"lasts_ns\":null,\"ends\":null},", NULL },
	{ "dry", { "--dry-run", "h" }, { .offset_ns = 2 * S }, 0, "P-drop P-ports P-sandbox P-measure", "would step it", NULL },
	{ "dry, json", { "--dry-run", "--json", "h" }, { .offset_ns = 2 * S }, 0, "P-drop P-ports P-sandbox P-measure",
	  "\"plan\":{\"action\":\"step\",\"by_ns\":2000000000,\"reason\":\"the offset is not below --step-above\",\"lasts_ns\":null},"
	  "\"held_back\":null,\"applied\":null,\"learnt\":{\"state\":\"learning\",", NULL },
	{ "verbose: the learned state", { "-v", "h" }, { .offset_ns = 2 * S }, 0, ALLOWED CHILD DEED,
	  "Discipline (learning): frequency +0.000 +/- 100.000 ppm, offset +2 s", NULL },
	{ "dry, verbose: the learned state", { "--dry-run", "-v", "h" }, { .offset_ns = 2 * S }, 0,
	  "P-drop P-ports P-sandbox P-measure", "Discipline (learning): ", NULL },
	{ "dry, refused", { "--dry-run", "h" }, { .offset_ns = 2000 * S }, 3, "P-drop P-ports P-sandbox P-measure",
	  "would refuse", "  Now: reqtime set --any-offset" },
	{ "dry, stale once", { "--dry-run", "h" }, { .act = ACT_STALE_ONCE, .offset_ns = 2 * S }, 0,
	  "P-drop P-ports P-sandbox P-measure P-measure", "would step it", NULL },
	{ "refused", { "h" }, { .offset_ns = 2000 * S }, 3, ALLOWED CHILD " P-drop", "behind", "  Now: reqtime set --any-offset" },
	{ "refused, json", { "--json", "h" }, { .offset_ns = 2000 * S }, 3, ALLOWED CHILD " P-drop",
	  "\"status\":\"refused\"", "  Now: reqtime set --any-offset" },
	{ "any offset", { "--any-offset", "h" }, { .offset_ns = 2000 * S }, 0, ALLOWED CHILD DEED, "stepped the clock", NULL },
	{ "no majority", { "h" }, { .act = ACT_NO_MAJORITY }, 1, ALLOWED CHILD " P-drop", "No trusted time", NULL },

	{ "keeps no right: no packet", { "h" }, { .keep_r = -EPERM }, 4, "P-keep", NULL, "not permitted to set the clock: " },
	{ "cannot raise: no packet", { "h" }, { .raise_r = -EPERM }, 4, "P-keep P-raise", NULL, "AmbientCapabilities=CAP_SYS_TIME" },
	{ "kernel would refuse: no packet", { "h" }, { .may_set_r = -EPERM }, 4, ALLOWED, NULL, "not permitted to set the clock: " },
	{ "kernel would refuse, json", { "--json", "h" }, { .may_set_r = -EPERM }, 4, ALLOWED,
	  "\"status\":\"not-permitted\",\"offset_ns\":null", "not permitted to set the clock: " },
	{ "the question fails", { "h" }, { .may_set_r = -ENOSYS }, 6, ALLOWED, NULL, "cannot check the right" },
	{ "the capability is gone at the action", { "h" }, { .offset_ns = 2 * S, .raise_again_r = -EPERM }, 4,
	  ALLOWED CHILD " P-raise P-clear P-drop", "behind", "not permitted to set the clock: " },
	{ "the step fails", { "h" }, { .offset_ns = 2 * S, .step_r = -EINVAL }, 6, ALLOWED CHILD DEED, "behind", "cannot set the clock: Invalid" },
	{ "the clock stands still", { "h" }, { .offset_ns = 2 * S, .clock_stands_still = true }, 6, ALLOWED CHILD DEED,
	  "behind", "a read-back shows" },
	{ "the clock stands still, json", { "--json", "h" }, { .offset_ns = 2 * S, .clock_stands_still = true }, 6,
	  ALLOWED CHILD DEED, "\"status\":\"error\"", "a read-back shows" },
	{ "the parent cannot drop", { "h" }, { .offset_ns = 2 * S, .parent_drop_r = -EPERM }, 6, ALLOWED CHILD DEED,
	  "stepped", "cannot give up privileges" },
	{ "the child cannot drop: asks nothing", { "h" }, { .child_drop_r = -EPERM }, 6, ALLOWED " C-drop", NULL, "cannot give up privileges" },
	{ "no sandbox: goes on", { "h" }, { .offset_ns = 2 * S, .sandbox_r = -ENOSYS }, 0, ALLOWED CHILD DEED, "stepped", NULL },
	{ "no sandbox: -v reports it", { "-v", "h" }, { .offset_ns = 2 * S, .sandbox_r = -ENOSYS }, 0, ALLOWED CHILD DEED,
	  "stepped", "measuring without one" },
	{ "the sandbox fails: asks nothing", { "h" }, { .sandbox_r = -EINVAL }, 6, ALLOWED " C-drop C-drop C-ports C-sandbox", NULL, "cannot enter the sandbox" },

	{ "stale once: measured again", { "h" }, { .act = ACT_STALE_ONCE, .offset_ns = 2 * S }, 0,
	  ALLOWED CHILD " C-measure" DEED, "stepped the clock by +2 s", NULL },
	{ "stale twice: left alone", { "h" }, { .act = ACT_STALE, .offset_ns = 2 * S }, 1,
	  ALLOWED CHILD " C-measure P-drop", "behind", "stalled" },
	{ "measuring fails", { "h" }, { .act = ACT_FAIL }, 6, ALLOWED CHILD, NULL, "cannot measure" },
	{ "a record without a majority", { "h" }, { .act = ACT_BAD_RECORD, .offset_ns = 2 * S }, 6, ALLOWED CHILD " P-drop", NULL, "is invalid" },
	{ "a short record", { "h" }, { .act = ACT_SHORT_RECORD }, 6, ALLOWED CHILD " P-drop", NULL, "is invalid" },
	{ "a long record", { "h" }, { .act = ACT_LONG_RECORD }, 6, ALLOWED CHILD " P-drop", NULL, "is invalid" },
	{ "the child ends", { "h" }, { .act = ACT_EXIT }, 6, ALLOWED CHILD, NULL, "ended without a report" },
	{ "the child is killed", { "h" }, { .act = ACT_CRASH }, 6, ALLOWED CHILD, NULL, "ended by signal 9" },
	{ "the child hangs", { "-t50ms", "h" }, { .act = ACT_HANG }, 6, ALLOWED CHILD, NULL, "did not report in time" },
	{ "the child is interrupted", { "h" }, { .act = ACT_INTERRUPTED }, 130, ALLOWED CHILD, NULL, NULL },
	{ "another run holds the lock: no packet", { "h" }, { .lock_r = -EWOULDBLOCK }, 5, ALLOWED, NULL, "another run holds the lock" },
	{ "another run holds the lock, json", { "--json", "h" }, { .lock_r = -EWOULDBLOCK }, 5, ALLOWED, "\"status\":\"busy\"", "another run" },
	{ "another program at work", { "h" }, { .other_daemon = OTHER_CHRONYD, .offset_ns = 2 * S }, 5, ALLOWED CHILD " P-drop", "behind", "chronyd is running" },
	{ "another program at work, json", { "--json", "h" }, { .other_daemon = OTHER_CHRONYD, .offset_ns = 2 * S }, 5, ALLOWED CHILD " P-drop", "\"status\":\"busy\"", "--force" },
	{ "another program at work, --force", { "--force", "h" }, { .other_daemon = OTHER_CHRONYD, .offset_ns = 2 * S }, 0, ALLOWED CHILD DEED, "stepped", "warning: chronyd" },
	{ "another program at work, dry", { "--dry-run", "h" }, { .other_daemon = OTHER_CHRONYD, .offset_ns = 2 * S }, 5,
	  "P-drop P-ports P-sandbox P-measure", "would refuse: another program", "chronyd is running" },
	{ "--rtc, and the time is not confirmed", { "--rtc", "h" }, { .offset_ns = 2 * S }, 0, ALLOWED CHILD DEED, "stepped", "the hardware clock is not set until" },
	{ "--rtc without a hardware clock", { "--rtc", "--no-discipline", "h" }, { .last_age_ns = 400 * S, .offset_ns = 2 * S }, 0, ALLOWED CHILD " P-raise P-step P-clear P-rtc P-drop", "stepped", "hardware clock" },
	{ "quiet, slews as was foreseen", { "-q", "--no-discipline", "h" }, { .offset_ns = 40 * MS, .last_age_ns = 3600 * S, .usual_ns = 50 * MS }, 0,
	  ALLOWED CHILD " P-raise P-slew P-clear P-drop", NULL, NULL },
	{ "quiet, slews beyond", { "-q", "--no-discipline", "h" }, { .offset_ns = 60 * MS, .last_age_ns = 3600 * S, .usual_ns = 50 * MS }, 0,
	  ALLOWED CHILD " P-raise P-slew P-clear P-drop", "slewing", NULL },
	{ "quiet, slews back beyond", { "-q", "--no-discipline", "h" }, { .offset_ns = -60 * MS, .last_age_ns = 3600 * S, .usual_ns = 50 * MS }, 0,
	  ALLOWED CHILD " P-raise P-slew P-clear P-drop", "slewing", NULL },
	{ "quiet, another program: reported", { "-q", "--force", "h" }, { .other_daemon = OTHER_CHRONYD, .offset_ns = 5 }, 0,
	  ALLOWED CHILD TOLD, NULL, "warning: chronyd" },
	{ "a dry run takes no lock", { "--dry-run", "h" }, { .lock_r = -EWOULDBLOCK, .offset_ns = 2 * S }, 0,
	  "P-drop P-ports P-sandbox P-measure", "would step it", NULL },
	{ "no lock: reported, and set", { "h" }, { .lock_r = -EROFS, .offset_ns = 2 * S }, 0, ALLOWED CHILD DEED, "stepped", "no lock" },
	{ "no history: reported, and set", { "h" }, { .start_r = -EAGAIN, .offset_ns = 2 * S }, 0, ALLOWED CHILD DEED, "stepped", "history" },
	{ "the run is not recorded: reported, and set", { "h" }, { .store_r = -ENOSPC, .offset_ns = 2 * S }, 0, ALLOWED CHILD DEED, "stepped", "warning: the disk is full" },
	{ "before the confirmed time", { "h" }, { .floor_lead_ns = 10 * S, .offset_ns = 2 * S }, 3, ALLOWED CHILD " P-drop", "behind", "; 1 of 1 server agrees" },
	{ "before the confirmed time, --any-offset", { "--any-offset", "h" }, { .floor_lead_ns = 10 * S, .offset_ns = 2 * S }, 0, ALLOWED CHILD DEED, "stepped", NULL },
	{ "before the confirmed time, of which a record says nothing", { "h" }, { .act = ACT_HIDE_FLOOR, .floor_lead_ns = 10 * S }, 3,
	  ALLOWED CHILD " P-drop", NULL, NULL },
	{ "after the confirmed time", { "h" }, { .floor_lead_ns = S, .offset_ns = 2 * S }, 0, ALLOWED CHILD DEED, "stepped", NULL },
	{ "dry, before the confirmed time", { "--dry-run", "--state-dir", "/", "h" }, { .floor_lead_ns = 10 * S, .offset_ns = 2 * S }, 3,
	  "P-drop P-ports P-sandbox P-measure", "would hold it back", "Now: reqtime set --any-offset" },
	{ "a jump", { "h" }, { .last_age_ns = 3600 * S, .is_jump = true, .offset_ns = 2 * S }, 3, ALLOWED CHILD " P-drop", "behind", "held back: the clock would jump by +2 s" },
	{ "a jump, json", { "--json", "h" }, { .last_age_ns = 3600 * S, .is_jump = true, .offset_ns = 2 * S }, 3, ALLOWED CHILD " P-drop",
	  "\"by_ns\":2000000000},\"applied\":null", "First seen now; accepted when a run after" },
	{ "a jump, --any-offset", { "--any-offset", "h" }, { .last_age_ns = 3600 * S, .is_jump = true, .offset_ns = 2 * S }, 0, ALLOWED CHILD DEED, "stepped", NULL },
	{ "a jump, and no state: reported, and set", { "h" }, { .last_age_ns = 3600 * S, .is_jump = true, .is_forgotten = true, .offset_ns = 2 * S }, 0, ALLOWED CHILD DEED, "stepped", "warning: cannot write to the state directory" },
	{ "beyond, --boot, confirmed", { "--boot", "h" }, { .last_age_ns = 3600 * S, .is_jump = true, .offset_ns = 2000 * S }, 3, ALLOWED CHILD " P-drop", "behind", "more than --refuse-above (1000s)" },
	{ "beyond, --boot, not confirmed", { "--boot", "h" }, { .offset_ns = 2000 * S }, 0, ALLOWED CHILD DEED, "stepped", NULL },
	{ "--min-interval: the last run is younger", { "--min-interval", "50m", "h" }, { .last_age_ns = 2900 * S }, 0, ALLOWED, "nothing to do: the last good run was 2900 s ago", NULL },
	{ "--min-interval, quiet", { "-q", "--min-interval", "50m", "h" }, { .last_age_ns = 2900 * S }, 0, ALLOWED, NULL, NULL },
	{ "--min-interval: the last run is older", { "--min-interval", "50m", "--no-discipline", "h" }, { .last_age_ns = 3100 * S, .offset_ns = 2 * S }, 0, ALLOWED CHILD DEED, "stepped", NULL },
	{ "--min-interval: the first run", { "--min-interval", "50m", "h" }, { .offset_ns = 2 * S }, 0, ALLOWED CHILD DEED, "stepped", NULL },
	{ "--overdue: set is set", { "--overdue", "1d", "h" }, { .last_age_ns = 90000 * S, .offset_ns = 2 * S }, 0, ALLOWED CHILD DEED, "stepped", NULL },
	{ "--overdue: busy, the last good run is younger", { "--overdue", "1d", "h" }, { .other_daemon = OTHER_CHRONYD, .last_age_ns = 86399 * S, .offset_ns = 2 * S }, 5,
	  ALLOWED CHILD " P-drop", "behind", "chronyd is running" },
	{ "--overdue: busy, the last good run is older", { "--overdue", "1d", "h" }, { .other_daemon = OTHER_CHRONYD, .last_age_ns = 86401 * S, .offset_ns = 2 * S }, 3,
	  ALLOWED CHILD " P-drop", "behind", "the clock has not been set for 1 d 00:00:0" },
	{ "busy, the last good run is older, no --overdue", { "h" }, { .other_daemon = OTHER_CHRONYD, .last_age_ns = 86401 * S, .offset_ns = 2 * S }, 5,
	  ALLOWED CHILD " P-drop", "behind", "chronyd is running" },
	{ "--overdue: the lock is held, younger", { "--overdue", "1d", "--state-dir", "/", "h" }, { .lock_r = -EWOULDBLOCK, .last_age_ns = 3600 * S }, 5, ALLOWED, NULL, "another run holds the lock" },
	{ "--overdue: the lock is held, older", { "--overdue", "1d", "--state-dir", "/", "h" }, { .lock_r = -EWOULDBLOCK, .last_age_ns = 90000 * S }, 3, ALLOWED, NULL, "has not been set for 1 d 01:00:0" },
	{ "--overdue: the lock is held, the first run", { "--overdue", "1d", "--state-dir", "/", "h" }, { .lock_r = -EWOULDBLOCK }, 5, ALLOWED, NULL, "another run holds the lock" },
	{ "--overdue: never good, since the boot", { "--overdue", "1ms", "h" }, { .other_daemon = OTHER_CHRONYD, .last_age_ns = 1, .was_never_good = true, .offset_ns = 2 * S }, 3,
	  ALLOWED CHILD " P-drop", "behind", "has not been set for" },
	{ "--overdue: refused stays refused, and is reported", { "--overdue", "1d", "h" }, { .last_age_ns = 90000 * S, .is_jump = true, .offset_ns = 2000 * S }, 3,
	  ALLOWED CHILD " P-drop", "behind", "has not been set for 1 d 01:00:0" },
	{ "--overdue: a dry run does not mind", { "--overdue", "1d", "--dry-run", "h" }, { .last_age_ns = 90000 * S, .is_jump = true, .offset_ns = 2000 * S }, 3,
	  "P-drop P-ports P-sandbox P-measure", "would refuse", "refused: the clock would jump" },
	{ "the parent is ended while measuring", { "h" }, { .act = ACT_SIGNAL_PARENT }, 143, ALLOWED CHILD, NULL, NULL },
};
/* clang-format on */

static void read_back(int fd, char *buf, size_t size)
{
	ssize_t len = pread(fd, buf, size - 1, 0);

	assert_true(len >= 0);
	buf[len] = '\0';
	close(fd);
}

static void assert_part(const char *text, const char *part)
{
	if (!part) {
		assert_string_equal(text, "");
	} else if (!strstr(text, part)) {
		fail_msg("\"%s\" is not in \"%s\"", part, text);
	}
}

static void set_process(const struct row *row, int out, int err)
{
	static const struct command *const commands[] = { &command_set };
	char *argv[8] = { (char *)"reqtime" };
	int argc = 1;

	/* A process that never ends fails its row. */
	alarm(PATIENCE_S);
	world->parent = getpid();
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	while (argc <= 5 && row->words[argc - 1]) {
		argv[argc] = (char *)row->words[argc - 1];
		argc++;
	}
	/* The process of a row ends here and must not free what cmocka holds. */
	_exit(command_main("reqtime", commands, 1, argc, argv));
}

static void set_row(void **state)
{
	const struct row *row = *state;
	static char out_text[4000], err_text[4000];
	int out = memfd_create("out", 0), err = memfd_create("err", 0);
	int wait_status = 0;
	pid_t pid;

	memset(world, 0, sizeof(*world));
	world->script = row->script;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		set_process(row, out, err);
	}
	assert_true(waitpid(pid, &wait_status, 0) == pid);
	read_back(out, out_text, sizeof(out_text));
	read_back(err, err_text, sizeof(err_text));
	assert_string_equal(world->log, row->log);
	if (!WIFEXITED(wait_status)) {
		fail_msg("ended by signal %d: %s%s", WTERMSIG(wait_status), out_text,
		         err_text);
	}
	if (WEXITSTATUS(wait_status) != row->status) {
		fail_msg("exit status %d: %s%s", WEXITSTATUS(wait_status), out_text,
		         err_text);
	}
	assert_part(out_text, row->out);
	assert_part(err_text, row->err);
	/* The decision is stored once, with its result. */
	if (row->out && strstr(row->log, CHILD) && row->script.start_r == 0) {
		assert_int_equal(world->stored, 1);
		/* The status of the run, not that of --overdue. */
		assert_int_equal(world->record.exit_status,
		                 world->record.status == RUN_BUSY ? 5 : row->status);
		assert_int_equal(world->record.offset_ns, row->script.offset_ns);
		if (strstr(row->out, "stepped")) {
			assert_int_equal(world->record.applied_action, PLAN_STEP);
			assert_int_equal(world->record.applied_by_ns, world->shift_ns);
		}
	}
	/* The clock moved by the step alone. */
	assert_true(world->shift_ns == 0 || strstr(row->log, "P-step") != NULL);
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(rows)];
	size_t i;

	world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE,
	             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (world == MAP_FAILED) {
		return 1;
	}
	memset(tests, 0, sizeof(tests));
	for (i = 0; i < COUNT_OF(rows); i++) {
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			                        .test_func = set_row,
			                        .initial_state = (void *)&rows[i] };
	}
	return cmocka_run_group_tests_name("set", tests, NULL, NULL);
}
