/* SPDX-License-Identifier: MIT */
/* Body of every variant; the including file defines PICTURE_KERNELS. */
#include <string.h>

#include "base/lanes.h"
#include "data/picture_kernels.h"

/* ---- smoothing ---- */

typedef uint16_t words __attribute__((vector_size(64)));
typedef uint8_t bytes __attribute__((vector_size(32)));
typedef uint8_t bytes_there __attribute__((vector_size(32), aligned(1), may_alias));
#define BLOCK 32u

LANES_INLINE words words_load(const uint8_t *from) {
#ifdef __AVX512BW__
    return (words)_mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)(const void *)from));
#else
    return __builtin_convertvector(*(const bytes_there *)from, words);
#endif
}

/* Weights add up to 256, so no sum passes 255 * 256 + 128 < 2^16. */
LANES_INLINE void smooth_block(const struct dime_smoothing *smoothing, const uint32_t reach,
                               const uint8_t *from, ptrdiff_t step, uint8_t *to) {
    words sum = words_load(from) * smoothing->weight[0] + 128;
    for (uint32_t tap = 1; tap <= reach; tap++)
        sum += (words_load(from - tap * step) + words_load(from + tap * step)) * smoothing->weight[tap];
    *(bytes_there *)to = __builtin_convertvector(sum >> 8, bytes);
}

LANES_INLINE void smooth_rows(const struct dime_framed *from, const struct dime_smoothing *smoothing,
                              const uint32_t reach, ptrdiff_t step, const struct dime_framed *to) {
    typedef uint8_t word_there __attribute__((vector_size(4), aligned(1), may_alias));
    const uint8_t *source = dime_framed_row(from, 0);
    uint8_t *target = dime_framed_row(to, 0);
    for (uint32_t y = 0; y < from->height; y++, source += from->stride, target += to->stride) {
        for (uint32_t x = 0; x < from->width; x += BLOCK)
            smooth_block(smoothing, reach, source + x, step, target + x);
        for (uint32_t x = 0; x < BLOCK; x += 4) /* what was smeared beyond the picture */
            *(word_there *)(target + from->width + x) = (word_there){0, 0, 0, 0};
    }
}

/* The number of taps a constant for the usual reductions, among them 28 to 16. */
LANES_INLINE void smooth_axis(const struct dime_framed *from, const struct dime_smoothing *smoothing,
                              ptrdiff_t step, const struct dime_framed *to) {
    if (smoothing->reach == 1)
        smooth_rows(from, smoothing, 1, step, to);
    else
        smooth_rows(from, smoothing, smoothing->reach, step, to);
}

/* Rows of sixteen and more are copied in vectors, the last of which ends with the row. */
static void frame(const uint8_t *source, const struct dime_framed *to) {
    typedef uint8_t quarter_there __attribute__((vector_size(16), aligned(1), may_alias));
    uint32_t width = to->width;
    for (uint32_t y = 0; y < to->height; y++, source += width) {
        uint8_t *row = dime_framed_row(to, y);
        if (width < 16) {
            memcpy(row, source, width);
            continue;
        }
        for (uint32_t x = 0; x + 16 < width; x += 16)
            *(quarter_there *)(row + x) = *(const quarter_there *)(source + x);
        *(quarter_there *)(row + width - 16) = *(const quarter_there *)(source + width - 16);
    }
}

static void smooth(const struct dime_framed *from, const struct dime_smoothing *down,
                   const struct dime_smoothing *across, const struct dime_framed *middle,
                   const struct dime_framed *to) {
    smooth_axis(from, down, (ptrdiff_t)from->stride, middle);
    smooth_axis(middle, across, 1, to);
}

/* ---- warping ---- */

/* The four bytes from base + place[i] on, the first one lowest. */
LANES_INLINE lanes_int gather(const uint8_t *base, lanes_int place) {
#if defined(__AVX512F__)
    return (lanes_int)_mm512_i32gather_epi32((__m512i)place, base, 1);
#elif defined(__AVX2__)
    union {
        lanes_int whole;
        __m256i half[2];
    } index = {place}, found;
    found.half[0] = _mm256_i32gather_epi32((const int *)(const void *)base, index.half[0], 1);
    found.half[1] = _mm256_i32gather_epi32((const int *)(const void *)base, index.half[1], 1);
    return found.whole;
#else
    lanes_int found = {0};
    for (uint32_t i = 0; i < DIME_LANES; i++) {
        const uint8_t *at = base + place[i];
        found[i] = (int32_t)(at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24);
    }
    return found;
#endif
}

