/* SPDX-License-Identifier: MIT */
/* The models that `teacher` names, trained first where it names a configuration. */
#ifndef DIME_CLI_TEACHER_RUNS_H
#define DIME_CLI_TEACHER_RUNS_H

#include "cli/training_run.h"
#include "model/model.h"

/* Whether every teacher can be read, before anything is written. Errors as below. */
int cli_check_teachers(const struct cli_run_request *request);

/* Loads request->config.teacher_count models; free each with dime_model_free (also after an error: those not
   loaded are zero). A name that ends with .yaml or .yml is a configuration: it is trained into RUN/teacher-N,
   or resumed there, on the student's dataset with the student's seed and validation_size, so that the images
   that the student is validated on are new to the teacher too. Errors: as of cli_run_training and
   dime_model_read; CONFIG where the teacher's configuration names teachers of its own. */
int cli_load_teachers(const struct cli_run_request *request, const char *run, struct dime_model *models);

#endif
