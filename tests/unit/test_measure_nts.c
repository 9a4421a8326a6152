/* SPDX-License-Identifier: MIT
 *
 * A whole measurement with NTS, in virtual time: certificates and clocks that do not fit,
 * the vote, packets that are not authentic, and key exchanges that fail or lead elsewhere.
 * The rows with a letter and number are those of tests/faults.md.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nts_world.h"

#define S NS_PER_S
#define MS NS_PER_MS
#define US NS_PER_US
#define HOUR (3600 * NS_PER_S)
#define DAY (86400 * NS_PER_S)
#define YEAR (365 * DAY)
#define UTC_S NTS_WORLD_UTC_S
#define DAY_S INT64_C(86400)

struct row {
	const char *name;
	struct nts_scene scene;
	bool is_mixed, is_strict, may_trust_one, ask_all;
	bool is_time_known;
	int64_t known_ns; /* the known time less UTC */
	enum address_family family;
	unsigned samples;    /* 0: 4 */
	int64_t interval_ns; /* 0: by kind of address */
	int64_t target_ns;   /* 0: the default */
	unsigned runs;       /* the wanted is that of the last; 0: 1 */
	int64_t pause_ns;    /* between them */
	/* An address in hold-off since a quarter of an hour and a minute ago. */
	const char *held;
	/* wanted */
	enum run_status status;
	/* In the order shown: the status, "*" after it when its certificate is valid only at
	 * the time told, " -" when it has no vote; then after ": " a part of the reason. */
	const char *sources[NTS_WORLD_SERVERS_MAX + 2];
	const char *run_reason;     /* NULL: any; else a part of it */
	bool is_plain;              /* an answer that is not authenticated */
	int64_t told_ns;            /* the answer less UTC */
	int64_t took_ns;            /* at most; 0: any */
	unsigned sent;              /* by the first source; 0: any */
	bool no_keys;               /* no key exchange of the first */
	size_t keys, placeholders;  /* key exchanges of the first; the most; 0: any */
	unsigned cookies;           /* left to the first; 0: any */
	const char *host, *address; /* of the first, in the key exchange and of NTP */
	const char *kiss;           /* shown with the header of the first */
	bool has_no_header;
	size_t server_count; /* that count; 0: any */
	size_t selected;     /* so many sources; 0: any */
};

/* clang-format off */
#define A "nts://203.0.113.1"
#define B "nts://203.0.113.2"
#define C "nts://203.0.113.3"
#define AT(n, ...) { .address = "203.0.113." #n, __VA_ARGS__ }
#define ONE(...) .servers = { A }, .machines = { AT(1, __VA_ARGS__) }
#define TWO(...) .servers = { A, B }, .machines = { AT(1, __VA_ARGS__), AT(2) }
#define THREE(...) .servers = { A, B, C }, .machines = { AT(1, __VA_ARGS__), AT(2), AT(3) }
/* So near that all four requests follow each other at once. */
#define NEAR(...) .servers = { "nts://10.0.0.1" }, .machines = { { .address = "10.0.0.1", .way_ns = 100 * US, __VA_ARGS__ } }
#define LATE_MS(n) .took_ns = (n) * MS
/* It leads to the machine 203.0.113.9, which reads its cookies. */
#define LEADS(...) .servers = { A }, .machines = { AT(1, .cookie_keys = 7, __VA_ARGS__), AT(9, .cookie_keys = 7) }
/* Valid for ten years; and only in 2024. */
#define LONG .from_s = UTC_S - 3 * 365 * DAY_S, .until_s = UTC_S + 7 * 365 * DAY_S
#define OLD .from_s = INT64_C(1704067200), .until_s = INT64_C(1735603200)
#define IN_2024 (-2 * YEAR)

