/* SPDX-License-Identifier: MIT
 *
 * Checks and finds the stored keys of a server.
 */
#include "core/nts/stored.h"

#include <string.h>

static bool is_text(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static bool is_address(const struct address *address)
{
	return (address->family == ADDRESS_IPV4 || address->family == ADDRESS_IPV6) &&
	       address->port != 0 && is_text(address->zone, sizeof(address->zone));
}

bool nts_stored_is_valid(const struct nts_stored *stored, int64_t now_ns)
{
	if (!is_text(stored->host, sizeof(stored->host)) || stored->host[0] == '\0' ||
	    !is_address(&stored->key_address) || !nts_cookies_are_valid(&stored->cookies) ||
	    stored->obtained_ns < 0 || stored->obtained_ns > now_ns ||
	    stored->next_attempt_ns > ns_add(now_ns, NTS_BACKOFF_MAX_NS)) {
		return false;
	}
	return stored->cookies.count == 0 ||
	       (is_address(&stored->address) && nts_window_is_valid(&stored->window) &&
	        stored->keys.aead == NTS_AEAD_SIV_CMAC_256 &&
	        nts_text_is_printable(stored->subject, sizeof(stored->subject)));
}

bool nts_stored_is_fresh(const struct nts_stored *stored, int64_t now_ns)
{
	return stored->cookies.count == 0 ||
	       ns_sub(now_ns, stored->obtained_ns) <= NTS_STORED_AGE_NS;
}

int64_t nts_backoff_ns(uint32_t failure_count)
{
	int64_t wait_ns = 10 * NS_PER_S;

	for (uint32_t i = 1; i < failure_count && wait_ns < NTS_BACKOFF_MAX_NS; i++) {
		wait_ns += wait_ns / 2;
	}
	return ns_min(wait_ns, NTS_BACKOFF_MAX_NS);
}

struct nts_stored *nts_store_find(const struct nts_store *store, const char *host,
                                  const struct address *key_address)
{
	for (size_t i = 0; i < store->count; i++) {
		struct nts_stored *stored = &store->items[i];

		if (stored->trust == store->trust && strcmp(stored->host, host) == 0 &&
		    address_equal(&stored->key_address, key_address)) {
			return stored;
		}
	}
	return NULL;
}

struct nts_stored *nts_store_claim(struct nts_store *store, const char *host,
                                   const struct address *key_address)
{
	struct nts_stored *found = nts_store_find(store, host, key_address);

	if (found) {
		return found;
	}
	if (store->count < NTS_STORED_MAX) {
		found = &store->items[store->count++];
	} else {
		found = &store->items[0];
		for (size_t i = 1; i < store->count; i++) {
			if (store->items[i].obtained_ns < found->obtained_ns) {
				found = &store->items[i];
			}
		}
	}
	memset(found, 0, sizeof(*found));
	memcpy(found->host, host, strnlen(host, sizeof(found->host) - 1));
	found->key_address = *key_address;
	found->trust = store->trust;
	return found;
}

void nts_store_tidy(struct nts_store *store)
{
	size_t kept = 0;

	for (size_t i = 0; i < store->count; i++) {
		const struct nts_stored *stored = &store->items[i];

		if (stored->cookies.count > 0 || stored->failure_count > 0) {
			store->items[kept++] = *stored;
		}
	}
	memset(&store->items[kept], 0, (store->count - kept) * sizeof(*store->items));
	store->count = kept;
}
