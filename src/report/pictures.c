/* SPDX-License-Identifier: MIT */
#include "report/pictures.h"

dime_figure_maker *const dime_pictures[DIME_PICTURES] = {
    dime_figure_curves,      dime_figure_confusion, dime_figure_mistakes,
    dime_figure_first_layer, dime_figure_weights,
};
