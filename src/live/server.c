/* SPDX-License-Identifier: MIT */
#include "live/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "live/reader.h"
#include "live/text.h"
#include "model/embedded.h"

enum {
    TOO_LARGE = 413, /* versions of the library differ in its name */
    CONNECTIONS = 64,
    SECONDS = 10,             /* that a connection may be silent */
    HEADER_BYTES = 16 * 1024, /* of memory a connection */
    PICTURE_HEADER = 4,
    MOST_BODY = PICTURE_HEADER + DIME_LIVE_MOST_SIDE * DIME_LIVE_MOST_SIDE,
};

struct dime_live_server {
    struct MHD_Daemon *daemon;
    const struct dime_live_service *service;
    char answer[DIME_LIVE_ANSWER_BYTES]; /* of the one thread */
};

/* A POST on its way. */
struct upload {
    size_t size, used;
    uint8_t body[];
};

/* ---- answers ---- */

static const char *const headers[][2] = {
    {"Content-Security-Policy", "default-src 'self'; img-src 'self' data: blob:; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cache-Control", "no-store"},
};

static enum MHD_Result respond(struct MHD_Connection *connection, unsigned status, const char *type,
                               const void *bytes, size_t size, enum MHD_ResponseMemoryMode mode) {
    union {
        const void *given;
        void *taken; /* the library does not write to it */
    } body = {bytes};
    struct MHD_Response *response = MHD_create_response_from_buffer(size, body.taken, mode);
    if (!response) return MHD_NO;
    MHD_add_response_header(response, "Content-Type", type);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        MHD_add_response_header(response, headers[i][0], headers[i][1]);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED) MHD_add_response_header(response, "Allow", "GET, HEAD, POST");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result respond_json(struct MHD_Connection *connection, unsigned status, const char *text) {
    return respond(connection, status, "application/json", text, strlen(text), MHD_RESPMEM_MUST_COPY);
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status, const char *message) {
    char bytes[1200];
    struct dime_text text;
    dime_text_start(&text, bytes, sizeof bytes);
    dime_text_put(&text, "{\"error\":");
    dime_text_json(&text, message);
    dime_text_put(&text, "}");
    return respond_json(connection, status, bytes);
}

static const char *type_of(const char *name) {
    static const char *const types[][2] = {{".html", "text/html; charset=utf-8"},
                                           {".css", "text/css; charset=utf-8"},
                                           {".js", "text/javascript; charset=utf-8"}};
    const char *ending = strrchr(name, '.');
    for (size_t i = 0; ending && i < sizeof types / sizeof *types; i++)
        if (!strcmp(ending, types[i][0])) return types[i][1];
    return "application/octet-stream";
}

static enum MHD_Result get(struct dime_live_server *server, struct MHD_Connection *connection,
                           const char *url) {
    const char *name = strcmp(url, "/") ? url + (*url == '/') : "index.html";
    if (!strcmp(name, "board")) return respond_json(connection, MHD_HTTP_OK, server->service->board);
    for (size_t i = 0; i < dime_web_file_count; i++) {
        const struct dime_embedded_file *file = &dime_web_files[i];
        if (strcmp(name, file->name)) continue;
        return respond(connection, MHD_HTTP_OK, type_of(name), file->bytes, file->size,
                       MHD_RESPMEM_PERSISTENT);
    }
    return refuse(connection, MHD_HTTP_NOT_FOUND, "there is nothing at this address");
}

static enum MHD_Result read_picture(struct dime_live_server *server, struct MHD_Connection *connection,
                                    const struct upload *upload) {
    const uint8_t *body = upload->body;
    uint32_t width = body[0] | (uint32_t)body[1] << 8, height = body[2] | (uint32_t)body[3] << 8;
    if (width < 1 || height < 1 || width > DIME_LIVE_MOST_SIDE || height > DIME_LIVE_MOST_SIDE ||
        upload->size != PICTURE_HEADER + (size_t)width * height)
        return refuse(
            connection, MHD_HTTP_BAD_REQUEST,
            "a picture is its width and height, 1 to 512, in 16 bits each, then a byte for each pixel");
    int code = server->service->picture(server->service->context, body + PICTURE_HEADER, width, height,
                                        server->answer, sizeof server->answer);
    if (code) return refuse(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, dime_error_message());
    return respond_json(connection, MHD_HTTP_OK, server->answer);
}

/* ---- requests ---- */

int dime_live_host_is_safe(const char *host) {
    char name[64];
    struct in_addr four;
    struct in6_addr six;
    const char *end = *host == '[' ? strchr(host, ']') : host + strcspn(host, ":");
    if (!end) return 0;
    if (*host == '[') host++;
    size_t length = (size_t)(end - host);
    end += *end == ']';
    if (length >= sizeof name || (*end && *end != ':') || strspn(end, ":0123456789") != strlen(end)) return 0;
    memcpy(name, host, length);
    name[length] = 0;
    return !strcmp(name, "localhost") || inet_pton(AF_INET, name, &four) == 1 ||
           inet_pton(AF_INET6, name, &six) == 1;
}