static const struct row rows[] = {
	{ .name = "three good servers", .scene = { THREE() }, .sources = { "selected", "selected", "selected" }, LATE_MS(60), .sent = 1, .keys = 1, .cookies = 8 },
	{ .name = "one good server", .scene = { ONE() }, .sources = { "selected" }, LATE_MS(60), .host = "203.0.113.1", .address = "203.0.113.1" },

	/* ---- the clock and the certificate ---- */
	{ .name = "NB1 the clock says 2001", .scene = { THREE(), .clock_ns = -25 * YEAR }, .sources = { "selected*", "selected*", "selected*" } },
	{ .name = "NB2 the clock says 2036", .scene = { THREE(), .clock_ns = 10 * YEAR }, .sources = { "selected*", "selected*", "selected*" } },
	{ .name = "NB1 one server alone does not decide", .scene = { ONE(), .clock_ns = -25 * YEAR },
	  .status = RUN_NO_MAJORITY, .sources = { "agreeing*" }, .run_reason = "a second server must agree" },
	{ .name = "NB1 one server alone, trusted", .scene = { ONE(), .clock_ns = -25 * YEAR }, .may_trust_one = true, .sources = { "selected*" } },
	{ .name = "NB1 two that agree", .scene = { TWO(), .clock_ns = -25 * YEAR }, .sources = { "selected*", "selected*" } },
	{ .name = "NB1 two that agree, and a third is silent", .scene = { THREE(.turns = "."), .clock_ns = -25 * YEAR }, .sources = { "unreachable", "selected*", "selected*" } },
	{ .name = "NB1 two, one silent: not enough", .scene = { TWO(.turns = "."), .clock_ns = -25 * YEAR },
	  .status = RUN_NO_MAJORITY, .sources = { "unreachable", "agreeing*" }, .run_reason = "a second server must agree" },
	{ .name = "NB1 one of three: the others are missing, whatever the certificate", .scene = { THREE(), .machines[0].turns = ".", .machines[1].turns = ".", .clock_ns = -25 * YEAR },
	  .status = RUN_NO_MAJORITY, .sources = { "unreachable", "unreachable", "agreeing*" }, .run_reason = "no majority: 1 of 3 agree, 2 are needed; 203.0.113.1: keys" },
	{ .name = "NB1 one told and one checked now", .scene = { TWO(LONG), .clock_ns = 5 * YEAR }, .sources = { "selected", "selected*" } },
	{ .name = "NB1 one told and one checked now that contradict", .scene = { TWO(LONG, .shift_ns = -HOUR), .clock_ns = 5 * YEAR },
	  .status = RUN_NO_MAJORITY, .sources = { "rejected", "rejected*" } },
	{ .name = "NB1 two addresses of one name are one server",
	  .scene = { .servers = { "nts://a.test" }, .machines = { AT(1), AT(2) }, .told = { { .host = "a.test", .addresses = "203.0.113.1 203.0.113.2" } }, .clock_ns = -25 * YEAR },
	  .status = RUN_NO_MAJORITY, .sources = { "agreeing*", "agreeing*" }, .run_reason = "a second server must agree", LATE_MS(200) },
	{ .name = "NB1 ... which is not waited for where it has no vote", .scene = { .servers = { A, "b.test" }, .machines = { AT(1) }, .clock_ns = -25 * YEAR },
	  .status = RUN_NO_MAJORITY, .sources = { "agreeing*", "unreachable -" }, LATE_MS(100) },
	{ .name = "NB1 two addresses of one name and a second server",
	  .scene = { .servers = { "nts://a.test", C }, .machines = { AT(1), AT(2), AT(3) }, .told = { { .host = "a.test", .addresses = "203.0.113.1 203.0.113.2" } }, .clock_ns = -25 * YEAR },
	  .sources = { "selected*", "selected*", "selected*" } },
	{ .name = "NB1 a server that is named twice is one server", .scene = { .servers = { A, A }, .machines = { AT(1) }, .clock_ns = -25 * YEAR },
	  .status = RUN_NO_MAJORITY, .sources = { "agreeing*", "agreeing*" }, .run_reason = "a second server must agree" },
	{ .name = "NB3 its time is after the end of its certificate", .scene = { ONE(.shift_ns = 60 * DAY) },
	  .status = RUN_NO_ANSWER, .sources = { "rejected: clock refused: its time is 2027-01-17 11:06; its certificate expires 2026-12-30 00:00" } },
	{ .name = "NB3 the same with a clock that is as late", .scene = { ONE(.shift_ns = 60 * DAY), .clock_ns = 60 * DAY },
	  .status = RUN_NO_ANSWER, .sources = { "rejected: clock refused" } },
	{ .name = "NB4 its time is before the start", .scene = { ONE(.shift_ns = -60 * DAY) },
	  .status = RUN_NO_ANSWER, .sources = { "rejected: clock refused: its time is 2026-09-19 11:06; its certificate is not valid before 2026-10-01 00:00" } },
	{ .name = "NB5 an old certificate and the time of then: an answer, for others to refuse", .scene = { ONE(OLD, .shift_ns = IN_2024) }, .may_trust_one = true,
	  .sources = { "selected*" }, .told_ns = IN_2024 },
	{ .name = "NB6 the same of three: outvoted", .scene = { THREE(OLD, .shift_ns = IN_2024) }, .sources = { "falseticker*", "selected", "selected" } },
	{ .name = "NB7 expired, and the time is known", .scene = { ONE(.until_s = UTC_S - DAY_S), .clock_ns = -10 * DAY }, .is_time_known = true,
	  .status = RUN_NO_ANSWER, .sources = { "rejected: key exchange: its certificate expired on 2026-11-17 by the confirmed time; if that is wrong: --any-offset" }, LATE_MS(40) },
	{ .name = "NB7 expired, and the time is known and told otherwise", .scene = { ONE(OLD, .shift_ns = IN_2024) }, .is_time_known = true, .may_trust_one = true,
	  .status = RUN_NO_ANSWER, .sources = { "rejected: by the confirmed time; if that is wrong: --any-offset" } },
	{ .name = "NB7 the known time is later than the end", .scene = { ONE() }, .is_time_known = true, .known_ns = 60 * DAY,
	  .status = RUN_NO_ANSWER, .sources = { "rejected: expired on 2026-12-30 by the confirmed time; if that is wrong: --any-offset" } },
	{ .name = "NB7 the known time is earlier than the start: it may lag", .scene = { TWO() }, .is_time_known = true, .known_ns = -60 * DAY, .sources = { "selected*", "selected*" } },
	{ .name = "NB7 ... and one alone does not decide", .scene = { ONE() }, .is_time_known = true, .known_ns = -60 * DAY, .status = RUN_NO_MAJORITY, .sources = { "agreeing*" } },
	{ .name = "NB7 the known time is right, the clock wrong", .scene = { ONE(), .clock_ns = 10 * YEAR }, .is_time_known = true, .sources = { "selected" } },
	{ .name = "NB8 the clock is late, and by it the certificate is still valid", .scene = { ONE(.until_s = UTC_S - 7 * DAY_S), .clock_ns = -21 * DAY },
	  .status = RUN_NO_ANSWER, .sources = { "rejected: clock refused: its time is 2026-11-18 11:06; its certificate expires 2026-11-11" } },
	{ .name = "NB9 the bound reaches beyond the end", .scene = { ONE(.until_s = UTC_S + 1, .root_dispersion_ns = 1200 * MS) },
	  .status = RUN_NO_ANSWER, .sources = { "rejected: not exactly enough; its certificate expires 2026-11-18" } },
	{ .name = "NB9 the bound reaches beyond the start", .scene = { ONE(.from_s = UTC_S - 1, .root_dispersion_ns = 1200 * MS) },
	  .status = RUN_NO_ANSWER, .sources = { "rejected: not exactly enough; its certificate is not valid before 2026-11-18" } },
	{ .name = "NB9 the bound reaches beyond both", .scene = { ONE(.from_s = UTC_S - 1, .until_s = UTC_S + 1, .root_dispersion_ns = 1400 * MS) },
	  .status = RUN_NO_ANSWER, .sources = { "rejected: not exactly enough" } },
	{ .name = "NB9 the bound just fits", .scene = { ONE(.from_s = UTC_S - 1, .until_s = UTC_S + 1, .root_dispersion_ns = 800 * MS) }, .sources = { "selected" } },
	{ .name = "NB10 its chain has ended yesterday", .scene = { THREE(.until_s = UTC_S - DAY_S) }, .sources = { "rejected: clock refused", "selected", "selected" } },
	{ .name = "NB11 keys, but no answer", .scene = { ONE(.turns = ".") },
	  .status = RUN_NO_ANSWER, .sources = { "unreachable: keys accepted, no answer to 436 octets on UDP port 123" }, .run_reason = "no server gave a usable answer", .placeholders = 2 },
	{ .name = "NB12 two plain servers say 2026, the one with NTS 2024", .scene = { .servers = { A, "203.0.113.2", "203.0.113.3" }, .machines = { AT(1, LONG, .shift_ns = IN_2024), AT(2), AT(3) } },
	  .sources = { "selected", "falseticker -", "falseticker -" }, .told_ns = IN_2024 },
	{ .name = "strict: the clock says 2001", .scene = { ONE(), .clock_ns = -25 * YEAR }, .is_strict = true,
	  .status = RUN_NO_ANSWER, .sources = { "rejected: is not valid before 2026-10-01 by this clock (--certificate-time strict)" } },
	{ .name = "strict: expired", .scene = { ONE(.until_s = UTC_S - DAY_S) }, .is_strict = true, .may_trust_one = true,
	  .status = RUN_NO_ANSWER, .sources = { "rejected: expired on 2026-11-17 by this clock" } },
	{ .name = "strict: valid", .scene = { ONE() }, .is_strict = true, .sources = { "selected" } },
	{ .name = "strict: valid by the clock, but not at the time told", .scene = { ONE(.shift_ns = 60 * DAY) }, .is_strict = true, .status = RUN_NO_ANSWER, .sources = { "rejected: clock refused" } },

	/* ---- who votes ---- */
#define REFUSED .failure = NTS_FAILURE_CONNECT, .error = ECONNREFUSED
#define FAILED .failure = NTS_FAILURE_NO_NTS
#define PLAIN_2 "203.0.113.2", "203.0.113.3"
	{ .name = "vote: one with NTS among plain ones", .scene = { .servers = { A, PLAIN_2 }, .machines = { AT(1), AT(2), AT(3, .shift_ns = HOUR) } },
	  .sources = { "selected", "agreeing -: agrees, but has no vote", "falseticker -: misses the majority by" }, .server_count = 1 },
	{ .name = "vote: it is silent", .scene = { .servers = { A, PLAIN_2 }, .machines = { AT(1, .turns = "."), AT(2), AT(3) } },
	  .status = RUN_NO_ANSWER, .sources = { "unreachable: keys accepted", "rejected -: not authenticated: it has no vote", "rejected -: not authenticated: it has no vote" } },
	{ .name = "vote: its key exchange is refused", .scene = { .servers = { A, PLAIN_2 }, .machines = { AT(1, REFUSED), AT(2), AT(3) } },
	  .status = RUN_NO_ANSWER, .sources = { "unreachable: key exchange: connection refused", "rejected -", "rejected -" }, .run_reason = "no authenticated server gave a usable answer", LATE_MS(100) },
	{ .name = "vote: its certificate is bad", .scene = { .servers = { A, PLAIN_2 }, .machines = { AT(1, .failure = NTS_FAILURE_NOT_TRUSTED), AT(2), AT(3, .turns = "x") } },
	  .status = RUN_NO_ANSWER, .sources = { "rejected: certificate from an authority that is not trusted", "rejected -", "rejected -" } },
	{ .name = "vote: its name is not resolved", .scene = { .servers = { "nts://a.test", "203.0.113.2" }, .machines = { AT(1), AT(2) }, .told = { { .host = "a.test", .why = "no such name" } } },
	  .status = RUN_NO_ANSWER, .sources = { "unreachable: no such name", "rejected -" } },
	{ .name = "no vote is missing where all are plain and their answers contradict", .scene = { .servers = { "a.test" }, .machines = { AT(1), { .address = "2001:db8::1", .shift_ns = HOUR } },
	    .told = { { .host = "a.test", .addresses = "203.0.113.1" }, { .host = "a.test", .addresses = "2001:db8::1", .family = ADDRESS_IPV6 } } },
	  .status = RUN_NO_ANSWER, .sources = { "rejected: the addresses" }, .run_reason = "=no server gave a usable answer" },
	{ .name = "vote: it is of the other family", .scene = { .servers = { "nts://[2001:db8::1]", "203.0.113.2" }, .machines = { AT(1), AT(2) } }, .family = ADDRESS_IPV4,
	  .status = RUN_NO_ANSWER, .sources = { "rejected: --ipv4 was given", "rejected -" } },
	{ .name = "vote: one of two with NTS, and plain ones that dissent", .scene = { .servers = { A, B, "203.0.113.3", "203.0.113.4" }, .machines = { AT(1, .turns = "."), AT(2), AT(3, .shift_ns = HOUR), AT(4, .shift_ns = HOUR) } },
	  .sources = { "unreachable", "selected", "falseticker -", "falseticker -" } },
	{ .name = "vote: without a majority the plain ones are not missing", .scene = { .servers = { A, B, C, "203.0.113.4" }, .machines = { AT(1, REFUSED), AT(2, REFUSED), AT(3), AT(4, .turns = ".") } },
	  .status = RUN_NO_MAJORITY, .sources = { "unreachable", "unreachable", "agreeing", "unreachable -" },
	  .run_reason = "=no majority: 1 of 3 agree, 2 are needed; 203.0.113.1: key exchange: connection refused; 203.0.113.2: key exchange: connection refused" },
	{ .name = "vote: a plain name that is never resolved delays nothing", .scene = { .servers = { A, "b.test" }, .machines = { AT(1) } },
	  .sources = { "selected", "unreachable -: its name is not resolved yet; the others were enough" }, LATE_MS(60) },
	{ .name = "vote: mixed, all count", .scene = { .servers = { A, PLAIN_2 }, .machines = { AT(1, .shift_ns = HOUR, .keys_after_ns = MS), AT(2, .way_ns = 15 * MS), AT(3, .way_ns = 15 * MS) } }, .is_mixed = true,
	  .sources = { "falseticker", "selected", "selected" }, .is_plain = true },
	{ .name = "vote: mixed, the key exchange refused", .scene = { .servers = { A, PLAIN_2 }, .machines = { AT(1, REFUSED), AT(2), AT(3) } }, .is_mixed = true,
	  .sources = { "unreachable", "selected", "selected" }, .is_plain = true },
	{ .name = "vote: mixed, by chance only those with NTS agree", .scene = { .servers = { A, B, "203.0.113.3" }, .machines = { AT(1), AT(2), AT(3, .shift_ns = HOUR) } }, .is_mixed = true,
	  .sources = { "selected", "selected", "falseticker" } },
	{ .name = "vote: mixed, one machine with and without NTS is no majority", .scene = { .servers = { A, "203.0.113.1", B }, .machines = { AT(1), AT(2, .shift_ns = HOUR) } }, .is_mixed = true,
	  .status = RUN_NO_MAJORITY, .sources = { "rejected", "rejected", "rejected" }, .run_reason = "some of them are one machine" },
	{ .name = "vote: the addresses of a name", .scene = { .servers = { "nts://a.test" }, .machines = { AT(1), AT(2), AT(3, .shift_ns = HOUR) }, .told = { { .host = "a.test", .addresses = "203.0.113.1 203.0.113.2 203.0.113.3" } } },
	  .sources = { "selected", "selected", "falseticker" }, .host = "a.test" },
	{ .name = "vote: both families of a name are one pair", .scene = { .servers = { "nts://a.test" }, .machines = { AT(1), { .address = "2001:db8::1", .shift_ns = HOUR } },
	    .told = { { .host = "a.test", .addresses = "203.0.113.1" }, { .host = "a.test", .addresses = "2001:db8::1", .family = ADDRESS_IPV6 } } },
	  .status = RUN_NO_ANSWER, .sources = { "rejected: the addresses of its name contradict each other", "rejected: the addresses" } },
	{ .name = "vote: a server that is named twice", .scene = { .servers = { A, A }, .machines = { AT(1) } }, .sources = { "selected", "selected" } },
	{ .name = "vote: a server that is named twice does not outvote another", .scene = { .servers = { A, A, B }, .machines = { AT(1), AT(2, .shift_ns = HOUR) } },
	  .status = RUN_NO_MAJORITY, .sources = { "rejected", "rejected", "rejected" }, .run_reason = "some of them are one machine: 1 of 2 machines" },
#define LED AT(1, .server = "203.0.113.9", .cookie_keys = 7), AT(2, .server = "203.0.113.9", .cookie_keys = 7), AT(9, .cookie_keys = 7)
	{ .name = "vote: two key exchanges lead to one machine", .scene = { .servers = { A, B }, .machines = { LED } }, .sources = { "selected", "selected" } },
	{ .name = "vote: two key exchanges lead to one machine: no majority of three", .scene = { .servers = { A, B, C }, .machines = { LED, AT(3, .shift_ns = HOUR) } },
	  .status = RUN_NO_MAJORITY, .sources = { "rejected", "rejected", "rejected" }, .run_reason = "some of them are one machine: 1 of 2 machines" },
	{ .name = "vote: one that leads to another takes no vote from it", .scene = { .servers = { A, B, C }, .machines = { AT(1, .server = "203.0.113.2", .keys_after_ns = 10 * MS), AT(2), AT(3) } },
	  .sources = { "rejected: its cookie keys have changed", "selected", "selected" } },
	{ .name = "vote: ... nor if it comes later", .scene = { .servers = { A, B, C }, .machines = { AT(1, .server = "203.0.113.2", .keys_after_ns = 60 * MS), AT(2, .keys_after_ns = 100 * MS), AT(3, .keys_after_ns = 2 * S) } },
	  .sources = { "rejected: it does not accept its own new cookies", "selected", "selected" } },
	/* Both first have the address 203.0.113.9, where the first one's cookies are not known. */
#define MOVED(a, b) .servers = { A, B, "nts://203.0.113.4" }, .machines = { AT(1, .server = "203.0.113.9", .server_again = "203.0.113.3", .cookie_keys = 5, .keys_after_ns = a), \
	AT(2, .server = "203.0.113.9", .cookie_keys = 7, .keys_after_ns = b), AT(9, .cookie_keys = 7), AT(3, .cookie_keys = 5), AT(4, .shift_ns = HOUR) }
	{ .name = "vote: two at one address, and the first moves away", .scene = { MOVED(10 * MS, 60 * MS) }, .sources = { "selected", "selected", "falseticker" } },
	{ .name = "vote: two at one address, and the second moves away", .scene = { MOVED(60 * MS, 10 * MS) }, .sources = { "selected", "selected", "falseticker" } },
