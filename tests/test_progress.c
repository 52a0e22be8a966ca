/* SPDX-License-Identifier: MIT */
/* Draws on a pseudo-terminal and looks at what its screen line shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "report/progress.h"

#define COLUMNS 256

/* One line of a terminal: a code point for each column. */
struct screen {
    uint32_t cells[COLUMNS];
    size_t cursor, rightmost; /* rightmost: columns that were ever written */
    size_t returns, colours;  /* carriage returns and colour changes seen */
};

struct terminal {
    int master;
    FILE *stream;
    struct screen screen;
};

static void resize(struct terminal *terminal, unsigned short columns) {
    struct winsize size = {.ws_row = 24, .ws_col = columns};
    assert_int_equal(ioctl(terminal->master, TIOCSWINSZ, &size), 0);
}

static void open_terminal(struct terminal *terminal, unsigned short columns) {
    memset(terminal, 0, sizeof *terminal);
    terminal->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_true(terminal->master >= 0);
    assert_int_equal(grantpt(terminal->master), 0);
    assert_int_equal(unlockpt(terminal->master), 0);
    int slave = open(ptsname(terminal->master), O_RDWR | O_NOCTTY);
    assert_true(slave >= 0);
    terminal->stream = fdopen(slave, "w");
    assert_non_null(terminal->stream);
    resize(terminal, columns);
}

static void close_terminal(struct terminal *terminal) {
    fclose(terminal->stream);
    close(terminal->master);
}

static void clear_line(struct screen *screen) {
    for (size_t i = screen->cursor; i < COLUMNS; i++) screen->cells[i] = ' ';
}

/* Obeys one control sequence; returns its length. Only what progress bars need is allowed. */
static size_t obey(struct screen *screen, const char *text) {
    assert_int_equal(text[0], '\033');
    assert_int_equal(text[1], '[');
    size_t length = 2 + strspn(text + 2, "0123456789;");
    if (text[length] == 'm')
        screen->colours++;
    else if (text[length] == 'K')
        clear_line(screen);
    else
        fail_msg("unexpected control sequence ending in %d", text[length]);
    return length + 1;
}

static size_t show_letter(struct screen *screen, const char *text) {
    const unsigned char *bytes = (const unsigned char *)text;
    size_t length = bytes[0] < 0x80 ? 1 : bytes[0] < 0xE0 ? 2 : bytes[0] < 0xF0 ? 3 : 4;
    static const unsigned char masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t letter = bytes[0] & masks[length];
    for (size_t i = 1; i < length; i++) {
        assert_int_equal(bytes[i] & 0xC0, 0x80);
        letter = letter << 6 | (bytes[i] & 0x3F);
    }
    assert_true(letter >= ' ' && (letter < 0x7F || letter >= 0xA0));
    assert_true(screen->cursor < COLUMNS);
    screen->cells[screen->cursor++] = letter;
    if (screen->cursor > screen->rightmost) screen->rightmost = screen->cursor;
    return length;
}

/* Takes everything that was written to the terminal; returns its number of bytes. */
static size_t take_output(struct terminal *terminal) {
    static char text[1 << 16];
    size_t size = 0;
    for (ssize_t got; (got = read(terminal->master, text + size, sizeof text - 1 - size)) > 0;)
        size += (size_t)got;
    text[size] = 0;
    for (const char *next = text; *next;) {
        if (*next == '\r') {
            terminal->screen.cursor = 0;
            terminal->screen.returns++;
            next++;
        } else {
            next += *next == '\033' ? obey(&terminal->screen, next) : show_letter(&terminal->screen, next);
        }
    }
    return size;
}

/* The screen line as ASCII without spaces at the end: '#' for a whole block, '1'..'7' are kept apart as
   'a'..'g' for eighths, '|' for the ends of the bar. */
static const char *line_shown(const struct screen *screen) {
    static char line[COLUMNS + 1];
    size_t used = 0;
    for (size_t i = 0; i < screen->rightmost; i++) {
        uint32_t cell = screen->cells[i];
        line[i] = '?';
        if (cell < 0x7F) line[i] = (char)cell;
        if (cell == 0x2588) line[i] = '#';
        if (cell > 0x2588 && cell <= 0x258F) line[i] = (char)('a' + (0x258F - cell));
        if (cell == 0x2595) line[i] = '|';
        if (line[i] != ' ') used = i + 1;
    }
    line[used] = 0;
    return line;
}