static const char *header(struct MHD_Connection *connection, const char *name) {
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static int is_own_origin(const char *origin, const char *host) {
    static const char scheme[] = "http://";
    return !strncmp(origin, scheme, sizeof scheme - 1) && !strcmp(origin + sizeof scheme - 1, host);
}

/* The length of a POST's body; 0 where it has none or an impossible one. */
static size_t body_size(struct MHD_Connection *connection) {
    const char *text = header(connection, "Content-Length");
    if (!text || strlen(text) > 9 || strspn(text, "0123456789") != strlen(text)) return 0;
    return strtoul(text, NULL, 10);
}

/* The first call for a request: headers are there, a body is not. */
static enum MHD_Result begin_post(struct MHD_Connection *connection, const char *url, void **state) {
    size_t size = body_size(connection);
    if (strcmp(url, "/picture"))
        return refuse(connection, MHD_HTTP_NOT_FOUND, "only /picture can be posted to");
    if (size <= PICTURE_HEADER)
        return refuse(connection, MHD_HTTP_LENGTH_REQUIRED, "the length of the picture is missing");
    if (size > MOST_BODY) return refuse(connection, TOO_LARGE, "the picture is larger than 512x512");
    struct upload *upload = malloc(sizeof *upload + size);
    if (!upload) return refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory");
    *upload = (struct upload){.size = size};
    *state = upload;
    return MHD_YES;
}

static enum MHD_Result begin(struct dime_live_server *server, struct MHD_Connection *connection,
                             const char *url, const char *method, void **state) {
    const char *host = header(connection, "Host"), *origin = header(connection, "Origin");
    if (!host || !dime_live_host_is_safe(host))
        return refuse(connection, MHD_HTTP_FORBIDDEN,
                      "call this server localhost, or by its IP address; other names are not answered");
    if (!strcmp(method, "GET") || !strcmp(method, "HEAD")) return get(server, connection, url);
    if (strcmp(method, "POST"))
        return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET, HEAD and POST are possible");
    if (origin && !is_own_origin(origin, host))
        return refuse(connection, MHD_HTTP_FORBIDDEN, "pages from elsewhere may not post here");
    return begin_post(connection, url, state);
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data, size_t *size,
                              void **state) {
    struct dime_live_server *server = context;
    struct upload *upload = *state;
    (void)version;
    if (!upload) return begin(server, connection, url, method, state);
    if (*size) {
        if (*size > upload->size - upload->used) return MHD_NO;
        memcpy(upload->body + upload->used, data, *size);
        upload->used += *size;
        *size = 0;
        return MHD_YES;
    }
    if (upload->used != upload->size) return MHD_NO;
    return read_picture(server, connection, upload);
}

static void finish(void *context, struct MHD_Connection *connection, void **state,
                   enum MHD_RequestTerminationCode reason) {
    (void)context, (void)connection, (void)reason;
    free(*state);
    *state = NULL;
}

/* ---- life ---- */

union address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
};

static int parse_address(const char *text, uint16_t port, union address *address) {
    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, text, &address->four.sin_addr) == 1) {
        address->four.sin_family = AF_INET;
        address->four.sin_port = htons(port);
        return 0;
    }
    if (inet_pton(AF_INET6, text, &address->six.sin6_addr) == 1) {
        address->six.sin6_family = AF_INET6;
        address->six.sin6_port = htons(port);
        return 0;
    }
    return dime_error_set(DIME_ERROR_USAGE, "--listen %s: expected an IP address, as 127.0.0.1 or ::1", text);
}

int dime_live_server_start(const char *address, uint16_t port, const struct dime_live_service *service,
                           struct dime_live_server **server) {
    union address place;
    *server = NULL;
    int code = parse_address(address, port, &place);
    if (code) return code;
    struct dime_live_server *made = calloc(1, sizeof *made);
    if (!made) return dime_error_set(DIME_ERROR_MEMORY, "out of memory for a server");
    made->service = service;
    unsigned flags = MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD;
    if (place.any.sa_family == AF_INET6) flags |= MHD_USE_IPv6;
    errno = 0;
    made->daemon = MHD_start_daemon(flags, port, NULL, NULL, handle, made, MHD_OPTION_SOCK_ADDR, &place.any,
                                    MHD_OPTION_NOTIFY_COMPLETED, finish, NULL, MHD_OPTION_CONNECTION_LIMIT,
                                    (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SECONDS,
                                    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_BYTES, MHD_OPTION_END);
    if (!made->daemon) {
        code = dime_error_set(DIME_ERROR_IO, "%s:%u: cannot listen: %s; choose another --port", address, port,
                              strerror(errno));
        free(made);
        return code;
    }
    *server = made;
    return 0;
}

uint16_t dime_live_server_port(const struct dime_live_server *server) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : 0;
}

void dime_live_server_stop(struct dime_live_server *server) {
    if (!server) return;
    MHD_stop_daemon(server->daemon);
    free(server);
}
