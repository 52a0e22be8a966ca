/* SPDX-License-Identifier: MIT */
#include "report/progress.h"

#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define REDRAW_SECONDS 0.1
#define USUAL_COLUMNS 80
#define MAX_COLUMNS 200
/* Room behind the line for the ^C that the terminal echoes; and some terminals wrap when their last column is
   written. */
#define FREE_COLUMNS 3
#define MIN_BAR 10 /* columns of a bar that is worth drawing */
#define MAX_BAR 40
#define BAR_FRAME 4 /* two spaces before it and an end on both sides */

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Asks the environment without changing the program's own locale. */
static int locale_is_utf8(void) {
    locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    if (!locale) return 0;
    int utf8 = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
    freelocale(locale);
    return utf8;
}

static int is_terminal(FILE *stream) {
    const char *kind = getenv("TERM");
    return isatty(fileno(stream)) && kind && *kind && strcmp(kind, "dumb") != 0;
}

void dime_progress_start(struct dime_progress *progress, FILE *stream) {
    const char *no_color = getenv("NO_COLOR");
    *progress = (struct dime_progress){.stream = stream, .drawn = -1};
    progress->enabled = is_terminal(stream);
    progress->utf8 = progress->enabled && locale_is_utf8();
    progress->colour = !(no_color && *no_color);
}

uint32_t dime_terminal_columns(FILE *stream) {
    struct winsize size;
    return ioctl(fileno(stream), TIOCGWINSZ, &size) ? 0 : size.ws_col;
}

/* That a line may cover. */
static size_t line_columns(FILE *stream) {
    size_t columns = dime_terminal_columns(stream);
    if (columns == 0) columns = USUAL_COLUMNS;
    if (columns > MAX_COLUMNS) columns = MAX_COLUMNS;
    return columns > FREE_COLUMNS ? columns - FREE_COLUMNS : 0;
}

/* ---- parts of the line ---- */

/* A piece of the line and the columns that it covers. */
struct part {
    char text[4 * MAX_COLUMNS + 32];
    size_t length, columns;
};

static void put(struct part *part, size_t columns, const char *text) {
    size_t length = strlen(text);
    if (part->length + length >= sizeof part->text) return;
    memcpy(part->text + part->length, text, length + 1);
    part->length += length;
    part->columns += columns;
}

static void put_ascii(struct part *part, const char *text) {
    put(part, strlen(text), text);
}

/* Bytes of the letter that text begins with; 0 if it could move the cursor or the terminal's encoding lacks
 * it. */
static size_t letter_length(const char *text, int utf8) {
    const unsigned char *bytes = (const unsigned char *)text;
    if (bytes[0] < 0x80) return bytes[0] >= ' ' && bytes[0] != 0x7F;
    size_t length = bytes[0] >= 0xF0 ? 4 : bytes[0] >= 0xE0 ? 3 : 2;
    if (!utf8 || bytes[0] < 0xC2 || bytes[0] > 0xF4) return 0;
    if (bytes[0] == 0xC2 && bytes[1] < 0xA0) return 0; /* control characters */
    for (size_t i = 1; i < length; i++)
        if ((bytes[i] & 0xC0) != 0x80) return 0;
    return length;
}

/* Letters of a label up to `limit` columns; a question mark for each byte that cannot be shown. */
static void put_label(struct part *part, const char *label, size_t limit, int utf8) {
    while (*label && part->columns < limit) {
        size_t length = letter_length(label, utf8);
        char letter[5] = "?";
        if (length > 0) memcpy(letter, label, length);
        put(part, 1, letter);
        label += length > 0 ? length : 1;
    }
}

/* 999, 1.2k, 84k, 123k, 1.2M ... */
static void format_amount(char text[16], double amount) {
    static const char prefixes[] = " kMGT";
    size_t prefix = 0;
    while (amount >= 999.5 && prefix < sizeof prefixes - 2) {
        amount /= 1000;
        prefix++;
    }
    int decimals = prefix > 0 && amount < 9.95;
    snprintf(text, 16, "%.*f%.*s", decimals, amount, prefix > 0, prefixes + prefix);
}

/* "84k images", "12 MB" */
static void format_quantity(char *text, size_t size, double amount, const char *unit) {
    char number[16];
    format_amount(number, amount);
    if (strcmp(unit, "bytes") != 0) {
        snprintf(text, size, "%s %s", number, unit);
        return;
    }
    size_t digits = strspn(number, "0123456789.");
    snprintf(text, size, "%.*s %sB", (int)digits, number, number + digits);
}

/* "0:07", "12:34", "1:02:03"; nothing from a hundred hours on: that is no estimate any more. */
static void format_time(char text[24], double seconds) {
    text[0] = 0;
    if (!(seconds < 360000)) return;
    unsigned whole = (unsigned)(seconds + 0.5);
    if (whole >= 3600)
        snprintf(text, 24, "%u:%02u:%02u", whole / 3600, whole / 60 % 60, whole % 60);
    else
        snprintf(text, 24, "%u:%02u", whole / 60, whole % 60);
}

static void put_percentage(struct part *part, uint64_t done, uint64_t total) {
    char text[16];
    snprintf(text, sizeof text, "  %3u %%", (unsigned)(100.0 * (double)done / (double)total));
    put_ascii(part, text);
}

static void put_quantity(struct part *part, double amount, const char *unit, const char *per) {
    char text[64];
    format_quantity(text, sizeof text, amount, unit);
    put_ascii(part, "  ");
    put_label(part, text, 40, 0);
    put_ascii(part, per);
}

