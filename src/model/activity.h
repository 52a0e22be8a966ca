/* SPDX-License-Identifier: MIT */
/* What a network's layers see of typical pictures: how many inputs are active, how many bits are set. The
   time that an inference takes on the chip follows from it (chip_cost.h). */
#ifndef DIME_MODEL_ACTIVITY_H
#define DIME_MODEL_ACTIVITY_H

#include <stdint.h>

#include "model/model.h"

/* Means over pictures; of a dense convolution sums over its windows. Inputs x of the layer count from the
   smallest one, c = min(0, least of x): d = x - c, as fast kernels have it. */
struct dime_layer_activity {
    double active;     /* inputs with d > 0 */
    double words;      /* groups of four inputs of which one is active */
    double bits[8];    /* inputs with bit b of d set */
    double bytes;      /* inputs of those groups up to the last that is active */
    double high;       /* inputs with d >= 16 */
    double digits;     /* signed digits of all d that are not 0 (signed_digits.h) */
    double lengths;    /* digits of all |x| as binary numbers; at least one each */
    double ones;       /* bits set in all |x| */
    double offset;     /* 1 where c < 0 */
    double least_bits; /* bits set in -c */
    double blank;      /* convolutions on one channel with 2x2 max pooling: windows that see nothing but 0 */
    double positive;   /* outputs above 0 */
    double low;        /* inputs with a bit set among the lowest four of d */
    double fives;      /* groups of five active inputs, the last of which may be incomplete */
    double negative;   /* inputs x < 0 */
    double filled_15;  /* of the inputs with bit b of d set, for each b: full groups of 15 */
    double begun_15; /* likewise, with those that are incomplete, but for those that are moved: up to 3 inputs
                        that are left go to the bit below twice, where there is room */
    double moved;    /* inputs of these */
    double filled_16; /* of 16 */
    double begun_16;  /* likewise */
    double fours;     /* of 4, with those that are incomplete */
    double eights;    /* of 8, with those that are incomplete */
    double seen;      /* dense 3x3 convolutions: pairs of places and channels of which one is not all 0 */
    double code;      /* layers that can be code: instructions of the active inputs' blocks (weight_code.h) */
};
#define DIME_ACTIVITY_NUMBERS 31 /* of a layer, in that order */

struct dime_activity {
    uint32_t layer_count;
    struct dime_layer_activity picture;                 /* the encoded picture itself */
    struct dime_layer_activity layers[DIME_MAX_LAYERS]; /* by layer; pooling: zeros */
};

/* Counts on encoded pictures, count x inputs. Errors: UNSUPPORTED (format None), MEMORY. */
int dime_activity_count(const struct dime_model *model, const int8_t *encoded, uint32_t count,
                        struct dime_activity *activity);

/* Where nothing has been counted: a picture of which a quarter is ink, half of the units active with half of
   their bits set. */
void dime_activity_assume(const struct dime_model *model, struct dime_activity *activity);

/* As the member "activity" of the metrics of a model (docs/model-file.md): an array of numbers for
   the picture and for each layer.
   add: to the text of a JSON object, of which a new malloc'ed one is made; NULL when out of memory.
   read: 1 where the metrics have it and it suits the model. */
char *dime_activity_add(const char *metrics, const struct dime_activity *activity);
int dime_activity_read(const struct dime_model *model, struct dime_activity *activity);

#endif
