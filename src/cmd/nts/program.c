/* SPDX-License-Identifier: MIT
 *
 * reqtime-nts from its start to its sandbox: only then does it touch a connection.
 */
#include "cmd/nts/program.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "cmd/nts/client_private.h"
#include "io/nts/helper.h"
#include "io/sys/confine.h"
#include "io/sys/descriptors.h"
#include "io/sys/lifeline.h"
#include "io/sys/priv.h"
#include "io/tls/trust_store.h"
#include "reqtime/exit.h"

static const char help[] =
	"reqtime-nts speaks TLS for reqtime, which starts it for servers named\n"
	"nts://HOST.  It has no use by hand.\n"
	"\n"
	"  --help     show this help\n"
	"  --version  show the version\n";

static int print(const char *text)
{
	return fputs(text, stdout) == EOF || fflush(stdout) == EOF ? REQTIME_EXIT_SYSTEM
	                                                           : REQTIME_EXIT_OK;
}

/* For a person; reqtime sees the end of the program. */
static int refuse(void)
{
	fputs("reqtime-nts: speaks TLS for reqtime, which starts it for nts:// servers\n",
	      stderr);
	return REQTIME_EXIT_USAGE;
}

/* Reads the authorities: the last that needs files.  NULL: `settings->no_authorities`. */
static int open_client(const char *const *authorities, size_t count,
                       struct client_settings *settings, struct trust_store **ret_store,
                       struct tls_client **ret_client)
{
	if (trust_store_open(authorities, count, settings->no_authorities, ret_store) < 0) {
		return 0;
	}
	return tls_client_open(*ret_store, ret_client);
}

static int run_client(const char *const *authorities, size_t count)
{
	struct client_settings settings = { .fd = NTS_PROGRAM_FD };
	struct trust_store *store = NULL;
	struct tls_client *client = NULL;
	int r = lifeline_adopt(NTS_PROGRAM_LIFELINE_FD);

	if (r == -EBADF) {
		return refuse();
	}
	descriptors_close_from(NTS_PROGRAM_LIFELINE_FD + 1);
	if (r == 0) {
		r = priv_drop_all();
	}
	/* Other processes of this user must not read its keys, nor a core file have them. */
	if (r == 0 && prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L) < 0) {
		r = -errno;
	}
	if (r == 0) {
		r = open_client(authorities, count, &settings, &store, &client);
	}
	if (r == 0) {
		r = confine_nts();
	}
	if (r == 0) {
		settings.client = client;
		r = nts_client_run(&settings);
	}
	tls_client_close(client);
	trust_store_close(store);
	return r < 0 ? REQTIME_EXIT_SYSTEM : REQTIME_EXIT_OK;
}

int nts_program(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		return print("reqtime-nts " REQTIME_VERSION "\n");
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		return print(help);
	}
	if (argc < 2 || strcmp(argv[1], NTS_PROGRAM_CLIENT) != 0) {
		return refuse();
	}
	return run_client((const char *const *)argv + 2, (size_t)argc - 2);
}
