/* SPDX-License-Identifier: MIT
 *
 * Reads trusted certificates: files, directories, those of the system.
 */
#include "io/tls/trust_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"
#include "io/nts/authorities.h"
#include "io/tls/tls_private.h"

/* Larger than any collection: that of the web has 250 kB. */
enum { AUTHORITIES_FILE_MAX = 16 << 20, AUTHORITY_SHOWN_MAX = 44 };

void tls_text(char *buf, size_t size, const char *text)
{
	(void)text_escape((const uint8_t *)text, strlen(text), buf, size);
}

/* All of a regular file, to be freed.  -EINVAL when it is of another kind. */
static int read_file(int folder, const char *name, gnutls_datum_t *ret)
{
	struct stat about;
	uint8_t *octets = NULL;
	size_t size, len = 0;
	ssize_t n = 1;
	int r = 0;
	const int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		return -errno;
	}
	if (fstat(fd, &about) < 0) {
		r = -errno;
	} else if (!S_ISREG(about.st_mode)) {
		r = -EINVAL;
	} else if (about.st_size > AUTHORITIES_FILE_MAX) {
		r = -EFBIG;
	}
	if (r < 0) {
		goto out;
	}
	size = (size_t)about.st_size;
	octets = malloc(size + 1);
	if (!octets) {
		r = -ENOMEM;
		goto out;
	}
	while (len < size && n > 0) {
		n = read(fd, octets + len, size - len);
		len += n > 0 ? (size_t)n : 0;
	}
	if (n < 0) {
		r = -errno;
		goto out;
	}
	*ret = (gnutls_datum_t){ .data = octets, .size = (unsigned)len };
	octets = NULL;
out:
	free(octets);
	close(fd);
	return r;
}

/* Certificates of a file or folder; the good ones may have been in the store before. */
struct found {
	size_t good_count;
	size_t damaged_count;
};

/* The names first: a look into certificates takes long. */
static bool is_there(const struct trust_store *store, const struct anchor *anchor)
{
	for (size_t i = 0; i < store->count; i++) {
		const struct anchor *other = &store->anchors[i];

		if (other->name.size == anchor->name.size &&
		    memcmp(other->name.data, anchor->name.data, anchor->name.size) == 0 &&
		    gnutls_x509_crt_equals(other->certificate, anchor->certificate)) {
			return true;
		}
	}
	return false;
}

/* The certificate is the store's from now on, or gone.  0 or -ENOMEM. */
static int add(struct trust_store *store, gnutls_x509_crt_t certificate,
               struct found *found)
{
	struct anchor anchor = { .certificate = certificate };
	struct anchor *all;
	int r = 0;

	if (gnutls_x509_crt_get_raw_dn(certificate, &anchor.name) < 0) {
		found->damaged_count++;
		goto drop;
	}
	found->good_count++;
	/* A folder may have each three times: as a file, by a link and in a bundle.  Of the
	 * ways to it only PATHS_MAX are looked at. */
	if (is_there(store, &anchor)) {
		goto drop;
	}
	all = realloc(store->anchors, (store->count + 1) * sizeof(*all));
	if (!all) {
		r = -ENOMEM;
		goto drop;
	}
	store->anchors = all;
	store->anchors[store->count++] = anchor;
	return 0;
drop:
	gnutls_free(anchor.name.data);
	gnutls_x509_crt_deinit(certificate);
	return r;
}

static int add_block(struct trust_store *store, const gnutls_datum_t *block,
                     struct found *found)
{
	gnutls_x509_crt_t certificate;
	int r;

	if (gnutls_x509_crt_init(&certificate) < 0) {
		return -ENOMEM;
	}
	r = gnutls_x509_crt_import(certificate, block, GNUTLS_X509_FMT_PEM);
	if (r == 0) {
		return add(store, certificate, found);
	}
	gnutls_x509_crt_deinit(certificate);
	found->damaged_count++;
	return r == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : 0;
}

#define BLOCK_BEGIN "-----BEGIN "

/* From `at` on; `end`: none. */
static uint8_t *find_block(uint8_t *at, const uint8_t *end)
{
	uint8_t *found = memmem(at, (size_t)(end - at), BLOCK_BEGIN, strlen(BLOCK_BEGIN));

	return found ? found : at + (end - at);
}

static bool is_certificate(const gnutls_datum_t *block)
{
	static const char *const kinds[] = { BLOCK_BEGIN "CERTIFICATE-----",
		                             BLOCK_BEGIN "X509 CERTIFICATE-----" };

	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		const size_t len = strlen(kinds[i]);

		if (block->size >= len && memcmp(block->data, kinds[i], len) == 0) {
			return true;
		}
	}
	return false;
}

/* Block by block: GnuTLS would give up all of them for a damaged one.  0 or -errno. */
static int add_file(struct trust_store *store, int folder, const char *name,
                    struct found *found)
{
	gnutls_datum_t pem = { 0 };
	uint8_t *at, *next;
	const uint8_t *end;
	int r = read_file(folder, name, &pem);

