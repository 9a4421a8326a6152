/* SPDX-License-Identifier: MIT */
#ifndef IO_SYS_DESCRIPTORS_H
#define IO_SYS_DESCRIPTORS_H

/* Closes every descriptor from `first` on. */
void descriptors_close_from(int first);

#endif
