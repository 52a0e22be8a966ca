/* SPDX-License-Identifier: MIT */
#include "data/gunzip.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/error.h"

enum { GZIP_WINDOW = 15 + 16 }; /* zlib: the largest window, gzip framing only */

int dime_is_gzip(const uint8_t *bytes, size_t size) {
    return size >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

/* zlib counts in 32 bits. */
static uInt piece(size_t size) {
    return size > 1u << 30 ? 1u << 30 : (uInt)size;
}

size_t dime_gunzip_head(const uint8_t *bytes, size_t size, uint8_t *head, size_t wanted) {
    z_stream stream = {.next_in = (z_const Bytef *)bytes, .avail_in = piece(size)};
    stream.next_out = head;
    stream.avail_out = piece(wanted);
    if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK) return 0;
    inflate(&stream, Z_SYNC_FLUSH);
    size_t made = wanted - stream.avail_out;
    inflateEnd(&stream);
    return made;
}

struct unpacking {
    const char *name;
    const uint8_t *bytes;
    size_t size, taken;
    uint8_t *content;
    size_t capacity, used, limit;
};

/* Room for at least one more byte; one byte beyond the limit shows that there is too much. */
static int make_room(struct unpacking *u) {
    if (u->used < u->capacity) return 0;
    if (u->used > u->limit)
        return dime_error_set(DIME_ERROR_MALFORMED, "%s: unpacks to more than the %zu bytes expected",
                              u->name, u->limit);
    size_t capacity = u->capacity ? 2 * u->capacity : 1 << 16;
    if (capacity > u->limit + 1) capacity = u->limit + 1;
    uint8_t *larger = realloc(u->content, capacity);
    if (!larger) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory while unpacking", u->name);
    u->content = larger;
    u->capacity = capacity;
    return 0;
}

static int broken(const struct unpacking *u, const z_stream *stream, int status) {
    if (status == Z_MEM_ERROR)
        return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory while unpacking", u->name);
    if (status == Z_BUF_ERROR || status == Z_OK)
        return dime_error_set(DIME_ERROR_MALFORMED,
                              "%s: the gzip file breaks off after %zu bytes; fetch it again", u->name,
                              u->size);
    return dime_error_set(DIME_ERROR_MALFORMED, "%s: damaged gzip file: %s", u->name,
                          stream->msg ? stream->msg : "wrong data");
}

/* Unpacks one gzip member. */
static int unpack_member(struct unpacking *u, z_stream *stream) {
    for (;;) {
        int code = make_room(u);
        if (code) return code;
        stream->next_in = (z_const Bytef *)(u->bytes + u->taken);
        stream->avail_in = piece(u->size - u->taken);
        stream->next_out = u->content + u->used;
        stream->avail_out = piece(u->capacity - u->used);
        uInt offered = stream->avail_in, room = stream->avail_out;
        int status = inflate(stream, Z_NO_FLUSH);
        u->taken += offered - stream->avail_in;
        u->used += room - stream->avail_out;
        if (status == Z_STREAM_END) return 0;
        int stuck = offered == stream->avail_in && room == stream->avail_out;
        if (status != Z_OK || stuck) return broken(u, stream, status);
    }
}

static int unpack_members(struct unpacking *u, z_stream *stream) {
    for (;;) {
        int code = unpack_member(u, stream);
        if (code) return code;
        if (u->used > u->limit) return make_room(u);
        if (u->taken == u->size) return 0;
        if (!dime_is_gzip(u->bytes + u->taken, u->size - u->taken))
            return dime_error_set(DIME_ERROR_MALFORMED, "%s: %zu bytes follow the end of the gzip data",
                                  u->name, u->size - u->taken);
        inflateReset(stream);
    }
}

int dime_gunzip(const char *name, const uint8_t *bytes, size_t size, size_t limit, uint8_t **content,
                size_t *content_size) {
    struct unpacking u = {.name = name, .bytes = bytes, .size = size, .limit = limit};
    z_stream stream = {0};
    *content = NULL;
    *content_size = 0;
    if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
        return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory while unpacking", name);
    int code = unpack_members(&u, &stream);
    inflateEnd(&stream);
    if (code) {
        free(u.content);
        return code;
    }
    *content = u.content;
    *content_size = u.used;
    return 0;
}
