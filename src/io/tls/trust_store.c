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

/* They are the store's from now on, or gone. */
static int add(struct trust_store *store, gnutls_x509_crt_t *more, unsigned count)
{
	struct anchor *all = realloc(store->anchors, (store->count + count) * sizeof(*all));
	int r = all ? 0 : -ENOMEM;

	if (all) {
		store->anchors = all;
	}
	for (unsigned i = 0; i < count; i++) {
		struct anchor anchor = { .certificate = more[i] };

		if (r < 0 || gnutls_x509_crt_get_raw_dn(more[i], &anchor.name) < 0) {
			gnutls_x509_crt_deinit(more[i]);
		} else {
			all[store->count++] = anchor;
		}
	}
	return r;
}

/* -ENODATA: there is no certificate in it. */
static int add_file(struct trust_store *store, int folder, const char *name)
{
	gnutls_x509_crt_t *found = NULL;
	gnutls_datum_t pem;
	unsigned count = 0;
	int r = read_file(folder, name, &pem);

	if (r < 0) {
		return r;
	}
	r = gnutls_x509_crt_list_import2(&found, &count, &pem, GNUTLS_X509_FMT_PEM, 0);
	free(pem.data);
	if (r == GNUTLS_E_MEMORY_ERROR) {
		return -ENOMEM;
	}
	if (r < 0 || count == 0) {
		return -ENODATA;
	}
	r = add(store, found, count);
	gnutls_free(found);
	return r;
}

/* Files in it that are no certificates are skipped: an index, a note. */
static int add_folder(struct trust_store *store, const char *path)
{
	const size_t before = store->count;
	const struct dirent *entry;
	int r = 0;
	DIR *dir = opendir(path);

	if (!dir) {
		return -errno;
	}
	while (r != -ENOMEM && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.') {
			r = add_file(store, dirfd(dir), entry->d_name);
		}
	}
	closedir(dir);
	if (r == -ENOMEM) {
		return r;
	}
	return store->count > before ? 0 : -ENODATA;
}

/* GnuTLS's own idea of the system's certificates, copied, so that all of them are in
 * memory. */
static int add_default(struct trust_store *store)
{
	gnutls_x509_trust_list_t list = NULL;
	gnutls_x509_trust_list_iter_t place = NULL;
	gnutls_x509_crt_t anchor;
	const size_t before = store->count;
	int r = 0;

	if (gnutls_x509_trust_list_init(&list, 0) < 0) {
		return -ENOMEM;
	}
	(void)gnutls_x509_trust_list_add_system_trust(list, 0, 0);
	while (r == 0 && gnutls_x509_trust_list_iter_get_ca(list, &place, &anchor) == 0) {
		r = add(store, &anchor, 1);
	}
	gnutls_x509_trust_list_iter_deinit(place);
	gnutls_x509_trust_list_deinit(list, 1);
	if (r < 0) {
		return r;
	}
	return store->count > before ? 0 : -ENODATA;
}

/* Read by ourselves, because GnuTLS may be built to look for the system's in a PKCS #11 module
 * during each verification, which no sandbox could allow. */
static int add_system(struct trust_store *store)
{
	for (size_t i = 0; i < COUNT_OF(authorities_system_files); i++) {
		const int r = add_file(store, AT_FDCWD, authorities_system_files[i]);

		if (r == 0 || r == -ENOMEM) {
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
	               : add_file(store, AT_FDCWD, authority);
}

static void explain(const char *authority, int r, char why[NTS_DETAIL_SIZE])
{
	const char *reason = r == -ENODATA  ? "no certificate in it"
	                     : r == -EINVAL ? "not a regular file"
	                                    : strerror(-r);
	char text[NTS_DETAIL_SIZE * 2];

	if (strcmp(authority, AUTHORITIES_SYSTEM) == 0 && r == -ENODATA) {
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
