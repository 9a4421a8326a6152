/* SPDX-License-Identifier: MIT
 *
 * io/net/resolve with what every host resolves locally: numbers and `localhost`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io/net/resolve.h"

static uint32_t ticket; /* of the latest question */

static int receive_within(struct resolver *resolver, int ms, struct resolve_answer *ret)
{
	struct pollfd p = { .fd = resolver_fd(resolver), .events = POLLIN };
	int r;

	r = resolver_receive(resolver, ret);
	while (r == 0) {
		if (poll(&p, 1, ms) <= 0) {
			return 0;
		}
		r = resolver_receive(resolver, ret);
	}
	return r;
}

struct name_row {
	const char *name; /* of the test, and the name asked */
	enum address_family family;
	bool is_found;
	enum address_family want; /* of the first address */
	uint8_t octets[16];
};

static const struct name_row names[] = {
	{ "127.0.0.1", ADDRESS_NONE, true, ADDRESS_IPV4, { 127, 0, 0, 1 } },
	{ "192.0.2.7", ADDRESS_IPV4, true, ADDRESS_IPV4, { 192, 0, 2, 7 } },
	{ "2001:db8::9",
	  ADDRESS_IPV6,
	  true,
	  ADDRESS_IPV6,
	  { 0x20, 0x01, 0x0d, 0xb8, [15] = 9 } },
	{ "localhost", ADDRESS_IPV4, true, ADDRESS_IPV4, { 127, 0, 0, 1 } },
	{ "2001:db8::8", ADDRESS_IPV4, false, ADDRESS_NONE, { 0 } },
	{ "192.0.2.8", ADDRESS_IPV6, false, ADDRESS_NONE, { 0 } },
	{ "", ADDRESS_NONE, false, ADDRESS_NONE, { 0 } },
	{ "a..b", ADDRESS_NONE, false, ADDRESS_NONE, { 0 } },
};

/* With ADDRESS_NONE both families are asked, and each answers; the row describes the other
 * one. */
static void name_is_answered(void **state)
{
	const struct name_row *row = *state;
	struct resolver *resolver = NULL;
	struct resolve_answer got;
	unsigned addresses = 0, families = 0;
	int due;

	assert_int_equal(resolver_start(&resolver), 0);
	due = resolver_ask(resolver, 7, row->name, row->family, &ticket);
	assert_int_equal(due, row->family == ADDRESS_NONE ? 2 : 1);
	for (int i = 0; i < due; i++) {
		assert_int_equal(receive_within(resolver, 20000, &got), 1);
		assert_int_equal(got.name, 7);
		assert_int_equal(got.ticket, ticket);
		families |= 1U << got.family;
		addresses += got.address_count;
		if (got.address_count == 0) {
			assert_true(strlen(got.error) > 0);
			continue;
		}
		/* A single address, not one per socket type. */
		assert_int_equal(got.address_count, 1);
		assert_int_equal(got.family, row->want);
		assert_int_equal(got.addresses[0].family, row->want);
		assert_int_equal(got.addresses[0].port, 0);
		assert_memory_equal(got.addresses[0].octets, row->octets, 16);
		assert_string_equal(got.error, "");
	}
	assert_int_equal(families, row->family == ADDRESS_NONE
	                                   ? 1U << ADDRESS_IPV4 | 1U << ADDRESS_IPV6
	                                   : 1U << row->family);
	assert_int_equal(addresses, row->is_found);
	assert_int_equal(resolver_receive(resolver, &got), 0);
	resolver_stop(resolver);
}