/* Starts with the environment of a plain UTF-8 terminal. */
static void start(struct dime_progress *progress, struct terminal *terminal, unsigned short columns) {
    setenv("TERM", "xterm", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    unsetenv("NO_COLOR");
    open_terminal(terminal, columns);
    dime_progress_start(progress, terminal->stream);
}

/* Shows `done` of `total` as if the task had begun `seconds` ago with nothing done. */
static void show_after(struct dime_progress *progress, double seconds, const char *label, uint64_t done,
                       uint64_t total, const char *unit) {
    dime_progress_show(progress, label, 0, total, unit);
    progress->started -= seconds;
    progress->run_started -= seconds;
    progress->drawn = -1;
    dime_progress_show(progress, label, done, total, unit);
}

static void shows_bar_percentage_rate_and_time(void **state) {
    (void)state;
    struct dime_progress progress;
    struct terminal terminal;
    start(&progress, &terminal, 80);
    show_after(&progress, 20, "epoch 3/60", 602500, 1200000, "images");
    take_output(&terminal);
    /* 77 columns less label 10, percentage 7, rate 14, time 11 leave 35: a bar of 31. 602500 / 1200000 of 31
       columns are 15 whole blocks and 4 eighths. */
    assert_string_equal(line_shown(&terminal.screen),
                        "epoch 3/60  |###############d               a   50 %  30k images/s  0:20 left");
    assert_true(terminal.screen.colours > 0);
    close_terminal(&terminal);
}

static void bar_grows_by_eighths(void **state) {
    (void)state;
    struct dime_progress progress;
    struct terminal terminal;
    start(&progress, &terminal, 120);
    for (uint32_t eighths = 0; eighths <= 320; eighths++) {
        progress.drawn = -1;
        dime_progress_show(&progress, "x", eighths, 320, "images");
        take_output(&terminal);
        const char *line = line_shown(&terminal.screen);
        char expected[41] = {0};
        memset(expected, '#', eighths / 8);
        if (eighths % 8) expected[eighths / 8] = (char)('a' + eighths % 8 - 1);
        assert_memory_equal(line, "x  |", 4);
        assert_memory_equal(line + 4, expected, strlen(expected));
        assert_int_equal(strspn(line + 4 + strlen(expected), " "), 40 - strlen(expected));
        assert_int_equal(line[44], 'a'); /* the bar's right end: one eighth, at the left of its column */
    }
    close_terminal(&terminal);
}

static void draws_ascii_outside_utf8(void **state) {
    (void)state;
    struct dime_progress progress;
    struct terminal terminal;
    start(&progress, &terminal, 60);
    setenv("LC_ALL", "C", 1);
    setenv("NO_COLOR", "1", 1);
    dime_progress_start(&progress, terminal.stream);
    show_after(&progress, 1000, "f\xC3\xA9tch", 300000000, 1200000000, "bytes");
    take_output(&terminal);
    assert_string_equal(line_shown(&terminal.screen),
                        "f??tch  [====>             ]   25 %  300 kB/s  50:00 left");
    assert_int_equal(terminal.screen.colours, 0);
    close_terminal(&terminal);
}

static void fits_every_width(void **state) {
    (void)state;
    struct dime_progress progress;
    struct terminal terminal;
    start(&progress, &terminal, 80);
    show_after(&progress, 3, "epoch 3/60", 1, 2, "images"); /* "  0 images/s" has 12 columns */
    take_output(&terminal);
    for (unsigned short columns = 1; columns <= 250; columns++) {
        resize(&terminal, columns);
        memset(&terminal.screen, 0, sizeof terminal.screen);
        progress.drawn = -1;
        dime_progress_show(&progress, "epoch 3/60", 1, 2, "images");
        assert_true(take_output(&terminal) > 0);
        /* room for ^C, and the last column stays free */
        assert_true(terminal.screen.rightmost <= (columns > 3 ? columns - 3U : 0));
        const char *line = line_shown(&terminal.screen);
        size_t label = columns < 4 ? 0 : columns < 13 ? columns - 3U : 10;
        assert_true(terminal.screen.rightmost >= label);
        assert_memory_equal(line, "epoch 3/60", label == 6 ? 5 : label); /* a space at the end is not kept */
        assert_int_equal(strstr(line, "50 %") != NULL, columns > 19);
        assert_int_equal(strchr(line, '|') != NULL, columns > 33);
        assert_int_equal(strstr(line, "images/s") != NULL, columns > 45);
        assert_int_equal(strstr(line, "left") != NULL, columns > 56);
    }
    close_terminal(&terminal);
}

static void is_silent_elsewhere(void **state) {
    (void)state;
    struct dime_progress progress;
    struct terminal terminal;
    start(&progress, &terminal, 80);
    const char *kinds[] = {"dumb", "", NULL};
    for (size_t i = 0; i < 3; i++) {
        kinds[i] ? setenv("TERM", kinds[i], 1) : unsetenv("TERM");
        dime_progress_start(&progress, terminal.stream);
        dime_progress_show(&progress, "x", 1, 2, "images");
        dime_progress_clear(&progress);
        assert_int_equal(take_output(&terminal), 0);
    }
    setenv("TERM", "xterm", 1);
    FILE *file = tmpfile();
    assert_non_null(file);
    dime_progress_start(&progress, file);
    dime_progress_show(&progress, "x", 1, 2, "images");
    dime_progress_clear(&progress);
    assert_int_equal(ftell(file), 0);
    fclose(file);
    close_terminal(&terminal);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void redraws_ten_times_a_second_at_most(void **state) {
    (void)state;
    struct dime_progress progress;
    struct terminal terminal;
    start(&progress, &terminal, 80);
    double begin = now();
    for (uint64_t done = 0; now() < begin + 0.55; done++) {
        dime_progress_show(&progress, "x", done % 100, 100, "images"); /* a new task every hundred calls */
        take_output(&terminal);
    }
    double elapsed = now() - begin;
    assert_true(terminal.screen.returns >= 2);
    assert_true((double)terminal.screen.returns <= 1 + elapsed * 10);
    close_terminal(&terminal);
}

static void clear_leaves_an_empty_line(void **state) {
    (void)state;
    struct dime_progress progress;
    struct terminal terminal;
    start(&progress, &terminal, 80);
    dime_progress_clear(&progress); /* nothing was drawn yet */
    assert_int_equal(take_output(&terminal), 0);
    dime_progress_show(&progress, "epoch 1/2", 1, 2, "images");
    take_output(&terminal);
    assert_true(strlen(line_shown(&terminal.screen)) > 9);
    dime_progress_clear(&progress);
    take_output(&terminal);
    assert_string_equal(line_shown(&terminal.screen), "");
    assert_int_equal(terminal.screen.cursor, 0);
    dime_progress_clear(&progress);
    assert_int_equal(take_output(&terminal), 0);
    close_terminal(&terminal);
}

static void shorter_line_leaves_nothing_of_a_longer_one(void **state) {
    (void)state;
    struct dime_progress progress;
    struct terminal terminal;
    start(&progress, &terminal, 80);
    dime_progress_show(&progress, "a long label of the first task", 1, 0, "images");
    progress.drawn = -1;
    dime_progress_show(&progress, "b", 0, 0, "images");
    take_output(&terminal);
    assert_string_equal(line_shown(&terminal.screen), "b  0 images");
    close_terminal(&terminal);
}

static void hostile_label_cannot_steer_the_terminal(void **state) {
    (void)state;
    struct dime_progress progress;
    struct terminal terminal;
    start(&progress, &terminal, 42);
    dime_progress_show(&progress, "\033[2Ja\nb\x9B\xC2\x9B\xFF\xE2\x82", 5, 0, "bytes");
    take_output(&terminal);
    assert_string_equal(line_shown(&terminal.screen), "?[2Ja?b??????  5 B");
    close_terminal(&terminal);
}

static void new_task_counts_anew(void **state) {
    (void)state;
    struct dime_progress progress;
    struct terminal terminal;
    start(&progress, &terminal, 100);
    show_after(&progress, 100, "epoch 1/2", 9000, 10000, "images");
    progress.drawn = -1;
    dime_progress_show(&progress, "epoch 2/2", 10, 10000, "images"); /* begins with 10 done */
    progress.started -= 200;
    progress.run_started -= 200;
    progress.drawn = -1;
    dime_progress_show(&progress, "epoch 2/2", 2010, 10000, "images");
    take_output(&terminal);
    assert_non_null(strstr(line_shown(&terminal.screen), " 20 %  10 images/s  13:19 left"));
    close_terminal(&terminal);
}

/* Three epochs of a thousand, begun at the second one: time left is that to the end of the third, and counts
   the pause between the two. */
static void time_left_counts_the_run(void **state) {
    (void)state;
    struct dime_progress progress;
    struct terminal terminal;
    start(&progress, &terminal, 100);
    dime_progress_place(&progress, 1000, 1000);
    show_after(&progress, 0, "epoch 2/3", 0, 1000, "images");
    progress.started -= 50;
    progress.run_started -= 50;
    progress.drawn = -1;
    dime_progress_show(&progress, "epoch 2/3", 500, 1000, "images");
    take_output(&terminal);
    assert_non_null(strstr(line_shown(&terminal.screen), " 50 %  10 images/s  2:30 left"));
    dime_progress_place(&progress, 2000, 0);
    progress.drawn = -1;
    dime_progress_show(&progress, "epoch 3/3", 0, 1000, "images");
    progress.started -= 25;
    progress.run_started -=
        50 + 100 - 50 + 25; /* 100 s for the second epoch and 25 s of the third, 50 between */
    progress.drawn = -1;
    dime_progress_show(&progress, "epoch 3/3", 250, 1000, "images");
    take_output(&terminal);
    assert_non_null(strstr(line_shown(&terminal.screen), " 25 %  10 images/s  1:45 left"));
    close_terminal(&terminal);
}

static void knows_the_columns_of_a_terminal(void **state) {
    (void)state;
    struct terminal terminal;
    open_terminal(&terminal, 71);
    assert_int_equal(dime_terminal_columns(terminal.stream), 71);
    close_terminal(&terminal);
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(dime_terminal_columns(file), 0);
    fclose(file);
}

static void amounts_and_times_have_units(void **state) {
    (void)state;
    static const struct {
        double seconds;
        uint64_t done, total;
        const char *unit, *shown;
    } cases[] = {
        {1000, 999000, 2000000, "images", "  999 images/s  16:42 left"},
        {1000, 1000000, 1010000, "images", "  1.0k images/s  0:10 left"},
        {1000, 9920000, 0, "images", "  9.9M images  9.9k images/s"},
        {1000, 84000000, 84168000, "images", "  84k images/s  0:02 left"},
        {1000, 12300000000, 0, "bytes", "  12 GB  12 MB/s"},
        {1000, 999700, 0, "bytes", "  1.0 MB  1.0 kB/s"},
        {6000, 6000, 36000, "images", "   16 %  1 images/s  8:20:00 left"},
        {1000, 1, 1000000, "bytes", "    0 %  0 B/s"},
        {1000, 500, 400, "images", "  100 %  0 images/s  0:00 left"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dime_progress progress;
        struct terminal terminal;
        start(&progress, &terminal, 100);
        show_after(&progress, cases[i].seconds, "x", cases[i].done, cases[i].total, cases[i].unit);
        take_output(&terminal);
        const char *line = line_shown(&terminal.screen);
        assert_true(strlen(line) > strlen(cases[i].shown));
        assert_string_equal(line + strlen(line) - strlen(cases[i].shown), cases[i].shown);
        close_terminal(&terminal);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_bar_percentage_rate_and_time),
        cmocka_unit_test(bar_grows_by_eighths),
        cmocka_unit_test(draws_ascii_outside_utf8),
        cmocka_unit_test(fits_every_width),
        cmocka_unit_test(is_silent_elsewhere),
        cmocka_unit_test(redraws_ten_times_a_second_at_most),
        cmocka_unit_test(clear_leaves_an_empty_line),
        cmocka_unit_test(shorter_line_leaves_nothing_of_a_longer_one),
        cmocka_unit_test(hostile_label_cannot_steer_the_terminal),
        cmocka_unit_test(new_task_counts_anew),
        cmocka_unit_test(time_left_counts_the_run),
        cmocka_unit_test(knows_the_columns_of_a_terminal),
        cmocka_unit_test(amounts_and_times_have_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
