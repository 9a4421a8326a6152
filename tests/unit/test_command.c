/* SPDX-License-Identifier: MIT
 *
 * Command lines in, settings, messages and exit statuses out.
 */
#include "cmd/cli/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/report/threshold.h"

enum { WORDS_MAX = 12, RAN = 42 };

struct shared {
	bool is_loud;
	int family;
};

struct settings {
	struct shared shared;
	unsigned count;
	int64_t span_ns;
	const char *text;
	struct option_texts texts;
	int way;
	int form;
};

#define SHARED_AT(field) offsetof(struct shared, field)
#define AT(field) offsetof(struct settings, field)

/* clang-format off */
static const struct option_row shared_options[] = {
	{ "loud", 'l', OPT_FLAG, SHARED_AT(is_loud), 0, 0, NULL, "be loud" },
	{ "four", '4', OPT_CHOICE, SHARED_AT(family), 0, 4, NULL, "only four" },
	{ "six", '6', OPT_CHOICE, SHARED_AT(family), 0, 6, NULL, "only six" },
};
static const struct option_row options[] = {
	{ "count", 'n', OPT_COUNT, AT(count), 1, 16, "N", "how many" },
	{ "span", 's', OPT_SPAN_NS, AT(span_ns), NS_PER_MS, 60 * NS_PER_S, "SPAN", "how long" },
	{ "text", 't', OPT_TEXT, AT(text), 0, 0, "FILE", "which file" },
	{ "item", 'i', OPT_TEXTS, AT(texts), 0, 0, "ITEM",
	  "one of several things, told at such a length that the line must be broken more "
	  "than once before it ends" },
	{ "left", 0, OPT_CHOICE, AT(way), 0, -1, NULL, "go left" },
	{ "right", 0, OPT_CHOICE, AT(way), 0, 1, NULL, "go right" },
	{ "form", 0, OPT_WORD, AT(form), 0, 0, "plain|round|odd", "in which form" },
	{ "round", 0, OPT_CHOICE, AT(form), 0, 1, NULL, "--form round" },
	{ "a-very-long-option-name", 0, OPT_SPAN_NS, AT(span_ns), 0, 1, "SPAN", "too long for its column" },
};
/* clang-format on */

static struct settings seen;
static const char *seen_operands;
static const char *seen_command;

static void defaults(void *settings)
{
	((struct settings *)settings)->count = 4;
}

static int take(const char *name, const void *settings, const char *const *operands,
                size_t count)
{
	static char joined[400];
	size_t i;

	joined[0] = '\0';
	for (i = 0; i < count; i++) {
		size_t len = strlen(joined);

		snprintf(joined + len, sizeof(joined) - len, "%s%s", i ? " " : "",
		         operands[i]);
	}
	memcpy(&seen, settings, sizeof(seen));
	seen_operands = joined;
	seen_command = name;
	return RAN;
}

static int ask_run(const void *settings, const char *const *operands, size_t count)
{
	return take("ask", settings, operands, count);
}

static int put_run(const void *settings, const char *const *operands, size_t count)
{
	return take("put", settings, operands, count);
}

static int serve_run(const void *settings, const char *const *operands, size_t count)
{
	return take("serve", settings, operands, count);
}

/* The program must not close the descriptors of the test. */
static int lent_by_this_test(void)
{
	return 1000;
}

static const struct command ask = {
	.name = "ask",
	.summary = "ask somebody",
	.operands = "SERVER...",
	.options = options,
	.option_count = COUNT_OF(options),
	.shared_options = shared_options,
	.shared_option_count = COUNT_OF(shared_options),
	.settings_size = sizeof(struct settings),
	.defaults = defaults,
	.run = ask_run,
	.lent_descriptors = lent_by_this_test,
};

static const struct option_group groups[] = { { "Going", " right left gone " },
	                                      { "Taking", " text span " },
	                                      { "Nothing", " reform items counts " },
	                                      { NULL, NULL } };