#define SAME_TWO AT(1, .is_same = true), AT(2, .is_same = true), AT(3, .shift_ns = HOUR)
	{ .name = "vote: one daemon by two names is no majority", .scene = { .servers = { A, B, C }, .machines = { SAME_TWO } }, .status = RUN_NO_MAJORITY, .sources = { "rejected" }, .run_reason = "one machine: 1 of 2 machines" },
	/* A and B lead to one machine, whose daemon C is, too. */
	{ .name = "vote: one daemon at two addresses, one of them shared, is no majority", .scene = { .servers = { A, B, C, "nts://203.0.113.4" }, .machines = { AT(1, .server = "203.0.113.9", .cookie_keys = 7), AT(2, .server = "203.0.113.9", .cookie_keys = 7),
	    AT(9, .cookie_keys = 7, .is_same = true), AT(3, .is_same = true), AT(4, .shift_ns = HOUR) } }, .status = RUN_NO_MAJORITY, .sources = { "rejected" }, .run_reason = "one machine: 1 of 2 machines" },
	{ .name = "vote: ... nor with a plain server at its address", .scene = { .servers = { A, B, C, "203.0.113.1" }, .machines = { SAME_TWO } }, .status = RUN_NO_MAJORITY, .sources = { "rejected" }, .run_reason = "one machine: 1 of 2 machines" },
	{ .name = "vote: a plain one at the address of one with NTS", .scene = { .servers = { A, "203.0.113.1" }, .machines = { AT(1) } }, .sources = { "selected", "agreeing -" } },

	/* ---- packets ---- */
