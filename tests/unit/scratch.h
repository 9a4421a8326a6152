/* SPDX-License-Identifier: MIT
 *
 * A folder of a test's own, which is gone when the test is over.
 */
#ifndef TESTS_UNIT_SCRATCH_H
#define TESTS_UNIT_SCRATCH_H

/* Makes a folder below /tmp that anyone may enter, and makes it the working directory.  Returns its path
 * (valid until scratch_leave()), or NULL. */
const char *scratch_enter(void);

/* Removes the folder with all that is in it, and goes back.  Returns 0 or -1. */
int scratch_leave(void);

#endif