static const struct command grouped = {
	.name = "grouped",
	.summary = "in groups",
	.examples = "    program grouped  first\n    program grouped --left  second\n",
	.exit_statuses = "  0  well\n  1  not so well\n",
	.groups = groups,
	.options = options,
	.option_count = COUNT_OF(options),
	.settings_size = sizeof(struct settings),
	.run = ask_run,
	.lent_descriptors = lent_by_this_test,
};

static const struct command put = {
	.name = "put",
	.summary = "put something",
	.operands = "[SERVER]...",
	.shared_options = shared_options,
	.shared_option_count = COUNT_OF(shared_options),
	.settings_size = sizeof(struct settings),
	.run = put_run,
	.lent_descriptors = lent_by_this_test,
};

static const struct command serve = {
	.name = "serve",
	.summary = "serve all",
	.options = options,
	.option_count = COUNT_OF(options),
	.settings_size = sizeof(struct settings),
	.defaults = defaults,
	.run = serve_run,
	.lent_descriptors = lent_by_this_test,
};

/* A monitoring plugin. */
struct probe_settings {
	unsigned level;
	struct threshold range;
	struct threshold count;
};
static struct probe_settings probed;
static char concluded[400];
static int concluded_status;

#define PROBE_AT(field) offsetof(struct probe_settings, field)
static const struct option_row probe_options[] = {
	{ "verbose", 'v', OPT_LEVEL, PROBE_AT(level), 0, 0, NULL, "more" },
	{ "warning", 'w', OPT_RANGE, PROBE_AT(range), 0, THRESHOLD_SPAN, "RANGE", "spans" },
	{ "stratum", 0, OPT_RANGE, PROBE_AT(count), 0, THRESHOLD_COUNT, "RANGE", "counts" },
};

static int probe_run(const void *settings, const char *const *operands, size_t count)
{
	(void)operands;
	(void)count;
	memcpy(&probed, settings, sizeof(probed));
	command_complain("first | %s", "one");
	command_complain("second");
	return 0;
}

static int probe_conclude(int status, const char *complaints)
{
	snprintf(concluded, sizeof(concluded), "%s", complaints);
	concluded_status = status;
	return RAN;
}

static const struct command probe = {
	.name = "probe",
	.summary = "probe it",
	.options = probe_options,
	.option_count = COUNT_OF(probe_options),
	.settings_size = sizeof(struct probe_settings),
	.usage_status = 3,
	.conclude = probe_conclude,
	.run = probe_run,
	.lent_descriptors = lent_by_this_test,
};
static const struct command *const plugins[] = { &ask, &probe };

static const struct command *const several[] = { &ask, &put };
static const struct command *const alone[] = { &serve };

/* ---- output ---- */

static char printed[8192], complained[8192];

static int capture_begin(int fd, int *ret_saved)
{
	int file = memfd_create("capture", 0);

	assert_true(file >= 0);
	*ret_saved = dup(fd);
	assert_true(dup2(file, fd) == fd);
	return file;
}

static void capture_end(int fd, int saved, int file, char *buf, size_t size)
{
	ssize_t len;

	dup2(saved, fd);
	close(saved);
	len = pread(file, buf, size - 1, 0);
	assert_true(len >= 0);
	buf[len] = '\0';
	close(file);
}

static int run_words(const struct command *const *commands, size_t count,
                     const char *const *words)
{
	char *argv[WORDS_MAX + 2] = { (char *)"program" };
	int saved_out, saved_err, out, err, status;
	int argc = 1;

	while (words[argc - 1]) {
		argv[argc] = (char *)words[argc - 1];
		argc++;
	}
	memset(&seen, 0, sizeof(seen));
	seen_operands = "(not run)";
	seen_command = "";
	fflush(stdout);
	out = capture_begin(STDOUT_FILENO, &saved_out);
	err = capture_begin(STDERR_FILENO, &saved_err);
	status = command_main("program", commands, count, argc, argv);
	fflush(stdout);
	capture_end(STDERR_FILENO, saved_err, err, complained, sizeof(complained));
	capture_end(STDOUT_FILENO, saved_out, out, printed, sizeof(printed));
	return status;
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (; *text; text++) {
		lines += *text == '\n';
	}
	return lines;
}

/* ---- refusals: one line that names the word ---- */

