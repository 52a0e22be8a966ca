/* SPDX-License-Identifier: MIT */
/* Programs of others: the cross compiler and its tools, and what writes flash. */
#ifndef DIME_FIRMWARE_TOOL_H
#define DIME_FIRMWARE_TOOL_H

/* malloc'ed path of a program that $PATH has, or NULL. A name with a slash is a path itself. */
char *dime_tool_find(const char *name);

/* Runs a program, arguments[0], found as above, to its end in a folder (NULL: the present one) with nothing
   to read, and gives what it printed on stdout and stderr together, malloc'ed, at most 64 MB, zero bytes
   replaced. Returns its exit status (128 + N when signal N ended it) or a negative dime_error: IO, MEMORY.
   *output is to be freed in either case. */
int dime_tool_run(const char *folder, const char *const *arguments, char **output);

#endif
