/* SPDX-License-Identifier: MIT
 *
 * The program reqtime-nts, which speaks TLS for `reqtime`.
 */
#ifndef CMD_NTS_PROGRAM_H
#define CMD_NTS_PROGRAM_H

/* All of main(): returns the exit status. */
int nts_program(int argc, char **argv);

#endif
