/* SPDX-License-Identifier: MIT
 *
 * container_start FOLDER UID CAPABILITY|- no-new-privs|- WORD...: starts a program with the root and
 * the rights that a container runtime gives it.  chroot(1) and setpriv(1) in turn cannot: the one
 * needs a right that the other must have taken away.
 */
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { FAILED = 120 };

static int drop_bounding(cap_value_t kept)
{
	for (cap_value_t cap = 0; cap <= CAP_LAST_CAP; cap++) {
		if (cap != kept && prctl(PR_CAPBSET_READ, cap) == 1 &&
		    prctl(PR_CAPBSET_DROP, cap) < 0) {
			return -1;
		}
	}
	return 0;
}

/* Permitted and effective for root alone, and nothing ambient. */
static int keep_of_root(cap_value_t kept)
{
	cap_t state = cap_init();
	int r = 0;

	if (!state) {
		return -1;
	}
	if (kept >= 0) {
		r = cap_set_flag(state, CAP_PERMITTED, 1, &kept, CAP_SET) +
		    cap_set_flag(state, CAP_EFFECTIVE, 1, &kept, CAP_SET);
	}
	r = r == 0 ? cap_set_proc(state) : r;
	cap_free(state);
	return r;
}

int main(int argc, char **argv)
{
	cap_value_t kept = -1;
	uid_t uid;

	if (argc < 6) {
		return FAILED;
	}
	uid = (uid_t)strtoul(argv[2], NULL, 10);
	if (strcmp(argv[3], "-") != 0 && cap_from_name(argv[3], &kept) < 0) {
		return FAILED;
	}
	if (chroot(argv[1]) < 0 || chdir("/") < 0 || drop_bounding(kept) < 0 ||
	    setgroups(0, NULL) < 0 || setgid(uid) < 0 || setuid(uid) < 0 ||
	    (uid == 0 && keep_of_root(kept) < 0) ||
	    (strcmp(argv[4], "-") != 0 && prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0)) {
		perror("container_start");
		return FAILED;
	}
	execv(argv[5], argv + 5);
	perror(argv[5]);
	return FAILED;
}