/* Compilers take a vector of bytes apart one by one where they are left to convert it. */
LANES_INLINE lanes_int load_bytes(const uint8_t *from) {
#if defined(__AVX512F__)
    return (lanes_int)_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)from));
#elif defined(__AVX2__)
    union {
        __m256i half[2];
        lanes_int whole;
    } wide = {{_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)from)),
               _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(from + 8)))}};
    return wide.whole;
#else
    typedef uint8_t quarter_there __attribute__((vector_size(16), aligned(1), may_alias));
    return __builtin_convertvector(*(const quarter_there *)from, lanes_int);
#endif
}

/* The lowest byte of each. */
LANES_INLINE void store_bytes(uint8_t *to, lanes_int v) {
#if defined(__AVX512F__)
    _mm_storeu_si128((__m128i *)(void *)to, _mm512_cvtepi32_epi8((__m512i)v));
#else
    typedef uint8_t quarter __attribute__((vector_size(16)));
    typedef uint8_t quarter_there __attribute__((vector_size(16), aligned(1), may_alias));
    *(quarter_there *)to = (quarter) __builtin_convertvector(v, quarter);
#endif
}

LANES_INLINE lanes clamp_lanes(lanes v, float top) {
    v = lanes_max(v, lanes_all(0));
#ifdef __AVX512F__
    return (lanes)_mm512_min_ps((__m512)v, (__m512)lanes_all(top));
#else
    return (lanes)lanes_int_choose(v < lanes_all(top), (lanes_int)v, (lanes_int)lanes_all(top));
#endif
}

LANES_INLINE lanes_int sample_nearest(const uint8_t *corner, uint32_t stride, lanes across, lanes down) {
    lanes_int column = lanes_to_int(across), row = lanes_to_int(down);
    return gather(corner, row * lanes_int_all((int32_t)stride) + column) & lanes_int_all(255);
}

/* Each pixel with the one below it, so that one word holds all four neighbours of a place. */
static void pair_rows(const struct dime_ready *source, uint16_t *pairs) {
    typedef words words_there __attribute__((aligned(2), may_alias));
    const uint8_t *upper = source->corner, *lower = upper + source->stride;
    uint32_t count = (source->height + 2) * source->stride, i = 0;
    for (; i + BLOCK <= count; i += BLOCK)
        *(words_there *)(pairs + i) = words_load(upper + i) | words_load(lower + i) << 8;
    for (; i < count + 2; i++) pairs[i] = (uint16_t)(upper[i] | lower[i] << 8);
}

/* Between four neighbours, the lowest byte the upper left one, the next one below it; down the columns first.
   right, below: 0 .. 63, how much of 64 the other neighbour has. Sums stay below 255 * 64 * 64 + 2^11. */
LANES_INLINE lanes_int mix_neighbours(lanes_int four, lanes_int right, lanes_int below) {
#ifdef __AVX2__
    lanes_int twice = below | below << 16;
    lanes_int down = (twice << 8) - twice + lanes_int_all(0x00400040);
    lanes_int across = (right << 16) - right + lanes_int_all(64);
#ifdef __AVX512BW__
    lanes_int sum =
        (lanes_int)_mm512_madd_epi16(_mm512_maddubs_epi16((__m512i)four, (__m512i)down), (__m512i)across);
#else
    union {
        lanes_int whole;
        __m256i half[2];
    } pixels = {four}, weights = {down}, shares = {across};
    for (uint32_t i = 0; i < 2; i++)
        pixels.half[i] =
            _mm256_madd_epi16(_mm256_maddubs_epi16(pixels.half[i], weights.half[i]), shares.half[i]);
    lanes_int sum = pixels.whole;
#endif
#else
    lanes_int byte = lanes_int_all(255), above = lanes_int_all(64) - below;
    lanes_int left_column = (four & byte) * above + (four >> 8 & byte) * below;
    lanes_int right_column = (four >> 16 & byte) * above + (four >> 24 & byte) * below;
    lanes_int sum = left_column * (lanes_int_all(64) - right) + right_column * right;
#endif
    return (sum + lanes_int_all(1 << 11)) >> 12;
}

/* A sample's place in 1/64 of a pixel, rounded to the nearest, from the background pixel above and left of
   the picture on. */
