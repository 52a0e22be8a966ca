/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#undef dime_error_set

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char message[1024];

int dime_error_set(int code, const char *format, ...) {
    char text[sizeof message]; /* an argument may be the old message itself */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(message, sizeof message, "%s", text);
    return code;
}

const char *dime_error_message(void) {
    return message;
}
