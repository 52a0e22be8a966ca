/* SPDX-License-Identifier: MIT */
#include "sim/vcd.h"

enum { PORTS = 3, PINS = 8, FIRST_CODE = '!', UART_CODE = 'u', DEBUG_CODE = 'd' };
static const char port_letters[PORTS] = {'A', 'C', 'D'};
/* A cycle of 48 MHz is 20833 ps and a third; whole cycles are multiplied first, so that nothing drifts. */
enum { PICOSECONDS_NUMERATOR = 62500, PICOSECONDS_DENOMINATOR = 3 };

/* One printable character each: 24 pins from '!' on. */
static int code_of(uint32_t port, uint32_t number) {
    return FIRST_CODE + (int)(port * PINS + number);
}

static void write_time(struct sim_vcd *vcd, uint64_t cycle) {
    if (vcd->started && cycle == vcd->time) return;
    fprintf(vcd->stream, "#%llu\n",
            (unsigned long long)(cycle * PICOSECONDS_NUMERATOR / PICOSECONDS_DENOMINATOR));
    vcd->time = cycle;
    vcd->started = 1;
}

static void pin_changed(void *context, uint64_t cycle, uint32_t port, uint32_t number, int level) {
    struct sim_vcd *vcd = context;
    write_time(vcd, cycle);
    fprintf(vcd->stream, "%d%c\n", level ? 1 : 0, code_of(port, number));
}

static void byte_sent(void *context, uint64_t cycle, enum sim_channel channel, uint8_t byte) {
    struct sim_vcd *vcd = context;
    write_time(vcd, cycle);
    fputc('b', vcd->stream);
    for (int bit = 7; bit >= 0; bit--) fputc('0' + (byte >> bit & 1), vcd->stream);
    fprintf(vcd->stream, " %c\n", channel == SIM_CHANNEL_UART ? UART_CODE : DEBUG_CODE);
}

static void write_header(FILE *stream) {
    fputs("$version dime sim $end\n$timescale 1 ps $end\n$scope module ch32v003 $end\n", stream);
    for (uint32_t port = 0; port < PORTS; port++)
        for (uint32_t pin = 0; pin < PINS; pin++)
            fprintf(stream, "$var wire 1 %c P%c%u $end\n", code_of(port, pin), port_letters[port], pin);
    fprintf(stream, "$var wire 8 %c uart_sent [7:0] $end\n$var wire 8 %c debug_sent [7:0] $end\n", UART_CODE,
            DEBUG_CODE);
    fputs("$upscope $end\n$enddefinitions $end\n#0\n$dumpvars\n", stream);
    for (uint32_t port = 0; port < PORTS; port++)
        for (uint32_t pin = 0; pin < PINS; pin++) fprintf(stream, "z%c\n", code_of(port, pin));
    fprintf(stream, "bx %c\nbx %c\n$end\n", UART_CODE, DEBUG_CODE);
}

int sim_vcd_attach(struct sim_vcd *vcd, struct sim_chip *chip, FILE *stream) {
    *vcd = (struct sim_vcd){.stream = stream, .started = 1};
    write_header(stream);
    sim_chip_pin_listen(chip, pin_changed, vcd);
    return sim_chip_byte_listen(chip, byte_sent, vcd);
}

void sim_vcd_finish(struct sim_vcd *vcd, uint64_t cycle) {
    write_time(vcd, cycle);
}
