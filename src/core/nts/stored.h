/* SPDX-License-Identifier: MIT
 *
 * Keys and cookies of a server, kept for the next run, and how long a failed key exchange
 * is not repeated.
 *
 * They are kept within one boot of the machine, and all their times are CLOCK_BOOTTIME: so
 * no wrong clock makes old keys look new, and after a loss of power, when a deleted file
 * may be back, no cookie is sent a second time.
 */
#ifndef CORE_NTS_STORED_H
#define CORE_NTS_STORED_H

#include "core/base/address.h"
#include "core/base/ntp_time.h"
#include "core/nts/message.h"

enum { NTS_STORED_MAX = 64 };

/* Older keys are not used: a server may have forgotten them, and a process that was taken
 * over and has planted keys of its own is believed no longer than this. */
#define NTS_STORED_AGE_NS (INT64_C(86400) * NS_PER_S)

struct nts_stored {
	/* As the user has named it, and where its key exchange was. */
	char host[SERVER_HOST_SIZE];
	struct address key_address;
	/* Which certificates were trusted then, and are by this run: keys got by another
	 * authority are not used. */
	uint64_t trust;
	struct address address; /* of its NTP server, with the port */
	int64_t obtained_ns;
	uint32_t failure_count;  /* key exchanges in a row; 0 after an authentic answer */
	int64_t next_attempt_ns; /* no key exchange before; counts if failure_count > 0 */
	/* The rest counts if there is a cookie. */
	struct nts_keys keys;
	struct nts_window window;
	char subject[NTS_SUBJECT_SIZE];
	struct nts_cookies cookies;
};

/* For untrusted data; `now_ns` is CLOCK_BOOTTIME.  False also for times after it. */
MUST_USE bool nts_stored_is_valid(const struct nts_stored *stored, int64_t now_ns);
/* Whether a run that begins now may use its keys.  They may become too old during a run, so
 * this is asked when they are taken from the file, and only then. */
bool nts_stored_is_fresh(const struct nts_stored *stored, int64_t now_ns);

/* After `failure_count` failed key exchanges in a row: 10 s, and half as much again with
 * each further one (RFC 8915 section 4.2), up to an hour. */
#define NTS_BACKOFF_MAX_NS (INT64_C(3600) * NS_PER_S)
int64_t nts_backoff_ns(uint32_t failure_count);

/* Those of one run.  `items` has room for NTS_STORED_MAX. */
struct nts_store {
	uint64_t trust; /* of this run */
	struct nts_stored *items;
	size_t count;
};
/* The item of this server at this address, of the same trust; NULL: none. */
struct nts_stored *nts_store_find(const struct nts_store *store, const char *host,
                                  const struct address *key_address);
/* The item of this server, added if missing; when the store is full, it replaces the
 * item with the oldest keys. */
struct nts_stored *nts_store_claim(struct nts_store *store, const char *host,
                                   const struct address *key_address);
/* Keeps only what a later run can use: cookies, or the count of failures. */
void nts_store_tidy(struct nts_store *store);

#endif
