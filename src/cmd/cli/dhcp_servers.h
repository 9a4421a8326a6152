/* SPDX-License-Identifier: MIT
 *
 * Servers that DHCP named: the hooks of packaging/dhcp leave them as lines "server = HOST" in
 * files of a folder below /run, and the option dhcp-servers says whether they are asked.
 *
 * They come from the network: an address or a host name of NTP is all that is taken, and a
 * file that is wrong is skipped with a warning, as it must not keep the clock from being set.
 */
#ifndef CMD_CLI_DHCP_SERVERS_H
#define CMD_CLI_DHCP_SERVERS_H

#include <stdbool.h>

struct parse;

#define DHCP_SERVERS_FOLDER "/run/reqtime.d"
enum { DHCP_SERVERS_MAX = 16 }; /* of all files; more are left out, with a warning */

/* --dhcp-servers, in the order of the words. */
enum dhcp_servers { DHCP_SERVERS_NEVER, DHCP_SERVERS_FALLBACK, DHCP_SERVERS_ALWAYS };
#define DHCP_SERVERS_WORDS "never|fallback|always"

/* Adds them to the values of the operand option if the option of the command asks for them:
 * "fallback" where no server is named, "always" beside those of configuration files.  Servers
 * on the command line stand alone.  0, or an exit status with a line on stderr. */
int dhcp_servers_add(struct parse *parse);
/* Whether the option of the command asks for them. */
bool dhcp_servers_are_wanted(const struct parse *parse);

#endif