struct bad_row {
	const char *name;
	bool is_alone;
	const char *words[WORDS_MAX];
	const char *message; /* part of the line */
};

/* clang-format off */
static const struct bad_row bad_rows[] = {
	{ "no operand", false, { NULL }, "no SERVER given; try \"program ask --help\"" },
	{ "no operand after options", false, { "-l" }, "no SERVER given" },
	{ "unknown long option", false, { "--frob", "h" }, "unknown option \"--frob\"; try \"program ask --help\"" },
	{ "unknown long option with a value", false, { "--frob=3", "h" }, "unknown option \"--frob=3\"" },
	{ "abbreviation", false, { "--cou", "3", "h" }, "unknown option \"--cou\"" },
	{ "longer than the name", false, { "--counts=3", "h" }, "unknown option \"--counts=3\"" },
	{ "unknown letter", false, { "-x", "h" }, "unknown option \"-x\"" },
	{ "unknown letter after a known", false, { "-lx", "h" }, "unknown option \"-x\"" },
	{ "unknown option of another command", false, { "put", "--count", "3" }, "unknown option \"--count\"; it is an option of \"program ask\"" },
	{ "slip in an option", false, { "--cuont", "3", "h" }, "unknown option \"--cuont\"; did you mean --count?" },
	{ "slip in an option, with a value", false, { "--cuont=3", "h" }, "unknown option \"--cuont=3\"; did you mean --count?" },
	{ "slip in an option of another command", false, { "put", "--cuont", "3" }, "unknown option \"--cuont\"; did you mean --count of \"program ask\"?" },
	{ "a long option with one dash", false, { "-span", "3", "h" }, "unknown option \"-span\"; did you mean --span?" },
	{ "... with its value", false, { "-span=3", "h" }, "unknown option \"-span=3\"; did you mean --span?" },
	{ "an option takes the host", false, { "-s", "host" }, "--span: \"host\": not a number: digits and at most one point, without a sign, as in 250ms or 1.5s; an option takes the next word as its value" },
	{ "an option takes an option", false, { "--form", "--left", "h" }, "--form: \"--left\" is not one of plain|round|odd; an option takes the next word as its value" },
	{ "control octets in an option", false, { "--\033[2J\n", "h" }, "unknown option \"--\\x1b[2J\\x0a\"" },
	{ "no value", false, { "h", "--count" }, "option --count needs a value: N" },
	{ "no value for a letter", false, { "h", "-n" }, "option -n needs a value: N" },
	{ "value for a flag", false, { "--loud=yes", "h" }, "option --loud takes no value" },
	{ "value for a choice", false, { "--left=yes", "h" }, "option --left takes no value" },
	{ "empty count", false, { "--count=", "h" }, "--count: \"\" is not a number from 1 to 16" },
	{ "count of letters", false, { "-nfour", "h" }, "--count: \"four\" is not a number from 1 to 16" },
	{ "count with a tail", false, { "-n4x", "h" }, "--count: \"4x\" is not a number from 1 to 16" },
	{ "count with a blank", false, { "-n", " 4", "h" }, "--count: \" 4\" is not a number from 1 to 16" },
	{ "count with a sign", false, { "-n", "+4", "h" }, "--count: \"+4\" is not" },
	{ "negative count", false, { "-n", "-1", "h" }, "--count: \"-1\" is not a number from 1 to 16" },
	{ "count 0", false, { "-n0", "h" }, "--count: \"0\" is not" },
	{ "count one too large", false, { "-n17", "h" }, "--count: \"17\" is not" },
	{ "count of 2^32 + 4", false, { "-n4294967300", "h" }, "--count: \"4294967300\" is not" },
	{ "count of 2^64 + 4", false, { "-n18446744073709551620", "h" }, "--count: \"18446744073709551620\" is not" },
	{ "empty span", false, { "--span=", "h" }, "--span: \"\": " },
	{ "span of letters", false, { "--span", "soon", "h" }, "--span: \"soon\": " },
	{ "span with an unknown unit", false, { "--span=5x", "h" }, "--span: \"5x\": " },
	{ "negative span", false, { "--span", "-5s", "h" }, "--span: \"-5s\": " },
	{ "endless span", false, { "--span", "99999999999999999999", "h" }, "--span: \"99999999999999999999\": " },
	{ "span too short", false, { "--span", "999us", "h" }, "--span: \"999us\" is not between 1ms and 1m" },
	{ "span too long", false, { "--span", "61", "h" }, "--span: \"61\" is not between 1ms and 1m" },
	{ "empty text", false, { "--text=", "h" }, "--text: \"\" is empty: FILE must be given" },
	{ "empty text as a word", false, { "-t", "", "h" }, "--text: \"\" is empty: FILE must be given" },
	{ "contradiction", false, { "--left", "--right", "h" }, "--right contradicts --left" },
	{ "contradiction of letters", false, { "-64", "h" }, "--four contradicts --six" },
	{ "a word that is not a choice", false, { "--form", "oval", "h" }, "--form: \"oval\" is not one of plain|round|odd" },
	{ "half a word", false, { "--form=rou", "h" }, "--form: \"rou\" is not one of" },
	{ "two words", false, { "--form=plain|round", "h" }, "--form: \"plain|round\" is not one of" },
	{ "no word", false, { "--form=", "h" }, "--form: \"\" is not one of" },
	{ "command after an option", false, { "-l", "put", "h" }, "put the command first: program put" },
	{ "command after a host", false, { "host", "put" }, "put the command first: program put" },
	{ "misspelt command", false, { "aks", "h" }, "there is no command \"aks\"; did you mean \"program ask\"? For a host of that name: program ask aks" },
	{ "misspelt command after an option", false, { "-l", "puut" }, "did you mean \"program put\"?" },
	{ "command in capitals", false, { "PUT" }, "did you mean \"program put\"?" },
	{ "help about a slip", false, { "help", "putt" }, "there is no command \"putt\"; did you mean \"program put\"?\n" },
	{ "word of another program", false, { "version" }, "there is no command \"version\"; use \"program --version\". For a host of that name: program ask version" },
	{ "help about nothing known", false, { "help", "frob" }, "there is no command \"frob\"" },
	{ "an operand where none is taken", true, { "host" }, "unexpected argument \"host\"; try \"program --help\"" },
	{ "unknown option of a lone command", true, { "--frob" }, "unknown option \"--frob\"; try \"program --help\"" },
	{ "a lone command is not called by name", true, { "serve" }, "unexpected argument \"serve\"" },
};
/* clang-format on */

