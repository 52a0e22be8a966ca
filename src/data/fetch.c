/* SPDX-License-Identifier: MIT */
/* Brings the files of a named dataset into the cache. Whatever a source says or sends, only content with the
   known size and MD5 is put in place, and it appears there whole. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "data/dataset.h"
#include "data/gunzip.h"
#include "data/registry.h"
#include "data/source.h"

/* gzip of bytes that cannot be compressed is this much larger at most. */
enum { GZIP_OVERHEAD = 1 << 16 };

struct fetch {
    const struct dime_registry_entry *entry;
    char *folder;
    char *scratch; /* packages are unpacked here; removed afterwards */
    const struct dime_fetch_progress *progress;
    int done[DIME_REGISTRY_FILES];
    char reasons[640]; /* why sources failed: "SOURCE: reason; SOURCE: reason" */
};

static int out_of_memory(const struct fetch *f) {
    return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", f->entry->name);
}

static void show(const struct fetch *f, const char *what) {
    if (f->progress && f->progress->step) f->progress->step(f->progress->context, what, 0, 0);
}

static int complete(const struct fetch *f) {
    for (size_t i = 0; i < DIME_REGISTRY_FILES; i++)
        if (!f->done[i]) return 0;
    return 1;
}

/* malloc'ed FOLDER/NAME followed by a suffix; NULL when out of memory. */
static char *join(const char *folder, const char *name, const char *suffix) {
    char *path;
    return asprintf(&path, "%s/%s%s", folder, name, suffix) < 0 ? NULL : path;
}

/* ---- content ---- */

static size_t read_limit(const struct dime_registry_file *file) {
    return (size_t)file->bytes + GZIP_OVERHEAD;
}

/* Unpacks *bytes if they are gzip, then compares with the known size and checksum. */
static int unpack_and_verify(const struct dime_registry_file *file, const char *path, uint8_t **bytes,
                             size_t *size) {
    if (dime_is_gzip(*bytes, *size)) {
        uint8_t *content;
        size_t content_size;
        int code = dime_gunzip(path, *bytes, *size, file->bytes, &content, &content_size);
        if (code) return code;
        free(*bytes);
        *bytes = content;
        *size = content_size;
    }
    return dime_registry_verify(file, path, *bytes, *size);
}

static void remove_part(const struct fetch *f, const struct dime_registry_file *file) {
    char *part = join(f->folder, file->name, ".gz.part");
    if (part) unlink(part);
    free(part);
}

/* Puts the content of `path`, plain or gzip, in place if it is the known file. `name` is used in messages. */
static int install(const struct fetch *f, const struct dime_registry_file *file, const char *path,
                   const char *name) {
    uint8_t *bytes;
    size_t size;
    if (dime_file_read(path, read_limit(file), &bytes, &size)) return DIME_SOURCE_FAILED;
    char *target = dime_path_join(f->folder, file->name);
    int code;
    if (!target)
        code = out_of_memory(f);
    else if (unpack_and_verify(file, name, &bytes, &size))
        code = DIME_SOURCE_FAILED;
    else
        code = dime_file_write(target, bytes, size);
    if (!code) remove_part(f, file);
    free(target);
    free(bytes);
    return code;
}

/* Whether the file in the cache is the known one. */
static int is_cached(const struct fetch *f, const struct dime_registry_file *file) {
    char *path = dime_path_join(f->folder, file->name);
    int good = path && !dime_registry_verify_file(file, path);
    free(path);
    return good;
}

static void verify_cache(struct fetch *f) {
    show(f, "verifying");
    for (size_t i = 0; i < DIME_REGISTRY_FILES; i++)
        if (!f->done[i]) f->done[i] = is_cached(f, &f->entry->files[i]);
}

/* ---- sources ---- */

static int from_folder(const struct fetch *f, const char *folder, const struct dime_registry_file *file) {
    char *plain = join(folder, file->name, ""), *packed = join(folder, file->name, ".gz");
    int code;
    if (!plain || !packed)
        code = out_of_memory(f);
    else if (access(plain, F_OK) == 0)
        code = install(f, file, plain, plain);
    else if (access(packed, F_OK) == 0)
        code = install(f, file, packed, packed);
    else
        code = dime_source_fail("%s: %s", packed, strerror(errno));
    free(plain);
    free(packed);
    return code;
}

/* A part may belong to another mirror's edition of the file: when an old beginning does not fit, it is
   downloaded once more from the start. */
