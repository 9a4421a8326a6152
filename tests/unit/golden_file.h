/* SPDX-License-Identifier: MIT
 *
 * Golden files, tests/data/golden: output that was read by eye.
 */
#ifndef TESTS_UNIT_GOLDEN_FILE_H
#define TESTS_UNIT_GOLDEN_FILE_H

/* Fails the test unless NAME.txt is exactly this; with $GOLDEN_WRITE it is written first. */
void golden_file_is(const char *name, const char *output);

#endif
