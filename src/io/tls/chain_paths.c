/* SPDX-License-Identifier: MIT
 *
 * Finds the ways from a server's certificate to a trusted one.
 *
 * A server may send more certificates than it needs, such as one that ran out and was
 * replaced: only those on the way count.
 */
#include "io/tls/chain_private.h"

#include <string.h>

/* Certificates looked at: a server that sends many of the same name must not keep us
 * busy. */
enum { STEPS_MAX = 32 };

struct search {
	/* Names in `certificates`; empty if one cannot be read. */
	gnutls_datum_t subjects[CHAIN_MAX];
	gnutls_datum_t issuers[CHAIN_MAX];
	const struct trust_store *store;
	const gnutls_x509_crt_t *certificates;
	size_t count;
	size_t step_count;
	struct chain_path path; /* so far */
	struct chain_path *found;
	size_t found_count;
};

/* A time that cannot be read makes it invalid at any time. */
static void narrow(struct nts_window *window, gnutls_x509_crt_t certificate)
{
	const int64_t from_s = gnutls_x509_crt_get_activation_time(certificate);
	const int64_t until_s = gnutls_x509_crt_get_expiration_time(certificate);

	if (from_s == -1 || until_s == -1) {
		*window = (struct nts_window){ .from_s = INT64_MAX, .until_s = INT64_MIN };
		return;
	}
	window->from_s = from_s > window->from_s ? from_s : window->from_s;
	window->until_s = until_s < window->until_s ? until_s : window->until_s;
}

/* Keeps the best of them in order. */
static void path_add(struct search *search, gnutls_x509_crt_t anchor)
{
	struct chain_path path = search->path;
	size_t at;

	path.anchor = anchor;
	path.window = (struct nts_window){ .from_s = INT64_MIN, .until_s = INT64_MAX };
	narrow(&path.window, anchor);
	for (unsigned i = 0; i < path.len; i++) {
		narrow(&path.window, path.certificates[i]);
	}
	for (at = search->found_count; at > 0; at--) {
		if (search->found[at - 1].window.until_s >= path.window.until_s) {
			break;
		}
		if (at < PATHS_MAX) {
			search->found[at] = search->found[at - 1];
		}
	}
	if (at < PATHS_MAX) {
		search->found[at] = path;
		search->found_count += search->found_count < PATHS_MAX;
	}
}

static bool is_same(const gnutls_datum_t *a, const gnutls_datum_t *b)
{
	return a->size > 0 && a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

static bool is_on_path(const struct chain_path *path, gnutls_x509_crt_t certificate)
{
	for (unsigned i = 0; i < path->len; i++) {
		if (path->certificates[i] == certificate) {
			return true;
		}
	}
	return false;
}

static void follow(struct search *search, size_t at)
{
	struct chain_path *path = &search->path;
	gnutls_x509_crt_t certificate = search->certificates[at];
	const gnutls_datum_t *subject = &search->subjects[at];
	const gnutls_datum_t *issuer = &search->issuers[at];

	if (path->len == CHAIN_MAX || search->step_count++ >= STEPS_MAX) {
		return;
	}
	path->certificates[path->len++] = certificate;
	for (size_t i = 0; i < search->store->count; i++) {
		const struct anchor *anchor = &search->store->anchors[i];

		if ((is_same(issuer, &anchor->name) &&
		     gnutls_x509_crt_check_issuer(certificate, anchor->certificate)) ||
		    (is_same(subject, &anchor->name) &&
		     gnutls_x509_crt_equals(certificate, anchor->certificate))) {
			path_add(search, anchor->certificate);
		}
	}
	for (size_t i = 0; i < search->count; i++) {
		if (is_same(issuer, &search->subjects[i]) &&
		    !is_on_path(path, search->certificates[i]) &&
		    gnutls_x509_crt_check_issuer(certificate, search->certificates[i])) {
			follow(search, i);
		}
	}
	path->len--;
}

static void names_read(struct search *search)
{
	for (size_t i = 0; i < search->count; i++) {
		if (gnutls_x509_crt_get_raw_dn(search->certificates[i],
		                               &search->subjects[i]) < 0) {
			search->subjects[i] = (gnutls_datum_t){ .data = NULL };
		}
		if (gnutls_x509_crt_get_raw_issuer_dn(search->certificates[i],
		                                      &search->issuers[i]) < 0) {
			search->issuers[i] = (gnutls_datum_t){ .data = NULL };
		}
	}
}

size_t chain_paths(const struct trust_store *store, const gnutls_x509_crt_t *certificates,
                   size_t count, struct chain_path paths[PATHS_MAX])
{
	struct search search = {
		.store = store, .certificates = certificates, .count = count, .found = paths
	};

	names_read(&search);
	follow(&search, 0);
	for (size_t i = 0; i < count; i++) {
		gnutls_free(search.subjects[i].data);
		gnutls_free(search.issuers[i].data);
	}
	return search.found_count;
}
