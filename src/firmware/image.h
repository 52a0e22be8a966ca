/* SPDX-License-Identifier: MIT */
/* One firmware image in the making: its sources, objects and the linked program. What has been compiled once
   is kept for the next image of the same build, so that trying another placement costs a link. For build.c
   alone. */
#ifndef DIME_FIRMWARE_IMAGE_H
#define DIME_FIRMWARE_IMAGE_H

#include <stdint.h>

#include "firmware/build.h"
#include "firmware/toolchain.h"

/* What objects depend on. */
struct dime_image_variant {
    int is_model; /* 1: engine, fast kernels and weights; 0: application and drivers */
    enum dime_kernels kernels;
    enum dime_trade trade; /* of the model */
    uint32_t code_room;    /* likewise */
    uint32_t sums;         /* of drivers, which include model.h with the sizes of the scratch buffers */
    uint32_t activations;  /* likewise */
    int prepared_only;     /* likewise */
    uint32_t picture_bits, picture_count; /* likewise */
};

/* Objects that one compilation made. */
struct dime_image_objects {
    struct dime_image_variant variant;
    char *folder; /* absolute */
};

struct dime_image {
    const struct dime_firmware_settings *settings;
    struct dime_toolchain toolchain;
    char *sources; /* folder beside the ELF file */
    int is_new;    /* 1: it was not there before, and goes where nothing is published */
    int is_published;
    char *model_folder, *firmware_folder; /* of the sources, absolute; model_folder NULL without a model */
    char *work;                           /* temporary folder, absolute */
    char *linked;                         /* folder within, of the linked program */

    /* What the sources are now. */
    uint32_t picture_bits, picture_count;
    enum dime_kernels model_kernels;
    uint32_t model_room;
    struct dime_conv_plan convolutions;

    struct dime_image_objects *objects; /* malloc'ed */
    uint32_t object_count;
};

/* Finds the tools and writes what all images share. Errors: as dime_firmware_build. Close it in every case.
 */
int dime_image_open(struct dime_image *image, const struct dime_firmware_settings *settings);
void dime_image_close(struct dime_image *image);

/* Builds and measures the image that is settled by `chosen`: kernels, code and trade are not AUTO. An image
   that does not fit is no error: report->fits is 0. The report is overwritten. */
int dime_image_build(struct dime_image *image, const struct dime_firmware_settings *chosen,
                     struct dime_firmware_report *report);
/* Writes the files of the image that was built last. */
int dime_image_publish(struct dime_image *image, struct dime_firmware_report *report);

/* ---- the steps: sources.c, compile.c, measure.c ---- */

int dime_image_out_of_memory(const struct dime_image *image);
int dime_image_write_drivers(struct dime_image *image, const struct dime_firmware_settings *chosen);
int dime_image_write_model(struct dime_image *image, const struct dime_firmware_settings *chosen);
int dime_image_place_code(const struct dime_image *image, enum dime_code_place code);

/* Compiles what has not been compiled yet and links it to linked/image.elf, .bin and .hex. */
int dime_image_link(struct dime_image *image, const struct dime_firmware_settings *chosen);
/* Output of a tool that runs in the folder of the linked program, malloc'ed. */
int dime_image_ask(const struct dime_image *image, const char *const *command, char **output);

/* Flash, RAM and stack of the linked program. */
int dime_image_measure(const struct dime_image *image, struct dime_firmware_report *report);

#endif
