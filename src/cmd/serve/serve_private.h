/* SPDX-License-Identifier: MIT
 *
 * What the parts of reqtimed share: serve.c has the options, places.c the sockets that
 * they ask for, file_helper.c the files, watch.c the time in which it serves.
 */
#ifndef CMD_SERVE_SERVE_PRIVATE_H
#define CMD_SERVE_SERVE_PRIVATE_H

#include "app/server/metrics.h"
#include "app/server/serve.h"
#include "cmd/cli/command.h"
#include "io/net/inherit.h"
#include "io/sys/file_helper.h"
#include "io/sys/notify.h"

/* Zero, everywhere: neither the command line nor the file gave it. */
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
	bool is_user_named; /* not the default: it becomes this one, or does not start */
	const char *metrics;
	const char *config;
	const char *state_dir;
	bool wants_check;
};

/* The defaults, and the rules that come of it all.  0 or the exit status. */
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
/* "text udp 127.0.0.1:9191"; NTP is UDP and says so by being NTP. */
const char *serve_place_text(const struct serve_place *place, char buf[PLACE_TEXT_SIZE]);
/* `has_inherited`: a service manager has handed sockets over.  Returns the exit status. */
int serve_places_complain(const struct serve_place *failed, int error, bool has_inherited);

/* --- sync_source.c, in the file helper's process --- */

/* Where the runs of `reqtime set` are recorded, and what was seen of it.  Starts as zeros but for the
 * first two. */
struct sync_source_watch {
	const char *dir; /* NULL: nobody wants to know */
	bool is_named;   /* by an option: then it is said when there is nothing */
	bool is_settled; /* what was seen last was read to its end */
	struct sync_source_stamp {
		int error;
		dev_t device;
		ino_t inode;
		off_t size;
		struct timespec changed;
	} seen[2];
	int said_error; /* each kind of trouble is said once */
};

/* True when there is news since the last time, in `*ret`: that there is a trusted run, or that there
 * is none (any more). */
bool sync_source_look(struct sync_source_watch *source_watch, struct sync_source *ret);

/* --- file_helper.c --- */

struct serve_news {
	bool has_rules;
	struct access_rules rules;
	bool has_sync_source;
	struct sync_source sync_source;
};

/* The file helper is there when a file, metrics or past runs are asked for.  0 or the exit status. */
int serve_helper_start(const struct serve_options *options, struct file_helper *ret);
void serve_helper_reread(const struct file_helper *helper);
void serve_helper_metrics(const struct file_helper *helper,
                          const struct serve_metrics *metrics);
/* Asks for a look at the past runs; the first is always answered. */
void serve_helper_look(const struct file_helper *helper);
/* The next that the file helper has to say; false when there is nothing.  A file helper that is gone is said
 * once. */
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

/* Says how the clock is, as the first word; then serves until a signal comes, which is
 * returned, or -errno. */
int serve_watch(struct serve_watch *watch, const struct serve_view *view);
void serve_watch_say_counts(const struct serve_counts *counts);

#endif