static int download_and_install(const struct fetch *f, const struct dime_registry_file *file, const char *url,
                                const char *part) {
    int code = access(part, F_OK) == 0 ? install(f, file, part, file->name) : DIME_SOURCE_FAILED;
    while (code == DIME_SOURCE_FAILED) {
        int resumed;
        code = dime_source_download(url, part, read_limit(file), f->progress, &resumed);
        if (code) return code;
        code = install(f, file, part, file->name);
        if (code != DIME_SOURCE_FAILED) return code;
        unlink(part);
        if (!resumed) return dime_source_fail("%s: not the known file: %s", url, dime_error_message());
    }
    return code;
}

static int from_http(const struct fetch *f, const char *base, const struct dime_registry_file *file) {
    char *url = join(base, file->name, ".gz"), *part = join(f->folder, file->name, ".gz.part");
    int code = url && part ? download_and_install(f, file, url, part) : out_of_memory(f);
    free(url);
    free(part);
    return code;
}

/* All files that are still missing, until one cannot be had. */
static int take_missing(struct fetch *f, const char *place,
                        int (*take)(const struct fetch *, const char *, const struct dime_registry_file *)) {
    for (size_t i = 0; i < DIME_REGISTRY_FILES; i++) {
        if (f->done[i]) continue;
        int code = take(f, place, &f->entry->files[i]);
        if (code) return code;
        f->done[i] = 1;
    }
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *position) {
    (void)status;
    (void)kind;
    (void)position;
    return remove(path);
}

