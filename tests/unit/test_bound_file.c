/* SPDX-License-Identifier: MIT
 *
 * The bound file on a disk: made once, written in place, read meanwhile; and whose files are
 * never touched.
 */
#include "io/store/bound_file.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "core/base/ntp_time.h"
#include "core/discipline/clockbound.h"
#include "core/discipline/now_page.h"
#include "io/store/page_file.h"
#include "io/sys/boot_id.h"
#include "scratch.h"

#define FILE_NAME "bound"

static struct reqtime_now_page *page;

static int set_up(void **state)
{
	(void)state;
	umask(077); /* the file is readable for everybody all the same */
	return scratch_enter() && chmod(".", 0755) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	page_file_close(page);
	page = NULL;
	return scratch_leave();
}

/* The state of this machine now, off by `offset_ns`; all its numbers follow from that. */
static void a_page(int64_t offset_ns, struct reqtime_now_page *ret)
{
	char boot_id[BOOT_ID_SIZE];
	const struct now_page_run run = {
		.measured = { .wall = { reqtime_now_clock(CLOCK_REALTIME) },
		              .mono_ns = reqtime_now_clock(CLOCK_MONOTONIC),
		              .boot_ns = reqtime_now_clock(CLOCK_BOOTTIME) },
		.offset_ns = offset_ns,
		.bound_ns = 1000 * offset_ns,
		.knows_no_leap = true,
		.after = { .wall = { reqtime_now_clock(CLOCK_REALTIME) },
		           .mono_ns = reqtime_now_clock(CLOCK_MONOTONIC),
		           .boot_ns = reqtime_now_clock(CLOCK_BOOTTIME) },
		.boot_id = boot_id,
	};

	boot_id_read(boot_id);
	now_page_make(&run, NULL, ret);
	/* Only what is read close together is no step. */
	ret->facts.real_ns = ret->facts.boot_ns + reqtime_now_clock(CLOCK_REALTIME) -
	                     reqtime_now_clock(CLOCK_BOOTTIME);
	ret->facts.offset_ns = offset_ns;
	ret->facts.bound_ns = 1000 * offset_ns;
	ret->facts.drift_ppb = 0;
}

static int count_entries(void)
{
	DIR *dir = opendir(".");
	int count = 0;

	while (dir && readdir(dir)) {
		count++;
	}
	closedir(dir);
	return count - 2;
}

static void made_by_rename(void **state)
{
	struct reqtime_now_reader reader;
	struct reqtime_now now;
	struct stat st;

	(void)state;
	assert_int_equal(reqtime_now_open(FILE_NAME, &reader), -ENOENT);
	assert_int_equal(bound_file_open(FILE_NAME, false, &page), 0);
	assert_int_equal(count_entries(), 1);
	assert_int_equal(stat(FILE_NAME, &st), 0);
	assert_int_equal(st.st_size, PAGE_FILE_OCTETS);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(reqtime_now_open(FILE_NAME, &reader), 0);
	assert_int_equal(reqtime_now_read(&reader, &now), REQTIME_NOW_UNKNOWN);
	assert_int_equal(now.reason, REQTIME_NOW_NO_RUN);
	reqtime_now_close(&reader);
}

