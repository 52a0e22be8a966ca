/* SPDX-License-Identifier: MIT */
#include "data/dataset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "data/csv.h"
#include "data/folder.h"
#include "data/idx.h"
#include "data/part.h"
#include "data/registry.h"

static const char *const idx_names[] = {
    [DIME_TRAIN_PICTURES] = "train-images-idx3-ubyte",
    [DIME_TRAIN_LABELS] = "train-labels-idx1-ubyte",
    [DIME_TEST_PICTURES] = "t10k-images-idx3-ubyte",
    [DIME_TEST_LABELS] = "t10k-labels-idx1-ubyte",
};

static int exists(const char *path) {
    return access(path, F_OK) == 0;
}

/* `folder`/`name` or, where only that exists, `folder`/`name`.gz; malloc'ed, NULL when out of memory. */
static char *find_idx(const char *folder, const char *name) {
    char *plain = dime_path_join(folder, name), *packed = NULL;
    if (!plain || exists(plain)) return plain;
    if (asprintf(&packed, "%s.gz", plain) < 0) packed = NULL;
    if (packed && exists(packed)) {
        free(plain);
        return packed;
    }
    free(packed);
    return plain;
}

static int has_idx(const char *folder, const char *name) {
    char *path = find_idx(folder, name);
    int found = path && exists(path);
    free(path);
    return found;
}

static int read_idx_part(const char *folder, const char *pictures, const char *labels,
                         struct dime_dataset *part) {
    char *picture_path = find_idx(folder, pictures), *label_path = find_idx(folder, labels);
    int code = picture_path && label_path ? dime_idx_read_pair(picture_path, label_path, part)
                                          : dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", folder);
    free(picture_path);
    free(label_path);
    return code;
}

/* ---- own data ---- */

static int open_idx_folder(const char *folder, struct dime_dataset_pair *pair) {
    int code =
        read_idx_part(folder, idx_names[DIME_TRAIN_PICTURES], idx_names[DIME_TRAIN_LABELS], &pair->train);
    int tested =
        has_idx(folder, idx_names[DIME_TEST_PICTURES]) || has_idx(folder, idx_names[DIME_TEST_LABELS]);
    if (!code && tested)
        code = read_idx_part(folder, idx_names[DIME_TEST_PICTURES], idx_names[DIME_TEST_LABELS], &pair->test);
    return code;
}

static int open_csv_folder(const char *train, const char *test, struct dime_dataset_pair *pair) {
    int code = dime_csv_read(train, &pair->train);
    if (!code && exists(test)) code = dime_csv_read(test, &pair->test);
    return code;
}

static int open_folder(const char *path, struct dime_dataset_pair *pair) {
    if (has_idx(path, idx_names[DIME_TRAIN_PICTURES])) return open_idx_folder(path, pair);
    char *train = dime_path_join(path, "train.csv"), *test = dime_path_join(path, "test.csv");
    int code;
    if (!train || !test)
        code = dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", path);
    else
        code = exists(train) ? open_csv_folder(train, test, pair) : dime_folder_read(path, pair);
    free(train);
    free(test);
    return code;
}

static int open_file(const char *path, struct dime_dataset_pair *pair) {
    const char *dot = strrchr(path, '.');
    if (dot && !strcasecmp(dot, ".csv")) return dime_csv_read(path, &pair->train);
    return dime_error_set(
        DIME_ERROR_UNSUPPORTED,
        "%s: not a dataset: expected a .csv file, or a folder with IDX files, with train.csv, or with "
        "a sub-folder of pictures for each class",
        path);
}

static int open_path(const char *path, struct dime_dataset_pair *pair) {
    int code = dime_is_folder(path) ? open_folder(path, pair) : open_file(path, pair);
    int numbered = !pair->class_names; /* folders become 0, 1, ... by themselves */
    if (!code && numbered) code = dime_part_check_labels(path, &pair->train);
    if (!code && !pair->test.count) code = dime_pair_split(path, pair);
    return code ? code : dime_pair_check(path, pair, pair->train.classes);
}

/* ---- datasets by name ---- */

/* "run `dime data fetch NAME ...`", as the end of a message. */
static int fetch_first(int error, const char *what, const struct dime_registry_entry *entry,
                       const char *cache) {
    return dime_error_set(error, "%s; run `dime data fetch %s%s%s`", what, entry->name,
                          cache ? " --dir " : "", cache ? cache : "");
}

