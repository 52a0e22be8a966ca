/* SPDX-License-Identifier: MIT */
#include "base/nearest.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

enum { LONGEST = 63 };

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

static int same_letter(char a, char b) {
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

size_t dime_name_distance(const char *a, const char *b) {
    size_t rows = strnlen(a, LONGEST + 1), columns = strnlen(b, LONGEST + 1);
    if (rows > LONGEST || columns > LONGEST) return SIZE_MAX;
    uint8_t table[LONGEST + 1][LONGEST + 1];
    for (size_t j = 0; j <= columns; j++) table[0][j] = (uint8_t)j;
    for (size_t i = 1; i <= rows; i++) {
        table[i][0] = (uint8_t)i;
        for (size_t j = 1; j <= columns; j++) {
            int differ = !same_letter(a[i - 1], b[j - 1]);
            size_t edits = table[i - 1][j - 1] + (size_t)differ;
            edits = least(edits, least(table[i - 1][j], table[i][j - 1]) + 1u);
            int swapped =
                i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) && same_letter(a[i - 2], b[j - 1]);
            if (swapped) edits = least(edits, table[i - 2][j - 2] + 1u);
            table[i][j] = (uint8_t)edits;
        }
    }
    return table[rows][columns];
}

void dime_nearest_start(struct dime_nearest *nearest, const char *word) {
    size_t allowed = strnlen(word, LONGEST + 1) / 3;
    nearest->word = word;
    nearest->name = NULL;
    nearest->distance = (allowed ? allowed : 1) + 1;
}

void dime_nearest_offer(struct dime_nearest *nearest, const char *name) {
    size_t distance = dime_name_distance(nearest->word, name);
    if (distance >= nearest->distance) return;
    nearest->distance = distance;
    nearest->name = name;
}
