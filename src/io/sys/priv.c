/* SPDX-License-Identifier: MIT
 *
 * Dropping and raising privileges; every change is read back.
 */
#include "io/sys/priv.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

/* The largest user record that is read; usual ones have 100 octets. */
enum { PASSWD_SIZE = 16384 };

static int error_or(int fallback)
{
	return errno != 0 ? -errno : -fallback;
}

/* Sets the process' capabilities to `wanted` and reads them back.  The ambient set needs no
 * call: the kernel clears from it what is not inheritable, and nothing in `wanted` is. */
static int caps_become(cap_t wanted)
{
	cap_t now;
	int r;

	if (cap_set_proc(wanted) < 0) {
		return error_or(EPERM);
	}
	now = cap_get_proc();
	if (!now) {
		return error_or(ENOMEM);
	}
	r = cap_compare(now, wanted) == 0 ? 0 : -EPERM;
	cap_free(now);
	return r;
}

/* Makes `cap` effective where it is permitted. */
static int raise_permitted(cap_value_t cap)
{
	cap_flag_value_t has = CAP_CLEAR;
	int r = 0;
	cap_t caps = cap_get_proc();

	if (!caps) {
		return error_or(ENOMEM);
	}
	if (cap_get_flag(caps, cap, CAP_PERMITTED, &has) < 0) {
		r = error_or(EINVAL);
	} else if (has == CAP_SET &&
	           (cap_set_flag(caps, CAP_EFFECTIVE, 1, &cap, CAP_SET) < 0 ||
	            cap_set_proc(caps) < 0)) {
		r = error_or(EPERM);
	}
	cap_free(caps);
	return r;
}

static bool is_among(cap_value_t cap, const cap_value_t *caps, int count)
{
	for (int i = 0; i < count; i++) {
		if (caps[i] == cap) {
			return true;
		}
	}
	return false;
}

/* Empties the bounding set except for `kept`.  A lack of CAP_SETPCAP is no error: such a
 * process never had root's powers over files anyway. */
static int drop_bounding(const cap_value_t *kept, int kept_count)
{
	/* It never grows again, here or in a child: one check is enough. */
	static bool is_empty;
	int r, has;

	if (is_empty) {
		return 0;
	}
	r = raise_permitted(CAP_SETPCAP);
	if (r < 0) {
		return r;
	}
	for (cap_value_t cap = 0; (has = cap_get_bound(cap)) >= 0; cap++) {
		if (has == 0 || is_among(cap, kept, kept_count)) {
			continue;
		}
		if (cap_drop_bound(cap) < 0) {
			return errno == EPERM ? 0 : -errno;
		}
	}
	is_empty = kept_count == 0;
	return 0;
}

/* Sets or clears one capability in the effective set; the others do not change. */
static int one_effective(cap_value_t cap, cap_flag_value_t value)
{
	int r;
	cap_t caps = cap_get_proc();

	if (!caps) {
		return error_or(ENOMEM);
	}
	if (cap_set_flag(caps, CAP_EFFECTIVE, 1, &cap, value) < 0) {
		r = error_or(EINVAL);
	} else {
		r = caps_become(caps);
	}
	cap_free(caps);
	return r;
}

/* Needed to become another user and to empty the bounding set. */
static const cap_value_t user_caps[] = { CAP_SETUID, CAP_SETGID, CAP_SETPCAP };

static bool is_permitted(cap_t caps, cap_value_t cap)
{
	cap_flag_value_t has = CAP_CLEAR;

	return cap_get_flag(caps, cap, CAP_PERMITTED, &has) == 0 && has == CAP_SET;
}

/* CAP_SYS_TIME, and those of `others` that are permitted. */
static int keep_time_and(const cap_value_t *others, int count)
{
	cap_value_t kept[1 + COUNT_OF(user_caps)] = { CAP_SYS_TIME };
	int kept_count = 1;
	int r;
	cap_t caps = cap_get_proc();

	if (!caps) {
		return error_or(ENOMEM);
	}
	if (!is_permitted(caps, CAP_SYS_TIME)) {
		r = -EPERM;
		goto out;
	}
	for (int i = 0; i < count; i++) {
		if (is_permitted(caps, others[i])) {
			kept[kept_count++] = others[i];
		}
	}
	r = drop_bounding(kept, kept_count);
	if (r == 0 && (cap_clear(caps) < 0 ||
	               cap_set_flag(caps, CAP_PERMITTED, kept_count, kept, CAP_SET) < 0)) {
		r = error_or(EINVAL);
	}
	if (r == 0) {
		r = caps_become(caps);
	}
out:
	cap_free(caps);
	return r;
}

int priv_keep_time(void)
{
	return keep_time_and(NULL, 0);
}

int priv_keep_time_and_users(void)
{
	/* Only root changes users. */
	return geteuid() == 0 ? keep_time_and(user_caps, COUNT_OF(user_caps))
	                      : keep_time_and(NULL, 0);
}

