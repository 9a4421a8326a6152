/* SPDX-License-Identifier: MIT
 *
 * The answer of systemctl: any octets are read without harm, and give plain values.
 */
#include <stdlib.h>
#include <string.h>

#include "io/sys/systemd_timer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int is_true)
{
	if (!is_true) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct reading now = { .wall = { INT64_C(1796073600) * NS_PER_S },
		                     .mono_ns = 5400 * NS_PER_S };
	struct systemd_timer timer;
	char *text = malloc(size + 1); /* not terminated: reading beyond `size` is seen */

	check(text != NULL);
	if (size > 0) {
		memcpy(text, data, size);
	}
	text = realloc(text, size > 0 ? size : 1);
	check(text != NULL);
	memset(&timer, 0xa5, sizeof(timer));
	if (systemd_timer_parse(text, size, &now, &timer)) {
		check(timer.is_installed <= 1 && timer.is_enabled <= 1);
		check(timer.is_active <= 1 && timer.is_running <= 1 && timer.has_next <= 1);
		check(memchr(timer.unit, '\0', sizeof(timer.unit)) != NULL);
		check(timer.has_next || timer.unit[0] == '\0');
	} else {
		check(timer.is_installed == 0xa5);
	}
	free(text);
	return 0;
}
