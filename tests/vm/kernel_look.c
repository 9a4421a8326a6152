/* SPDX-License-Identifier: MIT
 *
 * For tests/vm/set_guest.sh: reads the kernel's clock without any code of ours, and changes
 * it as other programs would.
 *
 *   kernel_look              prints NAME=VALUE lines
 *   kernel_look pll|freq PPB|tick US|slew US|leap
 *   kernel_look step MS
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>

static int show(void)
{
	struct timex tx = { .modes = 0 };
	struct timex slew = { .modes = ADJ_OFFSET_SS_READ };
	int state = adjtimex(&tx);

	if (state < 0 || adjtimex(&slew) < 0) {
		perror("adjtimex");
		return 1;
	}
	printf("state=%d\nunsync=%d\npll=%d\nins=%d\ndel=%d\n", state,
	       !!(tx.status & STA_UNSYNC), !!(tx.status & (STA_PLL | STA_FLL)),
	       !!(tx.status & STA_INS), !!(tx.status & STA_DEL));
	printf("tai=%d\ntick=%ld\n", tx.tai, tx.tick);
	printf("maxerror=%ld\nesterror=%ld\nfreq=%ld\npending=%ld\n", tx.maxerror,
	       tx.esterror, tx.freq, slew.offset);
	return 0;
}

int main(int argc, char **argv)
{
	long value = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
	struct timex tx = { .modes = 0 };

	if (argc < 2) {
		return show();
	}
	if (strcmp(argv[1], "pll") == 0) {
		tx.modes = ADJ_STATUS | ADJ_MAXERROR;
		tx.status = STA_PLL;
		tx.maxerror = 1000;
	} else if (strcmp(argv[1], "freq") == 0) {
		tx.modes = ADJ_FREQUENCY;
		tx.freq = value * 65536 / 1000;
	} else if (strcmp(argv[1], "tick") == 0) {
		tx.modes = ADJ_TICK;
		tx.tick = value;
	} else if (strcmp(argv[1], "slew") == 0) {
		tx.modes = ADJ_OFFSET_SINGLESHOT;
		tx.offset = value;
	} else if (strcmp(argv[1], "leap") == 0) {
		tx.modes = ADJ_STATUS;
		tx.status = STA_INS;
	} else if (strcmp(argv[1], "step") == 0) {
		tx.modes = ADJ_SETOFFSET;
		tx.time.tv_sec = value / 1000 - (value % 1000 < 0);
		tx.time.tv_usec = (value % 1000 + (value % 1000 < 0 ? 1000 : 0)) * 1000;
	} else {
		return 2;
	}
	if (adjtimex(&tx) < 0) {
		perror("adjtimex");
		return 1;
	}
	return 0;
}
