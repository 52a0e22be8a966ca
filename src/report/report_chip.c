/* SPDX-License-Identifier: MIT */
/* What the network takes of the chip, and what it leaves. */
#include "report/html.h"
#include "report/report.h"

#define FLASH_BYTES 16384
#define RAM_BYTES 2048
#define CYCLES_A_MS 48000.0

/* A bar of what is used. HTML's meter is read aloud as well. */
static void put_use(FILE *stream, const char *name, double used, uint32_t size, const char *unit,
                    int digits) {
    fputs("<tr><th scope=\"row\">", stream);
    dime_html_text(stream, name);
    fprintf(stream,
            "</th><td class=\"n\">%.*f</td><td class=\"n\">%u</td><td class=\"n\">%.*f</td>"
            "<td><meter min=\"0\" max=\"%u\" value=\"%.*f\">%.*f of %u %s</meter></td></tr>\n",
            digits, used, size, digits, size - used, size, digits, used < size ? used : size, digits, used,
            size, unit);
}

static void put_size(FILE *stream, const struct dime_chip_facts *chip) {
    dime_html_table_begin(stream, "Flash, RAM and time on the chip");
    fputs(
        "<td></td><th scope=\"col\" class=\"n\">used</th>"
        "<th scope=\"col\" class=\"n\">there is</th><th scope=\"col\" class=\"n\">left</th><td></td></tr>\n",
        stream);
    put_use(stream, "flash (bytes)", chip->flash_bytes, FLASH_BYTES, "bytes", 0);
    put_use(stream, "RAM with the deepest stack (bytes)", chip->ram_bytes + chip->stack_bytes, RAM_BYTES,
            "bytes", 0);
    if (chip->has_cycles)
        put_use(stream, "time, of the tenth of a second after which an answer feels late (ms)",
                (double)chip->cycles / CYCLES_A_MS, 100, "ms", 1);
    dime_html_table_end(stream);
}

void dime_report_chip(FILE *stream, const struct dime_run_facts *facts) {
    const struct dime_chip_facts *chip = &facts->chip;
    fputs("<h2>On the CH32V003</h2>\n", stream);
    if (chip->has_size) put_size(stream, chip);
    if (chip->has_cycles)
        fprintf(stream, "<p>%llu cycles for one picture: %.2f ms at 48 MHz, %.1f pictures a second.</p>\n",
                (unsigned long long)chip->cycles, (double)chip->cycles / CYCLES_A_MS,
                1000 * CYCLES_A_MS / (double)(chip->cycles ? chip->cycles : 1));
    fputs(chip->has_cycles ? "<p>" : "<p>Not known: ", stream);
    dime_html_text(stream, chip->origin);
    fputs(".</p>\n", stream);
}
