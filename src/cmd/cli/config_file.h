/* SPDX-License-Identifier: MIT
 *
 * The options of a program's commands from configuration files: the keys are the long names
 * of the options.  Entries before the first section of a file apply to every command that
 * knows the key; those in the section of a command apply to that command and take
 * precedence.  A program with a single command has one section, with the program's name.
 *
 * A later file replaces single values of the earlier ones, and adds to their lists; one of
 * the folder may first empty a list, by an empty value.
 *
 *   config_files_read -> config_files_read_folder -> config_apply* (cmd/cli/config_apply_private.h)
 *   -> config_files_close (after the last use)
 */
#ifndef CMD_CLI_CONFIG_FILE_H
#define CMD_CLI_CONFIG_FILE_H

#include "cmd/cli/command.h"
#include "io/store/config_folder.h"

enum { CONFIG_ITEMS_MAX = 1024 + 16, CONFIG_WHERE_SIZE = COMMAND_QUOTE_SIZE + 16 };

struct config_item {
	const char *path; /* of its file */
	char *section;    /* "": before the first section */
	char *key;
	char *value;
	unsigned line;
};

/* Starts as zeros. */
struct config_files {
	const char *path; /* the main one; NULL: not read */
	struct config_folder folder;
	struct config_folder dhcp; /* see cmd/cli/dhcp_servers.h */
	struct config_item *items;
	size_t count;
};

/* Checks the whole file, whichever command runs: unknown sections and keys, keys given
 * twice, values.  `is_named`: the file must exist.  0, or REQTIME_EXIT_USAGE with one line
 * "FILE:LINE: reason" on stderr; `ret` must be closed in any case. */
int config_files_read(const struct program *program, const char *path, bool is_named,
                      struct config_files *ret);
/* The same for the files of a folder, in the order of their names; it may be missing. */
int config_files_read_folder(const struct program *program, const char *path,
                             struct config_files *files);
/* Adds an entry as it is, up to CONFIG_ITEMS_MAX of them.  `path` must outlive it.  0, or an
 * exit status with a line on stderr. */
int config_files_keep(struct config_files *files, const char *path,
                      const struct config_entry *entry);
/* Drops all entries but the first `count`. */
void config_files_drop(struct config_files *files, size_t count);
/* The item of a value, by its address; NULL for any other text. */
const struct config_item *config_item_of(const struct config_files *files,
                                         const char *value);
/* "FILE:LINE: " */
const char *config_where(const char *path, unsigned line, char buf[CONFIG_WHERE_SIZE]);
/* Whether the value of a flag or a choice is "no". */
bool config_is_no(const char *value);
const char *config_section_of(const struct program *program, const struct command *command);
void config_files_close(struct config_files *files);

#endif