static void bad_words(void **state)
{
	const struct bad_row *row = *state;
	int status = row->is_alone ? run_words(alone, 1, row->words)
	                           : run_words(several, 2, row->words);

	assert_int_equal(status, REQTIME_EXIT_USAGE);
	assert_string_equal(seen_operands, "(not run)");
	assert_string_equal(printed, "");
	assert_int_equal(count_lines(complained), 1);
	assert_memory_equal(complained, "program: ", 9);
	if (!strstr(complained, row->message)) {
		fail_msg("\"%s\" is not in \"%s\"", row->message, complained);
	}
}

/* ---- accepted command lines ---- */

struct good_row {
	const char *name;
	const char *words[WORDS_MAX];
	const char *command;
	const char *operands;
	struct settings settings; /* texts: see below */
};

/* clang-format off */
static const struct good_row good_rows[] = {
	{ "a host", { "host" }, "ask", "host", { .count = 4 } },
	{ "a command and a host", { "put", "host" }, "put", "host", { .count = 0 } },
	{ "a command without an operand it can do without", { "put" }, "put", "", { .count = 0 } },
	{ "the default by name", { "ask", "host" }, "ask", "host", { .count = 4 } },
	{ "a host named like a command", { "ask", "put" }, "ask", "put", { .count = 4 } },
	{ "a host named help", { "ask", "help" }, "ask", "help", { .count = 4 } },
	{ "a host named like a command, of a command", { "ask", "put" }, "ask", "put", { .count = 4 } },
	{ "a host named like a slip, of a command", { "ask", "puut" }, "ask", "puut", { .count = 4 } },
	{ "a slip that is no first word", { "host", "puut" }, "ask", "host puut", { .count = 4 } },
	{ "a host with a digit", { "put1" }, "ask", "put1", { .count = 4 } },
	{ "a host with a dot", { "puut." }, "ask", "puut.", { .count = 4 } },
	{ "a word of its own beside a short command", { "but" }, "ask", "but", { .count = 4 } },
	{ "a word of another program for a command that is not there", { "sync" }, "ask", "sync", { .count = 4 } },
	{ "options after operands", { "a", "-n", "7", "b" }, "ask", "a b", { .count = 7 } },
	{ "= and a value", { "--count=7", "h" }, "ask", "h", { .count = 7 } },
	{ "a value glued to its letter", { "-n7", "h" }, "ask", "h", { .count = 7 } },
	{ "letters in one word", { "-l4n7", "h" }, "ask", "h", { .shared = { true, 4 }, .count = 7 } },
	{ "letters, the value in the next word", { "-ln", "7", "h" }, "ask", "h", { .shared = { true, 0 }, .count = 7 } },
	{ "the last one counts", { "-n7", "-n8", "h" }, "ask", "h", { .count = 8 } },
	{ "smallest count", { "-n1", "h" }, "ask", "h", { .count = 1 } },
	{ "largest count", { "-n16", "h" }, "ask", "h", { .count = 16 } },
	{ "smallest span", { "-s1ms", "h" }, "ask", "h", { .count = 4, .span_ns = NS_PER_MS } },
	{ "largest span", { "-s1m", "h" }, "ask", "h", { .count = 4, .span_ns = 60 * NS_PER_S } },
	{ "a bare number is seconds", { "--span", "1.5", "h" }, "ask", "h", { .count = 4, .span_ns = 1500 * NS_PER_MS } },
	{ "one choice", { "--left", "h" }, "ask", "h", { .count = 4, .way = -1 } },
	{ "one choice twice", { "-44", "h" }, "ask", "h", { .shared = { false, 4 }, .count = 4 } },
	{ "a word", { "--form", "odd", "h" }, "ask", "h", { .count = 4, .form = 2 } },
	{ "the first word", { "--form=plain", "h" }, "ask", "h", { .count = 4, .form = 0 } },
	{ "short for a word", { "--round", "h" }, "ask", "h", { .count = 4, .form = 1 } },
	{ "a word and what is short for another: the last counts", { "--round", "--form=odd", "h" }, "ask", "h", { .count = 4, .form = 2 } },
	{ "... and the other way round", { "--form=odd", "--round", "h" }, "ask", "h", { .count = 4, .form = 1 } },
	{ "-- ends options", { "-l", "--", "-n", "--loud" }, "ask", "-n --loud", { .shared = { true, 0 }, .count = 4 } },
	{ "a dash alone is an operand", { "-" }, "ask", "-", { .count = 4 } },
	{ "an empty operand is one", { "" }, "ask", "", { .count = 4 } },
	{ "shared options of another command", { "put", "-l6" }, "put", "", { .shared = { true, 6 } } },
};
/* clang-format on */

