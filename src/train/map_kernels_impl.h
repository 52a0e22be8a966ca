/* SPDX-License-Identifier: MIT */
/* Body of every variant of the kernels that go over one channel of a map: `pixels` x `lanes`. Included by
   conv_kernels_impl.h. Sums of floats run in DIME_LANES lanes, added pairwise at the end. */

typedef int32_t ivec __attribute__((vector_size(VEC_WIDTH * sizeof(int32_t))));

ALWAYS vec keep_where(ivec condition, vec value) {
    return (vec)(condition & (ivec)value);
}

ALWAYS vec larger(vec a, vec b) {
#ifdef vec_larger
    return vec_larger(a, b);
#else
    ivec first = (ivec)(a > b);
    return (vec)((first & (ivec)a) | (~first & (ivec)b));
#endif
}

ALWAYS ivec to_int(vec whole) {
    return __builtin_convertvector(whole, ivec);
}

ALWAYS vec to_float(ivec whole) {
    return __builtin_convertvector(whole, vec);
}

ALWAYS ivec all_int(int32_t x) {
    return (ivec){0} + x;
}

ALWAYS float sum_lanes(const float *lane) {
    float half[DIME_LANES];
    for (uint32_t i = 0; i < DIME_LANES; i++) half[i] = lane[i];
    for (uint32_t width = DIME_LANES / 2; width; width /= 2)
        for (uint32_t i = 0; i < width; i++) half[i] += half[i + width];
    return half[0];
}

/* Differences from one of the values, so that little cancels in the variance. */
static void statistics(const struct dime_map *map, const float *sums, float *mean, float *variance) {
    float total[DIME_LANES], square[DIME_LANES], pivot = sums[0];
    for (uint32_t i = 0; i < DIME_LANES; i += VEC_WIDTH) {
        vec t = vec_all(0), s = vec_all(0);
        for (uint32_t lane = i; lane < map->lanes; lane += DIME_LANES) {
            vec mask = vec_load(map->mask + lane);
            for (uint32_t p = 0; p < map->pixels; p++) {
                vec x = (vec_load(sums + (size_t)p * map->lanes + lane) - vec_all(pivot)) * mask;
                t += x;
                s = vec_fma(x, x, s);
            }
        }
        vec_store(total + i, t);
        vec_store(square + i, s);
    }
    float share = 1 / (float)(map->images * map->pixels), shift = sum_lanes(total) * share;
    float spread = sum_lanes(square) * share - shift * shift;
    *mean = pivot + shift;
    *variance = spread > 0 ? spread : 0;
}

ALWAYS void note(struct dime_map_activity *activity, const vec *highest, const vec *active) {
    if (!activity) return;
    float high[VEC_WIDTH], count[VEC_WIDTH];
    vec_store(high, *highest);
    vec_store(count, *active);
    for (uint32_t i = 0; i < VEC_WIDTH; i++) {
        activity->highest = high[i] > activity->highest ? high[i] : activity->highest;
        activity->active += (uint32_t)count[i];
    }
}

/* Whole passes over a channel: `lane` and `size` are those of a vector, `at` its place. */
#define FOR_VECTORS(map, at, lane)                                                                           \
    for (uint32_t lane = 0; lane < (map)->lanes; lane += VEC_WIDTH)                                          \
        for (size_t at = lane, end_ = (size_t)(map)->pixels * (map)->lanes; at < end_; at += (map)->lanes)

static void activate(const struct dime_map *map, const float *sums, const struct dime_map_affine *affine,
                     float *out, struct dime_map_activity *activity) {
    ivec bias = all_int(affine->bias), multiplier = all_int(affine->multiplier);
    ivec rounding = all_int(affine->rounding), zero = all_int(0), top = all_int(affine->top);
    vec highest = vec_all(0), active = vec_all(0);
    FOR_VECTORS(map, at, lane) {
        ivec v = ((to_int(vec_load(sums + at)) + bias) * multiplier + rounding) >> affine->shift;
        v &= (ivec)(v > zero);
        v = (v & (ivec)(v < top)) | (top & (ivec)(v >= top));
        vec y = to_float(v) * vec_load(map->mask + lane);
        highest = larger(y, highest);
        active += keep_where((ivec)(y > vec_all(0)), vec_all(1));
        vec_store(out + at, y);
    }
    note(activity, &highest, &active);
}