#define TWICE .runs = 2
	{ .name = "NN1 a plain reply", .scene = { ONE(.turns = "p") }, .status = RUN_NO_ANSWER, .sources = { "rejected: answered, but without authentication" }, .has_no_header = true, .sent = 3 },
	{ .name = "NN1 a plain reply, then the authentic one", .scene = { ONE(.turns = "P") }, .sources = { "selected" }, .sent = 1 },
	{ .name = "NN2 another identifier", .scene = { ONE(.turns = "u") }, .status = RUN_NO_ANSWER, .sources = { "rejected: without the identifier" }, .has_no_header = true },
	{ .name = "NN2 another identifier, then the authentic one", .scene = { ONE(.turns = "U") }, .sources = { "selected" }, .sent = 1 },
	{ .name = "NN5 the identifier, not sealed", .scene = { ONE(.turns = "m") }, .status = RUN_NO_ANSWER, .sources = { "rejected: without an authenticator" }, .has_no_header = true },
	{ .name = "NN5 the identifier, not sealed, then the authentic one", .scene = { ONE(.turns = "M") }, .sources = { "selected" }, .sent = 1 },
	{ .name = "NN8 a changed octet", .scene = { ONE(.turns = "f") }, .status = RUN_NO_ANSWER, .sources = { "rejected: wrong authenticator" }, .has_no_header = true },
	{ .name = "NN8 a changed octet, then the authentic one", .scene = { ONE(.turns = "F") }, .sources = { "selected" }, .sent = 1 },
	{ .name = "NN13 no new cookie: ends with those that it has", .scene = { NEAR(.turns = "c", .key_cookies = 2) }, .sources = { "selected" }, .sent = 2, .placeholders = 7 },
	{ .name = "NN15 cookies of another length", .scene = { NEAR(.cookie_len = 100, .cookie_len_later = 132) }, .sources = { "selected" }, .sent = 4, .cookies = 8 },
	{ .name = "NN15 the longest cookies", .scene = { NEAR(.cookie_len = 512) }, .sources = { "selected" }, .sent = 4 },
	{ .name = "NN15 the shortest cookies", .scene = { NEAR(.cookie_len = 12) }, .sources = { "selected" }, .sent = 4, .cookies = 8 },
	{ .name = "NN16 NTSN, then the authentic answer", .scene = { ONE(.turns = "N") }, .sources = { "selected" }, .sent = 1, .keys = 1 },
	{ .name = "NN16 NTSN, then the authentic answer: no new keys later, either", .scene = { ONE(.turns = "N.") }, .target_ns = 15 * MS, .sources = { "selected" }, .keys = 1 },
	{ .name = "NN17 NTSN: new keys", .scene = { ONE(.turns = "na") }, .sources = { "selected" }, .sent = 2, .keys = 2, .cookies = 8, LATE_MS(300) },
	{ .name = "NN17 NTSN, with one request only: new keys all the same", .scene = { ONE(.turns = "na") }, .samples = 1, .sources = { "selected" }, .sent = 2, .keys = 2 },
	{ .name = "NN17 NTSN after an answer", .scene = { NEAR(.turns = "ana") }, .ask_all = true, .sources = { "selected" }, .keys = 2, .sent = 5 },
	{ .name = "NN18 NTSN with another identifier", .scene = { ONE(.turns = "w") }, .status = RUN_NO_ANSWER, .sources = { "rejected: without the identifier" }, .keys = 1, .sent = 3 },
	{ .name = "NN18 NTSN with another identifier, then the authentic answer", .scene = { ONE(.turns = "W") }, .sources = { "selected" }, .keys = 1, .sent = 1 },
	{ .name = "NN19 NTSN to every request", .scene = { ONE(.turns = "n") }, .status = RUN_NO_ANSWER, .sources = { "rejected: does not accept its own new cookies (NTSN)" }, .keys = 2, .sent = 2, LATE_MS(400) },
	{ .name = "NN20 an authentic RATE", .scene = { ONE(.turns = "k") }, .status = RUN_NO_ANSWER, .sources = { "rejected: kiss code RATE" }, .kiss = "RATE", .sent = 1 },
	{ .name = "NN20 an authentic DENY", .scene = { ONE(.turns = "d") }, .status = RUN_NO_ANSWER, .sources = { "rejected: kiss code DENY" }, .kiss = "DENY", .sent = 1 },
	{ .name = "NN21 RATE that is not sealed", .scene = { ONE(.turns = "K") }, .status = RUN_NO_ANSWER, .sources = { "rejected: (kiss code RATE), without authentication" }, .has_no_header = true, .sent = 1, LATE_MS(160) },
	{ .name = "NN21 RATE that is not sealed, then the authentic answer", .scene = { ONE(.turns = "Q") }, .sources = { "selected" }, .sent = 1, LATE_MS(80) },
	{ .name = "NN21 RATE that is not sealed is not remembered as a failed key exchange", .scene = { ONE(.turns = "Ka"), .has_store = true }, TWICE, .sources = { "selected" }, .keys = 1, .sent = 1 },
	{ .name = "NN22 the last answer once more", .scene = { NEAR(.turns = "aR") }, .ask_all = true, .sources = { "selected" }, .interval_ns = S, .sent = 4 },
	{ .name = "NN22 the last answer once more, then the authentic one", .scene = { NEAR(.turns = "ar") }, .ask_all = true, .sources = { "selected" }, .sent = 2 },
	{ .name = "NN23 authentic and not synchronised", .scene = { ONE(.turns = "x") }, .status = RUN_UNSYNCHRONISED, .sources = { "rejected: not synchronised" }, .sent = 1 },
	{ .name = "NN24 an answer longer than the request", .scene = { NEAR(.turns = "l") }, .sources = { "selected" }, .cookies = 8, .sent = 4 },
	{ .name = "NN25 all answers are lost", .scene = { .servers = { "nts://10.0.0.1" }, .machines = { { .address = "10.0.0.1", .turns = "." } } }, .samples = 16, .interval_ns = 100 * MS,
	  .status = RUN_NO_ANSWER, .sources = { "unreachable: keys accepted, no answer to 956 octets" }, .sent = 8, .placeholders = 7 },
	{ .name = "NN25 all but the last are lost", .scene = { .servers = { "nts://10.0.0.1" }, .machines = { { .address = "10.0.0.1", .turns = ".......a" } } }, .samples = 16, .interval_ns = 100 * MS,
	  .sources = { "selected" }, .sent = 8, .placeholders = 7, .cookies = 8 },
	{ .name = "cookies of a damaged answer that comes three times are not taken", .scene = { NEAR(.turns = "b", .key_cookies = 1) }, .target_ns = 5 * MS, .sources = { "selected" }, .sent = 4 },
	{ .name = "port unreachable", .scene = { ONE(.turns = "i") }, .status = RUN_NO_ANSWER, .sources = { "unreachable: refused" }, .sent = 1 },

	/* ---- the key exchange ---- */
	{ .name = "NK1 refused", .scene = { THREE(REFUSED) }, .sources = { "unreachable: key exchange: connection refused", "selected", "selected" }, LATE_MS(60) },
	{ .name = "NK2 one of three is silent", .scene = { THREE(.is_silent = true) }, .sources = { "unreachable: the key exchange has not ended; the others were enough", "selected", "selected" }, LATE_MS(60) },
	{ .name = "NK2 two of three are silent: no majority", .scene = { THREE(.is_silent = true), .machines[1].is_silent = true },
	  .status = RUN_NO_MAJORITY, .sources = { "unreachable: key exchange: no answer on TCP port 4460", "unreachable", "agreeing" }, .run_reason = "1 of 3 agree, 2 are needed" },
	{ .name = "NK27 one cookie", .scene = { NEAR(.key_cookies = 1) }, .sources = { "selected" }, .sent = 4, .placeholders = 7, .cookies = 8 },
	{ .name = "NK32 it leads to another address", .scene = { LEADS(.server = "203.0.113.9") }, .sources = { "selected" }, .address = "203.0.113.9" },
	{ .name = "NK32 it leads to loopback", .scene = { ONE(.server = "127.0.0.1") }, .status = RUN_NO_ANSWER, .sources = { "rejected: key exchange: it names 127.0.0.1, which cannot be its NTP server" } },
	{ .name = "NK32 it leads to loopback in IPv6", .scene = { ONE(.server = "::1") }, .status = RUN_NO_ANSWER, .sources = { "rejected: it names ::1" } },
	{ .name = "NK32 it leads to mapped loopback", .scene = { ONE(.server = "::ffff:127.0.0.1") }, .status = RUN_NO_ANSWER, .sources = { "rejected: which cannot be" } },
	{ .name = "NK32 it leads to a multicast address", .scene = { ONE(.server = "224.0.1.1") }, .status = RUN_NO_ANSWER, .sources = { "rejected: it names 224.0.1.1" } },
	{ .name = "NK32 it leads to 0.0.0.0", .scene = { ONE(.server = "0.0.0.0") }, .status = RUN_NO_ANSWER, .sources = { "rejected: it names 0.0.0.0" } },
	{ .name = "NK32 it leads to a link-local address", .scene = { ONE(.server = "169.254.1.1") }, .status = RUN_NO_ANSWER, .sources = { "rejected: it names 169.254.1.1" } },
	{ .name = "NK32 it leads to a link-local address in IPv6", .scene = { ONE(.server = "fe80::2") }, .status = RUN_NO_ANSWER, .sources = { "rejected: it names fe80::2" } },
	{ .name = "NK32 on loopback it may lead to loopback", .scene = { .servers = { "nts://127.0.0.1" }, .machines = { { .address = "127.0.0.1", .server = "127.0.0.2", .cookie_keys = 7 }, { .address = "127.0.0.2", .cookie_keys = 7 } } },
	  .sources = { "selected" }, .address = "127.0.0.2" },
	{ .name = "NK32 it leads to the other family", .scene = { .servers = { A }, .machines = { AT(1, .server = "2001:db8::9", .cookie_keys = 7), { .address = "2001:db8::9", .cookie_keys = 7 } } },
	  .sources = { "selected" }, .address = "2001:db8::9" },
	{ .name = "NK32 it leads to the other family, which is not wanted", .scene = { ONE(.server = "2001:db8::9") }, .family = ADDRESS_IPV4, .status = RUN_NO_ANSWER, .sources = { "rejected: other address family" } },
	{ .name = "NK32 it leads to a name", .scene = { LEADS(.server = "ntp.test"), .told = { { .host = "ntp.test.", .addresses = "203.0.113.9", .after_ns = 20 * MS } } }, .sources = { "selected" }, .address = "203.0.113.9", LATE_MS(80) },
	{ .name = "NK32 it leads to a name of the other family only", .scene = { LEADS(.server = "ntp.test"), .told = { { .host = "ntp.test.", .addresses = "2001:db8::9", .family = ADDRESS_IPV6 } } },
	  .status = RUN_NO_ANSWER, .sources = { "unreachable: its NTP server ntp.test is not resolved yet" } },
	{ .name = "NK32 it leads to a name that is not known", .scene = { LEADS(.server = "ntp.test"), .told = { { .host = "ntp.test.", .why = "no such name" } } },
	  .status = RUN_NO_ANSWER, .sources = { "rejected: key exchange: its NTP server cannot be resolved: no such name" } },
	{ .name = "NK32 it leads to a name that leads to loopback", .scene = { LEADS(.server = "ntp.test"), .told = { { .host = "ntp.test.", .addresses = "127.0.0.1" } } },
	  .status = RUN_NO_ANSWER, .sources = { "rejected: it names 127.0.0.1" } },
	{ .name = "NK34 its port", .scene = { ONE(.port = 1123) }, .sources = { "selected" } },
	{ .name = "NK34 its port, with an address", .scene = { LEADS(.server = "203.0.113.9", .port = 1123) }, .sources = { "selected" }, .address = "203.0.113.9" },
	{ .name = "NK34 its port, with a name", .scene = { LEADS(.server = "ntp.test", .port = 1123), .told = { { .host = "ntp.test.", .addresses = "203.0.113.9" } } }, .sources = { "selected" } },
	{ .name = "NK40 closed without an answer: not tried again", .scene = { ONE(.failure = NTS_FAILURE_CLOSED) }, .status = RUN_NO_ANSWER, .sources = { "unreachable: the server closed the connection" }, .keys = 1 },
	{ .name = "NK41 without reqtime-nts", .scene = { ONE(.failure = NTS_FAILURE_NO_PROGRAM) }, .status = RUN_NO_ANSWER, .sources = { "unreachable: nts:// needs reqtime-nts (package reqtime-nts)" } },
	{ .name = "NK43 a final dot", .scene = { .servers = { "nts://a.test." }, .machines = { AT(1) }, .told = { { .host = "a.test.", .addresses = "203.0.113.1" } } }, .sources = { "selected" }, .host = "a.test" },
	{ .name = "NK44 an IPv6 address in brackets", .scene = { .servers = { "nts://[2001:db8::5]:14460" }, .machines = { { .address = "2001:db8::5" } } }, .sources = { "selected" }, .host = "2001:db8::5" },
	{ .name = "NK44 an interface", .scene = { .servers = { "nts://fe80::5%eth0" }, .machines = { { .address = "fe80::5%eth0" } }, .told = { { .host = "fe80::5%eth0", .addresses = "fe80::5%eth0", .family = ADDRESS_IPV6 } } },
	  .sources = { "selected" }, .host = "fe80::5" },
	{ .name = "NK45 the second goes to the server that was named", .scene = { .servers = { "nts://a.test" }, .machines = { AT(1, .server = "203.0.113.9", .cookie_keys = 7), AT(9, .cookie_keys = 7, .turns = "na") }, .told = { { .host = "a.test", .addresses = "203.0.113.1" } } },
	  .sources = { "selected" }, .host = "a.test", .address = "203.0.113.9", .keys = 2 },
	/* The bucket of 203.0.113.2 with this port is that of 203.0.113.1 with 123. */
	{ .name = "NK45 the second leads to another machine and port, chosen to close a circle of sources", .scene = { .servers = { A, "203.0.113.1", "c.test" }, .machines = { AT(1, .turns = "na", .server_again = "203.0.113.2", .port_again = 8025, .cookie_keys = 7), AT(2, .cookie_keys = 7) },
	             .told = { { .host = "c.test", .addresses = "203.0.113.1", .after_ns = S } } }, .ask_all = true,
	  .sources = { "selected", "agreeing -", "rejected -: the same address as 203.0.113.1" }, .keys = 2, .address = "203.0.113.2" },
	{ .name = "NK45 the second fails", .scene = { ONE(.turns = "n", .server_again = "127.0.0.1") }, .status = RUN_NO_ANSWER, .sources = { "rejected: it names 127.0.0.1" }, .keys = 2 },
	{ .name = "a key exchange that outlasts the run", .scene = { ONE(.keys_after_ns = 6 * S) }, .status = RUN_NO_ANSWER, .sources = { "unreachable: key exchange: no answer on TCP port 4460 (a firewall?)" }, LATE_MS(5001) },
	{ .name = "a hundred servers, at most 64 key exchanges at a time", .scene = { .many = 100, .machines = { AT(1) } }, .ask_all = true, .selected = 100 },
	{ .name = "a hundred names", .scene = { .many = 100, .is_many_named = true, .machines = { AT(1) } }, .ask_all = true, .selected = 100 },
	{ .name = "a hundred servers, 40 silent", .scene = { .many = 100, .silent_count = 40, .machines = { AT(1) } }, .sources = { "unreachable" }, LATE_MS(500) },
	{ .name = "a hundred servers that want a second key exchange", .scene = { .many = 100, .machines = { AT(1, .turns = "na") } }, .ask_all = true, .selected = 100 },
