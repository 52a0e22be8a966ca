/* SPDX-License-Identifier: MIT */
/* The camera's time, and its pins. One call for each edge of PCLK while a line is put out, one for each thing
   that happens otherwise. */
#include "sim/ov7670.h"

#include "sim/chip.h"
#include "sim/peripherals.h"

enum {
    ORDER = SIM_ORDER_OUTSIDE + 2,
    LINE_CLOCKS = 784 * 2,
    LINES = 510,
    VSYNC_LINES = 3,
    FIRST_LINE = 20,
    FASTEST_PCLK = 12 * 256, /* cycles in 1/256 below which its edges are left out */
    POLL_HZ = 1000,          /* how often a camera without clock looks for one */
    COM7_RESET = 0x80,
};
/* Steps within a period of PCLK; after the last byte a short pulse follows (seen by LiveOV7670). */
enum step { FALL, RISE, LAST_FALL, RUNT_RISE, RUNT_FALL };

static void due(struct sim_chip *chip, void *state);

static void drive(const struct sim_ov7670 *camera, struct sim_pin pin, int level) {
    if (pin.port != SIM_PIN_UNWIRED)
        sim_chip_pin_drive(camera->chip, pin.port, pin.number, level ? SIM_PIN_HIGH : SIM_PIN_LOW);
}

static void put_data(struct sim_ov7670 *camera, uint8_t data) {
    uint32_t changed = data ^ camera->data;
    camera->data = data;
    for (uint32_t bit = 0; changed >> bit; bit++)
        if (changed >> bit & 1) drive(camera, camera->settings.data[bit], data >> bit & 1);
}

/* Clocks of the line under way are counted from its beginning, so that nothing adds up. */
static void call_at(struct sim_ov7670 *camera, uint64_t clocks_256) {
    uint64_t when = camera->line_start + clocks_256 * camera->clock / 256;
    sim_chip_schedule(camera->chip, (when + 255) / 256, ORDER, due, camera);
}

/* ---- the clock ----------------------------------------------------------------------------------------- */

/* Asks what the timer puts on XCLK. Cycles an internal clock takes, in 1/256, or 0. */
static uint32_t ask_clock(const struct sim_ov7670 *camera) {
    uint32_t period, high;
    struct sim_pin pin = camera->settings.xclk;
    if (pin.port == SIM_PIN_UNWIRED ||
        !sim_timer_waveform(camera->chip, pin.port, pin.number, &period, &high) || !high || high >= period)
        return 0;
    return sim_ov7670_clock_of(camera, period);
}

static void wait_for_clock(struct sim_ov7670 *camera) {
    camera->running = 0;
    sim_chip_schedule(camera->chip, sim_chip_now(camera->chip) + sim_chip_clock(camera->chip) / POLL_HZ,
                      ORDER, due, camera);
}

/* ---- lines --------------------------------------------------------------------------------------------- */

/* Output line that begins on this line of the frame, or -1. */
static int32_t output_line(const struct sim_ov7670 *camera, uint32_t line) {
    uint32_t down = camera->shape.down;
    if (line < FIRST_LINE || (line - FIRST_LINE) % down) return -1;
    uint32_t number = (line - FIRST_LINE) / down;
    return number < camera->shape.lines ? (int32_t)number : -1;
}

static int is_quiet(const struct sim_ov7670 *camera, uint32_t line) {
    int free_running = !camera->shape.gated && camera->shape.divider * camera->clock >= FASTEST_PCLK;
    return line != 0 && line != VSYNC_LINES && output_line(camera, line) < 0 && !free_running;
}

/* The next line in which something happens; LINES begins the next frame. */
static uint32_t next_line(const struct sim_ov7670 *camera) {
    uint32_t line = camera->line + 1;
    while (line < LINES && is_quiet(camera, line)) line++;
    return line;
}

static void begin_frame(struct sim_ov7670 *camera) {
    uint64_t now = sim_chip_now(camera->chip);
    if (camera->whole) {
        camera->frame_cycles = now - camera->frame_start;
        sim_ov7670_keep_frame(camera);
    }
    camera->rows = 0;
    camera->frame_start = now;
    camera->frame++;
    camera->shape = sim_ov7670_shape_of(camera);
    if (camera->whole || !camera->gain) sim_ov7670_expose(camera);
    camera->whole = 0;
}

static void begin_line(struct sim_ov7670 *camera) {
    camera->byte = 0;
    camera->step = FALL;
    if (camera->line == 0) begin_frame(camera);
    if (camera->line == 0 || camera->line == VSYNC_LINES)
        drive(camera, camera->settings.vsync, camera->line == 0);
    int32_t number = output_line(camera, camera->line);
    if (number >= 0) sim_ov7670_line(camera, (uint32_t)number);
}