static void activate_real(const struct dime_map *map, const float *sums, float slope, float offset,
                          float *out, struct dime_map_activity *activity) {
    vec highest = vec_all(0), active = vec_all(0);
    FOR_VECTORS(map, at, lane) {
        vec y = vec_fma(vec_load(sums + at), vec_all(slope), vec_all(offset)) * vec_load(map->mask + lane);
        y = larger(y, vec_all(0));
        highest = larger(y, highest);
        active += keep_where((ivec)(y > vec_all(0)), vec_all(1));
        vec_store(out + at, y);
    }
    note(activity, &highest, &active);
}

static void norm_gradient(const struct dime_map *map, const float *sums, const struct dime_map_norm *norm,
                          float *gradient, float *gain_gradient, float *offset_gradient) {
    float with_normal[DIME_LANES], alone[DIME_LANES];
    vec range = vec_all(norm->range), zero = vec_all(0), per_unit = vec_all(norm->per_unit);
    for (uint32_t i = 0; i < DIME_LANES; i += VEC_WIDTH) {
        vec n = vec_all(0), a = vec_all(0);
        for (uint32_t lane = i; lane < map->lanes; lane += DIME_LANES) {
            for (size_t at = lane; at < (size_t)map->pixels * map->lanes; at += map->lanes) {
                vec s = vec_load(sums + at);
                vec real = vec_fma(s, vec_all(norm->slope), vec_all(norm->offset));
                vec normal = vec_fma(s, vec_all(norm->scale), vec_all(norm->centre));
                vec g = keep_where((ivec)(real > zero) & (ivec)(real < range),
                                   vec_load(gradient + at) * per_unit);
                a += g;
                n = vec_fma(g, normal, n);
                vec_store(gradient + at, g);
            }
        }
        vec_store(with_normal + i, n);
        vec_store(alone + i, a);
    }
    *gain_gradient = sum_lanes(with_normal);
    *offset_gradient = sum_lanes(alone);
    float share = 1 / (float)(map->images * map->pixels);
    vec tilt = vec_all(-share * *gain_gradient * norm->scale);
    vec level = vec_all(-share * (*offset_gradient + *gain_gradient * norm->centre));
    FOR_VECTORS(map, at, lane) {
        vec g = vec_load(gradient + at) + vec_fma(vec_load(sums + at), tilt, level);
        vec_store(gradient + at, g * vec_all(norm->back) * vec_load(map->mask + lane));
    }
}

/* ---- 32-bit activations ---- */

ALWAYS vec widened(ivec sum) {
    return to_float((sum & (ivec)(sum > all_int(0))) >> DIME_WIDE_SHIFT);
}

static void widen(const float *sums, size_t count, float *out, struct dime_map_activity *activity) {
    vec highest = vec_all(0), active = vec_all(0);
    for (size_t at = 0; !activity && at < count; at += VEC_WIDTH)
        vec_store(out + at, widened(to_int(vec_load(sums + at))));
    if (!activity) return;
    for (size_t at = 0; at < count; at += VEC_WIDTH) {
        vec y = widened(to_int(vec_load(sums + at)));
        highest = larger(y, highest);
        active += keep_where((ivec)(y > vec_all(0)), vec_all(1));
        vec_store(out + at, y);
    }
    note(activity, &highest, &active);
}

static void widen_gradient(const float *sums, size_t count, float *gradient) {
    vec share = vec_all(1.0f / (1 << DIME_WIDE_SHIFT));
    for (size_t at = 0; at < count; at += VEC_WIDTH)
        vec_store(gradient + at,
                  keep_where((ivec)(vec_load(sums + at) > vec_all(0)), vec_load(gradient + at) * share));
}

ALWAYS ivec load_int(const int32_t *from) {
    ivec v;
    memcpy(&v, from, sizeof v);
    return v;
}

ALWAYS void store_int(int32_t *to, ivec v) {
    memcpy(to, &v, sizeof v);
}

ALWAYS ivec exact_sum(const struct dime_conv_tap *tap, const struct dime_conv_tap *end, size_t lanes,
                      const ivec *factor, const float *in, const int32_t *exact) {
    ivec sum = all_int(0);
    for (; tap < end; tap++) {
        size_t at = tap->pixel * lanes;
        sum += (exact ? load_int(exact + at) : to_int(vec_load(in + at))) * factor[tap->tap];
    }
    return sum;
}

