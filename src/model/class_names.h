/* SPDX-License-Identifier: MIT */
/* What the classes of a model are called: lists of `count` strings, each 1..DIME_CLASS_NAME_BYTES bytes of
   UTF-8 without control characters. NULL is a list that is not known: its classes are called by their
   numbers, and so a list of just these, "0", "1", ..., is never kept. */
#ifndef DIME_MODEL_CLASS_NAMES_H
#define DIME_MODEL_CLASS_NAMES_H

#include <stdint.h>

#define DIME_CLASS_NAME_BYTES 63

/* MALFORMED, named `where`, for a name that breaks the rule. */
int dime_class_names_check(const char *where, char *const *names, uint32_t count);
/* Whether each class is called by its number. */
int dime_class_names_are_numbers(char *const *names, uint32_t count);

/* Checked copies; *copy is NULL for numbers and NULL. Errors: MALFORMED, MEMORY. */
int dime_class_names_copy(const char *where, char *const *names, uint32_t count, char ***copy);
void dime_class_names_free(char **names, uint32_t count);

/* A JSON array of strings from an untrusted file; its length must be `count`. Errors: MALFORMED, MEMORY. */
int dime_class_names_parse(const char *where, const char *json, uint32_t count, char ***names);
/* The reverse, malloc'ed; NULL when out of memory. */
char *dime_class_names_format(char *const *names, uint32_t count);

#endif
