/* SPDX-License-Identifier: MIT
 *
 * A digest of the trusted certificates, by what stat() tells of their files.
 */
#include "io/nts/authorities.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/siphash.h"

const char *const authorities_system_files[AUTHORITIES_SYSTEM_FILES] = {
	"/etc/ssl/certs/ca-certificates.crt", /* Debian, Alpine, Arch, Gentoo */
	"/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora, RHEL */
	"/etc/ssl/ca-bundle.pem",             /* openSUSE */
	"/etc/ssl/cert.pem",
};

/* `before`, a name, and its file as it is now.  The file counts, not a link to it, as when
 * it is read. */
static uint64_t file_digest(uint64_t before, int folder, const char *name)
{
	struct siphash_key digest = { UINT64_C(0x6e74732e74727573), before };
	int64_t seen[7] = { 0 };
	struct stat st;

	if (fstatat(folder, name, &st, 0) == 0) {
		seen[0] = (int64_t)st.st_dev;
		seen[1] = (int64_t)st.st_ino;
		seen[2] = (int64_t)st.st_size;
		seen[3] = (int64_t)st.st_mtim.tv_sec;
		seen[4] = (int64_t)st.st_mtim.tv_nsec;
		/* An editor or a backup may restore the time above, but not this one. */
		seen[5] = (int64_t)st.st_ctim.tv_sec;
		seen[6] = (int64_t)st.st_ctim.tv_nsec;
	}
	digest.k1 = siphash(digest, (const uint8_t *)name, strlen(name));
	return siphash(digest, (const uint8_t *)seen, sizeof(seen));
}

/* A sum: in any order of its files. */
static uint64_t folder_digest(const char *path)
{
	const struct dirent *entry;
	uint64_t sum = 0;
	DIR *dir = opendir(path);

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.') {
			sum += file_digest(0, dirfd(dir), entry->d_name);
		}
	}
	if (dir) {
		closedir(dir);
	}
	return sum;
}

static uint64_t system_digest(uint64_t before)
{
	uint64_t digest = before ^ 1; /* not the same as its files by name */

	for (size_t i = 0; i < COUNT_OF(authorities_system_files); i++) {
		digest = file_digest(digest, AT_FDCWD, authorities_system_files[i]);
	}
	return digest;
}

uint64_t authorities_digest(const char *const *authorities, size_t count)
{
	uint64_t digest = 0;

	if (count == 0) {
		return system_digest(digest);
	}
	for (size_t i = 0; i < count; i++) {
		digest = strcmp(authorities[i], AUTHORITIES_SYSTEM) == 0
		                 ? system_digest(digest)
		                 : file_digest(digest, AT_FDCWD, authorities[i]) +
		                           folder_digest(authorities[i]);
	}
	return digest;
}
