/* SPDX-License-Identifier: MIT */
/* What the sensor sees: a picture fitted to it, exposure, noise, lines that are not yet a picture, and the
   colour bar. */
#include <string.h>

#include "base/random.h"
#include "sim/ov7670.h"

enum {
    UNITY = 1 << 16,
    GAIN_LEAST = UNITY / 16,
    GAIN_MOST = UNITY * 8,
    GAIN_START = UNITY / 4,
    FIRST_ROW = 10, /* rows of the window before the sensor's first: garbage */
    SAMPLES_MOST = 16,
    NEUTRAL = 128,
    COM8_AEC = 1 << 0,
    COM8_AGC = 1 << 2,
    BARS = 8,
};
enum purpose { NOISE = 0x0761, GARBAGE };

/* ---- the picture on the sensor ------------------------------------------------------------------------- */

struct fit {
    const uint8_t *pixels;
    uint32_t width, height;
    uint64_t scale;    /* of the picture's pixels a sensor pixel, in 2^-32 */
    int64_t left, top; /* of the sensor on the picture, in 2^-32 pixels */
    uint32_t samples;  /* each way, within a sensor pixel */
};

static uint32_t clamp(int64_t position, uint32_t count) {
    if (position < 0) return 0;
    int64_t index = position >> 32;
    return index < (int64_t)count ? (uint32_t)index : count - 1;
}

/* The mean of samples^2 points, at most 16^2 * 255. */
static uint8_t sensor_pixel(const struct fit *fit, uint32_t x, uint32_t y) {
    uint32_t sum = 0, count = fit->samples * fit->samples;
    for (uint32_t j = 0; j < fit->samples; j++) {
        uint64_t down = (uint64_t)y * fit->scale + (2 * j + 1) * fit->scale / (2 * fit->samples);
        const uint8_t *row = fit->pixels + (size_t)clamp(fit->top + (int64_t)down, fit->height) * fit->width;
        for (uint32_t i = 0; i < fit->samples; i++) {
            uint64_t across = (uint64_t)x * fit->scale + (2 * i + 1) * fit->scale / (2 * fit->samples);
            sum += row[clamp(fit->left + (int64_t)across, fit->width)];
        }
    }
    // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): all pixels are set
    return (uint8_t)((sum + count / 2) / count);
}

void sim_ov7670_show(struct sim_ov7670 *camera, const uint8_t *pixels, uint32_t width, uint32_t height) {
    uint64_t across = ((uint64_t)width << 32) / SIM_OV7670_WIDTH;
    uint64_t down = ((uint64_t)height << 32) / SIM_OV7670_HEIGHT;
    struct fit fit = {.pixels = pixels, .width = width, .height = height};
    fit.scale = across > down ? across : down;
    fit.left = ((int64_t)((uint64_t)width << 32) - (int64_t)(fit.scale * SIM_OV7670_WIDTH)) / 2;
    fit.top = ((int64_t)((uint64_t)height << 32) - (int64_t)(fit.scale * SIM_OV7670_HEIGHT)) / 2;
    fit.samples = (uint32_t)(2 * fit.scale >> 32) + 1;
    if (fit.samples > SAMPLES_MOST) fit.samples = SAMPLES_MOST;
    uint64_t sum = 0;
    for (uint32_t y = 0; y < SIM_OV7670_HEIGHT; y++)
        for (uint32_t x = 0; x < SIM_OV7670_WIDTH; x++) {
            camera->scene[y][x] = sensor_pixel(&fit, x, y);
            sum += camera->scene[y][x];
        }
    camera->scene_mean = (uint32_t)(sum * 256 / (SIM_OV7670_WIDTH * SIM_OV7670_HEIGHT));
}

/* ---- exposure ------------------------------------------------------------------------------------------ */