#define TWICE_HELD TWICE, .held = "203.0.113.1"
	{ .name = "hold-off: not asked when the others are enough", .scene = { THREE() }, .held = "203.0.113.1", .sources = { "rejected: asked to be left alone (kiss code RATE) until", "selected", "selected" } },
	{ .name = "hold-off: asked once when there is no majority without it", .scene = { ONE() }, .held = "203.0.113.1", .sources = { "selected: asked all the same: answered" }, .sent = 1 },
	{ .name = "hold-off: of the address of NTP", .scene = { THREE(.server = "203.0.113.9") }, .held = "203.0.113.9", .sources = { "rejected: asked to be left alone", "selected", "selected" } },
	{ .name = "hold-off: of the address of the key exchange: before that", .scene = { THREE() }, .held = "203.0.113.1", .sources = { "rejected: asked to be left alone", "selected", "selected" }, .no_keys = true },
	{ .name = "hold-off: of the address of the key exchange: asked when needed, wherever it leads", .scene = { LEADS(.server = "203.0.113.9") }, .held = "203.0.113.1", .sources = { "selected: asked all the same: answered" }, .sent = 1 },
	{ .name = "hold-off: new keys do not use up the one request", .scene = { ONE(.turns = "ana"), .has_store = true }, TWICE_HELD, .sources = { "selected: asked all the same: answered" }, .keys = 2, .sent = 2 },

	/* ---- a plain request to find out why there is no answer ---- */