static void remove_scratch(const struct fetch *f) {
    nftw(f->scratch, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static int take_package(struct fetch *f, const struct dime_registry_source *source) {
    char *folder = NULL;
    int npm = source->kind == DIME_SOURCE_NPM;
    int code = dime_make_folders(f->scratch);
    if (code) return code;
    show(f, npm ? "npm pack" : "apt-get download");
    code = npm ? dime_source_npm(source->place, f->scratch, &folder)
               : dime_source_debian(source->place, source->inside, f->scratch, &folder);
    if (!code) code = take_missing(f, folder, from_folder);
    free(folder);
    remove_scratch(f);
    return code;
}

static int take_source(struct fetch *f, const struct dime_registry_source *source) {
    switch (source->kind) {
    case DIME_SOURCE_FOLDER:
        return take_missing(f, source->place, from_folder);
    case DIME_SOURCE_HTTP:
        return take_missing(f, source->place, from_http);
    case DIME_SOURCE_NPM:
    case DIME_SOURCE_DEBIAN:
        return take_package(f, source);
    }
    return dime_source_fail("unknown kind of source");
}

static void note_reason(struct fetch *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void note_reason(struct fetch *f, const char *format, ...) {
    size_t used = strlen(f->reasons);
    va_list arguments;
    va_start(arguments, format);
    if (used) used += (size_t)snprintf(f->reasons + used, sizeof f->reasons - used, "; ");
    if (used < sizeof f->reasons) vsnprintf(f->reasons + used, sizeof f->reasons - used, format, arguments);
    va_end(arguments);
}

/* Tries one source: 0 also when it failed, which is noted; an error only when going on makes no sense. */
static int try_source(struct fetch *f, const struct dime_registry_source *source) {
    if (complete(f)) return 0;
    int code = take_source(f, source);
    if (code != DIME_SOURCE_FAILED) return code;
    int package = source->kind == DIME_SOURCE_NPM || source->kind == DIME_SOURCE_DEBIAN;
    note_reason(f, "%s%s%.240s", package ? source->place : "", package ? ": " : "", dime_error_message());
    return 0;
}

/* ---- the order of sources ---- */

/* The user's own copy may lie packed in the cache folder already. Saying nothing when it does not is right.
 */
static int try_own_folder(struct fetch *f) {
    for (size_t i = 0; i < DIME_REGISTRY_FILES; i++) {
        const struct dime_registry_file *file = &f->entry->files[i];
        char *packed = join(f->folder, file->name, ".gz");
        if (!packed) return out_of_memory(f);
        int there = !f->done[i] && access(packed, F_OK) == 0;
        int code = there ? install(f, file, packed, packed) : DIME_SOURCE_FAILED;
        free(packed);
        if (code < 0) return code;
        if (there && code) note_reason(f, "%.240s", dime_error_message());
        if (!code) f->done[i] = 1;
    }
    return 0;
}

/* $DIME_MIRROR: a URL or a folder, with a sub-folder for each dataset (a folder may also hold the files
 * itself). */
static int try_mirror(struct fetch *f) {
    const char *mirror = getenv("DIME_MIRROR");
    if (!mirror || !*mirror) return 0;
    int http = !strncmp(mirror, "http://", 7) || !strncmp(mirror, "https://", 8);
    if (!strncmp(mirror, "file://", 7)) mirror += 7;
    char *place = dime_path_join(mirror, f->entry->name);
    if (!place) return out_of_memory(f);
    struct dime_registry_source source = {.kind = http ? DIME_SOURCE_HTTP : DIME_SOURCE_FOLDER,
                                          .place = place};
    if (!http && !dime_is_folder(place)) source.place = mirror;
    int code = try_source(f, &source);
    free(place);
    return code;
}

static int is_public(const struct dime_registry_source *source) {
    return source->kind != DIME_SOURCE_FOLDER;
}

static int try_known_sources(struct fetch *f) {
    const char *offline = getenv("DIME_OFFLINE");
    int alone = offline && *offline && strcmp(offline, "0") != 0;
    int code = 0;
    for (uint32_t i = 0; i < f->entry->source_count && !code; i++) {
        const struct dime_registry_source *source = &f->entry->sources[i];
        if (!alone || !is_public(source)) code = try_source(f, source);
    }
    if (!code && alone && !complete(f)) note_reason(f, "DIME_OFFLINE is set, so no public source was asked");
    return code;
}

static int give_up(const struct fetch *f) {
    return dime_error_set(
        DIME_ERROR_IO,
        "%s: cannot be fetched; put %s, %s, %s and %s, as they are or as .gz, into %.256s and fetch "
        "again, or set DIME_MIRROR to a URL or folder that has them. Tried: %s",
        f->entry->name, f->entry->files[0].name, f->entry->files[1].name, f->entry->files[2].name,
        f->entry->files[3].name, f->folder, f->reasons);
}

static int try_all(struct fetch *f) {
    int code = try_own_folder(f);
    if (!code) code = try_mirror(f);
    if (!code) code = try_known_sources(f);
    if (!code && !complete(f)) code = give_up(f);
    return code;
}

/* ---- one fetch at a time ---- */

/* What a killed fetch may have left half-written. */
static void remove_leftovers(const struct fetch *f) {
    remove_scratch(f);
    DIR *stream = opendir(f->folder);
    for (struct dirent *entry; stream && (entry = readdir(stream));)
        if (fnmatch("*-ubyte.*.tmp", entry->d_name, 0) == 0) unlinkat(dirfd(stream), entry->d_name, 0);
    if (stream) closedir(stream);
}

/* Waits until no other process fetches into this folder. Where the file system knows no locks we go on
   without: a mix-up of two parts fails its checksum. */
static int lock_folder(const struct fetch *f, int *lock) {
    char *path = dime_path_join(f->folder, ".lock");
    if (!path) return out_of_memory(f);
    *lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    int reason = errno;
    if (*lock >= 0 && flock(*lock, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
        show(f, "waiting for another fetch");
        while (flock(*lock, LOCK_EX) && errno == EINTR) continue;
    }
    int code = *lock < 0 ? dime_error_set(DIME_ERROR_IO, "%s: cannot write: %s", path, strerror(reason)) : 0;
    free(path);
    return code;
}

static int fetch_missing(struct fetch *f) {
    int lock = -1;
    int code = dime_make_folders(f->folder);
    if (!code) code = lock_folder(f, &lock);
    if (code) return code;
    verify_cache(f); /* again: another fetch may have finished meanwhile */
    remove_leftovers(f);
    if (!complete(f)) code = try_all(f);
    close(lock);
    return code;
}

int dime_dataset_fetch(const char *name, const char *folder, const struct dime_fetch_progress *progress) {
    struct fetch f = {.entry = dime_registry_find(name), .progress = progress};
    if (!f.entry) return dime_registry_unknown(name);
    int code = dime_registry_folder(f.entry, folder, &f.folder);
    if (code) return code;
    f.scratch = dime_path_join(f.folder, ".unpacking");
    if (!f.scratch) code = out_of_memory(&f);
    if (!code) verify_cache(&f);
    if (!code && !complete(&f)) code = fetch_missing(&f);
    free(f.scratch);
    free(f.folder);
    return code;
}
