/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

int dime_file_read(const char *path, size_t limit, uint8_t **bytes, size_t *size) {
    *bytes = NULL;
    *size = 0;
    FILE *stream = fopen(path, "rb");
    if (!stream) return dime_error_set(DIME_ERROR_IO, "%s: cannot open: %s", path, strerror(errno));
    size_t capacity = 1 << 16, used = 0;
    uint8_t *buffer = malloc(capacity + 1);
    while (buffer) {
        used += fread(buffer + used, 1, capacity - used, stream);
        if (used < capacity || used > limit) break;
        capacity *= 2;
        uint8_t *larger = realloc(buffer, capacity + 1);
        if (!larger) free(buffer);
        buffer = larger;
    }
    int failed = ferror(stream), reason = errno;
    fclose(stream);
    if (!buffer) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory while reading", path);
    if (failed || used > limit) {
        free(buffer);
        if (failed) return dime_error_set(DIME_ERROR_IO, "%s: cannot read: %s", path, strerror(reason));
        return dime_error_set(DIME_ERROR_MALFORMED,
                              "%s: larger than %zu bytes, the most this kind of file may have", path, limit);
    }
    buffer[used] = 0;
    *bytes = buffer;
    *size = used;
    return 0;
}

int dime_file_writer_open(struct dime_file_writer *writer, const char *path) {
    size_t length = strlen(path) + 32;
    struct stat status;
    if (lstat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return dime_error_set(DIME_ERROR_IO, "%s: exists and is no regular file; choose another path", path);
    writer->stream = NULL;
    writer->path = strdup(path);
    writer->temporary = malloc(length);
    if (writer->path && writer->temporary) {
        snprintf(writer->temporary, length, "%s.%ld.tmp", path, (long)getpid());
        writer->stream = fopen(writer->temporary, "wb");
        if (writer->stream) return 0;
        dime_error_set(DIME_ERROR_IO, "%s: cannot create: %s", path, strerror(errno));
    } else {
        dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", path);
    }
    int code = writer->path && writer->temporary ? DIME_ERROR_IO : DIME_ERROR_MEMORY;
    free(writer->path);
    free(writer->temporary);
    return code;
}

void dime_file_writer_abort(struct dime_file_writer *writer) {
    if (writer->stream) fclose(writer->stream);
    unlink(writer->temporary);
    free(writer->path);
    free(writer->temporary);
    writer->stream = NULL;
}

int dime_file_writer_commit(struct dime_file_writer *writer) {
    FILE *stream = writer->stream;
    int failed = ferror(stream) || fflush(stream) || fsync(fileno(stream));
    int reason = errno;
    failed |= fclose(stream);
    writer->stream = NULL;
    if (!failed && rename(writer->temporary, writer->path)) {
        failed = 1;
        reason = errno;
    }
    int code = 0;
    if (failed) {
        code = dime_error_set(DIME_ERROR_IO, "%s: cannot write: %s", writer->path, strerror(reason));
        unlink(writer->temporary);
    }
    free(writer->path);
    free(writer->temporary);
    return code;
}

int dime_file_write(const char *path, const void *bytes, size_t size) {
    struct dime_file_writer writer;
    int code = dime_file_writer_open(&writer, path);
    if (code) return code;
    fwrite(bytes, 1, size, writer.stream); /* a short write sets ferror, which commit reports */
    return dime_file_writer_commit(&writer);
}

int dime_make_folders(const char *path) {
    char *copy = strdup(path);
    if (!copy) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", path);
    int failed = 0;
    for (char *slash = copy + 1; !failed; slash++) {
        if (*slash && *slash != '/') continue;
        char kept = *slash;
        *slash = 0;
        failed = mkdir(copy, 0777) && errno != EEXIST;
        *slash = kept;
        if (!kept) break;
    }
    int reason = errno;
    free(copy);
    if (!failed && !dime_is_folder(path)) {
        failed = 1;
        reason = ENOTDIR;
    }
    return failed ? dime_error_set(DIME_ERROR_IO, "%s: cannot make this folder: %s", path, strerror(reason))
                  : 0;
}

char *dime_path_join(const char *folder, const char *name) {
    size_t length = strlen(folder) + strlen(name) + 2;
    char *path = malloc(length);
    if (path) snprintf(path, length, "%s/%s", folder, name);
    return path;
}

int dime_is_folder(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}