static void good_words(void **state)
{
	const struct good_row *row = *state;

	assert_int_equal(run_words(several, 2, row->words), RAN);
	assert_string_equal(complained, "");
	assert_string_equal(seen_command, row->command);
	assert_string_equal(seen_operands, row->operands);
	assert_int_equal(seen.shared.is_loud, row->settings.shared.is_loud);
	assert_int_equal(seen.shared.family, row->settings.shared.family);
	assert_int_equal(seen.count, row->settings.count);
	assert_int_equal(seen.span_ns, row->settings.span_ns);
	assert_int_equal(seen.way, row->settings.way);
	assert_int_equal(seen.form, row->settings.form);
}

static void texts(void **state)
{
	static const char *const words[] = { "-i", "one", "--item=two", "--text",
		                             "-x", "h",   NULL };

	(void)state;
	assert_int_equal(run_words(several, 2, words), RAN);
	assert_int_equal(seen.texts.count, 2);
	assert_string_equal(seen.texts.items[0], "one");
	assert_string_equal(seen.texts.items[1], "two");
	assert_string_equal(seen.text, "-x");
}

/* Complaints of a plugin go to the function that prints its line. */
static void a_plugin(void **state)
{
	static const char *const good[] = { "probe", "-vv", "-v", "-w", "-1s:2ms", NULL };
	static const char *const bad[] = { "probe", "-w", "2:1", NULL };
	static const char *const worse[] = { "probe", "--stratum", "1.5", NULL };

	(void)state;
	assert_int_equal(run_words(plugins, 2, good), RAN);
	assert_string_equal(complained, "");
	assert_string_equal(concluded, "first | one\nsecond\n");
	assert_int_equal(concluded_status, 0);
	assert_int_equal(probed.level, 3);
	assert_true(probed.range.is_set && !probed.count.is_set);
	assert_true(probed.range.low == -NS_PER_S && probed.range.high == 2 * NS_PER_MS);
	assert_int_equal(run_words(plugins, 2, bad), RAN);
	assert_string_equal(complained, "");
	assert_string_equal(concluded, "--warning: \"2:1\": the start is above the end: "
	                               "use START:END with the lower one first\n");
	assert_int_equal(concluded_status, 3);
	assert_int_equal(run_words(plugins, 2, worse), RAN);
	assert_string_equal(concluded,
	                    "--stratum: \"1.5\": not a range of whole numbers, as "
	                    "in 10, 1:4 or @15:16\n");
}