/* By hand: AECH and the gain, with the values after reset (64 * 4 rows, gain 1) taken for the right ones. */
static uint32_t manual_gain(const uint8_t *r) {
    uint64_t rows =
        (uint64_t)r[SIM_OV7670_AECHH] << 10 | (uint64_t)r[SIM_OV7670_AECH] << 2 | (r[SIM_OV7670_COM1] & 3U);
    uint64_t gain = 16 + (r[SIM_OV7670_GAIN] & 15U);
    for (uint32_t bit = 4; bit < 8; bit++) gain <<= r[SIM_OV7670_GAIN] >> bit & 1;
    uint64_t value = rows * gain * UNITY / (256 * 16);
    return value > GAIN_MOST ? GAIN_MOST : (uint32_t)value;
}

/* Outside of AEB..AEW the exposure goes half the way to the middle of both, at most to half or double. */
static uint32_t next_gain(const struct sim_ov7670 *camera) {
    const uint8_t *r = camera->registers;
    uint64_t mean = (uint64_t)camera->scene_mean * camera->gain / UNITY / 256 + 1;
    uint64_t target = ((uint64_t)r[SIM_OV7670_AEW] + r[SIM_OV7670_AEB]) / 2;
    if (mean >= r[SIM_OV7670_AEB] && mean <= r[SIM_OV7670_AEW]) return camera->gain;
    uint64_t gain = (camera->gain + camera->gain * target / mean) / 2;
    if (gain > 2ULL * camera->gain) gain = 2ULL * camera->gain;
    if (gain < GAIN_LEAST) gain = GAIN_LEAST;
    return gain > GAIN_MOST ? GAIN_MOST : (uint32_t)gain;
}

void sim_ov7670_expose(struct sim_ov7670 *camera) {
    if (camera->settings.exposure == SIM_EXPOSURE_FIXED)
        camera->gain = UNITY;
    else if (!(camera->registers[SIM_OV7670_COM8] & (COM8_AEC | COM8_AGC)))
        camera->gain = manual_gain(camera->registers);
    else
        camera->gain = camera->gain ? next_gain(camera) : GAIN_START;
}

/* ---- lines --------------------------------------------------------------------------------------------- */

/* Four bytes of the random number add up to nearly a normal distribution of deviation 147.8. */
static int32_t noise_of(uint64_t bits, uint32_t sixteenths) {
    int32_t sum = -510;
    for (int i = 0; i < 4; i++) sum += (int32_t)(bits >> (8 * i) & 255);
    return sum * (int32_t)sixteenths / 148; /* sixteenths of a grey level; |sum * 1024| < 2^20 */
}