	if (r < 0) {
		return r;
	}
	end = pem.data + pem.size;
	for (at = find_block(pem.data, end); at < end && r == 0; at = next) {
		gnutls_datum_t block = { .data = at };

		next = find_block(at + strlen(BLOCK_BEGIN), end);
		block.size = (unsigned)(next - at);
		if (is_certificate(&block)) {
			r = add_block(store, &block, found);
		}
	}
	free(pem.data);
	return r;
}

/* -ENODATA: there was no certificate; -EBADMSG: none that can be read. */
static int none_good(const struct found *found)
{
	if (found->good_count > 0) {
		return 0;
	}
	return found->damaged_count > 0 ? -EBADMSG : -ENODATA;
}

/* It was named, so all of it is wanted: a damaged certificate is an error. */
static int add_named_file(struct trust_store *store, const char *path)
{
	struct found found = { 0 };
	const int r = add_file(store, AT_FDCWD, path, &found);

	if (r < 0) {
		return r;
	}
	return found.damaged_count > 0 ? -EBADMSG : none_good(&found);
}

/* Files in it that are no certificates are skipped: an index, a note. */
static int add_folder(struct trust_store *store, const char *path)
{
	struct found found = { 0 };
	const struct dirent *entry;
	int r = 0;
	DIR *dir = opendir(path);

	if (!dir) {
		return -errno;
	}
	while (r != -ENOMEM && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.') {
			r = add_file(store, dirfd(dir), entry->d_name, &found);
		}
	}
	closedir(dir);
	return r == -ENOMEM ? r : none_good(&found);
}

/* GnuTLS's own idea of the system's certificates, copied, so that all of them are in
 * memory. */
static int add_default(struct trust_store *store)
{
	gnutls_x509_trust_list_t list = NULL;
	gnutls_x509_trust_list_iter_t place = NULL;
	gnutls_x509_crt_t anchor;
	struct found found = { 0 };
	int r = 0;

	if (gnutls_x509_trust_list_init(&list, 0) < 0) {
		return -ENOMEM;
	}
	(void)gnutls_x509_trust_list_add_system_trust(list, 0, 0);
	while (r == 0 && gnutls_x509_trust_list_iter_get_ca(list, &place, &anchor) == 0) {
		r = add(store, anchor, &found);
	}
	gnutls_x509_trust_list_iter_deinit(place);
	gnutls_x509_trust_list_deinit(list, 1);
	return r < 0 ? r : none_good(&found);
}

/* Read by ourselves, because GnuTLS may be built to look for the system's in a PKCS #11 module
 * during each verification, which no sandbox could allow. */
static int add_system(struct trust_store *store)
{
	for (size_t i = 0; i < COUNT_OF(authorities_system_files); i++) {
		struct found found = { 0 };
		const int r =
			add_file(store, AT_FDCWD, authorities_system_files[i], &found);

		if (found.good_count > 0 || r == -ENOMEM) {
			return r;
		}
	}
	return add_default(store);
}

static int add_authority(struct trust_store *store, const char *authority)
{
	struct stat about;

	if (strcmp(authority, AUTHORITIES_SYSTEM) == 0) {
		return add_system(store);
	}
	return stat(authority, &about) == 0 && S_ISDIR(about.st_mode)
	               ? add_folder(store, authority)
	               : add_named_file(store, authority);
}

static void explain(const char *authority, int r, char why[NTS_DETAIL_SIZE])
{
	const char *reason = r == -ENODATA   ? "no certificate in it"
	                     : r == -EBADMSG ? "a certificate in it cannot be read"
	                     : r == -EINVAL  ? "not a regular file"
	                                     : strerror(-r);
	char text[NTS_DETAIL_SIZE * 2];

	if (strcmp(authority, AUTHORITIES_SYSTEM) == 0 &&
	    (r == -ENODATA || r == -EBADMSG)) {
		snprintf(text, sizeof(text),
		         "the system has none (package ca-certificates)");
	} else {
		snprintf(text, sizeof(text), "%.*s%s: %s", AUTHORITY_SHOWN_MAX, authority,
		         strlen(authority) > AUTHORITY_SHOWN_MAX ? "..." : "", reason);
	}
	tls_text(why, NTS_DETAIL_SIZE, text);
}

int trust_store_open(const char *const *authorities, size_t count,
                     char why[NTS_DETAIL_SIZE], struct trust_store **ret)
{
	static const char *const by_default[] = { AUTHORITIES_SYSTEM };
	struct trust_store *store = calloc(1, sizeof(*store));
	int r = 0;

	if (!store) {
		explain("memory", -ENOMEM, why);
		return -ENOMEM;
	}
	if (count == 0) {
		authorities = by_default;
		count = 1;
	}
	for (size_t i = 0; i < count; i++) {
		r = add_authority(store, authorities[i]);
		if (r < 0) {
			explain(authorities[i], r, why);
			trust_store_close(store);
			return r;
		}
	}
	*ret = store;
	return 0;
}

void trust_store_close(struct trust_store *store)
{
	if (!store) {
		return;
	}
	for (size_t i = 0; i < store->count; i++) {
		gnutls_x509_crt_deinit(store->anchors[i].certificate);
		gnutls_free(store->anchors[i].name.data);
	}
	free(store->anchors);
	free(store);
}