static void go_to_line(struct sim_ov7670 *camera, uint32_t line) {
    uint32_t ahead = line - camera->line;
    camera->whole = line == LINES;
    camera->line_start += (uint64_t)ahead * LINE_CLOCKS * camera->clock;
    camera->line = line % LINES;
    camera->step = FALL;
    camera->byte = 0;
    camera->running = 2; /* the line has yet to begin */
    call_at(camera, 0);
}

/* ---- edges --------------------------------------------------------------------------------------------- */

static void end_line(struct sim_ov7670 *camera) {
    go_to_line(camera, next_line(camera));
}

/* PCLK too fast for any program: HREF alone. */
static void fast_line(struct sim_ov7670 *camera, uint32_t bytes) {
    if (camera->step == FALL && bytes) {
        drive(camera, camera->settings.href, 1);
        camera->step = LAST_FALL;
        call_at(camera, (uint64_t)bytes * camera->shape.divider * 256);
        return;
    }
    drive(camera, camera->settings.href, 0);
    end_line(camera);
}

static void falling(struct sim_ov7670 *camera, uint32_t bytes) {
    uint64_t period = camera->shape.divider * 256;
    drive(camera, camera->settings.pclk, 0);
    if (camera->byte == 0 && bytes) drive(camera, camera->settings.href, 1);
    if (camera->byte < bytes) put_data(camera, camera->bytes[camera->byte]);
    camera->step = RISE;
    call_at(camera, camera->byte * period + period / 2);
}

static void rising(struct sim_ov7670 *camera, uint32_t bytes) {
    uint64_t period = camera->shape.divider * 256;
    uint32_t periods = LINE_CLOCKS / camera->shape.divider;
    drive(camera, camera->settings.pclk, 1);
    camera->byte++;
    camera->step = camera->byte == bytes ? LAST_FALL : FALL;
    if (camera->byte == periods)
        end_line(camera);
    else
        call_at(camera, camera->byte * period);
}

/* The line's last byte is over: HREF falls, and where PCLK is gated one short pulse follows. */
static void after_line(struct sim_ov7670 *camera) {
    uint64_t period = camera->shape.divider * 256, end = camera->byte * period;
    switch (camera->step) {
    case LAST_FALL:
        drive(camera, camera->settings.pclk, 0);
        drive(camera, camera->settings.href, 0);
        if (!camera->shape.gated) {
            camera->step = RISE;
            call_at(camera, end + period / 2);
            return;
        }
        camera->step = RUNT_RISE;
        call_at(camera, end + period / 4);
        return;
    case RUNT_RISE:
        drive(camera, camera->settings.pclk, 1);
        camera->step = RUNT_FALL;
        call_at(camera, end + period / 2);
        return;
    default:
        drive(camera, camera->settings.pclk, 0);
        end_line(camera);
    }
}

/* A line without output, in which PCLK may run on or nothing happens. */
static int has_edges(const struct sim_ov7670 *camera, uint32_t bytes) {
    return bytes || !camera->shape.gated;
}

static void edge(struct sim_ov7670 *camera) {
    uint32_t bytes = output_line(camera, camera->line) >= 0 ? camera->shape.bytes : 0;
    if (!has_edges(camera, bytes))
        end_line(camera);
    else if (camera->shape.divider * camera->clock < FASTEST_PCLK)
        fast_line(camera, bytes);
    else if (camera->step == FALL)
        falling(camera, bytes);
    else if (camera->step == RISE)
        rising(camera, bytes);
    else
        after_line(camera);
}

static void restart(struct sim_ov7670 *camera) {
    camera->line = 0;
    camera->line_start = sim_chip_now(camera->chip) * 256;
    camera->running = 2;
    drive(camera, camera->settings.href, 0);
    drive(camera, camera->settings.pclk, 0);
}

/* Something happens. XCLK is asked for its period at each line: it may have changed or stopped. */
static void due(struct sim_chip *chip, void *state) {
    (void)chip;
    struct sim_ov7670 *camera = state;
    if (camera->running != 1) {
        camera->clock = ask_clock(camera);
        if (!camera->clock) {
            wait_for_clock(camera);
            return;
        }
        if (!camera->running) restart(camera);
        camera->running = 1;
        begin_line(camera);
    }
    edge(camera);
}

/* ---- registers ----------------------------------------------------------------------------------------- */

static int awake(void *context) {
    return ask_clock(context) != 0;
}

static void select_register(void *context, uint8_t id) {
    struct sim_ov7670 *camera = context;
    camera->selected = id;
}

/* What changes the shape of a frame begins a new one. (What the camera does with the old one is not known.)
 */