LANES_INLINE lanes_int sample_bilinear(const uint16_t *pairs, uint32_t stride, lanes across, lanes down) {
    lanes_int column = lanes_to_int(across), row = lanes_to_int(down), fraction = lanes_int_all(63);
    lanes_int place = (row >> 6) * lanes_int_all((int32_t)stride) + (column >> 6);
    return mix_neighbours(gather((const uint8_t *)pairs, place + place), column & fraction, row & fraction);
}

/* Samples x .. x + 15 of all rows. Coordinates count in 1/scale of a pixel; scale, a power of two, bilinear
   and bent are constants at each call. */
LANES_INLINE void warp_columns(const struct dime_warp *warp, const struct dime_ready *source, uint32_t x,
                               const float scale, const int bilinear, const int bent, uint8_t *target) {
    lanes u = lanes_load(warp->x_at + x), unit = lanes_all(scale), half = lanes_all(0.5f);
    lanes u_across = lanes_all(warp->xx * scale) * u, u_down = lanes_all(warp->yx * scale) * u;
    float right = (float)(source->width + 1) * scale, bottom = (float)(source->height + 1) * scale;
    for (uint32_t y = 0; y < warp->size; y++) {
        float v = warp->y_at[y];
        if (x == 0 && 64 * (size_t)y < warp->soon_bytes) __builtin_prefetch(warp->soon + 64 * (size_t)y);
        lanes across = lanes_all((warp->xy * v + warp->x0 + 1) * scale) + u_across;
        lanes down = lanes_all((warp->yy * v + warp->y0 + 1) * scale) + u_down;
        if (bent) {
            across += lanes_load(warp->shift_x + (size_t)y * warp->wide + x) * unit;
            down += lanes_load(warp->shift_y + (size_t)y * warp->wide + x) * unit;
        }
        across = clamp_lanes(across, right) + half;
        down = clamp_lanes(down, bottom) + half;
        store_bytes(target + (size_t)y * warp->size + x,
                    bilinear ? sample_bilinear(warp->pairs, source->stride, across, down)
                             : sample_nearest(source->corner, source->stride, across, down));
    }
}

static void warp(const struct dime_warp *warp, const struct dime_ready *source, uint8_t *target) {
    if (warp->bilinear) pair_rows(source, warp->pairs);
    /* What the last columns of a row write too far, the first ones of the next row overwrite. */
    for (uint32_t x = (warp->size - 1) / DIME_LANES * DIME_LANES + DIME_LANES; x > 0;) {
        x -= DIME_LANES;
        if (!warp->bilinear)
            warp_columns(warp, source, x, 1, 0, warp->shift_x != NULL, target);
        else if (warp->shift_x)
            warp_columns(warp, source, x, 64, 1, 1, target);
        else
            warp_columns(warp, source, x, 64, 1, 0, target);
    }
}

#ifdef __AVX512DQ__
/* The numbers of eight states. */
LANES_INLINE __m256i mix_eight(__m512i state) {
    state = _mm512_xor_si512(state, _mm512_srli_epi64(state, 30));
    state = _mm512_mullo_epi64(state, _mm512_set1_epi64((int64_t)UINT64_C(0xBF58476D1CE4E5B9)));
    state = _mm512_xor_si512(state, _mm512_srli_epi64(state, 27));
    state = _mm512_mullo_epi64(state, _mm512_set1_epi64((int64_t)UINT64_C(0x94D049BB133111EB)));
    state = _mm512_xor_si512(state, _mm512_srli_epi64(state, 31));
    return _mm512_cvtepi64_epi32(_mm512_srli_epi64(state, 40));
}

/* Sixteen numbers from the states that follow `state`: the same steps as base/random.h. */
LANES_INLINE lanes draw_lanes(uint64_t state, float size) {
    const int64_t step = (int64_t)DIME_RANDOM_STEP;
    const __m512i count = _mm512_set_epi64(8, 7, 6, 5, 4, 3, 2, 1);
    __m512i first = _mm512_add_epi64(_mm512_set1_epi64((int64_t)state),
                                     _mm512_mullo_epi64(count, _mm512_set1_epi64(step)));
    __m512i second = _mm512_add_epi64(first, _mm512_set1_epi64((int64_t)(8 * DIME_RANDOM_STEP)));
    __m512i whole = _mm512_inserti64x4(_mm512_castsi256_si512(mix_eight(first)), mix_eight(second), 1);
    lanes unit = lanes_from_int((lanes_int)whole) * lanes_all(0x1p-24f);
    return lanes_all(-size) + lanes_all(size - -size) * unit;
}
#endif