static uint8_t to_byte(int32_t sixteenths) {
    int32_t value = (sixteenths + 8) >> 4;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* The mean of across x down sensor pixels, exposed, in sixteenths. At most 255 * 16 * 8. */
static int32_t exposed(const struct sim_ov7670 *camera, uint32_t x, int32_t row) {
    const struct sim_ov7670_shape *shape = &camera->shape;
    uint32_t sum = 0;
    for (uint32_t j = 0; j < shape->down; j++) {
        int32_t y = row + (int32_t)j;
        y = y < 0 ? 0 : y >= SIM_OV7670_HEIGHT ? SIM_OV7670_HEIGHT - 1 : y;
        for (uint32_t i = 0; i < shape->across; i++) {
            uint32_t column = x * shape->across + i;
            sum += camera->scene[y][column < SIM_OV7670_WIDTH ? column : SIM_OV7670_WIDTH - 1];
        }
    }
    return (int32_t)((uint64_t)sum * 16 * camera->gain / UNITY / (shape->across * shape->down));
}

static void grey_line(const struct sim_ov7670 *camera, uint32_t line, uint8_t *luma, uint32_t count) {
    struct dime_random random = dime_random_stream(camera->settings.seed, NOISE, camera->frame << 10 | line);
    int32_t row = (int32_t)(camera->shape.first_row + line * camera->shape.down) - FIRST_ROW;
    uint64_t bits = 0;
    for (uint32_t x = 0; x < count; x++) {
        bits = x & 1 ? bits >> 32 : dime_random_next(&random);
        luma[x] = to_byte(exposed(camera, x, row) + noise_of(bits, camera->settings.noise));
    }
}

static void garbage_line(const struct sim_ov7670 *camera, uint32_t line, uint8_t *bytes, uint32_t count) {
    struct dime_random random =
        dime_random_stream(camera->settings.seed, GARBAGE, camera->frame << 10 | line);
    for (uint32_t i = 0; i < count; i++) bytes[i] = (uint8_t)dime_random_below(&random, 256);
}

/* White, yellow, cyan, green, magenta, red, blue, black in BT.601 with the full range: Y, U, V. */
static const uint8_t bars[BARS][3] = {
    {255, 128, 128}, {226, 0, 149}, {179, 171, 0},  {150, 43, 21},
    {105, 213, 235}, {76, 85, 255}, {29, 255, 107}, {0, 128, 128},
};

/* Y and U, Y and V, ... with what is left in the pipeline in front. */
static void arrange(struct sim_ov7670 *camera, const uint8_t *luma, uint32_t count) {
    const struct sim_ov7670_shape *shape = &camera->shape;
    for (uint32_t i = 0; i < shape->bytes; i++) {
        uint32_t place = i < shape->padding ? 0 : i - shape->padding;
        uint32_t x = place / 2 < count ? place / 2 : count - 1;
        uint32_t bar = x * BARS / count, is_chroma = (place & 1) ^ shape->chroma_first;
        uint8_t chroma = shape->bars ? bars[bar][1 + (x & 1)] : NEUTRAL;
        camera->bytes[i] = is_chroma ? chroma : shape->bars ? bars[bar][0] : luma[x];
        if (i < shape->padding) camera->bytes[i] = NEUTRAL;
    }
}

/* ---- frames that were put out -------------------------------------------------------------------------- */

/* The next row of the frame under way. */
static void keep_line(struct sim_ov7670 *camera, const uint8_t *luma, uint32_t count) {
    uint32_t under_way = camera->last == 0;
    if (camera->rows < SIM_OV7670_HEIGHT) memcpy(camera->frames[under_way][camera->rows++], luma, count);
}

void sim_ov7670_keep_frame(struct sim_ov7670 *camera) {
    camera->last = camera->last == 0;
    camera->last_width = SIM_OV7670_WIDTH / camera->shape.across;
    camera->last_height = camera->rows;
}

int sim_ov7670_last_frame(const struct sim_ov7670 *camera, uint8_t *pixels, uint32_t *width,
                          uint32_t *height) {
    uint8_t wired = 0;
    if (camera->last > 1) return 0;
    for (uint32_t bit = 0; bit < SIM_OV7670_DATA_PINS; bit++)
        if (camera->settings.data[bit].port != SIM_PIN_UNWIRED) wired |= (uint8_t)(1 << bit);
    *width = camera->last_width;
    *height = camera->last_height;
    for (uint32_t y = 0; y < *height; y++)
        for (uint32_t x = 0; x < *width; x++) *pixels++ = camera->frames[camera->last][y][x] & wired;
    return 1;
}

void sim_ov7670_line(struct sim_ov7670 *camera, uint32_t line) {
    const struct sim_ov7670_shape *shape = &camera->shape;
    uint8_t luma[SIM_OV7670_WIDTH];
    uint32_t count = SIM_OV7670_WIDTH / shape->across;
    if (shape->first_row + line * shape->down + shape->down / 2 < FIRST_ROW) {
        garbage_line(camera, line, camera->bytes, shape->bytes);
        return;
    }
    if (!shape->bars) {
        grey_line(camera, line, luma, count);
        keep_line(camera, luma, count);
    }
    arrange(camera, luma, count);
}