static int check_cached_file(const struct dime_registry_file *file, const char *folder) {
    char *path = dime_path_join(folder, file->name);
    if (!path) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", folder);
    struct stat status;
    int code = 0;
    if (stat(path, &status))
        code = dime_error_set(DIME_ERROR_IO, "%s: %s", path,
                              errno == ENOENT ? "has not been fetched" : strerror(errno));
    else if (status.st_size != (off_t)file->bytes)
        code = dime_error_set(DIME_ERROR_CHECKSUM, "%s: %lld bytes, expected %u: not the known file", path,
                              (long long)status.st_size, file->bytes);
    free(path);
    return code;
}

static int check_cached(const struct dime_registry_entry *entry, const char *folder) {
    int code = 0;
    for (size_t i = 0; i < DIME_REGISTRY_FILES && !code; i++)
        code = check_cached_file(&entry->files[i], folder);
    return code;
}

static int read_cached(const struct dime_registry_entry *entry, const char *folder,
                       struct dime_dataset_pair *pair) {
    const struct dime_registry_file *files = entry->files;
    int code =
        read_idx_part(folder, files[DIME_TRAIN_PICTURES].name, files[DIME_TRAIN_LABELS].name, &pair->train);
    if (!code)
        code =
            read_idx_part(folder, files[DIME_TEST_PICTURES].name, files[DIME_TEST_LABELS].name, &pair->test);
    if (!code) code = dime_pair_check(folder, pair, 0);
    if (!code && pair->train.classes != entry->classes)
        code = dime_error_set(DIME_ERROR_MALFORMED, "%s: %u classes, expected %u", folder,
                              pair->train.classes, entry->classes);
    /* Of the right size and yet no such dataset: it is not the known content. */
    return code == DIME_ERROR_MALFORMED ? dime_error_set(DIME_ERROR_CHECKSUM, "%s", dime_error_message())
                                        : code;
}

static int name_classes(const struct dime_registry_entry *entry, struct dime_dataset_pair *pair) {
    if (!entry->class_names) return 0;
    pair->class_names = calloc(entry->classes, sizeof *pair->class_names);
    int failed = !pair->class_names;
    for (uint32_t i = 0; i < entry->classes && !failed; i++)
        failed = !(pair->class_names[i] = strdup(entry->class_names[i]));
    return failed ? dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", entry->name) : 0;
}

static int open_named(const struct dime_registry_entry *entry, const char *cache,
                      struct dime_dataset_pair *pair) {
    char *folder;
    int code = dime_registry_folder(entry, cache, &folder);
    if (code) return code;
    code = check_cached(entry, folder);
    if (!code) code = read_cached(entry, folder, pair);
    free(folder);
    if (code == DIME_ERROR_IO || code == DIME_ERROR_CHECKSUM)
        return fetch_first(code, dime_error_message(), entry, cache);
    return code ? code : name_classes(entry, pair);
}

/* ---- both ---- */

/* Adds to the message on a name that neither is known nor leads anywhere the place where it was looked for.
 */
static int looked_for(int code, const char *name) {
    char *here = name[0] && name[0] != '/' ? getcwd(NULL, 0) : NULL;
    while (name[0] == '.' && name[1] == '/') name += 2;
    if (here)
        code = dime_error_set(code, "%s; looked for the folder or file %s/%s too", dime_error_message(), here,
                              name);
    free(here);
    return code;
}

int dime_dataset_open(const char *name, const char *folder, struct dime_dataset_pair *pair) {
    memset(pair, 0, sizeof *pair);
    const struct dime_registry_entry *entry = dime_registry_find(name);
    int code;
    if (entry)
        code = open_named(entry, folder, pair);
    else if (exists(name))
        code = open_path(name, pair);
    else if (strpbrk(name, "/."))
        code = looked_for(dime_error_set(DIME_ERROR_IO, "%s: %s", name, strerror(ENOENT)), name);
    else
        code = looked_for(dime_registry_unknown(name), name);
    if (!code) code = dime_pair_number_classes(pair);
    if (code) dime_dataset_close(pair);
    return code;
}

void dime_dataset_close(struct dime_dataset_pair *pair) {
    for (uint32_t i = 0; pair->class_names && i < pair->train.classes; i++) free(pair->class_names[i]);
    free(pair->class_names);
    dime_part_free(&pair->train);
    dime_part_free(&pair->test);
    memset(pair, 0, sizeof *pair);
}
