/* SPDX-License-Identifier: MIT */
#include "data/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/file.h"
#include "data/part.h"
#include "data/picture.h"
#include "data/resize.h"

enum { PART_MAX_BYTES = 1 << 30, LONGEST_NUMBER = 9 };

/* ---- names in a folder ---- */

struct names {
    char **name;
    size_t count, capacity;
};

static void names_free(struct names *names) {
    for (size_t i = 0; i < names->count; i++) free(names->name[i]);
    free(names->name);
    memset(names, 0, sizeof *names);
}

static int names_add(struct names *names, const char *name) {
    if (names->count == names->capacity) {
        size_t capacity = names->capacity ? 2 * names->capacity : 64;
        char **larger = realloc(names->name, capacity * sizeof *larger);
        if (!larger) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", name);
        names->name = larger;
        names->capacity = capacity;
    }
    names->name[names->count] = strdup(name);
    if (!names->name[names->count]) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", name);
    names->count++;
    return 0;
}

static int is_number(const char *name) {
    size_t digits = strspn(name, "0123456789");
    return digits && digits <= LONGEST_NUMBER && !name[digits];
}

static int compare_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int compare_numbers(const void *a, const void *b) {
    long x = strtol(*(char *const *)a, NULL, 10), y = strtol(*(char *const *)b, NULL, 10);
    return x != y ? (x > y) - (x < y) : compare_text(a, b);
}

static void names_sort(struct names *names) {
    size_t numbers = 0;
    for (size_t i = 0; i < names->count; i++) numbers += (size_t)is_number(names->name[i]);
    int numeric = numbers == names->count;
    if (names->count)
        qsort(names->name, names->count, sizeof *names->name, numeric ? compare_numbers : compare_text);
}

/* What file managers leave behind is no data. */
static int is_litter(const char *name) {
    return name[0] == '.' || !strcasecmp(name, "Thumbs.db") || !strcasecmp(name, "desktop.ini");
}

/* Adds one entry if it is of the kind asked for: a folder or not a folder. */
static int consider(const char *path, const char *name, int folders, struct names *names) {
    if (is_litter(name)) return 0;
    char *full = dime_path_join(path, name);
    if (!full) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", path);
    int wanted = dime_is_folder(full) == folders;
    free(full);
    return wanted ? names_add(names, name) : 0;
}

/* The names of all sub-folders (folders = 1) or files (0), in an order that is the same on every machine. */
static int list_folder(const char *path, int folders, struct names *names) {
    memset(names, 0, sizeof *names);
    DIR *stream = opendir(path);
    if (!stream)
        return dime_error_set(DIME_ERROR_IO, "%s: cannot open this folder: %s", path, strerror(errno));
    int code = 0;
    for (struct dirent *entry; !code && (entry = readdir(stream));)
        code = consider(path, entry->d_name, folders, names);
    closedir(stream);
    if (code)
        names_free(names);
    else
        names_sort(names);
    return code;
}

/* ---- pictures of one part ---- */

struct gathering {
    struct dime_dataset *part;
    uint32_t capacity;
};

static int make_room(struct gathering *g, const char *path) {
    struct dime_dataset *part = g->part;
    size_t bytes = (size_t)part->height * part->width;
    if (part->count < g->capacity) return 0;
    uint32_t capacity = g->capacity ? 2 * g->capacity : 256;
    if (capacity > PART_MAX_BYTES / bytes) capacity = (uint32_t)(PART_MAX_BYTES / bytes);
    if (capacity == g->capacity)
        return dime_error_set(DIME_ERROR_UNSUPPORTED,
                              "%s: more than %u pictures of %ux%u, the most that is read", path, capacity,
                              part->width, part->height);
    uint8_t *pixels = realloc(part->pixels, capacity * bytes);
    if (pixels) part->pixels = pixels;
    uint8_t *labels = realloc(part->labels, capacity);
    if (labels) part->labels = labels;
    if (!pixels || !labels) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", path);
    g->capacity = capacity;
    return 0;
}

/* The first picture sets the size of all, reduced to what a dataset may have. */
static void choose_size(struct dime_dataset *part, const struct dime_picture *picture) {
    uint32_t longest = picture->height > picture->width ? picture->height : picture->width;
    uint32_t limit = longest > DIME_MAX_SIDE ? DIME_MAX_SIDE : longest;
    part->height = (picture->height * limit + longest / 2) / longest;
    part->width = (picture->width * limit + longest / 2) / longest;
    if (!part->height) part->height = 1;
    if (!part->width) part->width = 1;
}