/* All 5000 are answered, once per family, though only a few are in progress at a time. */
static void five_thousand_names(void **state)
{
	enum { COUNT = 5000 };
	struct resolver *resolver = NULL;
	struct resolve_answer got;
	unsigned char *seen;
	char host[32];

	(void)state;
	seen = calloc(COUNT, sizeof(*seen));
	assert_non_null(seen);
	assert_int_equal(resolver_start(&resolver), 0);
	for (uint32_t i = 0; i < COUNT; i++) {
		snprintf(host, sizeof(host), "10.1.%u.%u", i / 250, i % 250);
		assert_int_equal(resolver_ask(resolver, i, host, ADDRESS_NONE, &ticket), 2);
	}
	for (uint32_t i = 0; i < 2 * COUNT; i++) {
		assert_int_equal(receive_within(resolver, 20000, &got), 1);
		assert_true(got.name < COUNT);
		assert_int_equal(seen[got.name] & 1U << got.family, 0);
		seen[got.name] |= (unsigned char)(1U << got.family);
		assert_int_equal(got.address_count, got.family == ADDRESS_IPV4);
		if (got.address_count > 0) {
			assert_int_equal(got.addresses[0].octets[2], got.name / 250);
			assert_int_equal(got.addresses[0].octets[3], got.name % 250);
		}
	}
	assert_int_equal(resolver_receive(resolver, &got), 0);
	resolver_stop(resolver);
	free(seen);
}

/* The interface of an address: its index is found, or an error names it. */
static void zone_is_found(void **state)
{
	struct resolver *resolver = NULL;
	struct resolve_answer got;

	(void)state;
	assert_int_equal(resolver_start(&resolver), 0);
	assert_int_equal(resolver_ask(resolver, 1, "fe80::1%lo", ADDRESS_NONE, &ticket), 1);
	assert_int_equal(receive_within(resolver, 20000, &got), 1);
	assert_int_equal(got.address_count, 1);
	assert_int_equal(got.addresses[0].family, ADDRESS_IPV6);
	assert_int_equal(got.addresses[0].scope, if_nametoindex("lo"));
	assert_string_equal(got.addresses[0].zone, "lo");
	assert_int_equal(
		resolver_ask(resolver, 2, "fe80::1%no-such", ADDRESS_IPV6, &ticket), 1);
	assert_int_equal(receive_within(resolver, 20000, &got), 1);
	assert_int_equal(got.address_count, 0);
	assert_string_equal(got.error, "no interface no-such");
	resolver_stop(resolver);
}

/* A repeated question leaves nothing pending, though each question has its answer. */
static void asked_again_and_again(void **state)
{
	enum { TIMES = 1000 };
	struct resolver *resolver = NULL;
	struct resolve_answer got;
	uint32_t last[2] = { 0 };

	(void)state;
	assert_int_equal(resolver_start(&resolver), 0);
	for (int i = 0; i < TIMES; i++) {
		assert_int_equal(
			resolver_ask(resolver, 5, "192.0.2.7", ADDRESS_NONE, &ticket), 2);
	}
	for (int i = 0; i < 2 * TIMES; i++) {
		assert_int_equal(receive_within(resolver, 20000, &got), 1);
		assert_true(got.ticket <= ticket);
		if (got.ticket == ticket) {
			last[got.family == ADDRESS_IPV6] += 1;
			assert_int_equal(got.address_count, got.family == ADDRESS_IPV4);
		}
	}
	assert_int_equal(last[0], 1);
	assert_int_equal(last[1], 1);
	assert_int_equal(resolver_receive(resolver, &got), 0);
	resolver_stop(resolver);
}

static void too_long_a_name(void **state)
{
	struct resolver *resolver = NULL;
	char host[300];

	(void)state;
	memset(host, 'a', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	assert_int_equal(resolver_start(&resolver), 0);
	assert_int_equal(resolver_ask(resolver, 0, host, ADDRESS_NONE, &ticket),
	                 -ENAMETOOLONG);
	resolver_stop(resolver);
}

/* The only child of this process; 0: none. */
static pid_t find_child(void)
{
	char path[64];
	FILE *f;
	int pid = 0;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "re");
	if (!f) {
		return -1;
	}
	if (fscanf(f, "%d", &pid) != 1) {
		pid = 0;
	}
	fclose(f);
	return pid;
}

