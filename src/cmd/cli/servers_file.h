/* SPDX-License-Identifier: MIT
 *
 * A list of servers in a file: one SERVER per line; `#` starts a comment; blank lines and a
 * carriage return at the end of a line are allowed.
 */
#ifndef CMD_CLI_SERVERS_FILE_H
#define CMD_CLI_SERVERS_FILE_H

#include "core/ntp/server_spec.h"

enum { SERVERS_FILE_LINE_MAX = 1023, SERVERS_FILE_OCTETS_MAX = 16 << 20 };

/* Appends the servers in `path` ("-": standard input) to the `*count` in `*servers`, from
 * malloc(); at most `max` in all.  0, or the exit status with one line on stderr that names
 * file and line; the caller frees `*servers` in both cases. */
int servers_file_read(const char *path, size_t max, struct server_spec **servers,
                      size_t *count);

#endif
