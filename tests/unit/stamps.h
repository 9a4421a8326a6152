/* SPDX-License-Identifier: MIT
 *
 * Turns the kernel's receive timestamps on for a whole test program.
 */
#ifndef TESTS_UNIT_STAMPS_H
#define TESTS_UNIT_STAMPS_H

/* Group setup of a test that wants the kernel's arrival stamps: 0.
 *
 * The kernel begins to stamp arrivals some time after a first socket asks for stamps, and
 * ends some time after the last one closes; on a busy machine that is longer than a test
 * takes.  This asks, waits until the stamps come, and goes on asking until the process
 * ends.  Where they do not come within two seconds it goes on without: the tests tell. */
int stamps_wait(void **state);

#endif
