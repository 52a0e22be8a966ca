/* SPDX-License-Identifier: MIT */
#include <curl/curl.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "data/source.h"

/* A host that does not answer must not hold up the sources behind it. */
enum { CONNECT_SECONDS = 5, STALLED_SECONDS = 20, MOST_REDIRECTS = 5, MOST_ATTEMPTS = 20 };

int dime_source_fail(const char *format, ...) {
    char reason[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    dime_error_set(DIME_ERROR_IO, "%s", reason);
    return DIME_SOURCE_FAILED;
}

struct download {
    const char *url, *part;
    FILE *stream;
    uint64_t start; /* bytes kept from before */
    uint64_t size;  /* bytes in the part now */
    uint64_t limit;
    int too_large, write_error; /* write_error: errno */
    const struct dime_fetch_progress *progress;
    char reason[CURL_ERROR_SIZE];
};

static size_t take_bytes(char *bytes, size_t unit, size_t count, void *context) {
    struct download *d = context;
    size_t size = unit * count;
    if (size > d->limit - d->size) {
        d->too_large = 1;
        return 0;
    }
    if (fwrite(bytes, 1, size, d->stream) != size) {
        d->write_error = errno ? errno : EIO;
        return 0;
    }
    d->size += size;
    return size;
}

static int show_progress(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total,
                         curl_off_t up_now) {
    const struct download *d = context;
    (void)up_total;
    (void)up_now;
    if (d->progress && d->progress->step)
        d->progress->step(d->progress->context, d->url, d->start + (uint64_t)now,
                          total > 0 ? d->start + (uint64_t)total : 0);
    return 0;
}

static void set_options(CURL *curl, struct download *d) {
    curl_easy_setopt(curl, CURLOPT_URL, d->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)MOST_REDIRECTS);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "dime");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)STALLED_SECONDS);
    curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)d->start);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, d);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, show_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, d);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, d->reason);
}

/* One transfer into the open stream. *refused: the server cannot go on from where the part ends. */
static CURLcode transfer(struct download *d, int *refused) {
    CURL *curl = curl_easy_init();
    *refused = 0;
    d->start = d->size;
    snprintf(d->reason, sizeof d->reason, "libcurl cannot start");
    if (!curl) return CURLE_FAILED_INIT;
    d->reason[0] = 0;
    set_options(curl, d);
    CURLcode result = curl_easy_perform(curl);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    *refused = d->start > 0 && (result == CURLE_RANGE_ERROR || status == 416);
    if (!d->reason[0]) snprintf(d->reason, sizeof d->reason, "%s", curl_easy_strerror(result));
    return result;
}

static int part_error(const struct download *d, int reason) {
    return dime_error_set(DIME_ERROR_IO, "%s: cannot write: %s", d->part, strerror(reason));
}

static int start_afresh(struct download *d) {
    if (fflush(d->stream) || ftruncate(fileno(d->stream), 0)) return part_error(d, errno);
    d->size = 0;
    return 0;
}

static int is_cut(CURLcode result) {
    return result == CURLE_PARTIAL_FILE || result == CURLE_RECV_ERROR || result == CURLE_OPERATION_TIMEDOUT ||
           result == CURLE_GOT_NOTHING;
}

/* Goes on after a cut for as long as each connection brings something. */
static int transfer_all(struct download *d, int *resumed) {
    for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
        int refused;
        CURLcode result = transfer(d, &refused);
        if (d->write_error) return part_error(d, d->write_error);
        if (d->too_large) {
            int code = start_afresh(d); /* nothing of it is worth keeping */
            return code ? code : dime_source_fail("%s: larger than expected", d->url);
        }
        if (result == CURLE_OK) return 0;
        if (refused) {
            int code = start_afresh(d);
            if (code) return code;
            *resumed = 0;
        } else if (!is_cut(result) || d->size == d->start) {
            break;
        }
    }
    return dime_source_fail("%s: %s", d->url, d->reason);
}

int dime_source_download(const char *url, const char *part, uint64_t limit,
                         const struct dime_fetch_progress *progress, int *resumed) {
    struct download d = {.url = url, .part = part, .limit = limit, .progress = progress};
    d.stream = fopen(part, "ab");
    if (!d.stream) return part_error(&d, errno);
    int code = 0;
    if (fseeko(d.stream, 0, SEEK_END)) code = part_error(&d, errno);
    off_t size = code ? 0 : ftello(d.stream);
    d.size = size > 0 ? (uint64_t)size : 0;
    if (!code && d.size > limit) code = start_afresh(&d); /* cannot be a part of it */
    *resumed = d.size > 0;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (!code) code = transfer_all(&d, resumed);
    curl_global_cleanup();
    if (fclose(d.stream) && !code) code = part_error(&d, errno);
    if (code && d.size == 0) unlink(part);
    return code;
}