static void written_in_place(void **state)
{
	struct reqtime_now_page facts;
	struct reqtime_now_reader reader;
	struct reqtime_now now;
	struct stat before, after;

	(void)state;
	assert_int_equal(bound_file_open(FILE_NAME, false, &page), 0);
	assert_int_equal(stat(FILE_NAME, &before), 0);
	assert_int_equal(reqtime_now_open(FILE_NAME, &reader), 0);
	a_page(NS_PER_MS, &facts);
	bound_file_write(page, &facts);
	assert_int_equal(reqtime_now_read(&reader, &now), REQTIME_NOW_OK);
	assert_true(now.earliest_ns < now.real_ns && now.real_ns < now.latest_ns);
	/* The next run has the same file. */
	page_file_close(page);
	assert_int_equal(bound_file_open(FILE_NAME, false, &page), 0);
	assert_int_equal(stat(FILE_NAME, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(reqtime_now_read(&reader, &now), REQTIME_NOW_OK);
	now_page_make_unknown(REQTIME_NOW_HELD_BACK, &facts);
	bound_file_write(page, &facts);
	assert_int_equal(reqtime_now_read(&reader, &now), REQTIME_NOW_UNKNOWN);
	assert_int_equal(now.reason, REQTIME_NOW_HELD_BACK);
	reqtime_now_close(&reader);
}

static void what_a_reader_refuses(void **state)
{
	struct reqtime_now_page facts;
	struct reqtime_now_reader reader;
	struct reqtime_now now;

	(void)state;
	assert_int_equal(bound_file_open(FILE_NAME, false, &page), 0);
	assert_int_equal(reqtime_now_open(FILE_NAME, &reader), 0);
	a_page(NS_PER_MS, &facts);
	facts.facts.boot_id[1] ^= 1;
	bound_file_write(page, &facts);
	assert_int_equal(reqtime_now_read(&reader, &now), REQTIME_NOW_UNKNOWN);
	assert_int_equal(now.reason, REQTIME_NOW_OTHER_BOOT);
	a_page(NS_PER_MS, &facts);
	facts.facts.boot_ns += 3600 * NS_PER_S; /* this boot has not come so far */
	bound_file_write(page, &facts);
	assert_int_equal(reqtime_now_read(&reader, &now), REQTIME_NOW_UNKNOWN);
	assert_int_equal(now.reason, REQTIME_NOW_OTHER_BOOT);
	a_page(NS_PER_MS, &facts);
	facts.facts.drift_ppb = -1;
	bound_file_write(page, &facts);
	assert_int_equal(reqtime_now_read(&reader, &now), REQTIME_NOW_UNKNOWN);
	assert_int_equal(now.reason, REQTIME_NOW_DAMAGED);
	a_page(NS_PER_MS, &facts);
	facts.facts.real_ns += NS_PER_S;
	bound_file_write(page, &facts);
	assert_int_equal(reqtime_now_read(&reader, &now), REQTIME_NOW_STEPPED);
	a_page(NS_PER_MS, &facts);
	bound_file_write(page, &facts);
	assert_int_equal(reqtime_now_read(&reader, &now), REQTIME_NOW_OK);
	/* Less than the page says is possible, but not less than nothing. */
	reader.more_drift_ppb = -1;
	assert_int_equal(reqtime_now_read(&reader, &now), REQTIME_NOW_UNKNOWN);
	assert_int_equal(now.reason, REQTIME_NOW_DAMAGED);
	reqtime_now_close(&reader);
}

/* A writer that was killed halfway: nothing is known until the next one. */
static void stopped_halfway(void **state)
{
	struct reqtime_now_page facts;
	struct reqtime_now_reader reader;
	struct reqtime_now now;

	(void)state;
	assert_int_equal(bound_file_open(FILE_NAME, false, &page), 0);
	assert_int_equal(reqtime_now_open(FILE_NAME, &reader), 0);
	a_page(NS_PER_MS, &facts);
	bound_file_write(page, &facts);
	page->sequence++;
	assert_int_equal(reqtime_now_read(&reader, &now), REQTIME_NOW_UNKNOWN);
	assert_int_equal(now.reason, REQTIME_NOW_BEING_WRITTEN);
	bound_file_write(page, &facts);
	assert_int_equal(page->sequence % 2, 0);
	assert_int_equal(reqtime_now_read(&reader, &now), REQTIME_NOW_OK);
	reqtime_now_close(&reader);
}

struct writer {
	struct reqtime_now_page a, b;
	bool is_over;
	long writes;
};

static void *write_on(void *ctx)
{
	struct writer *writer = ctx;

	while (!__atomic_load_n(&writer->is_over, __ATOMIC_RELAXED)) {
		bound_file_write(page, writer->writes++ % 2 ? &writer->b : &writer->a);
	}
	return NULL;
}

/* Both pages have a bound of 1000 times the offset, so a part of each would show.  As many reads
 * as $NOW_READS, 10 million in the long form. */
static void never_torn(void **state)
{
	const char *wanted = getenv("NOW_READS");
	const long reads = wanted ? strtol(wanted, NULL, 10) : 300000;
	struct writer writer = { .is_over = false };
	struct reqtime_now_reader reader;
	pthread_t thread;
	long answered = 0, of_a = 0;

	(void)state;
	assert_int_equal(bound_file_open(FILE_NAME, false, &page), 0);
	assert_int_equal(reqtime_now_open(FILE_NAME, &reader), 0);
	a_page(NS_PER_MS, &writer.a);
	writer.b = writer.a;
	writer.b.facts.offset_ns = 7 * NS_PER_MS;
	writer.b.facts.bound_ns = 7000 * NS_PER_MS;
	assert_int_equal(pthread_create(&thread, NULL, write_on, &writer), 0);
	for (long i = 0; i < reads; i++) {
		struct reqtime_now now;
		int64_t width_ns, middle_ns;

		if (reqtime_now_read(&reader, &now) != REQTIME_NOW_OK) {
			continue;
		}
		answered++;
		width_ns = (now.latest_ns - now.earliest_ns) / 2;
		middle_ns = (now.latest_ns + now.earliest_ns) / 2 - now.real_ns;
		of_a += middle_ns == NS_PER_MS;
		/* A little more where the clocks were read some time apart. */
		if (width_ns < 1000 * middle_ns ||
		    width_ns > 1000 * middle_ns + NS_PER_MS) {
			fail_msg("read %ld: %lld +/- %lld", i, (long long)middle_ns,
			         (long long)width_ns);
		}
	}
	__atomic_store_n(&writer.is_over, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	print_message("# %ld reads, %ld answered, %ld of the first page, %ld writes\n",
	              reads, answered, of_a, writer.writes);
	assert_true(answered > reads / 100);
	assert_true(of_a > 0 && of_a < answered);
	reqtime_now_close(&reader);
}

static void put_file(const char *name, const char *text, size_t size, mode_t mode)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(truncate(name, (off_t)size), 0);
	assert_int_equal(chmod(name, mode), 0);
}

static void other_files_are_left_alone(void **state)
{
	static const struct {
		const char *text;
		size_t size;
	} files[] = {
		{ "127.0.0.1 localhost\n", 20 },
		{ "127.0.0.1 localhost\n", PAGE_FILE_OCTETS },
		{ "127.0.0.1 localhost\n", 100000 },
	};
	struct clockbound_segment *segment = NULL;
	char text[32];
	FILE *file;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		put_file(FILE_NAME, files[i].text, files[i].size, 0644);
		assert_int_equal(bound_file_open(FILE_NAME, false, &page), -EMEDIUMTYPE);
		assert_int_equal(clockbound_file_open(FILE_NAME, &segment), -EMEDIUMTYPE);
		file = fopen(FILE_NAME, "r");
		assert_non_null(file);
		assert_non_null(fgets(text, sizeof(text), file));
		fclose(file);
		assert_string_equal(text, files[i].text);
	}
	/* A segment is no bound file. */
	assert_int_equal(clockbound_file_open("segment", &segment), 0);
	assert_int_equal(bound_file_open("segment", false, &page), -EMEDIUMTYPE);
	page_file_close(segment);
	assert_int_equal(symlink("/etc/hosts", "link"), 0);
	assert_int_equal(bound_file_open("link", false, &page), -ELOOP);
	assert_int_equal(mkdir("folder", 0755), 0);
	assert_int_equal(bound_file_open("folder", false, &page), -EMEDIUMTYPE);
	assert_int_equal(bound_file_open("folder/", false, &page), -EISDIR);
	assert_int_equal(bound_file_open("none/bound", false, &page), -ENOENT);
	put_file("empty", "", 0, 0644);
	assert_int_equal(bound_file_open("empty", false, &page), 0);
}

static void directories_of_others(void **state)
{
	(void)state;
	assert_int_equal(mkdir("open", 0755), 0);
	assert_int_equal(chmod("open", 0777), 0);
	assert_int_equal(bound_file_open("open/bound", false, &page), -EPERM);
	/* The directory of the default file is made, nothing above it. */
	assert_int_equal(bound_file_open("new/bound", true, &page), 0);
	page_file_close(page);
	page = NULL;
	assert_int_equal(bound_file_open("a/b/bound", true, &page), -ENOENT);
}

static bool child_has_page(void)
{
	const pid_t child = fork();
	int status = 0;

	assert_true(child >= 0);
	if (child == 0) {
		/* -1 and ENOMEM where nothing is mapped. */
		_exit(msync(page, PAGE_FILE_OCTETS, MS_ASYNC) == 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status) == 1;
}

/* Only the process that measures may write it. */
static void child_processes(void **state)
{
	(void)state;
	assert_int_equal(bound_file_open(FILE_NAME, false, &page), 0);
	assert_false(child_has_page());
	page_file_share(page, true);
	assert_true(child_has_page());
	page_file_share(page, false);
	assert_false(child_has_page());
	page->sequence += 2; /* it is still here */
}

static void segments_in_place(void **state)
{
	const struct reqtime_now_facts facts = { .is_known = 1, .bound_ns = NS_PER_MS };
	struct clockbound_segment *segment = NULL;
	struct clockbound_segment from;

	(void)state;
	assert_int_equal(clockbound_file_open("segment", &segment), 0);
	assert_int_equal(segment->generation, 2);
	assert_int_equal(segment->status, CLOCKBOUND_UNKNOWN);
	clockbound_make(&facts, &from);
	clockbound_file_write(segment, &from);
	assert_int_equal(segment->generation, 4);
	assert_int_equal(segment->status, CLOCKBOUND_SYNCHRONISED);
	/* Its counter never becomes 0, which means: not written yet. */
	segment->generation = 65534;
	clockbound_file_write(segment, &from);
	assert_int_equal(segment->generation, 2);
	segment->generation = 5; /* of a killed writer */
	clockbound_file_write(segment, &from);
	assert_int_equal(segment->generation, 6);
	page_file_close(segment);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(made_by_rename),
		TEST(written_in_place),
		TEST(what_a_reader_refuses),
		TEST(stopped_halfway),
		TEST(never_torn),
		TEST(other_files_are_left_alone),
		TEST(directories_of_others),
		TEST(child_processes),
		TEST(segments_in_place),
	};

	return cmocka_run_group_tests_name("bound_file", tests, NULL, NULL);
}
