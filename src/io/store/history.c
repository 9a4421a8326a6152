/* SPDX-License-Identifier: MIT
 *
 * Opens, repairs and closes the history.
 */
#include "io/store/history.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/octets.h"
#include "io/store/history_private.h"
#include "io/store/state_dir.h"

enum {
	PAGE_OCTETS = 4096,
	HEADER_OCTETS = 100, /* of the file, as in SQLite's description of its format */
	APPLICATION_ID_AT = 68,
};

static const char *const side_files[] = { HISTORY_FILE "-wal", HISTORY_FILE "-shm",
	                                  HISTORY_FILE "-journal" };

PRINTF_LIKE(2, 3) static void say(char *warning, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(warning, HISTORY_WARNING_SIZE, format, args);
	va_end(args);
}

static int open_to_read(const struct history *history, const char *name)
{
	return history->settings.is_anyones
	               ? state_dir_look_file(history->dir_fd, name, HISTORY_SIZE_MAX)
	               : state_dir_open_file(history->dir_fd, name, O_RDONLY, 0,
	                                     HISTORY_SIZE_MAX);
}

/* The files beside the database: SQLite would follow links there. */
static int check_side_files(const struct history *history)
{
	for (size_t i = 0; i < COUNT_OF(side_files); i++) {
		int fd = open_to_read(history, side_files[i]);

		if (fd >= 0) {
			close(fd);
		} else if (fd != -ENOENT) {
			return fd;
		}
	}
	return 0;
}

/* The first octets of the file, checked before any library reads it. */
static int check_header(int fd)
{
	static const uint8_t magic[16] = "SQLite format 3";
	uint8_t header[HEADER_OCTETS];
	struct octets_reader in;
	uint32_t id;
	ssize_t len = pread(fd, header, sizeof(header), 0);

	if (len < 0) {
		return -errno;
	}
	if (len == 0) {
		return 0; /* just created */
	}
	if (len != HEADER_OCTETS || memcmp(header, magic, sizeof(magic)) != 0) {
		return -EUCLEAN;
	}
	in = octets_read_from(header + APPLICATION_ID_AT, 4);
	id = octets_get_u32(&in);
	/* Zero: our file may have it while its first page is only in the -wal file. */
	return id == 0 || id == (uint32_t)HISTORY_APPLICATION_ID ? 0 : -EEXIST;
}

/* Whether the file may be opened.  No descriptor stays open: closing one later would drop
 * SQLite's locks on the file. */
static int check_file(struct history *history)
{
	const bool may_write = history->settings.may_write;
	struct stat st = { 0 };
	int fd, r;

	history->is_read_only = !may_write;
	fd = may_write ? state_dir_open_file(history->dir_fd, HISTORY_FILE,
	                                     O_RDWR | O_CREAT, 0644, HISTORY_SIZE_MAX)
	               : -EROFS;
	if (fd == -EACCES || fd == -EROFS) {
		history->is_read_only = true;
		fd = open_to_read(history, HISTORY_FILE);
	}
	if (fd < 0) {
		return fd;
	}
	r = fstat(fd, &st) < 0 ? -errno : check_header(fd);
	history->device = st.st_dev;
	history->inode = st.st_ino;
	close(fd);
	return r < 0 ? r : check_side_files(history);
}