static void draw(struct dime_random *random, float size, uint32_t count, float *out) {
    uint32_t i = 0;
#ifdef __AVX512DQ__
    for (; i + DIME_LANES <= count; i += DIME_LANES, random->state += DIME_LANES * DIME_RANDOM_STEP)
        lanes_store(out + i, draw_lanes(random->state, size));
#endif
    for (; i < count; i++) out[i] = dime_random_range(random, -size, size);
}

static void spline_across(const struct dime_spline *across, const float *control, uint32_t count,
                          uint32_t wide, float *rows) {
    for (uint32_t j = 0; j < count; j++, control += across->controls) {
        for (uint32_t x = 0; x < wide; x += DIME_LANES) {
            lanes sum = lanes_all(0);
            for (uint32_t c = 0; c < across->controls; c++)
                sum += lanes_all(control[c]) * lanes_load(across->basis + (size_t)c * wide + x);
            lanes_store(rows + (size_t)j * wide + x, sum);
        }
    }
}

static void spline_down(const struct dime_spline *down, const float *rows, uint32_t size, uint32_t wide,
                        float *field) {
    for (uint32_t y = 0; y < size; y++) {
        const float *row = rows + (size_t)down->first[y] * wide;
        for (uint32_t x = 0; x < wide; x += DIME_LANES) {
            lanes sum = lanes_all(0);
            for (uint32_t c = 0; c < 4; c++)
                sum += lanes_all(down->basis[(down->first[y] + c) * (size_t)wide + y]) *
                       lanes_load(row + (size_t)c * wide + x);
            lanes_store(field + (size_t)y * wide + x, sum);
        }
    }
}

/* ---- resizing ---- */

/* The same near the end of a picture: 0 behind it. */
LANES_INLINE lanes_int load_some(const uint8_t *from, uint32_t left) {
    uint8_t last[DIME_LANES] = {0};
    if (left >= DIME_LANES) return load_bytes(from);
    memcpy(last, from, left);
    return load_bytes(last);
}

LANES_INLINE lanes_int round_sums(const struct dime_filter *filter, lanes_int sums) {
    return (sums + lanes_int_all(filter->rounding)) >> (int32_t)filter->precision;
}

/* Sixteen samples of a row: four source pixels come in one word. */
LANES_INLINE lanes_int filter_across(const struct dime_filter *filter, const uint8_t *row, uint32_t i) {
    lanes_int sums = lanes_int_all(0), first = lanes_int_load(filter->first + i);
    for (uint32_t word = 0; word < filter->words; word++) {
        lanes_int pixels = gather(row, first + lanes_int_all((int32_t)(4 * word)));
        for (uint32_t t = 0; t < 4; t++) {
            const int32_t *coefficients = filter->by_tap + (size_t)(4 * word + t) * filter->wide + i;
            sums += ((pixels >> (int32_t)(8 * t)) & lanes_int_all(255)) * lanes_int_load(coefficients);
        }
    }
    return round_sums(filter, sums);
}

LANES_INLINE void filter_down(const struct dime_filter *filter, const uint8_t *middle, uint32_t wide,
                              uint32_t y, uint32_t x, uint32_t count, uint8_t *target) {
    const uint8_t *from = middle + (size_t)filter->first[y] * wide + x;
    const int32_t *coefficients = filter->coefficients + (size_t)y * filter->taps;
    lanes_int sums = lanes_int_all(0);
    uint8_t last[DIME_LANES];
    for (uint32_t t = 0; t < filter->taps; t++)
        sums += load_bytes(from + (size_t)t * wide) * lanes_int_all(coefficients[t]);
    if (count >= DIME_LANES) {
        store_bytes(target, round_sums(filter, sums));
        return;
    }
    store_bytes(last, round_sums(filter, sums));
    memcpy(target, last, count);
}

static void resize(const struct dime_filter *across, const struct dime_filter *down, const uint8_t *source,
                   uint32_t height, uint32_t width, uint8_t *row, uint8_t *middle, uint8_t *target) {
    for (uint32_t y = 0; y < height; y++) {
        memcpy(row, source + (size_t)y * width, width);
        for (uint32_t i = 0; i < across->target; i += DIME_LANES)
            store_bytes(middle + (size_t)y * across->wide + i, filter_across(across, row, i));
    }
    for (uint32_t y = 0; y < down->target; y++)
        for (uint32_t x = 0; x < across->target; x += DIME_LANES)
            filter_down(down, middle, across->wide, y, x, across->target - x,
                        target + (size_t)y * across->target + x);
}