#define PROBE(...) ONE(__VA_ARGS__), .may_probe = true
	{ .name = "probe: long packets are dropped", .scene = { PROBE(.turns = ":") }, .status = RUN_NO_ANSWER, .sources = { "rejected: no answer to 332 octets with NTS, but to 48 without" } },
	{ .name = "probe: there is no answer to that, either", .scene = { PROBE(.turns = ".") }, .status = RUN_NO_ANSWER, .sources = { "unreachable: keys accepted, no answer to 332 octets" } },
	{ .name = "probe: not where another answers in its place", .scene = { PROBE(.turns = "p:") }, .status = RUN_NO_ANSWER, .sources = { "rejected: answered, but without authentication" }, .sent = 3 },
	{ .name = "probe: not unless it may", .scene = { ONE(.turns = ":") }, .status = RUN_NO_ANSWER, .sources = { "unreachable: keys accepted, no answer to 436 octets" } },
	{ .name = "probe: not while others decide", .scene = { THREE(.turns = ":"), .may_probe = true }, .sources = { "unreachable", "selected", "selected" }, LATE_MS(60) },

	/* ---- keys of an earlier run ---- */
	{ .name = "store: no second key exchange", .scene = { THREE(), .has_store = true }, TWICE, .sources = { "selected", "selected", "selected" }, .keys = 1, .sent = 1, .cookies = 8, LATE_MS(30) },
	{ .name = "store: to where the key exchange has led", .scene = { LEADS(.server = "ntp.test", .port = 1123), .told = { { .host = "ntp.test.", .addresses = "203.0.113.9" } }, .has_store = true }, TWICE, .sources = { "selected" }, .keys = 1, .address = "203.0.113.9" },
	{ .name = "store: thirty runs with one key exchange", .scene = { NEAR(), .has_store = true }, .runs = 30, .sources = { "selected" }, .keys = 1, .cookies = 8 },
	{ .name = "store: a server that gives no more cookies", .scene = { NEAR(.turns = "c"), .has_store = true }, .runs = 30, .sources = { "selected" } },
	{ .name = "store: its cookie keys have changed", .scene = { ONE(.turns = "ana"), .has_store = true }, TWICE, .sources = { "selected" }, .keys = 2, .sent = 2 },
	{ .name = "store: it has forgotten its keys and is silent", .scene = { ONE(.turns = "a.a"), .has_store = true }, TWICE, .sources = { "selected" }, .keys = 2, .sent = 2 },
	{ .name = "store: a lost request and no key exchange: the other cookies do", .scene = { ONE(.turns = "a.a", .failure_again = NTS_FAILURE_CONNECT), .has_store = true }, TWICE, .sources = { "selected" }, .keys = 2, .sent = 2, .cookies = 8 },
	{ .name = "store: ... nor with a server that fails there", .scene = { ONE(.turns = "a.a", .failure_again = NTS_FAILURE_NO_NTS), .has_store = true }, TWICE, .sources = { "selected" }, .keys = 2, .sent = 2 },
	{ .name = "store: ... and NTSN then", .scene = { ONE(.turns = "a.n", .failure_again = NTS_FAILURE_CONNECT), .has_store = true }, TWICE, .status = RUN_NO_ANSWER,
	  .sources = { "rejected: its cookie keys have changed (NTSN), and the key exchange for new ones has failed" }, .keys = 2, .sent = 2 },
	{ .name = "store: NTSN, and no key exchange for new keys", .scene = { ONE(.turns = "an", .failure_again = NTS_FAILURE_CONNECT, .error = ECONNREFUSED), .has_store = true }, TWICE, .status = RUN_NO_ANSWER,
	  .sources = { "unreachable: key exchange: connection refused" }, .keys = 2, .sent = 1 },
	{ .name = "store: the clock is wrong: two SERVERs are needed as ever", .scene = { ONE(), .has_store = true, .clock_ns = -25 * YEAR }, TWICE, .status = RUN_NO_MAJORITY, .sources = { "agreeing*" }, .keys = 1 },
	{ .name = "store: named twice", .scene = { .servers = { A, A }, .machines = { AT(1) }, .has_store = true }, .runs = 5, .sources = { "selected", "selected" } },
	{ .name = "store: the key exchange has failed", .scene = { ONE(FAILED), .has_store = true }, TWICE, .status = RUN_NO_ANSWER, .sources = { "rejected: key exchange: failed 1 time, not tried before" }, .keys = 1 },
	{ .name = "store: a server that cannot be reached is asked again", .scene = { ONE(REFUSED), .has_store = true }, TWICE, .status = RUN_NO_ANSWER, .sources = { "unreachable: key exchange: connection refused" }, .keys = 2 },
	{ .name = "store: where it led cannot be used", .scene = { ONE(.server = "127.0.0.1"), .has_store = true }, TWICE, .status = RUN_NO_ANSWER, .sources = { "rejected: key exchange: failed 1 time" }, .keys = 1 },
	{ .name = "store: where it led is not known", .scene = { ONE(.server = "ntp.test"), .has_store = true }, TWICE, .status = RUN_NO_ANSWER, .sources = { "unreachable: its NTP server ntp.test is not resolved yet" }, .keys = 2 },
	{ .name = "store: NTSN, and others decided first: no cookies are kept", .scene = { THREE(.turns = "na"), .has_store = true }, TWICE, .sources = { "unreachable: the key exchange has not ended", "selected", "selected" }, .keys = 2 },
	{ .name = "store: NTSN, and then no key exchange: no cookies are kept", .scene = { ONE(.turns = "n", .failure_again = NTS_FAILURE_NO_NTS), .has_store = true }, TWICE,
	  .status = RUN_NO_ANSWER, .sources = { "rejected: key exchange: failed 1 time" }, .keys = 2 },