static int add_picture(struct gathering *g, const char *path, uint8_t label) {
    struct dime_dataset *part = g->part;
    struct dime_picture picture;
    int code = dime_picture_read(path, &picture);
    if (code) return code;
    if (!part->height) choose_size(part, &picture);
    code = make_room(g, path);
    if (!code) {
        uint8_t *target = part->pixels + (size_t)part->count * part->height * part->width;
        code = dime_resize(picture.pixels, picture.height, picture.width, target, part->height, part->width);
    }
    if (!code) part->labels[part->count++] = label;
    dime_picture_free(&picture);
    return code;
}

static int check_extension(const char *folder, const char *name) {
    static const char *const known[] = {".png", ".pgm", ".ppm", ".pnm"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof known / sizeof *known; i++)
        if (!strcasecmp(dot, known[i])) return 0;
    return dime_error_set(DIME_ERROR_UNSUPPORTED,
                          "%s/%s: not named as a PNG, PGM or PPM picture; convert it or move it elsewhere",
                          folder, name);
}

static int add_class_file(struct gathering *g, const char *folder, const char *name, uint8_t label) {
    int code = check_extension(folder, name);
    if (code) return code;
    char *path = dime_path_join(folder, name);
    if (!path) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", folder);
    code = add_picture(g, path, label);
    free(path);
    return code;
}

static int add_class(struct gathering *g, const char *folder, uint8_t label) {
    struct names files;
    int code = list_folder(folder, 0, &files);
    for (size_t i = 0; i < files.count && !code; i++) code = add_class_file(g, folder, files.name[i], label);
    if (!code && !files.count)
        code = dime_error_set(DIME_ERROR_MALFORMED, "%s: no pictures in this folder", folder);
    names_free(&files);
    return code;
}

static int find_class(const char *path, const struct names *classes, const char *name, uint8_t *label) {
    for (size_t i = 0; i < classes->count; i++) {
        *label = (uint8_t)i;
        if (!strcmp(classes->name[i], name)) return 0;
    }
    return dime_error_set(DIME_ERROR_MALFORMED, "%s/%s: the training part has no class of this name", path,
                          name);
}

/* Reads the sub-folders named `folders`, each as the class of its name. */
static int read_part(const char *path, const struct names *folders, const struct names *classes,
                     struct dime_dataset *part) {
    struct gathering g = {.part = part};
    for (size_t i = 0; i < folders->count; i++) {
        uint8_t label = 0;
        int code = find_class(path, classes, folders->name[i], &label);
        if (code) return code;
        char *folder = dime_path_join(path, folders->name[i]);
        if (!folder) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", path);
        code = add_class(&g, folder, label);
        free(folder);
        if (code) return code;
    }
    return 0;
}

/* ---- both parts ---- */

static int read_train(const char *path, struct names *classes, struct dime_dataset *part) {
    int code = list_folder(path, 1, classes);
    if (code) return code;
    if (classes->count < 2 || classes->count > DIME_MAX_CLASSES)
        return dime_error_set(
            DIME_ERROR_MALFORMED,
            "%s: %zu sub-folders, expected one for each class, 2..%d, with PNG or PGM pictures", path,
            classes->count, DIME_MAX_CLASSES);
    part->classes = (uint32_t)classes->count;
    return read_part(path, classes, classes, part);
}

static int read_test(const char *path, const struct names *classes, const struct dime_dataset *train,
                     struct dime_dataset *part) {
    struct names folders;
    int code = list_folder(path, 1, &folders);
    if (code) return code;
    part->height = train->height;
    part->width = train->width;
    part->classes = train->classes;
    code = read_part(path, &folders, classes, part);
    if (!code && !part->count)
        code = dime_error_set(DIME_ERROR_MALFORMED, "%s: no sub-folders with pictures", path);
    names_free(&folders);
    return code;
}

static int read_both(const char *path, const char *train, const char *test, struct dime_dataset_pair *pair) {
    struct names classes = {0};
    int divided = dime_is_folder(train);
    int code = read_train(divided ? train : path, &classes, &pair->train);
    if (!code && divided && dime_is_folder(test)) code = read_test(test, &classes, &pair->train, &pair->test);
    if (code) {
        names_free(&classes);
        return code;
    }
    pair->class_names = classes.name; /* exactly train.classes strings */
    return 0;
}

int dime_folder_read(const char *path, struct dime_dataset_pair *pair) {
    char *train = dime_path_join(path, "train"), *test = dime_path_join(path, "test");
    int code = train && test ? read_both(path, train, test, pair)
                             : dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", path);
    free(train);
    free(test);
    return code;
}