static int changes_frame(uint8_t number) {
    static const uint8_t numbers[] = {
        SIM_OV7670_COM3,  SIM_OV7670_COM7,   SIM_OV7670_COM10,  SIM_OV7670_CLKRC, SIM_OV7670_COM14,
        SIM_OV7670_DBLV,  SIM_OV7670_DCWCTR, SIM_OV7670_HSTART, SIM_OV7670_HSTOP, SIM_OV7670_VSTART,
        SIM_OV7670_VSTOP, SIM_OV7670_HREF,   SIM_OV7670_VREF,   SIM_OV7670_TSLB,  SIM_OV7670_COM17};
    for (uint32_t i = 0; i < sizeof numbers; i++)
        if (numbers[i] == number) return 1;
    return 0;
}

static void write_register(void *context, uint8_t value) {
    struct sim_ov7670 *camera = context;
    uint8_t number = camera->selected++;
    uint8_t before = camera->registers[number];
    sim_ov7670_register_check(camera, number, value);
    if (number == SIM_OV7670_COM7 && value & COM7_RESET) {
        sim_ov7670_registers_reset(camera);
        camera->gain = 0;
    } else {
        camera->registers[number] = value;
    }
    if (camera->running && changes_frame(number) && (before != value || value & COM7_RESET)) {
        camera->running = 0;
        sim_chip_schedule(camera->chip, sim_chip_now(camera->chip), ORDER, due, camera);
    }
}

static uint8_t read_register(void *context) {
    struct sim_ov7670 *camera = context;
    return camera->registers[camera->selected++];
}

/* ---- wiring -------------------------------------------------------------------------------------------- */

static void pull_sda(void *context, int low) {
    const struct sim_ov7670 *camera = context;
    struct sim_pin pin = camera->settings.sda;
    sim_chip_pin_drive(camera->chip, pin.port, pin.number, low ? SIM_PIN_LOW : SIM_PIN_PULLED_HIGH);
}

static int line_level(const struct sim_ov7670 *camera, struct sim_pin pin) {
    return sim_chip_pin_level(camera->chip, pin.port, pin.number) != 0;
}

static void pin_changed(void *context, uint64_t cycle, uint32_t port, uint32_t number, int level) {
    struct sim_ov7670 *camera = context;
    const struct sim_ov7670_settings *at = &camera->settings;
    (void)cycle, (void)level;
    if ((port == at->scl.port && number == at->scl.number) ||
        (port == at->sda.port && number == at->sda.number))
        sim_sccb_lines(&camera->sccb, line_level(camera, at->scl), line_level(camera, at->sda));
}

static int i2c_start(void *context, int reading) {
    (void)reading;
    struct sim_ov7670 *camera = context;
    camera->sccb.bits = 0; /* the next byte names a register */
    return awake(camera);
}

static int i2c_write(void *context, uint8_t byte) {
    struct sim_ov7670 *camera = context;
    if (camera->sccb.bits++ == 0)
        select_register(camera, byte);
    else
        write_register(camera, byte);
    return 1;
}

/* I2C1's levels are not modelled, so its bytes come here directly. Only where the pins are those of I2C1. */
static void attach_i2c(struct sim_ov7670 *camera) {
    const struct sim_i2c_target target = {
        .context = camera,
        .address = SIM_OV7670_ADDRESS,
        .start = i2c_start,
        .write = i2c_write,
        .read = read_register,
    };
    struct sim_pin sda = camera->settings.sda;
    if (sda.port == SIM_PORT_C && sda.number == 1) sim_i2c_attach(camera->chip, &target);
}

static void attach_bus(struct sim_ov7670 *camera) {
    const struct sim_ov7670_settings *at = &camera->settings;
    camera->sccb = (struct sim_sccb){.context = camera,
                                     .address = SIM_OV7670_ADDRESS,
                                     .awake = awake,
                                     .select = select_register,
                                     .write = write_register,
                                     .read = read_register,
                                     .pull = pull_sda};
    sim_sccb_start(&camera->sccb);
    if (at->sda.port == SIM_PIN_UNWIRED || at->scl.port == SIM_PIN_UNWIRED) return;
    sim_chip_pin_drive(camera->chip, at->sda.port, at->sda.number, SIM_PIN_PULLED_HIGH);
    sim_chip_pin_drive(camera->chip, at->scl.port, at->scl.number, SIM_PIN_PULLED_HIGH);
    sim_chip_pin_listen(camera->chip, pin_changed, camera);
    attach_i2c(camera);
}

void sim_ov7670_attach(struct sim_ov7670 *camera, struct sim_chip *chip,
                       const struct sim_ov7670_settings *settings) {
    *camera = (struct sim_ov7670){.chip = chip, .settings = *settings, .last = 2};
    sim_ov7670_registers_reset(camera);
    attach_bus(camera);
    drive(camera, settings->vsync, 0);
    drive(camera, settings->href, 0);
    drive(camera, settings->pclk, 0);
    for (uint32_t bit = 0; bit < SIM_OV7670_DATA_PINS; bit++) drive(camera, settings->data[bit], 0);
    wait_for_clock(camera);
}
