/* SPDX-License-Identifier: MIT */
/* TensorBoard event files: TFRecord framing (tensorflow/core/lib/io/record_writer.h) around Event messages
   (tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto). */
#ifndef DIME_REPORT_TFEVENTS_H
#define DIME_REPORT_TFEVENTS_H

#include <stddef.h>
#include <stdint.h>

struct dime_tfevents;

/* Begins a new event file in `folder`, events.out.tfevents.SECONDS.HOST.PID.0. TensorBoard reads the files of
   a folder in the order of their names, so SECONDS is made later than that of every file already there. The
   file starts with a session mark at first_step, upon which TensorBoard forgets what earlier files say of
   that step and of later ones. Errors: IO, MEMORY. */
int dime_tfevents_open(const char *folder, int64_t first_step, struct dime_tfevents **events);

/* Add one value to the step that is being collected. They return nothing: a failed allocation is remembered
   and reported by dime_tfevents_step. */
void dime_tfevents_scalar(struct dime_tfevents *events, const char *tag, double value);
/* Thirty buckets of equal width. Values that are not finite are left out, and without finite values the whole
   histogram. */
void dime_tfevents_float_histogram(struct dime_tfevents *events, const char *tag, const float *values,
                                   size_t count);
/* A bucket for each value that occurs. */
void dime_tfevents_integer_histogram(struct dime_tfevents *events, const char *tag, const int16_t *values,
                                     size_t count);

/* A picture, already encoded as PNG. */
void dime_tfevents_image(struct dime_tfevents *events, const char *tag, uint32_t height, uint32_t width,
                         const void *png, size_t size);

/* Writes the collected values as one event of `step`, flushes, and begins anew. Errors: IO, MEMORY. */
int dime_tfevents_step(struct dime_tfevents *events, int64_t step);
/* Frees `events` (NULL is allowed) whatever it returns. Values that were collected but not written are lost.
 */
int dime_tfevents_close(struct dime_tfevents *events);

/* CRC-32C (Castagnoli; RFC 3720 section B.4 has test vectors). */
uint32_t dime_crc32c(const void *bytes, size_t size);

#endif
