/* SPDX-License-Identifier: MIT */
/* The few functions of the C library that the live page's code calls, for WebAssembly without one. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory: a list of free blocks, the first that is large enough is taken ---- */

#define PAGE 65536u
#define ALIGNMENT 16u

struct block {
    size_t size; /* of what follows, a multiple of ALIGNMENT */
    struct block *next;
    size_t unused[2];
};
_Static_assert(sizeof(struct block) == ALIGNMENT, "blocks keep what follows them aligned");

extern unsigned char __heap_base; /* the linker's: the end of data and stack */
static struct block *free_blocks;
static uintptr_t heap_end;

static struct block *grow(size_t size) {
    if (!heap_end) heap_end = ((uintptr_t)&__heap_base + ALIGNMENT - 1) & ~(uintptr_t)(ALIGNMENT - 1);
    uintptr_t end = heap_end + sizeof(struct block) + size;
    uintptr_t have = (uintptr_t)__builtin_wasm_memory_size(0) * PAGE;
    if (end > have && __builtin_wasm_memory_grow(0, (end - have + PAGE - 1) / PAGE) == SIZE_MAX) return NULL;
    struct block *block = (struct block *)heap_end;
    block->size = size;
    heap_end = end;
    return block;
}

static void split(struct block *block, size_t size) {
    if (block->size - size < 4 * ALIGNMENT) return;
    struct block *rest = (struct block *)((uintptr_t)(block + 1) + size);
    rest->size = block->size - size - sizeof *rest;
    rest->next = free_blocks;
    free_blocks = rest;
    block->size = size;
}

void *malloc(size_t size) {
    if (size > (size_t)1 << 30) return NULL;
    size = (size + ALIGNMENT) & ~(size_t)(ALIGNMENT - 1); /* also 0 gets a block of its own */
    for (struct block **place = &free_blocks; *place; place = &(*place)->next) {
        struct block *block = *place;
        if (block->size < size) continue;
        *place = block->next;
        split(block, size);
        return block + 1;
    }
    struct block *block = grow(size);
    return block ? block + 1 : NULL;
}

void free(void *pointer) {
    if (!pointer) return;
    struct block *block = (struct block *)pointer - 1;
    block->next = free_blocks;
    free_blocks = block;
}

void *calloc(size_t count, size_t size) {
    if (size && count > SIZE_MAX / size) return NULL;
    void *block = malloc(count * size);
    return block ? memset(block, 0, count * size) : NULL;
}

void *realloc(void *pointer, size_t size) {
    void *larger = malloc(size);
    if (!larger || !pointer) return larger;
    size_t old = ((struct block *)pointer - 1)->size;
    memcpy(larger, pointer, old < size ? old : size);
    free(pointer);
    return larger;
}

/* ---- bytes and strings ---- */

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
    unsigned char *target = to;
    const unsigned char *source = from;
    while (size--) *target++ = *source++;
    return to;
}

void *memmove(void *to, const void *from, size_t size) {
    unsigned char *target = to;
    const unsigned char *source = from;
    if ((uintptr_t)to < (uintptr_t)from) return memcpy(to, from, size);
    while (size--) target[size] = source[size];
    return to;
}

void *memset(void *to, int byte, size_t size) {
    unsigned char *target = to;
    while (size--) *target++ = (unsigned char)byte;
    return to;
}

int memcmp(const void *left, const void *right, size_t size) {
    const unsigned char *a = left, *b = right;
    for (; size--; a++, b++)
        if (*a != *b) return *a - *b;
    return 0;
}

size_t strlen(const char *string) {
    size_t length = 0;
    while (string[length]) length++;
    return length;
}

int strncmp(const char *left, const char *right, size_t size) {
    for (; size--; left++, right++) {
        if (*left != *right) return (unsigned char)*left - (unsigned char)*right;
        if (!*left) break;
    }
    return 0;
}

int strcmp(const char *left, const char *right) {
    return strncmp(left, right, SIZE_MAX);
}

/* ---- sorting: Shell's, with the gaps of Ciura ---- */

static void swap(unsigned char *left, unsigned char *right, size_t size) {
    while (size--) {
        unsigned char byte = *left;
        *left++ = *right;
        *right++ = byte;
    }
}