static void too_many_texts(void **state)
{
	static char *argv[OPTION_TEXTS_MAX + 4];
	size_t i;
	int saved, file, status;

	(void)state;
	argv[0] = (char *)"program";
	for (i = 1; i <= OPTION_TEXTS_MAX + 1; i++) {
		argv[i] = (char *)"-ione";
	}
	file = capture_begin(STDERR_FILENO, &saved);
	status = command_main("program", alone, 1, OPTION_TEXTS_MAX + 2, argv);
	capture_end(STDERR_FILENO, saved, file, complained, sizeof(complained));
	assert_int_equal(status, REQTIME_EXIT_USAGE);
	assert_non_null(
		strstr(complained, "--item: \"one\" is one too many: the limit is 64"));
	argv[OPTION_TEXTS_MAX + 1] = NULL;
	assert_int_equal(command_main("program", alone, 1, OPTION_TEXTS_MAX + 1, argv),
	                 RAN);
	assert_int_equal(seen.texts.count, OPTION_TEXTS_MAX);
}

static void no_argv_at_all(void **state)
{
	char *argv[] = { NULL };
	int saved, file;

	(void)state;
	file = capture_begin(STDERR_FILENO, &saved);
	assert_int_equal(command_main("program", several, 2, 0, argv), REQTIME_EXIT_USAGE);
	capture_end(STDERR_FILENO, saved, file, complained, sizeof(complained));
}

/* ---- help ---- */

static void assert_fits(const char *text)
{
	size_t width = 0;

	for (; *text; text++) {
		width = *text == '\n' ? 0 : width + 1;
		assert_true(width <= 80);
	}
}

static void help_of_a_command(void **state)
{
	static const char *const ways[][4] = { { "ask", "--help" },
		                               { "help", "ask" },
		                               { "ask", "host", "-h" },
		                               { "ask", "-lh", "--frob" } };
	char name[40];
	size_t i, k;

	(void)state;
	for (k = 0; k < COUNT_OF(ways); k++) {
		assert_int_equal(run_words(several, 2, ways[k]), 0);
		assert_string_equal(complained, "");
		assert_non_null(
			strstr(printed, "Usage: program ask [OPTION]... SERVER...\n"));
		assert_fits(printed);
		for (i = 0; i < COUNT_OF(options); i++) {
			snprintf(name, sizeof(name), "--%s", options[i].name);
			assert_non_null(strstr(printed, name));
		}
		assert_non_null(strstr(printed, "  -n, --count N             how many\n"));
		assert_non_null(strstr(printed, "      --left                go left\n"));
		assert_non_null(strstr(printed, "  -l, --loud                be loud\n"));
		assert_non_null(strstr(printed, "  -h, --help                "));
		assert_non_null(strstr(printed, "  -V, --version             "));
	}
}