/* ---- encoding ---- */

/* How one picture is encoded. */
struct coding {
    enum dime_input_encoding encoding;
    int32_t threshold;
    int32_t largest; /* of |10000 pixel - mean| */
    float inverse;   /* 1 / (2 largest) */
};

#define MEAN_TIMES_10000 333285 /* as in device/vision/encode.c */

LANES_INLINE lanes_int within(uint32_t start, uint32_t count) {
    return lanes_index() + lanes_int_all((int32_t)start) < lanes_int_all((int32_t)count);
}

LANES_INLINE struct coding describe(enum dime_input_encoding encoding, uint32_t threshold,
                                    const uint8_t *pixels, uint32_t count) {
    struct coding coding = {encoding, (int32_t)threshold, 1, 0};
    if (encoding != DIME_INPUT_MEAN_SUBTRACTED) return coding;
    lanes_int brightest = lanes_int_all(0),
              darkest = lanes_int_all(-255); /* both with a sign that a maximum finds */
    for (uint32_t i = 0; i < count; i += DIME_LANES) {
        lanes_int pixel = load_some(pixels + i, count - i);
        brightest = lanes_int_max(brightest, pixel);
        darkest = lanes_int_max(darkest, -pixel | ~within(i, count) << 8); /* far below behind the picture */
    }
    int32_t above = lanes_int_largest(brightest) * 10000 - MEAN_TIMES_10000;
    int32_t below = lanes_int_largest(darkest) * 10000 + MEAN_TIMES_10000;
    coding.largest = above > below ? above : below;
    coding.inverse = 1 / (2 * (float)coding.largest);
    return coding;
}

/* floor((254 d + D) / 2 D): a guess from floats, off by one at most, put right in integers below 2^30. */
LANES_INLINE lanes_int mean_subtracted(const struct coding *coding, lanes_int pixels) {
    lanes_int divisor = lanes_int_all(2 * coding->largest);
    lanes_int number =
        pixels * lanes_int_all(2540000) + lanes_int_all(coding->largest - 254 * MEAN_TIMES_10000);
    lanes_int guess = lanes_to_int(lanes_from_int(number) * lanes_all(coding->inverse));
    lanes_int rest = number - guess * divisor;
    return guess + (rest < lanes_int_all(0)) - (rest >= divisor); /* true is -1 */
}

LANES_INLINE lanes_int encode_lanes(const struct coding *coding, lanes_int pixels) {
    if (coding->encoding == DIME_INPUT_MEAN_SUBTRACTED) return mean_subtracted(coding, pixels);
    if (coding->encoding == DIME_INPUT_UNSIGNED) return pixels >> 1;
    if (coding->encoding == DIME_INPUT_UNSIGNED4) return pixels >> 4;
    return (pixels >= lanes_int_all(coding->threshold)) & lanes_int_all(1);
}

static void encode_floats(enum dime_input_encoding encoding, uint32_t threshold, const uint8_t *pixels,
                          uint32_t count, float *output) {
    struct coding coding = describe(encoding, threshold, pixels, count);
    for (uint32_t i = 0; i < count; i += DIME_LANES)
        lanes_store(output + i, lanes_from_int(encode_lanes(&coding, load_some(pixels + i, count - i)) &
                                               within(i, count)));
}

static void encode(enum dime_input_encoding encoding, uint32_t threshold, const uint8_t *pixels,
                   uint32_t count, int8_t *output) {
    struct coding coding = describe(encoding, threshold, pixels, count);
    uint8_t last[DIME_LANES], *to = (uint8_t *)output;
    uint32_t i = 0;
    for (; i + DIME_LANES <= count; i += DIME_LANES)
        store_bytes(to + i, encode_lanes(&coding, load_bytes(pixels + i)));
    if (i == count) return;
    store_bytes(last, encode_lanes(&coding, load_some(pixels + i, count - i)));
    memcpy(to + i, last, count - i);
}

const struct dime_picture_kernels PICTURE_KERNELS = {
    .resize = resize,
    .frame = frame,
    .smooth = smooth,
    .warp = warp,
    .draw = draw,
    .spline_across = spline_across,
    .spline_down = spline_down,
    .encode = encode,
    .encode_floats = encode_floats,
};
