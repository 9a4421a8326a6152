/* SPDX-License-Identifier: MIT
 *
 * Messages over a SOCK_SEQPACKET pair:
 *
 *      caller                        history process
 *              <---  HEAD            standing, warning, how many follow
 *              <---  REPLAY          if it was asked for
 *              <---  KISS...
 *              <---  SOURCE...       of the newest run, if they were asked for
 *      STORE   --->                  how many sources follow
 *      SOURCE...  ->
 *              <---  ANSWER          an error or 0, warning
 *      TAKE    --->                  keys of NTS: from a measuring process only
 *              <---  KEYS...
 *              <---  ANSWER          after the last of them
 *      KEYS... --->
 *      PUT     --->                  after the last of them
 *              <---  ANSWER
 *
 * history_client.c is the caller's side, history_process.c the other process.  Both
 * validate what they receive like network data: each has parsed what the other must not
 * trust.
 */
#ifndef APP_HISTORY_HISTORY_PRIVATE_H
#define APP_HISTORY_HISTORY_PRIVATE_H

#include <sys/types.h>

#include "app/history/history_client.h"

enum message_kind {
	MESSAGE_HEAD = 0x5271, /* a large number: zeros are no message */
	MESSAGE_REPLAY,
	MESSAGE_KISS,
	MESSAGE_STORE,
	MESSAGE_SOURCE,
	MESSAGE_ANSWER,
	MESSAGE_TAKE,
	MESSAGE_KEYS,
	MESSAGE_PUT,
};

struct message_head {
	uint32_t use;
	uint32_t has_replay;
	uint32_t kiss_count;
	uint32_t silent_count;
	uint32_t source_count;
	struct silent_server silent[HISTORY_CLIENT_SILENT_MAX];
	char boot_id[RECORD_BOOT_ID_SIZE];
	char warning[HISTORY_CLIENT_WARNING_SIZE];
};

struct message_store {
	struct run_record run;
	uint32_t source_count;
	uint32_t ticket;
};

struct message_answer {
	int32_t error;   /* 0 or -errno */
	uint32_t ticket; /* of the STORE, TAKE or PUT */
	char warning[HISTORY_CLIENT_WARNING_SIZE];
};

struct message_ticket {
	uint32_t ticket;
};

struct message {
	uint32_t kind;
	union {
		struct message_head head;
		struct replay_state replay;
		struct kod_holdoff kiss;
		struct message_store store;
		struct source_record source;
		struct message_answer answer;
		struct message_ticket ticket; /* TAKE, PUT */
		struct nts_stored keys;
	} u;
};

/* Octets of a message of that kind: the socket keeps borders, other lengths are invalid. */
size_t message_size(enum message_kind kind);
/* Whether `len` octets from the socket are a valid message. */
MUST_USE bool message_is_whole(const struct message *message, ssize_t len);
void message_init(struct message *message, enum message_kind kind);

struct history_process_settings {
	const char *state_dir;
	int dir_fd; /* opened by history_process_prepare(), or -errno */
	struct history_client_settings how;
};

struct history;

/* The state from past runs: from the snapshot and the runs since, or from all runs. 0 or
 * -errno; -EUCLEAN as in io/store/history.h. */
MUST_USE int history_replay_load(struct history *history, struct replay_state *ret);
/* history_store() with the run's effect on `*replay`, which is unchanged on an error. */
MUST_USE int history_replay_store(struct history *history, const struct run_record *run,
                                  const struct source_record *sources, size_t count,
                                  struct replay_state *replay);

/* The other process, `ctx` its settings: see io/sys/child.h.  Before it drops its
 * privileges it opens the directory and becomes its owner. */
void history_process_prepare(void *ctx, uid_t *uid, gid_t *gid);
void history_process_main(void *ctx, int fd);

#endif
