/* SPDX-License-Identifier: MIT */
#include "report/html.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT_BYTES 1024

static const char style[] =
    ":root{color-scheme:light dark;--line:#8886;--faint:#8881}"
    "body{font:16px/1.5 system-ui,sans-serif;margin:0}"
    "main{max-width:66rem;margin:auto;padding:1rem}"
    "h1{margin:.5rem 0 0;overflow-wrap:anywhere}h2{margin:2.2rem 0 .6rem}"
    "table{border-collapse:collapse;margin:.5rem 0}"
    "th,td{padding:.25rem .7rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}"
    "td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}"
    ".wide{overflow-x:auto}.wide table{font-size:.9rem}.wide th,.wide td{padding:.25rem .5rem}"
    ".wide th{vertical-align:bottom}tr:first-child th.n{white-space:normal}"
    ".wide tr>th[scope=row]{vertical-align:top}.s{white-space:nowrap}"
    ".tiles{display:flex;flex-wrap:wrap;gap:.7rem;padding:0;margin:1rem 0;list-style:none}"
    ".tiles li{flex:1 1 9rem;padding:.6rem .9rem;background:var(--faint);border:1px solid var(--line);"
    "border-radius:.4rem}"
    ".tiles b{display:block;font-size:1.5rem}"
    "figure{margin:1rem 0}img{max-width:100%;height:auto;background:#fff}"
    "figcaption{font-size:.9rem}"
    "meter{width:14rem;max-width:40vw;height:1.1rem}"
    "pre{overflow-x:auto;padding:.7rem;background:var(--faint);border:1px solid var(--line)}"
    "code{overflow-wrap:anywhere}";

void dime_html_text(FILE *stream, const char *text) {
    for (; *text; text++) {
        unsigned char letter = (unsigned char)*text;
        if (letter == '<')
            fputs("&lt;", stream);
        else if (letter == '>')
            fputs("&gt;", stream);
        else if (letter == '&')
            fputs("&amp;", stream);
        else if (letter == '"')
            fputs("&quot;", stream);
        else if ((letter < 32 && letter != '\n' && letter != '\t') || letter == 127)
            fputc('?', stream);
        else
            fputc(letter, stream);
    }
}

static void format_into(FILE *stream, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
static void format_into(FILE *stream, const char *format, va_list arguments) {
    char text[FORMAT_BYTES];
    vsnprintf(text, sizeof text, format, arguments);
    dime_html_text(stream, text);
}

void dime_html_format(FILE *stream, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    format_into(stream, format, arguments);
    va_end(arguments);
}

void dime_html_row(FILE *stream, const char *name, const char *format, ...) {
    fputs("<tr><th scope=\"row\">", stream);
    dime_html_text(stream, name);
    fputs("</th><td>", stream);
    va_list arguments;
    va_start(arguments, format);
    format_into(stream, format, arguments);
    va_end(arguments);
    fputs("</td></tr>\n", stream);
}

void dime_html_table_begin(FILE *stream, const char *label) {
    fputs("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"", stream);
    dime_html_text(stream, label);
    fputs("\"><table>\n<tr>", stream);
}

void dime_html_table_end(FILE *stream) {
    fputs("</table></div>\n", stream);
}

void dime_html_begin(FILE *stream, const char *title) {
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
          stream);
    dime_html_text(stream, title);
    fprintf(stream, "</title>\n<style>%s</style>\n</head>\n<body>\n<main>\n", style);
}

void dime_html_end(FILE *stream) {
    fputs("</main>\n</body>\n</html>\n", stream);
}

static void put_base64(FILE *stream, const uint8_t *bytes, size_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        uint32_t left = (uint32_t)(size - i < 3 ? size - i : 3), bits = (uint32_t)bytes[i] << 16;
        if (left > 1) bits |= (uint32_t)bytes[i + 1] << 8;
        if (left > 2) bits |= bytes[i + 2];
        fputc(digits[bits >> 18], stream);
        fputc(digits[bits >> 12 & 63], stream);
        fputc(left > 1 ? digits[bits >> 6 & 63] : '=', stream);
        fputc(left > 2 ? digits[bits & 63] : '=', stream);
    }
}

int dime_html_figure(FILE *stream, const struct dime_figure *figure) {
    char *text;
    size_t size;
    int code = dime_figure_svg(figure, &text, &size);
    if (code) return code;
    fprintf(stream, "<figure id=\"%s\"><img width=\"%.0f\" height=\"%.0f\" alt=\"", figure->name,
            figure->width, figure->height);
    dime_html_text(stream, figure->title);
    fputs("\" src=\"data:image/svg+xml;base64,", stream);
    put_base64(stream, (const uint8_t *)text, size);
    fputs("\">\n<figcaption>", stream);
    dime_html_text(stream, figure->title);
    fputs(".</figcaption></figure>\n", stream);
    free(text);
    return 0;
}