static void exact_channel(const struct dime_conv_list *list, uint32_t lanes, uint32_t taps,
                          const float *weights, size_t weight_tap, const float *in, const int32_t *exact,
                          int32_t *values, float *sums) {
    ivec factor[DIME_CONV_MOST_TAPS];
    for (uint32_t t = 0; t < taps; t++) factor[t] = all_int((int32_t)weights[t * weight_tap]);
    for (uint32_t pixel = 0; pixel < list->count; pixel++) {
        const struct dime_conv_tap *first = list->items + list->start[pixel];
        const struct dime_conv_tap *end = list->items + list->start[pixel + 1];
        for (size_t lane = 0; lane < lanes; lane += VEC_WIDTH) {
            ivec sum = exact_sum(first, end, lanes, factor, in + lane, exact ? exact + lane : NULL);
            store_int(values + (size_t)pixel * lanes + lane, sum);
            vec_store(sums + (size_t)pixel * lanes + lane, to_float(sum));
        }
    }
}

static void widen_exact(const int32_t *values, size_t count, float *out, int32_t *exact,
                        struct dime_map_activity *activity) {
    vec highest = vec_all(0), active = vec_all(0);
    for (size_t at = 0; at < count; at += VEC_WIDTH) {
        ivec v = load_int(values + at);
        v = (v & (ivec)(v > all_int(0))) >> DIME_WIDE_SHIFT;
        vec y = to_float(v);
        highest = larger(y, highest);
        active += keep_where((ivec)(y > vec_all(0)), vec_all(1));
        vec_store(out + at, y);
        if (exact) store_int(exact + at, v);
    }
    note(activity, &highest, &active);
}

static void pool_largest_exact(const struct dime_conv_list *list, uint32_t lanes, const int32_t *in,
                               int32_t *out) {
    for (uint32_t pixel = 0; pixel < list->count; pixel++) {
        for (uint32_t lane = 0; lane < lanes; lane += VEC_WIDTH) {
            ivec best = load_int(in + (size_t)list->items[list->start[pixel]].pixel * lanes + lane);
            for (uint32_t i = list->start[pixel] + 1; i < list->start[pixel + 1]; i++) {
                ivec x = load_int(in + (size_t)list->items[i].pixel * lanes + lane);
                ivec first = (ivec)(x > best);
                best = (first & x) | (~first & best);
            }
            store_int(out + (size_t)pixel * lanes + lane, best);
        }
    }
}

/* ---- pooling: every window is whole ---- */

static void pool_largest(const struct dime_conv_list *list, uint32_t lanes, const float *in, float *out) {
    for (uint32_t pixel = 0; pixel < list->count; pixel++) {
        const struct dime_conv_tap *first = list->items + list->start[pixel];
        const struct dime_conv_tap *end = list->items + list->start[pixel + 1];
        for (uint32_t lane = 0; lane < lanes; lane += VEC_WIDTH) {
            vec best = vec_load(in + (size_t)first->pixel * lanes + lane);
            for (const struct dime_conv_tap *tap = first + 1; tap < end; tap++)
                best = larger(vec_load(in + (size_t)tap->pixel * lanes + lane), best);
            vec_store(out + (size_t)pixel * lanes + lane, best);
        }
    }
}

/* To the first of equal entries. in_gradient: zeroed. */
static void pool_largest_gradient(const struct dime_conv_list *list, uint32_t lanes, const float *in,
                                  const float *out, const float *gradient, float *in_gradient) {
    for (uint32_t pixel = 0; pixel < list->count; pixel++) {
        const struct dime_conv_tap *end = list->items + list->start[pixel + 1];
        for (uint32_t lane = 0; lane < lanes; lane += VEC_WIDTH) {
            vec best = vec_load(out + (size_t)pixel * lanes + lane);
            vec left = vec_load(gradient + (size_t)pixel * lanes + lane);
            for (const struct dime_conv_tap *tap = list->items + list->start[pixel]; tap < end; tap++) {
                size_t at = (size_t)tap->pixel * lanes + lane;
                ivec here = (ivec)(vec_load(in + at) == best);
                vec_store(in_gradient + at, vec_load(in_gradient + at) + keep_where(here, left));
                left = keep_where(~here, left);
            }
        }
    }
}
