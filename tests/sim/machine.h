/* SPDX-License-Identifier: MIT
 *
 * A machine in virtual time for sim_lives: true time, CLOCK_REALTIME, CLOCK_BOOTTIME and
 * CLOCK_MONOTONIC, a hardware clock, boots, and the two files of the anchor.  Its runs of `set` go
 * through correct_apply(), as those of the program do.
 */
#ifndef SIM_MACHINE_H
#define SIM_MACHINE_H

#include "app/clock/correct.h"

#define MACHINE_DAY_NS (INT64_C(86400) * NS_PER_S)

enum machine_rtc {
	RTC_GOOD,
	RTC_NONE,  /* the clock starts in 1970 */
	RTC_SAVED, /* fake-hwclock: what the clock was when the machine went down */
	RTC_OFF,   /* local time, or garbage: `rtc_off_ns` */
	RTC_KINDS
};

/* The last one is no file: what the process of --confirm remembers from look to look. */
enum { MACHINE_STATE_DIR, MACHINE_RUN_DIR, MACHINE_PROCESS, MACHINE_FILES };

struct machine_file {
	bool is_read_only; /* or the disk is full */
	size_t len;
	uint8_t octets[ANCHOR_OCTETS + 1];
};

struct machine {
	int64_t true_ns; /* unix */
	int64_t wall_ns; /* CLOCK_REALTIME */
	int64_t boot_ns;
	int64_t asleep_ns;   /* CLOCK_BOOTTIME - CLOCK_MONOTONIC */
	int64_t crystal_ppb; /* the clocks run fast by that, without the kernel's frequency */
	int64_t kernel_ppb;
	int64_t pending_ns; /* of adjtime() */
	unsigned long long boot_number;
	enum machine_rtc rtc;
	int64_t rtc_off_ns; /* hardware clock - true time, where it is kept */
	int64_t saved_wall_ns;
	struct machine_file files[MACHINE_FILES];
	bool has_process;     /* the run at work is one of --confirm */
	struct anchor anchor; /* of the run at work */
};

int64_t machine_release_ns(void); /* unix, of the program that runs there */

void machine_go(struct machine *m, int64_t ns);
/* A virtual machine that is not run: its clocks stand still. */
void machine_pause(struct machine *m, int64_t ns);
/* The hardware clock tells the length of it, wrong by `error_ns`; or nothing does. */
void machine_suspend(struct machine *m, int64_t ns, int64_t error_ns, bool is_counted);
/* Down for `ns`, then up. */
void machine_boot(struct machine *m, int64_t ns);
void machine_step(struct machine *m, int64_t by_ns); /* by others */
/* By how much the clock has to be moved: true time - CLOCK_REALTIME. */
int64_t machine_error_ns(const struct machine *m);
/* True time - CLOCK_BOOTTIME. */
int64_t machine_booted_ns(const struct machine *m);

struct reading machine_reading(const struct machine *m);
/* The anchor as `query` reads it, brought to now. */
void machine_look(const struct machine *m, struct anchor *ret);
/* A run of `set` (or, `wish->is_dry`, of `query`) with what was measured.  Returns whether the next run finds
 * what this one leaves. */
bool machine_set(struct machine *m, const struct correct_record *record,
                 const struct plan_limits *limits, struct correct_wish wish,
                 struct correct_result *ret);

#endif
