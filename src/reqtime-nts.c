/* SPDX-License-Identifier: MIT
 *
 * The program that speaks TLS for `reqtime`.
 */
#include "cmd/nts/program.h"

int main(int argc, char **argv)
{
	return nts_program(argc, argv);
}