static bool has_octets(const struct history *history, const char *name)
{
	struct stat st;

	return fstatat(history->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       st.st_size > 0;
}

/* A reader that may create no files beside the database must open it as immutable.  That is
 * safe without a -wal file, which the last user removes on closing; a -wal file left by a
 * copy or a crash holds the latest runs, and is read without locks. */
static const char *read_only_parameters(const struct history *history, bool is_alone)
{
	if (!is_alone) {
		return history->settings.is_anyones ? "&readonly_shm=1" : "";
	}
	if (!has_octets(history, HISTORY_FILE "-wal")) {
		return "&immutable=1";
	}
	return history->vfs ? "&vfs=" HISTORY_VFS_HERE_NONE : "&vfs=unix-none";
}

static int open_read_only(struct history *history, bool is_alone)
{
	char uri[HISTORY_PATH_SIZE * 3 + 32];
	char *to = uri;
	int code;

	to += snprintf(to, 6, "file:");
	for (const char *from = history->file; *from; from++) {
		const bool is_plain = *from == '/' || *from == '.' || *from == '-' ||
		                      *from == '_' || (*from >= '0' && *from <= '9') ||
		                      (*from >= 'a' && *from <= 'z') ||
		                      (*from >= 'A' && *from <= 'Z');

		if (is_plain) {
			*to++ = *from;
		} else {
			to += snprintf(to, 4, "%%%02X", (unsigned)(unsigned char)*from);
		}
	}
	snprintf(to, 32, "?mode=ro%s", read_only_parameters(history, is_alone));
	code = sqlite3_open_v2(uri, &history->db,
	                       SQLITE_OPEN_READONLY | SQLITE_OPEN_URI |
	                               SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX,
	                       history->vfs);
	return history_sql_error(code);
}

/* NORMAL: a commit is safe from a loss of power once the file is closed, which waits for
 * the disk.  A run need not wait twice. */
static int open_database(struct history *history, bool is_alone)
{
	static const char settings[] = "PRAGMA trusted_schema=OFF;"
				       "PRAGMA cell_size_check=ON;"
				       "PRAGMA mmap_size=0;"
				       "PRAGMA temp_store=MEMORY;"
				       "PRAGMA synchronous=NORMAL;";
	char pages[64];
	int r;

	if (history->is_read_only) {
		r = open_read_only(history, is_alone);
	} else {
		r = history_sql_error(sqlite3_open_v2(
			history->file, &history->db,
			SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX,
			history->vfs));
	}
	if (r < 0) {
		return r;
	}
	history_limit(history);
	/* Keeps the index of the -wal file in memory.  Before anything else: other
	 * statements read the file. */
	r = is_alone ? history_sql_run(history, "PRAGMA locking_mode=EXCLUSIVE") : 0;
	if (r == 0) {
		r = history_sql_run(history, settings);
	}
	if (r == 0 && !history->is_read_only) {
		snprintf(pages, sizeof(pages), "PRAGMA max_page_count=%" PRId64,
		         HISTORY_SIZE_MAX / PAGE_OCTETS);
		r = history_sql_run(history, pages);
	}
	return r;
}

static void close_database(struct history *history)
{
	sqlite3_close_v2(history->db);
	history->db = NULL;
}

static int open_store(struct history *history)
{
	bool is_alone;
	int r = check_file(history);

	if (r < 0) {
		return r;
	}
	/* A reader creates no file, even where it could. */
	is_alone = history->settings.is_anyones &&
	           (!has_octets(history, HISTORY_FILE "-wal") ||
	            !has_octets(history, HISTORY_FILE "-shm"));
	r = open_database(history, is_alone);
	if (r == 0) {
		r = history_schema_version(history);
	}
	/* EROFS: a left -wal file without its -shm. */
	if ((r == -EACCES || r == -EROFS) && history->is_read_only && !is_alone) {
		close_database(history);
		r = open_database(history, true);
		if (r == 0) {
			r = history_schema_version(history);
		}
	}
	if (r < 0) {
		return r;
	}
	if (history->is_read_only) {
		return history->version < 0                ? -ENOENT
		       : history->version < HISTORY_SCHEMA ? history_read_older(history)
		                                           : 0;
	}
	/* Where WAL is impossible (another run is reading, a network file system), the
	 * rollback journal works as well. */
	(void)history_sql_run(history, "PRAGMA journal_mode=WAL");
	return history->version == HISTORY_SCHEMA ? 0 : history_schema_migrate(history);
}

/* Moves the damaged file aside, unless another file has replaced it since. */
static int put_aside(struct history *history)
{
	struct stat st;

	if (fstatat(history->dir_fd, HISTORY_FILE, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		return errno == ENOENT ? 0 : -errno;
	}
	if (st.st_dev != history->device || st.st_ino != history->inode) {
		return 0;
	}
	if (renameat(history->dir_fd, HISTORY_FILE, history->dir_fd, HISTORY_CORRUPT_FILE) <
	    0) {
		return -errno;
	}
	/* They belong to the old file, and are removed whatever they are; SQLite too drops
	 * them beside an empty file. */
	for (size_t i = 0; i < COUNT_OF(side_files); i++) {
		(void)unlinkat(history->dir_fd, side_files[i], 0);
	}
	return 0;
}

int history_reset(struct history *history)
{
	int r;

	if (history->is_read_only) {
		return -EROFS;
	}
	close_database(history);
	r = put_aside(history);
	return r < 0 ? r : open_store(history);
}

static void explain(const struct history *history, int error, char *warning)
{
	if (error == -EPROTONOSUPPORT) {
		say(warning,
		    "%.120s is not used: a newer reqtime wrote it (schema %" PRId64
		    ", this one knows %d); upgrade reqtime, or move the file away",
		    history->path, history->version, HISTORY_SCHEMA);
		return;
	}
	say(warning, "%.120s is not used: %s", history->path,
	    error == -EEXIST ? "another program wrote it; move the file away"
	                     : state_dir_error_text(error));
}

/* `settings` and the directory are known.  Fills `warning`. */
static int open_or_reset(struct history *history, char *warning)
{
	int r = open_store(history);

	if (r == -EUCLEAN && !history->is_read_only) {
		r = history_reset(history);
		if (r == 0) {
			say(warning,
			    "%.120s was damaged: it was moved to " HISTORY_CORRUPT_FILE
			    " and a new one created",
			    history->path);
			return 0;
		}
	}
	if (r < 0) {
		explain(history, r, warning);
	}
	return r;
}

/* Takes over `dir_fd`, which may be a -errno. */
static struct history *history_new(const char *state_dir, int dir_fd,
                                   const struct history_settings *settings, int *ret_error,
                                   char *warning)
{
	struct history *history = calloc(1, sizeof(*history));

	warning[0] = '\0';
	*ret_error = dir_fd < 0 ? dir_fd : -ENOMEM;
	if (!history) {
		say(warning, "the history is not used: %s", strerror(ENOMEM));
		if (dir_fd >= 0) {
			close(dir_fd);
		}
		return NULL;
	}
	history->settings = *settings;
	history->dir_fd = dir_fd;
	history->file = history->path;
	assert(!settings->is_anyones || !settings->may_write);
	if (dir_fd < 0) {
		say(warning, "%.120s is not used: %s", state_dir,
		    state_dir_error_text(dir_fd));
		free(history);
		return NULL;
	}
	return history;
}

/* Opens a new one whose path is known: the caller's, or freed on an error. */
static int history_begin(struct history *history, struct history **ret, char *warning)
{
	int r = open_or_reset(history, warning);

	if (r == 0) {
		*ret = history;
	} else {
		history_close(history);
	}
	return r;
}

int history_open(const char *state_dir, const struct history_settings *settings,
                 struct history **ret, char *warning)
{
	const int dir_fd =
		settings->is_anyones
			? state_dir_look(state_dir)
			: state_dir_open(state_dir,
	                                 settings->may_write && settings->may_create);
	char *real;
	int r;
	struct history *history = history_new(state_dir, dir_fd, settings, &r, warning);

	if (!history) {
		return r;
	}
	/* SQLite follows no link anywhere in the path (SQLITE_OPEN_NOFOLLOW). */
	real = realpath(state_dir, NULL);
	if (!real) {
		r = -errno;
		say(warning, "%.120s is not used: %s", state_dir, strerror(-r));
		history_close(history);
		return r;
	}
	snprintf(history->path, sizeof(history->path), "%s/" HISTORY_FILE, real);
	free(real);
	return history_begin(history, ret, warning);
}

int history_open_here(int dir_fd, const char *state_dir,
                      const struct history_settings *settings, struct history **ret,
                      char *warning)
{
	int r;
	struct history *history = history_new(state_dir, dir_fd, settings, &r, warning);

	if (!history) {
		return r;
	}
	snprintf(history->path, sizeof(history->path), "%s/" HISTORY_FILE, state_dir);
	history->file = HISTORY_FILE;
	history->vfs = HISTORY_VFS_HERE;
	return history_begin(history, ret, warning);
}

void history_close(struct history *history)
{
	if (!history) {
		return;
	}
	close_database(history);
	if (history->dir_fd >= 0) {
		close(history->dir_fd);
	}
	free(history);
}