void qsort(void *entries, size_t count, size_t size, int (*compare)(const void *, const void *)) {
    static const size_t gaps[] = {1750, 701, 301, 132, 57, 23, 10, 4, 1};
    unsigned char *base = entries;
    for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++)
        for (size_t i = gaps[g]; i < count; i++)
            for (size_t k = i; k >= gaps[g]; k -= gaps[g]) {
                unsigned char *right = base + k * size, *left = right - gaps[g] * size;
                if (compare(left, right) <= 0) break;
                swap(left, right, size);
            }
}

/* ---- formatting: %s %c %d %i %u %x %%, with width, 0, - and precision of strings, and l, ll, z ---- */

struct output {
    char *text;
    size_t size, used; /* used counts what does not fit, too */
};

struct conversion {
    int zeros, left, width, precision, length;
};

static void put(struct output *output, char letter) {
    if (output->used + 1 < output->size) output->text[output->used] = letter;
    output->used++;
}

static void put_padded(struct output *output, const struct conversion *conversion, const char *text,
                       size_t length) {
    size_t width = (size_t)conversion->width;
    if (!conversion->left)
        for (size_t i = length; i < width; i++) put(output, conversion->zeros ? '0' : ' ');
    for (size_t i = 0; i < length; i++) put(output, text[i]);
    if (conversion->left)
        for (size_t i = length; i < width; i++) put(output, ' ');
}

static void put_number(struct output *output, struct conversion conversion, uint64_t value, unsigned base,
                       int negative) {
    char digits[24];
    size_t at = sizeof digits;
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    if (negative && conversion.zeros) {
        put(output, '-');
        conversion.width--;
    } else if (negative) {
        digits[--at] = '-';
    }
    put_padded(output, &conversion, digits + at, sizeof digits - at);
}

static const char *parse_conversion(const char *format, struct conversion *conversion, va_list *arguments) {
    *conversion = (struct conversion){.precision = -1};
    for (; *format == '0' || *format == '-'; format++)
        *(*format == '0' ? &conversion->zeros : &conversion->left) = 1;
    for (; *format >= '0' && *format <= '9'; format++)
        conversion->width = 10 * conversion->width + *format - '0';
    if (*format == '.') {
        conversion->precision = 0;
        if (*++format == '*') {
            conversion->precision = va_arg(*arguments, int);
            format++;
        }
        for (; *format >= '0' && *format <= '9'; format++)
            conversion->precision = 10 * conversion->precision + *format - '0';
    }
    for (; *format == 'l' || *format == 'z' || *format == 'h'; format++) conversion->length += *format == 'l';
    return format;
}

static void put_string(struct output *output, const struct conversion *conversion, const char *string) {
    size_t length = 0;
    while (string[length] && (conversion->precision < 0 || length < (size_t)conversion->precision)) length++;
    put_padded(output, conversion, string, length);
}

static void convert(struct output *output, char letter, const struct conversion *conversion,
                    va_list *arguments) {
    if (letter == 's') {
        put_string(output, conversion, va_arg(*arguments, const char *));
    } else if (letter == 'c') {
        put(output, (char)va_arg(*arguments, int));
    } else if (letter == 'd' || letter == 'i') {
        int64_t value = conversion->length > 1 ? va_arg(*arguments, long long) : va_arg(*arguments, int);
        put_number(output, *conversion, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, value < 0);
    } else if (letter == 'u' || letter == 'x') {
        uint64_t value =
            conversion->length > 1 ? va_arg(*arguments, unsigned long long) : va_arg(*arguments, unsigned);
        put_number(output, *conversion, value, letter == 'x' ? 16 : 10, 0);
    } else {
        put(output, letter);
    }
}

int vsnprintf(char *text, size_t size, const char *format, va_list given) {
    struct output output = {text, size, 0};
    va_list arguments;
    va_copy(arguments, given);
    for (; *format; format++) {
        if (*format != '%') {
            put(&output, *format);
            continue;
        }
        struct conversion conversion;
        format = parse_conversion(format + 1, &conversion, &arguments);
        if (!*format) break;
        convert(&output, *format, &conversion, &arguments);
    }
    va_end(arguments);
    if (size) text[output.used < size ? output.used : size - 1] = 0;
    return (int)output.used;
}

int snprintf(char *text, size_t size, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, size, format, arguments);
    va_end(arguments);
    return length;
}