static void put_time_left(struct part *part, double seconds) {
    char text[24];
    format_time(text, seconds);
    if (!*text) return;
    put_ascii(part, "  ");
    put_ascii(part, text);
    put_ascii(part, " left");
}

/* Filled to an eighth of a column. */
static void put_blocks(struct part *part, size_t columns, double share) {
    static const char *const blocks[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
    size_t eighths = (size_t)(share * 8 * (double)columns);
    for (size_t i = 0; i < columns; i++) {
        size_t filled = eighths > 8 * i ? eighths - 8 * i : 0;
        put(part, 1, blocks[filled < 8 ? filled : 8]);
    }
}

static void put_arrow(struct part *part, size_t columns, double share) {
    size_t filled = (size_t)(share * (double)columns);
    for (size_t i = 0; i < columns; i++) put_ascii(part, i < filled ? "=" : i == filled ? ">" : " ");
}

static void put_bar(struct part *part, const struct dime_progress *progress, size_t columns, double share) {
    if (columns > MAX_BAR) columns = MAX_BAR;
    put(part, 3, progress->utf8 ? "  ▕" : "  [");
    if (progress->colour) put(part, 0, "\033[32m");
    if (progress->utf8)
        put_blocks(part, columns, share);
    else
        put_arrow(part, columns, share);
    if (progress->colour) put(part, 0, "\033[39m");
    put(part, 1, progress->utf8 ? "▏" : "]");
}

/* ---- the line ---- */

static void append(struct part *line, const struct part *part) {
    put(line, part->columns, part->text);
}

struct parts {
    struct part label, bar, percentage, rate, left; /* percentage: or the amount that is done */
};

/* Appends a part if there is room for it beside `reserved` columns; if not, there is none for later ones
 * either. */
static void append_fitting(struct part *tail, const struct part *part, size_t *room, size_t reserved) {
    if (*room < part->columns + reserved) {
        *room = reserved;
        return;
    }
    append(tail, part);
    *room -= part->columns;
}

/* The label always, shortened if need be; then, as long as there is room: percentage, bar, rate, time left.
   The bar takes what remains. share: 0..1, or negative for no bar. */
static void arrange(struct part *line, struct parts *parts, const struct dime_progress *progress,
                    size_t columns, double share) {
    struct part tail = {0};
    size_t room = columns - parts->label.columns;
    append_fitting(&tail, &parts->percentage, &room, 0);
    size_t reserved = share >= 0 && room >= BAR_FRAME + MIN_BAR ? BAR_FRAME + MIN_BAR : 0;
    if (share >= 0 && reserved == 0) room = 0;
    append_fitting(&tail, &parts->rate, &room, reserved);
    append_fitting(&tail, &parts->left, &room, reserved);
    if (reserved > 0) put_bar(&parts->bar, progress, room - BAR_FRAME, share);
    append(line, &parts->label);
    append(line, &parts->bar);
    append(line, &tail);
}

/* To the end of the run, whose pace has the tasks' pauses in it. Negative: not known yet. */
static double seconds_left(const struct dime_progress *progress, uint64_t done) {
    double passed = (double)(progress->before + done) - (double)progress->run_first;
    double to_come = (double)(progress->total - done) + (double)progress->after;
    return passed > 0 ? to_come * (progress->drawn - progress->run_started) / passed : -1;
}

static void compose(struct part *line, const struct dime_progress *progress, const char *label, uint64_t done,
                    const char *unit) {
    size_t columns = line_columns(progress->stream);
    struct parts parts = {0};
    double elapsed = progress->drawn - progress->started, left = seconds_left(progress, done);
    double rate = elapsed > 0 ? (double)(done - progress->first) / elapsed : 0;
    double share = -1;
    put_label(&parts.label, label, columns, progress->utf8);
    if (progress->total > 0) {
        share = (double)done / (double)progress->total;
        put_percentage(&parts.percentage, done, progress->total);
        if (left >= 0) put_time_left(&parts.left, left);
    } else {
        put_quantity(&parts.percentage, (double)done, unit, "");
    }
    if (rate > 0) put_quantity(&parts.rate, rate, unit, "/s");
    arrange(line, &parts, progress, columns, share);
}

void dime_progress_place(struct dime_progress *progress, uint64_t before, uint64_t after) {
    progress->before = before;
    progress->after = after;
}

static int is_new_task(const struct dime_progress *progress, uint64_t done, uint64_t total) {
    return progress->started == 0 || done < progress->last || total != progress->total;
}

/* A run begins with its first task; a task with nothing before or behind it is a run of its own. */
static void begin_task(struct dime_progress *progress, double now, uint64_t done, uint64_t total) {
    int alone = progress->before == 0 && progress->after == 0;
    if (progress->run_started == 0 || alone) {
        progress->run_started = now;
        progress->run_first = progress->before + done;
    }
    progress->started = now;
    progress->first = done;
    progress->total = total;
}

void dime_progress_show(struct dime_progress *progress, const char *label, uint64_t done, uint64_t total,
                        const char *unit) {
    if (!progress->enabled) return;
    if (total > 0 && done > total) done = total;
    double now = seconds_now();
    if (is_new_task(progress, done, total)) begin_task(progress, now, done, total);
    progress->last = done;
    if (progress->drawn >= 0 && now - progress->drawn < REDRAW_SECONDS) return;
    progress->drawn = now;
    progress->visible = 1;
    struct part line = {0};
    compose(&line, progress, label, done, unit);
    fprintf(progress->stream, "\r%s\033[K", line.text);
    fflush(progress->stream);
}

void dime_progress_clear(struct dime_progress *progress) {
    if (!progress->visible) return;
    progress->visible = 0;
    fputs("\r\033[K", progress->stream);
    fflush(progress->stream);
}
