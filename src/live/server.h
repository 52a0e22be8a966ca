/* SPDX-License-Identifier: MIT */
/* The web server of the live page: the page's files, which the program carries, and two addresses for the
   board. Whatever arrives is hostile until it has been checked: sizes and times are limited, only names of
   this machine and IP addresses are accepted as Host (a page elsewhere cannot reach the server by a name of
   its own that it lets point here), and other origins may not post.

   GET /board      JSON: "about", "classes", "simulated"
   POST /picture   width and height, 16 bits each, little-endian, then width * height grey levels: JSON as
                   live/reader.h says
   An error is JSON, too: "error". */
#ifndef DIME_LIVE_SERVER_H
#define DIME_LIVE_SERVER_H

#include <stddef.h>
#include <stdint.h>

struct dime_live_server;

struct dime_live_service {
    void *context;
    const char *board; /* the answer to GET /board */
    /* Reads a picture and writes JSON. Called by the server's thread, one picture at a time. */
    int (*picture)(void *context, const uint8_t *pixels, uint32_t width, uint32_t height, char *answer,
                   size_t size);
};

/* address: "127.0.0.1", "::1" ...; port 0: any that is free. `service` must outlive the server. Errors: USAGE
   (no address), IO (the port is taken), MEMORY. */
int dime_live_server_start(const char *address, uint16_t port, const struct dime_live_service *service,
                           struct dime_live_server **server);
uint16_t dime_live_server_port(const struct dime_live_server *server);
void dime_live_server_stop(struct dime_live_server *server); /* NULL is allowed */

/* Whether a Host header names this machine by "localhost" or by an IP address, with or without a port. */
int dime_live_host_is_safe(const char *host);

#endif
