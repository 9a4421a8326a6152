/* SPDX-License-Identifier: MIT
 *
 * Shared by the files of reqtimed: options.c has the options, places.c the sockets,
 * file_helper.c the files, watch.c the loop while it serves, serve.c joins them.
 */
#ifndef CMD_SERVE_SERVE_PRIVATE_H
#define CMD_SERVE_SERVE_PRIVATE_H

#include "app/server/metrics.h"
#include "app/server/serve.h"
#include "cmd/cli/command.h"
#include "io/net/inherit.h"
#include "io/sys/file_helper.h"
#include "io/sys/notify.h"

/* A zero field: set neither by the command line nor by the file. */
struct serve_options {
	struct option_texts listen;
	struct option_texts text_listen;
	struct option_texts time_listen;
	struct option_texts daytime_listen;
	struct option_texts allow;
	struct option_texts deny;
	unsigned local_stratum;
	unsigned threads;
	const char *rate;
	const char *user;
	bool is_user_named; /* --user: if it cannot become this user, it does not start */
	const char *metrics;
	const char *config;
	const char *state_dir;
	bool wants_check;
};

enum { SERVE_OPTION_COUNT = 14 };
extern const struct option_row serve_rows[SERVE_OPTION_COUNT];

/* Fills in the defaults and makes the access rules.  0 or the exit status. */
int serve_options_complete(struct serve_options *options, struct access_rules *ret_rules);

/* --- places.c --- */

struct serve_places {
	struct serve_endpoint endpoints[SERVE_ENDPOINTS_MAX];
	size_t endpoint_count;
	struct serve_inherited inherited[INHERIT_MAX];
	size_t inherited_count;
};

enum { PLACE_TEXT_SIZE = ADDRESS_TEXT_SIZE + 32 };

/* 0 or the exit status, with a line on stderr. */
int serve_places_from(const struct serve_options *options,
                      const struct inherited *inherited, size_t inherited_count,
                      struct serve_places *ret);
bool serve_places_have_ntp(const struct serve_places *places);
/* "text udp 127.0.0.1:9191", "ntp 127.0.0.1:123". */
const char *serve_place_text(const struct serve_place *place, char buf[PLACE_TEXT_SIZE]);
/* `has_inherited`: a service manager has passed sockets.  Returns the exit status. */
int serve_places_complain(const struct serve_place *failed, int error, bool has_inherited);

/* --- sync_source.c, in the file helper's process --- */

/* The history of `reqtime set`, and its state when last read.  Starts as zeros except for
 * the first two members. */
struct sync_source_watch {
	const char *dir; /* NULL: not read */
	bool is_named;   /* by an option: then a missing history is reported */
	bool is_settled; /* the last state was read completely */
	struct sync_source_stamp {
		int error;
		dev_t device;
		ino_t inode;
		off_t size;
		struct timespec changed;
	} seen[2];
	int said_error; /* each error is reported once */
};

/* True and `*ret` after a change: a trusted run, or no trusted run any more. */
bool sync_source_look(struct sync_source_watch *source_watch, struct sync_source *ret);

/* --- file_helper.c --- */

struct serve_news {
	bool has_rules;
	struct access_rules rules;
	bool has_sync_source;
	struct sync_source sync_source;
};

/* Started for a configuration file, metrics or past runs.  0 or the exit status. */
int serve_helper_start(const struct serve_options *options, struct file_helper *ret);
void serve_helper_reread(const struct file_helper *helper);
void serve_helper_metrics(const struct file_helper *helper,
                          const struct serve_metrics *metrics);
/* Asks for the state of the history; the first request is always answered. */
void serve_helper_look(const struct file_helper *helper);
/* The next message; false without one.  The helper's end is reported once. */
bool serve_helper_news(struct file_helper *helper, struct serve_news *ret);

/* --- watch.c --- */

struct serve_watch {
	struct serve *serve;
	const struct notify *notify;
	struct file_helper *helper;
	int signals_fd;
	bool has_config;
	bool has_metrics;
	bool watches_sync_source;
	struct instant started;
};

/* Reports the clock, then serves until a signal, which is returned, or -errno. */
int serve_watch(struct serve_watch *watch, const struct serve_view *view);
void serve_watch_say_counts(const struct serve_counts *counts);

#endif
