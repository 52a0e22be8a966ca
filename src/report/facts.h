/* SPDX-License-Identifier: MIT */
/* What is known of a run, gathered for figures and report. Parts may be missing: a model file has no curves,
   a model without its data no confusion matrix. */
#ifndef DIME_REPORT_FACTS_H
#define DIME_REPORT_FACTS_H

#include <stddef.h>
#include <stdint.h>

#include "model/model.h"
#include "report/metrics.h"

/* A test picture that the network reads as another class. */
struct dime_mistake {
    uint32_t index; /* in the test set */
    uint8_t label, answer;
    int64_t margin;        /* logit of the answer less that of the label: how sure it was */
    const uint8_t *pixels; /* height x width of the facts, 0 = background */
};

/* The network over the test set. */
struct dime_test_facts {
    uint32_t images;         /* 0: not evaluated */
    double accuracy;         /* percent; of the integer engine, or of the float model */
    double trainer_accuracy; /* percent; of the trainer's forward pass */
    int has_integer;         /* 0: float weights, which do not run in the engine */
    uint32_t mismatches;
    const uint32_t *confusion; /* classes x classes, rows = labels */
    uint32_t height, width;    /* of the pictures below */
    const struct dime_mistake *mistakes;
    size_t mistake_count; /* the worst first */
};

/* The network on the chip. */
struct dime_chip_facts {
    int has_size, has_cycles;
    uint32_t flash_bytes, ram_bytes, stack_bytes; /* of the firmware image; stack: worst case */
    uint64_t cycles;                              /* of one inference at 48 MHz */
    char origin[512];                             /* where these are from, or why there are none */
};

struct dime_run_facts {
    const char *name; /* the run folder or model file as it was given */
    const struct dime_model *model;
    const struct dime_metrics *metrics;       /* NULL: none */
    const char *config_text;                  /* config.yaml, or NULL */
    uint32_t train_images, validation_images; /* 0: the data is not there */
    struct dime_test_facts test;
    struct dime_chip_facts chip;
};

/* Name of a class, into `text`. */
void dime_facts_class(const struct dime_run_facts *facts, uint32_t class, char *text, size_t size);
/* "fully connected", "convolution 3x3". */
void dime_facts_layer(const struct dime_model_layer *layer, char *text, size_t size);
/* 1 where all weights are integers. */
int dime_facts_is_integer(const struct dime_run_facts *facts);

#endif
