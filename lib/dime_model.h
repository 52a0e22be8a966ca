/* SPDX-License-Identifier: MIT */
/* The interface of libdime_model.so and libdime_model.dll: one trained network, ready to classify pictures.
   Every function may be called from any number of threads at once; nothing is allocated and nothing is kept
   between calls. Scratch memory lives on the caller's stack: dime_model_inputs() bytes, and what
   the model calls DIME_MODEL_SCRATCH_BYTES. */
#ifndef DIME_MODEL_LIBRARY_H
#define DIME_MODEL_LIBRARY_H

#include <stdint.h>

#if defined(_WIN32) && defined(DIME_MODEL_BUILD)
#define DIME_MODEL_API __declspec(dllexport)
#elif defined(_WIN32)
#define DIME_MODEL_API __declspec(dllimport)
#else
#define DIME_MODEL_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The program and its version that made this library, such as "dime 0.1.0". */
DIME_MODEL_API const char *dime_model_version(void);
/* The name of the model file or run folder that it was made from. */
DIME_MODEL_API const char *dime_model_name(void);

/* Height and width of the input picture in pixels. */
DIME_MODEL_API uint32_t dime_model_input_size(void);
/* Number of inputs: height times width. */
DIME_MODEL_API uint32_t dime_model_inputs(void);
/* Number of classes, and of logits. */
DIME_MODEL_API uint32_t dime_model_classes(void);

/* Classifies a grey picture.
   grey_pixels: dime_model_inputs() grey levels, row by row, 0 (background) .. 255 (stroke)
   logits:      room for dime_model_classes() scores, or NULL
   Returns the class with the largest logit (the lowest on a tie), or -1 where grey_pixels is NULL. */
DIME_MODEL_API int dime_model_predict(const uint8_t *grey_pixels, int32_t *logits);

/* The same for an input that is already encoded as the network was trained: dime_model_inputs() values. */
DIME_MODEL_API int dime_model_predict_encoded(const int8_t *input, int32_t *logits);

/* The call that programs written for BitNetMCU's library use: an encoded input gives the class. */
DIME_MODEL_API uint32_t Inference(int8_t *input);

#ifdef __cplusplus
}
#endif

#endif