static void child_has_no_privilege(void **state)
{
	struct resolver *resolver = NULL;
	struct resolve_answer got;
	char path[64], line[128];
	unsigned found = 0;
	pid_t pid;
	FILE *f;

	(void)state;
	assert_int_equal(resolver_start(&resolver), 0);
	assert_int_equal(resolver_ask(resolver, 0, "127.0.0.1", ADDRESS_IPV4, &ticket), 1);
	assert_int_equal(receive_within(resolver, 20000, &got), 1);
	pid = find_child();
	if (pid <= 0) {
		resolver_stop(resolver);
		print_message("# needs /proc/self/task/*/children\n");
		skip();
	}
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "CapInh:", 7) == 0 || strncmp(line, "CapPrm:", 7) == 0 ||
		    strncmp(line, "CapEff:", 7) == 0 || strncmp(line, "CapAmb:", 7) == 0) {
			assert_string_equal(line + 7, "\t0000000000000000\n");
			found++;
		}
		if (strncmp(line, "NoNewPrivs:", 11) == 0) {
			assert_string_equal(line + 11, "\t1\n");
			found++;
		}
	}
	fclose(f);
	assert_int_equal(found, 5);
	resolver_stop(resolver);
}

/* A reader that waits for the end of one of the parent's pipes is not kept waiting by
 * it. */
static void child_holds_nothing_open(void **state)
{
	struct resolver *resolver = NULL;
	struct pollfd p = { .events = POLLIN };
	char octet;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(resolver_start(&resolver), 0);
	close(ends[1]);
	p.fd = ends[0];
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(read(ends[0], &octet, 1), 0);
	close(ends[0]);
	resolver_stop(resolver);
}

/* However it ended, that is reported, and nothing waits. */
static void dead_child_is_told(void **state)
{
	struct resolver *resolver = NULL;
	struct resolve_answer got;
	pid_t pid;

	(void)state;
	assert_int_equal(resolver_start(&resolver), 0);
	pid = find_child();
	if (pid <= 0) {
		resolver_stop(resolver);
		print_message("# needs /proc/self/task/*/children\n");
		skip();
	}
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(receive_within(resolver, 20000, &got), -EPIPE);
	assert_int_equal(resolver_ask(resolver, 0, "127.0.0.1", ADDRESS_NONE, &ticket),
	                 -EPIPE);
	resolver_stop(resolver);
}

/* A stopped child must not delay the end of the program. */
static void stop_ends_a_stopped_child(void **state)
{
	struct resolver *resolver = NULL;
	pid_t pid;

	(void)state;
	assert_int_equal(resolver_start(&resolver), 0);
	pid = find_child();
	if (pid <= 0) {
		resolver_stop(resolver);
		print_message("# needs /proc/self/task/*/children\n");
		skip();
	}
	assert_int_equal(kill(pid, SIGSTOP), 0);
	alarm(10); /* the test program itself is killed where this fails */
	resolver_stop(resolver);
	alarm(0);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
}

/* It has ended, or is a zombie that its new parent has not reaped. */
static bool is_gone(pid_t pid)
{
	char path[64], stat[128] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f) {
		return true;
	}
	if (!fgets(stat, sizeof(stat), f)) {
		stat[0] = '\0';
	}
	fclose(f);
	return stat[0] == '\0' || strstr(stat, ") Z");
}

/* A killed parent, without a chance to clean up, leaves no resolver behind. */
static void child_dies_with_the_parent(void **state)
{
	pid_t child = 0;
	int ends[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct resolver *resolver = NULL;

		if (resolver_start(&resolver) == 0) {
			child = find_child();
		}
		_exit(write(ends[1], &child, sizeof(child)) != sizeof(child));
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &child, sizeof(child)), sizeof(child));
	close(ends[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	if (child <= 0) {
		print_message("# needs /proc/self/task/*/children\n");
		skip();
	}
	for (int i = 0; i < 500 && !is_gone(child); i++) {
		nanosleep(&(struct timespec){ .tv_nsec = 10 * NS_PER_MS }, NULL);
	}
	assert_true(is_gone(child));
}

static void stop_of_nothing(void **state)
{
	(void)state;
	resolver_stop(NULL);
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(names) + 10];
	size_t n = 0;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		tests[n++] = (struct CMUnitTest){
			.name = names[i].name,
			.test_func = name_is_answered,
			.initial_state = (void *)(uintptr_t)&names[i],
		};
	}
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(five_thousand_names);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(zone_is_found);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(asked_again_and_again);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(too_long_a_name);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(child_has_no_privilege);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(child_holds_nothing_open);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(dead_child_is_told);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(stop_ends_a_stopped_child);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(child_dies_with_the_parent);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(stop_of_nothing);
	return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
