/* SPDX-License-Identifier: MIT
 *
 * Clocks, boots and files of a machine in virtual time.
 */
#include "machine.h"

#include <stdio.h>
#include <string.h>

enum { SLEW_PPM = 500, FIRMWARE_S = 3 };

int64_t machine_release_ns(void)
{
	return REQTIME_BUILD_FLOOR_S * NS_PER_S;
}

static int64_t parts_of(int64_t ns, int64_t ppb)
{
	return (int64_t)((double)ns * (double)ppb * 1e-9);
}

/* adjtime() makes all three clocks faster or slower. */
static int64_t slewed_in(struct machine *m, int64_t ns)
{
	int64_t most_ns = parts_of(ns, SLEW_PPM * 1000) + 1;
	int64_t part_ns = m->pending_ns;

	if (part_ns > most_ns) {
		part_ns = most_ns;
	} else if (part_ns < -most_ns) {
		part_ns = -most_ns;
	}
	m->pending_ns -= part_ns;
	return part_ns;
}

void machine_go(struct machine *m, int64_t ns)
{
	int64_t local_ns = ns + parts_of(ns, m->crystal_ppb + m->kernel_ppb);

	local_ns += m->pending_ns != 0 ? slewed_in(m, ns) : 0;
	m->true_ns += ns;
	m->wall_ns += local_ns;
	m->boot_ns += local_ns;
}

void machine_pause(struct machine *m, int64_t ns)
{
	m->true_ns += ns;
}

void machine_suspend(struct machine *m, int64_t ns, int64_t error_ns, bool is_counted)
{
	m->true_ns += ns;
	if (is_counted) {
		m->wall_ns += ns + error_ns;
		m->boot_ns += ns + error_ns;
		m->asleep_ns += ns + error_ns;
	}
}

static int64_t wall_at_boot_ns(const struct machine *m)
{
	switch (m->rtc) {
	case RTC_GOOD:
	case RTC_OFF:
		return m->true_ns + m->rtc_off_ns;
	case RTC_SAVED:
		return m->saved_wall_ns;
	case RTC_NONE:
	case RTC_KINDS:
		break;
	}
	return 0;
}

void machine_boot(struct machine *m, int64_t ns)
{
	m->saved_wall_ns = m->wall_ns;
	m->true_ns += ns;
	m->wall_ns = wall_at_boot_ns(m);
	m->boot_ns = FIRMWARE_S * NS_PER_S;
	m->asleep_ns = 0;
	m->kernel_ppb = 0;
	m->pending_ns = 0;
	m->boot_number++;
	m->files[MACHINE_RUN_DIR].len = 0;
	m->files[MACHINE_PROCESS].len = 0;
}

void machine_step(struct machine *m, int64_t by_ns)
{
	m->wall_ns += by_ns;
	m->pending_ns = 0;
}

int64_t machine_error_ns(const struct machine *m)
{
	return m->true_ns - m->wall_ns;
}

int64_t machine_booted_ns(const struct machine *m)
{
	return m->true_ns - m->boot_ns;
}

struct reading machine_reading(const struct machine *m)
{
	return (struct reading){ .wall = { m->wall_ns },
		                 .mono_ns = m->boot_ns - m->asleep_ns,
		                 .boot_ns = m->boot_ns,
		                 .gap_ns = 100 };
}

/* ---- the anchor's files: as io/store/anchor_file.c reads and writes them ---- */

static void boot_id_of(const struct machine *m, char ret[ANCHOR_BOOT_ID_SIZE])
{
	memset(ret, 0, ANCHOR_BOOT_ID_SIZE);
	snprintf(ret, ANCHOR_BOOT_ID_SIZE, "00000000-0000-4000-8000-%012llx",
	         m->boot_number);
}

static void files_read(const struct machine *m, const char *boot_id, struct anchor *ret)
{
	const struct instant release = { machine_release_ns() };
	struct anchor anchor;
	bool has_one = false;

	anchor_init(ret);
	for (size_t i = 0; i < MACHINE_FILES; i++) {
		const struct machine_file *file = &m->files[i];

		if (file->len > 0 && (i != MACHINE_PROCESS || m->has_process) &&
		    anchor_unpack(file->octets, file->len, release, &anchor) &&
		    (!has_one || anchor_is_newer(&anchor, ret, boot_id))) {
			*ret = anchor;
			has_one = true;
		}
	}
}

static bool files_write(struct machine *m)
{
	struct machine_file *process = &m->files[MACHINE_PROCESS];

	if (m->has_process) {
		anchor_pack(&m->anchor, process->octets);
		process->len = ANCHOR_OCTETS;
	}
	for (size_t i = 0; i < MACHINE_PROCESS; i++) {
		if (!m->files[i].is_read_only) {
			anchor_pack(&m->anchor, m->files[i].octets);
			m->files[i].len = ANCHOR_OCTETS;
			return true;
		}
	}
	return m->has_process;
}

void machine_look(const struct machine *m, struct anchor *ret)
{
	char boot_id[ANCHOR_BOOT_ID_SIZE];
	const struct reading now = machine_reading(m);

	boot_id_of(m, boot_id);
	files_read(m, boot_id, ret);
	anchor_begin(ret, boot_id, &now);
}

/* ---- the kernel's clock, as correct_apply() asks for it ---- */

static int port_now(void *ctx, struct reading *ret)
{
	*ret = machine_reading(ctx);
	return 0;
}

static int port_nothing(void *ctx)
{
	(void)ctx;
	return 0;
}

static int port_state(void *ctx, struct kernel_clock_state *ret)
{
	const struct machine *m = ctx;

	*ret = (struct kernel_clock_state){ .frequency_ppb = m->kernel_ppb,
		                            .tick_us = 10000,
		                            .pending_slew_ns = m->pending_ns,
		                            .precision_ns = 1 };
	return 0;
}

static int port_order(void *ctx, const struct kernel_clock_update *update,
                      int *ret_settings_error)
{
	struct machine *m = ctx;

	*ret_settings_error = 0;
	if (update->has_frequency) {
		m->kernel_ppb = update->frequency_ppb;
	}
	if (update->step_ns != 0) {
		machine_step(m, update->step_ns);
	}
	return 0;
}

static int port_slew(void *ctx, int64_t by_ns)
{
	((struct machine *)ctx)->pending_ns = by_ns;
	return 0;
}

bool machine_set(struct machine *m, const struct correct_record *record,
                 const struct plan_limits *limits, struct correct_wish wish,
                 struct correct_result *ret)
{
	const struct clock_ports clock = { .ctx = m,
		                           .now = port_now,
		                           .raise = port_nothing,
		                           .clear = port_nothing,
		                           .state = port_state,
		                           .update = port_order,
		                           .slew = port_slew };

	machine_look(m, &m->anchor);
	if (!wish.is_dry) {
		wish.remembers = files_write(m);
	}
	correct_apply(record, limits, &clock, &wish, &m->anchor, ret);
	return !wish.is_dry && wish.remembers && files_write(m);
}