#define ENDS(minutes) .until_s = UTC_S + 60 * (minutes)
	{ .name = "store: the certificate has run out, and its server has a new one", .scene = { ONE(ENDS(30), .until_again_s = UTC_S + DAY_S), .has_store = true }, TWICE, .pause_ns = HOUR - 60 * S, .sources = { "selected" }, .keys = 2, .sent = 2 },
	{ .name = "store: the same after hours: the old keys are not used", .scene = { ONE(ENDS(30), .until_again_s = UTC_S + DAY_S), .has_store = true }, TWICE, .pause_ns = 2 * HOUR, .sources = { "selected" }, .keys = 2, .sent = 1 },
	{ .name = "store: the certificate has run out, and its server has no other", .scene = { ONE(ENDS(30)), .has_store = true }, TWICE, .pause_ns = HOUR - 60 * S,
	  .status = RUN_NO_ANSWER, .sources = { "rejected: clock refused" }, .keys = 2, .sent = 2 },
	{ .name = "store: the same where the time is known", .scene = { ONE(ENDS(30)), .has_store = true }, .is_time_known = true, TWICE, .pause_ns = HOUR,
	  .status = RUN_NO_ANSWER, .sources = { "rejected: key exchange: its certificate expired on 2026-11-18 by the confirmed time; if that is wrong: --any-offset" }, .keys = 2 },
	{ .name = "store: it always answers NTSN", .scene = { ONE(.turns = "n"), .has_store = true }, TWICE, .status = RUN_NO_ANSWER, .sources = { "rejected: key exchange: failed 1 time" }, .keys = 2 },
};
/* clang-format on */

