/* SPDX-License-Identifier: MIT */
#include "report/facts.h"

#include <stdio.h>

void dime_facts_class(const struct dime_run_facts *facts, uint32_t class, char *text, size_t size) {
    if (facts->model->class_names)
        snprintf(text, size, "%s", facts->model->class_names[class]);
    else
        snprintf(text, size, "%u", class);
}

int dime_facts_is_integer(const struct dime_run_facts *facts) {
    for (uint32_t i = 0; i < facts->model->layer_count; i++)
        if (facts->model->layers[i].format == DIME_FORMAT_NONE) return 0;
    return 1;
}