static void help_of_the_program(void **state)
{
	static const char *const ways[][3] = { { "--help" }, { "-h" }, { "help" } };
	size_t k;

	(void)state;
	for (k = 0; k < COUNT_OF(ways); k++) {
		assert_int_equal(run_words(several, 2, ways[k]), 0);
		assert_string_equal(complained, "");
		assert_non_null(strstr(printed, "  ask      ask somebody (the default)\n"));
		assert_non_null(strstr(printed, "  put      put something\n"));
		assert_fits(printed);
	}
}

static const char *heading_before(const char *option)
{
	static char heading[40];
	const char *at = strstr(printed, option), *end;

	assert_non_null(at);
	while (at > printed && !(at[-1] == '\n' && at[0] != ' ' && at[0] != '\n')) {
		at--;
	}
	end = strchr(at, ':');
	snprintf(heading, sizeof(heading), "%.*s", end ? (int)(end - at) : 0, at);
	return heading;
}

static void help_in_groups(void **state)
{
	static const char *const words[] = { "--help", NULL };
	static const struct command *const commands[] = { &ask, &grouped };
	static const char *const of_grouped[] = { "help", "grouped", NULL };

	(void)state;
	assert_int_equal(run_words(commands, 2, of_grouped), 0);
	assert_fits(printed);
	assert_string_equal(heading_before("--left"), "Going");
	assert_string_equal(heading_before("--right"), "Going");
	assert_string_equal(heading_before("--span"), "Taking");
	assert_string_equal(heading_before("--text"), "Taking");
	/* Not "reform" and not "items": names are whole words. */
	assert_string_equal(heading_before("--a-very-long"), "Other");
	assert_string_equal(heading_before("--count"), "Other");
	assert_string_equal(heading_before("--help"), "Other");
	assert_null(strstr(printed, "Nothing:"));
	assert_null(strstr(printed, "Options:"));
	assert_non_null(strstr(printed, "\nExamples:\n    program grouped  first\n    "
	                                "program grouped --left  second\n\nExit status:\n"
	                                "  0  well\n  1  not so well\n"));
	/* The program has the first example of each command. */
	assert_int_equal(run_words(commands, 2, words), 0);
	assert_non_null(strstr(printed, "\nExamples:\n    program grouped  first\n\n"));
}

static void help_of_a_lone_command(void **state)
{
	static const char *const words[] = { "--help", NULL };

	(void)state;
	assert_int_equal(run_words(alone, 1, words), 0);
	assert_non_null(strstr(printed, "Usage: program [OPTION]...\n"));
	assert_non_null(strstr(printed, "--count N"));
	assert_fits(printed);
}

static void version(void **state)
{
	static const char *const ways[][4] = { { "--version" },
		                               { "put", "-V" },
		                               { "host", "--version" } };
	size_t k;

	(void)state;
	for (k = 0; k < COUNT_OF(ways); k++) {
		assert_int_equal(run_words(several, 2, ways[k]), 0);
		assert_string_equal(printed, "program " REQTIME_VERSION "\n");
	}
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(too_many_texts),
		cmocka_unit_test(a_plugin),
		cmocka_unit_test(no_argv_at_all),
		cmocka_unit_test(help_of_a_command),
		cmocka_unit_test(help_of_the_program),
		cmocka_unit_test(help_of_a_lone_command),
		cmocka_unit_test(help_in_groups),
		cmocka_unit_test(version),
	};
	struct CMUnitTest
		tests[COUNT_OF(bad_rows) + COUNT_OF(good_rows) + COUNT_OF(others)];
	size_t count = 0;
	size_t i;

	for (i = 0; i < COUNT_OF(bad_rows); i++) {
		tests[count++] =
			(struct CMUnitTest){ .name = bad_rows[i].name,
			                     .test_func = bad_words,
			                     .initial_state = (void *)&bad_rows[i] };
	}
	for (i = 0; i < COUNT_OF(good_rows); i++) {
		tests[count++] =
			(struct CMUnitTest){ .name = good_rows[i].name,
			                     .test_func = good_words,
			                     .initial_state = (void *)&good_rows[i] };
	}
	for (i = 0; i < COUNT_OF(others); i++) {
		tests[count++] = others[i];
	}
	return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