int priv_raise_time(void)
{
	return one_effective(CAP_SYS_TIME, CAP_SET);
}

int priv_clear_time(void)
{
	return one_effective(CAP_SYS_TIME, CAP_CLEAR);
}

int priv_raise_raw(void)
{
	return one_effective(CAP_NET_RAW, CAP_SET);
}

int priv_drop_all(void)
{
	cap_t none;
	int r = drop_bounding(NULL, 0);

	if (r < 0) {
		return r;
	}
	none = cap_init();
	if (!none) {
		return error_or(ENOMEM);
	}
	r = caps_become(none);
	cap_free(none);
	if (r < 0) {
		return r;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0) {
		return -errno;
	}
	return prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) == 1 ? 0 : -EPERM;
}

int priv_find_user(const char *user, uid_t *ret_uid, gid_t *ret_gid)
{
	struct passwd record, *found = NULL;
	int r;
	char *buf = malloc(PASSWD_SIZE);

	if (!buf) {
		return -ENOMEM;
	}
	r = getpwnam_r(user, &record, buf, PASSWD_SIZE, &found);
	if (found) {
		*ret_uid = found->pw_uid;
		*ret_gid = found->pw_gid;
		r = 0;
	} else {
		/* getpwnam(3) lists many error codes for "no such user". */
		r = r == ENOMEM || r == EMFILE || r == ENFILE || r == EIO ? -r : -ENOENT;
	}
	free(buf);
	return r;
}

/* The kernel clears PR_SET_PDEATHSIG when the user changes. */
static int change_ids(uid_t uid, gid_t gid)
{
	const pid_t parent = getppid();
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;
	int death_signal = 0;

	(void)prctl(PR_GET_PDEATHSIG, &death_signal, 0L, 0L, 0L);
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
	    setresuid(uid, uid, uid) < 0) {
		return -errno;
	}
	if (getresuid(&ruid, &euid, &suid) < 0 || getresgid(&rgid, &egid, &sgid) < 0) {
		return -errno;
	}
	if (ruid != uid || euid != uid || suid != uid || rgid != gid || egid != gid ||
	    sgid != gid || getgroups(0, NULL) != 0) {
		return -EIO;
	}
	if (death_signal != 0 &&
	    (prctl(PR_SET_PDEATHSIG, (unsigned long)death_signal, 0L, 0L, 0L) < 0 ||
	     getppid() != parent)) {
		return -ESRCH;
	}
	return 0;
}

static int raise_users(void)
{
	int r = raise_permitted(CAP_SETUID);

	return r < 0 ? r : raise_permitted(CAP_SETGID);
}

int priv_drop_to(uid_t uid, gid_t gid)
{
	int r;

	if (geteuid() != 0) {
		return priv_drop_all();
	}
	if (uid == 0) {
		/* Without the right to change them the groups stay, as the user does. */
		r = raise_users();
		(void)(r == 0 && setgroups(0, NULL) == 0);
		return r < 0 ? r : priv_drop_all();
	}
	/* The bounding set first: the right to empty it goes with the user id. */
	r = drop_bounding(NULL, 0);
	if (r == 0) {
		r = raise_users();
	}
	if (r == 0) {
		r = change_ids(uid, gid);
	}
	if (r < 0 && r != -EPERM && r != -EINVAL) {
		return r;
	}
	if (r < 0) {
		r = priv_drop_all();
		return r < 0 ? r : geteuid() == 0;
	}
	return priv_drop_all();
}

static gid_t own_gid;

/* A process that could become another user can come back: root is still its real user.  If
 * that fails, its state is not as expected, and it must not go on. */
void priv_act_as_self(void)
{
	cap_t caps;

	if (seteuid(0) < 0 || setegid(own_gid) < 0) {
		abort();
	}
	/* The effective set comes back with the user. */
	caps = cap_get_proc();
	if (!caps || cap_clear_flag(caps, CAP_EFFECTIVE) < 0 || caps_become(caps) < 0) {
		abort();
	}
	cap_free(caps);
}

int priv_act_as(uid_t uid, gid_t gid)
{
	int r;

	if (geteuid() != 0 || uid == 0) {
		return -EPERM;
	}
	r = raise_users();
	if (r < 0) {
		return r;
	}
	own_gid = getegid();
	if (setegid(gid) < 0 || seteuid(uid) < 0) {
		priv_act_as_self();
		return -EPERM;
	}
	return 0;
}

int priv_become(const char *user)
{
	uid_t uid = 0;
	gid_t gid = 0;
	int r;

	if (geteuid() != 0) {
		return priv_drop_all();
	}
	r = priv_find_user(user, &uid, &gid);
	if (r < 0) {
		return r;
	}
	/* With --user root it stays root, without a capability. */
	return priv_drop_to(uid, gid);
}
