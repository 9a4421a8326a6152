/* SPDX-License-Identifier: MIT
 *
 * Messages of one size over a SOCK_SEQPACKET pair:
 *
 *      caller                        keeper
 *              <---  HEAD            standing, warning, how many follow
 *              <---  RUN...
 *              <---  KISS...
 *      STORE   --->                  how many sources follow
 *      SOURCE...  ->
 *              <---  ANSWER          an error or 0, warning
 *
 * recorder.c is the caller's side, recorder_keeper.c the other process.  Both look at what
 * they get as at a stranger's: each has parsed what the other must not trust.
 */
#ifndef APP_RECORDER_PRIVATE_H
#define APP_RECORDER_PRIVATE_H

#include "app/recorder.h"

enum message_kind {
	MESSAGE_HEAD = 0x5271, /* no small number: zeros are no message */
	MESSAGE_RUN,
	MESSAGE_KISS,
	MESSAGE_STORE,
	MESSAGE_SOURCE,
	MESSAGE_ANSWER,
};

struct message_head {
	uint32_t standing;
	uint32_t run_count;
	uint32_t kiss_count;
	uint32_t has_floor;
	int64_t floor_ns;
	char boot_id[RECORD_BOOT_ID_ROOM];
	char warning[RECORDER_WARNING_ROOM];
};

struct message_store {
	struct run_record run;
	uint32_t source_count;
	uint32_t ticket;
};

struct message_answer {
	int32_t error;   /* 0 or -errno */
	uint32_t ticket; /* of the STORE */
	char warning[RECORDER_WARNING_ROOM];
};

struct message {
	uint32_t kind;
	union {
		struct message_head head;
		struct run_record run;
		struct kiss_record kiss;
		struct message_store store;
		struct source_record source;
		struct message_answer answer;
	} u;
};

struct keeper_settings {
	const char *state_dir;
	struct recorder_settings how;
};

/* The other process, `ctx` its settings: see io/child.h. */
void recorder_keeper_main(void *ctx, int fd);

#endif
