/* SPDX-License-Identifier: MIT
 *
 * Suggestions for words and options of ntpdate, sntp, rdate, htpdate, chrony, ntpd,
 * timedatectl and the monitoring plugins, and for misspelt ones of ours.
 */
#include "cmd/cli/hint_private.h"

#include <stdio.h>
#include <string.h>

#include "cmd/cli/command_options.h"
#include "core/base/nearest.h"
#include "core/base/text.h"

enum { CANDIDATES_MAX = 3 };

/* `words` have a blank on both sides. */
struct habit {
	const char *words;
	const char *command; /* ours; NULL: options only */
	const char *options;
};

/* Nouns that are host names ("clock", "server", "time", "ntp") are left out. */
static const struct habit command_habits[] = {
	{ " tracking activity show timesync-status show-timesync ", "status", "" },
	{ " sources sourcestats ntpdata ", "query", "" },
	{ " offset diff ask get ntpq peers rv measure print dry-run ", "query", "" },
	{ " sync synchronize synchronise resync step slew makestep update adjust correct ",
	  "set", "" },
	{ " set-time settime set-ntp burst start now force apply run ", "set", "" },
	{ " waitsync wait wait-sync ", "set", " --wait 90s" },
	{ " boot onboot ", "set", " --boot" },
	{ " compare pairs pairwise ", "skew", "" },
	{ " monitor nagios icinga plugin health verify probe ", "check", "" },
	{ " capture sniff dump tcpdump pcap analyze analyse ", "trace", "" },
	{ " log logs stats statistics past plot runs ", "history", "" },
	{ " conf configuration settings show-config options ", "config", "" },
	{ " version ver ", NULL, " --version" },
	{ " help usage man ", NULL, " --help" },
};

/* An option of another program, and ours that does the same. */
struct option_habit {
	const char *commands;
	const char *options;
	const char *hint;
};

#define MEASURES " query set "
#define RANDOM_PORT "requests leave from a random port"
#define NO_KEYS "symmetric keys are not supported"
#define FOREGROUND "reqtime stays in the foreground"

static const struct option_habit option_habits[] = {
	{ MEASURES, " -a ",
	  "for rdate -a and htpdate -a: reqtime set --slew; for ntpdate -a: " NO_KEYS },
	{ MEASURES, " -b ", "for ntpdate -b: reqtime set --step" },
	{ MEASURES, " -B ", "for ntpdate -B: reqtime set --slew" },
	{ MEASURES, " -c ",
	  "for ntpclient -c N: --samples N; for check_ntp_time -c: reqtime check -c" },
	{ MEASURES, " -d ",
	  "for ntpdate -d: reqtime query -v; for chronyd -d and ntpd -d: " FOREGROUND },
	{ MEASURES, " -D ",
	  "for sntp -D N: reqtime query -v; for htpdate -D: --every SPAN" },
	{ MEASURES, " -e -k ", "for ntpdate -e and -k: " NO_KEYS },
	{ MEASURES, " -g ",
	  "for ntpd -g: reqtime set --any-offset; for sntp -g MSEC: --interval SPAN" },
	{ MEASURES, " -G ", "for ntpd -G: reqtime set --any-offset" },
	{ MEASURES, " -j ", "for ntpdig -j: --json" },
	{ MEASURES, " -K ", "for sntp -K FILE: --state-dir DIR" },
	{ MEASURES, " -l ",
	  "for sntp -l FILE: --log-to FILE; for rdate -l: --log-to syslog" },
	{ MEASURES, " -M ", "for sntp -M MSEC: reqtime set --step-above SPAN" },
	{ MEASURES, " -o ",
	  "for rdate -o PORT: SERVER:PORT; for ntpdate -o N: answers of version 1 to 4 are "
	  "accepted" },
	{ MEASURES, " -p ",
	  "for ntpdate -p N: --samples N; for rdate -p: reqtime query; for ntpd -p SERVER "
	  "(BusyBox): SERVER" },
	{ MEASURES, " -Q ", "for chronyd -Q: reqtime query" },
	{ MEASURES, " -r ", "for sntp -r: " RANDOM_PORT },
	{ MEASURES, " -s ",
	  "for rdate -s, htpdate -s and ntpclient -s: reqtime set; for sntp -s: reqtime "
	  "set --slew; for ntpdate -s: --log-to syslog" },
	{ MEASURES, " -S ", "for sntp -S: reqtime set --step" },
	{ MEASURES, " -u ",
	  "for ntpdate -u: " RANDOM_PORT " by default; for rdate -u: time://SERVER" },
	{ MEASURES, " -w ",
	  "for sntp -w: reqtime set --wait SPAN; for ntpd -w (BusyBox): reqtime query; for "
	  "check_ntp_time -w: reqtime check -w" },
	{ MEASURES, " -x ",
	  "for ntpd -x: reqtime set --slew; for chronyd -x: reqtime query" },
	{ MEASURES, " --set --sync --makestep --adjust ", "use: reqtime set" },
	{ MEASURES, " --query ", "use: reqtime query" },
	{ MEASURES, " --debug --debug-level ", "use: --verbose" },
	{ MEASURES, " --logfile --filelog --log ", "use: --log-to FILE" },
	{ MEASURES, " --steplimit ", "use: reqtime set --step-above SPAN" },
	{ MEASURES, " --host --hostname --ntp-server ",
	  "give SERVER as an argument without an option" },
	{ MEASURES "check ", " --port ", "write SERVER:PORT" },
	{ MEASURES "check ", " --udp ", "UDP is the default" },
	{ MEASURES "check ", " --tcp ", "write reqtime+tcp://SERVER or time+tcp://SERVER" },
	{ MEASURES, " --once ", "without --every it runs once" },
	{ MEASURES, " --daemon --background ",
	  "use --every SPAN, or enable reqtime.timer" },
	{ " check ", " -p ", "for check_ntp_time -p PORT: --server HOST:PORT" },
	{ " check ", " --hostname --host ", "use: --server HOST" },
	{ " check ", " -o -d --time-offset --delay ",
	  "for check_ntp_time -o and -d: the bound includes the delay" },
	{ " check ", " -j -k --jwarn --jcrit ",
	  "for check_ntp_peer -j and -k: --bound-warning and --bound-critical" },
	{ " check ", " --swarn --scrit ", "use: --stratum-warning and --stratum-critical" },
	{ " check ", " -m --twarn --tcrit ", "for check_ntp_peer -m: --min-sources N" },
	{ " check ", " -q --quiet ", "for check_ntp_time -q: no trusted time is UNKNOWN" },
	{ " serve ", " -u ", "for chronyd -u NAME: --user NAME" },
	{ " serve ", " -d -n ", "reqtimed stays in the foreground" },
	{ " serve ", " -x -q -Q -g -s ",
	  "reqtimed never sets the clock; use: reqtime set" },
	{ " serve ", " -c ", "for ntpd -c FILE: --config FILE" },
	{ " serve ", " -p ", "for chronyd -p: --check-config" },
	{ " serve ", " -t ", "use: --check-config" },
	{ " serve ", " -I ", "for ntpd -I ADDR: --listen ADDR" },
};