static void check_source(const char *want, const struct run_source *got)
{
	const char *colon = strstr(want, ": ");
	const size_t len = colon ? (size_t)(colon - want) : strlen(want);
	char head[32];

	snprintf(head, sizeof(head), "%s%s%s", source_status_name(got->status),
	         got->nts.is_told ? "*" : "", got->has_no_vote ? " -" : "");
	if (strlen(head) != len || strncmp(head, want, len) != 0 ||
	    (colon && !strstr(got->reason, colon + 2))) {
		fail_msg("%s is %s: %s", got->name, head, got->reason);
	}
}

/* "=TEXT" is all of it, else a part is enough. */
static void check_text(const char *want, const char *got)
{
	if (want && (want[0] == '=' ? strcmp(want + 1, got) != 0 : !strstr(got, want))) {
		fail_msg("got \"%s\"", got);
	}
}

/* For every source with NTS, in each row. */
static void check_authentic(const struct nts_scene *scene, const struct run_source *got)
{
	assert_in_range(got->nts.cookie_count, 0, NTS_COOKIES_MAX);
	if (got->scheme == SCHEME_NTS && got->has_estimate) {
		assert_true(got->nts.is_authenticated);
		/* Packets that are not authentic lie by an hour or more. */
		assert_in_range(got->offset_ns + scene->clock_ns + 3 * YEAR, 0, 4 * YEAR);
		assert_true(got->bound_ns < 10 * S);
	}
	if (got->nts.is_authenticated) {
		assert_true(got->sample_count > 0 || !got->has_estimate);
	}
}

static void check_first(const struct row *row, const struct nts_world *w,
                        const struct run_source *shown)
{
	const struct nts_world_source *first = &w->sources[0];
	char text[ADDRESS_TEXT_SIZE];

	if (row->sent != 0) {
		assert_int_equal(shown->sent, row->sent);
	}
	if (row->no_keys) {
		assert_int_equal(first->keys_count, 0);
	}
	if (row->keys != 0) {
		assert_int_equal(first->keys_count, row->keys);
	}
	if (row->placeholders != 0) {
		assert_int_equal(first->placeholders_max, row->placeholders);
	}
	if (row->cookies != 0) {
		assert_int_equal(shown->nts.cookie_count, row->cookies);
	}
	if (row->host) {
		assert_string_equal(first->host, row->host);
	}
	if (row->address) {
		address_format(&first->address, text);
		assert_string_equal(text, row->address);
	}
	if (row->kiss) {
		assert_true(shown->has_header && shown->stratum == 0);
		assert_memory_equal(shown->refid, row->kiss, 4);
	}
	if (row->has_no_header) {
		assert_false(shown->has_header);
	}
}

static void check_answer(const struct row *row, const struct run *run)
{
	const int64_t error_ns = run->offset_ns - (row->told_ns - row->scene.clock_ns);

	assert_true(run->has_answer);
	assert_int_equal(run->is_authenticated, !row->is_plain);
	if (error_ns > run->bound_ns || error_ns < -run->bound_ns) {
		fail_msg("off by %lld ns, bound %lld ns", (long long)error_ns,
		         (long long)run->bound_ns);
	}
}

static size_t count_selected(const struct run *run)
{
	size_t count = 0;

	for (size_t i = 0; i < run->source_count; i++) {
		count += run->sources[i].status == SOURCE_SELECTED;
	}
	return count;
}

static void check_run(const struct row *row, const struct nts_world *w, int64_t took_ns,
                      const struct run *run)
{
	if (w->fault) {
		fail_msg("%s", w->fault);
	}
	assert_true(w->keys_underway_max <= NTS_UNDERWAY_MAX);
	if (run->status != row->status) {
		fail_msg("%s: %s; first: %s", run_status_name(run->status), run->reason,
		         run->sources[0].reason);
	}
	for (size_t i = 0; i < COUNT_OF(row->sources) && row->sources[i]; i++) {
		assert_true(i < run->source_count);
		check_source(row->sources[i], &run->sources[i]);
	}
	for (size_t i = 0; i < run->source_count; i++) {
		check_authentic(&row->scene, &run->sources[i]);
	}
	if (row->server_count != 0) {
		assert_int_equal(run->server_count, row->server_count);
	}
	if (row->selected != 0) {
		assert_int_equal(count_selected(run), row->selected);
	}
	check_text(row->run_reason, run->reason);
	check_first(row, w, &run->sources[0]);
	if (run->status == RUN_OK) {
		check_answer(row, run);
	}
	if (row->took_ns != 0) {
		assert_in_range(took_ns, 0, row->took_ns);
	}
}

static struct measure_settings settings_of(const struct row *row, const struct nts_world *w)
{
	struct measure_settings settings = measure_defaults();

	settings.servers = w->specs;
	settings.server_count = w->spec_count;
	settings.family = row->family;
	settings.samples = row->samples ? row->samples : settings.samples;
	settings.interval_ns = row->interval_ns;
	settings.target_ns = row->target_ns ? row->target_ns : settings.target_ns;
	settings.ask_all = row->ask_all;
	settings.is_mixed = row->is_mixed;
	settings.is_certificate_strict = row->is_strict;
	settings.may_trust_one = row->may_trust_one;
	settings.may_probe = row->scene.may_probe;
	settings.is_time_known = row->is_time_known;
	settings.known_booted_ns = NTS_WORLD_UTC_S * S + row->known_ns - NTS_WORLD_BOOT_NS;
	return settings;
}

/* All runs but the last. */
static void play_before(const struct row *row, const struct measure_settings *settings,
                        const struct ports *ports, struct nts_world *w)
{
	struct run run;

	for (unsigned i = 1; i < row->runs; i++) {
		assert_int_equal(measure(settings, ports, &run), 0);
		measure_free(&run);
		nts_world_calm(w, row->pause_ns);
	}
}

static void play_row(void **state)
{
	static struct nts_world w;
	static struct nts_stored stored[NTS_STORED_MAX];
	const struct row *row = *state;
	struct measure_settings settings;
	struct ports ports = nts_world_ports(&w);
	struct kod_holdoff kiss = { .code = NTP_KISS_RATE };
	struct nts_store store = { .items = stored };
	struct run run;
	int64_t began_ns;

	nts_world_begin(&w, &row->scene);
	settings = settings_of(row, &w);
	settings.store = row->scene.has_store ? &store : NULL;
	if (row->held) {
		assert_true(address_parse(row->held, &kiss.address));
		kiss.address.port = NTS_PORT; /* as named: where its runs are recorded */
		kiss.since = instant_add_ns(nts_world_wall(&w), -16 * 60 * S);
		kiss.until = instant_add_ns(kiss.since, HOUR);
		settings.kisses = &kiss;
		settings.kiss_count = 1;
	}
	play_before(row, &settings, &ports, &w);
	began_ns = w.now_ns;
	assert_int_equal(measure(&settings, &ports, &run), 0);
	check_run(row, &w, w.now_ns - began_ns, &run);
	measure_free(&run);
}

int main(void)
{
	static struct CMUnitTest tests[COUNT_OF(rows)];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			                        .test_func = play_row,
			                        .initial_state = (void *)&rows[i] };
	}
	return cmocka_run_group_tests_name("measure_nts", tests, NULL, NULL);
}