/* Letters that take a value here and none in other programs. */
static const struct value_habit {
	char letter;
	const char *hint;
} value_habits[] = {
	{ 'n', "; -n takes the next word as its value (to change nothing: reqtime set "
	       "--dry-run)" },
	{ 'f', "; -f takes the next word as its value (to set the clock anyway: "
	       "--force)" },
};

static bool has_word(const char *list, const char *word, size_t len)
{
	const char *at = list;

	while ((at = strchr(at, ' ')) != NULL) {
		at++;
		if (strncmp(at, word, len) == 0 && at[len] == ' ') {
			return len > 0;
		}
	}
	return false;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static const char *slip_of_command(const struct program *program, const char *word)
{
	size_t best = SIZE_MAX, slips;
	const char *name = NULL;

	for (size_t i = 0; program->command_count > 1 && i <= program->command_count; i++) {
		const char *other =
			i < program->command_count ? program->commands[i]->name : "help";

		slips = nearest_slips(word, strlen(word), other);
		if (slips < best) {
			best = slips;
			name = other;
		}
	}
	return name;
}

const char *hint_for_command(const struct program *program, const char *word,
                             bool *ret_is_slip, char buf[HINT_SIZE])
{
	const char *name;

	/* Hosts have digits, dots and colons. */
	if (word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_")]) {
		return NULL;
	}
	*ret_is_slip = false;
	for (size_t i = 0; i < COUNT_OF(command_habits); i++) {
		const struct habit *habit = &command_habits[i];

		if (has_word(habit->words, word, strlen(word)) &&
		    (!habit->command || command_find(program, habit->command))) {
			snprintf(buf, HINT_SIZE, "%s%s%s%s", program->name,
			         habit->command ? " " : "",
			         habit->command ? habit->command : "", habit->options);
			return buf;
		}
	}
	name = slip_of_command(program, word);
	*ret_is_slip = name != NULL;
	snprintf(buf, HINT_SIZE, "%s %s", program->name, name ? name : "");
	return name ? buf : NULL;
}

static const char *habit_of_option(const struct command *command, const char *option,
                                   size_t len)
{
	for (size_t i = 0; i < COUNT_OF(option_habits); i++) {
		if (has_word(option_habits[i].commands, command->name,
		             strlen(command->name)) &&
		    has_word(option_habits[i].options, option, len)) {
			return option_habits[i].hint;
		}
	}
	return NULL;
}

/* The nearest names, all at the same distance. */
struct candidates {
	const char *names[CANDIDATES_MAX];
	size_t count;
	size_t slips;
};

static void add_candidate(struct candidates *candidates, const char *name, size_t slips)
{
	if (slips == SIZE_MAX || slips > candidates->slips) {
		return;
	}
	if (slips < candidates->slips) {
		candidates->count = 0;
		candidates->slips = slips;
	}
	for (size_t i = 0; i < candidates->count; i++) {
		if (strcmp(candidates->names[i], name) == 0) {
			return;
		}
	}
	if (candidates->count < CANDIDATES_MAX) {
		candidates->names[candidates->count++] = name;
	}
}

static void add_candidates(struct candidates *candidates, const struct command *command,
                           const char *name, size_t len, bool in_file)
{
	for (size_t i = 0; i < option_count(command); i++) {
		const struct option_row *row = option_at(command, i);

		if (!in_file || option_is_configurable(command, row)) {
			add_candidate(candidates, row->name,
			              nearest_slips(name, len, row->name));
		}
	}
}

static const char *did_you_mean(const struct candidates *candidates, const char *before,
                                const char *behind, char buf[HINT_SIZE])
{
	struct text out = text_to(buf, HINT_SIZE);

	text_put(&out, candidates->count > 0 ? "; did you mean " : "");
	for (size_t i = 0; i < candidates->count; i++) {
		text_format(&out, "%s%s%s%s", i > 0 ? " or " : "", before,
		            candidates->names[i], behind);
	}
	text_put(&out, candidates->count > 0 ? "?" : "");
	return buf;
}

/* A command that has the long option. */
static const struct command *owner_of(const struct program *program, const char *name,
                                      size_t len)
{
	for (size_t i = 0; i < program->command_count; i++) {
		if (option_find(program->commands[i], name, len, 0) <
		    option_count(program->commands[i])) {
			return program->commands[i];
		}
	}
	return NULL;
}

/* For a long name; NULL where no name is similar. */
static const char *hint_for_long(const struct program *program,
                                 const struct command *command, const char *name,
                                 size_t len, char buf[HINT_SIZE])
{
	const struct command *owner = owner_of(program, name, len);
	struct candidates candidates = { .slips = SIZE_MAX };

	if (owner) {
		snprintf(buf, HINT_SIZE, "; it is an option of \"%s %s\"", program->name,
		         owner->name);
		return buf;
	}
	if (len > 3 && strncmp(name, "no-", 3) == 0 &&
	    option_find(command, name + 3, len - 3, 0) < option_count(command)) {
		snprintf(buf, HINT_SIZE, "; leave --%.*s out instead", (int)(len - 3),
		         name + 3);
		return buf;
	}
	add_candidates(&candidates, command, name, len, false);
	if (candidates.count > 0) {
		return did_you_mean(&candidates, "--", "", buf);
	}
	for (size_t i = 0; i < program->command_count; i++) {
		owner = program->commands[i];
		add_candidates(&candidates, owner, name, len, false);
		if (candidates.count > 0) {
			snprintf(buf, HINT_SIZE, "; did you mean --%s of \"%s %s\"?",
			         candidates.names[0], program->name, owner->name);
			return buf;
		}
	}
	return NULL;
}

const char *hint_for_option(const struct program *program, const struct command *command,
                            const char *option, size_t len, char buf[HINT_SIZE])
{
	const char *name = option + (option[1] == '-' ? 2 : 1);
	const size_t name_len = len - (size_t)(name - option);
	const char *habit = habit_of_option(command, option, len);
	char help[HELP_WORDS_SIZE];

	if (name_len > 1 &&
	    option_find(command, name, name_len, 0) < option_count(command)) {
		snprintf(buf, HINT_SIZE, "; did you mean --%.*s?", (int)name_len, name);
	} else if (habit) {
		snprintf(buf, HINT_SIZE, "; %s", habit);
	} else if (name_len <= 1 || !hint_for_long(program, command, name, name_len, buf)) {
		snprintf(buf, HINT_SIZE, "; try \"%s\"",
		         command_help_words(program, command, help));
	}
	return buf;
}

const char *hint_for_value(char letter, const char *value)
{
	const size_t at = value && value[0] == '-';

	if (!value || !is_letter(value[at] == '-' ? value[at + 1] : value[at])) {
		return ""; /* meant as a value */
	}
	for (size_t i = 0; i < COUNT_OF(value_habits); i++) {
		if (value_habits[i].letter == letter) {
			return value_habits[i].hint;
		}
	}
	return "; an option takes the next word as its value";
}

const char *hint_for_key(const struct program *program, const char *section,
                         const char *key, char buf[HINT_SIZE])
{
	const struct command *owner = owner_of(program, key, strlen(key));
	struct candidates candidates = { .slips = SIZE_MAX };

	if (owner) {
		snprintf(buf, HINT_SIZE, "; it belongs to [%s]", owner->name);
		return buf;
	}
	for (size_t i = 0; i < program->command_count; i++) {
		if (program->command_count == 1 || *section == '\0' ||
		    strcmp(section, program->commands[i]->name) == 0) {
			add_candidates(&candidates, program->commands[i], key, strlen(key),
			               true);
		}
	}
	return did_you_mean(&candidates, "\"", "\"", buf);
}
