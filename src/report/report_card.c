/* SPDX-License-Identifier: MIT */
/* The model card: data, splits, seeds, limits, how to make the model again (after Mitchell and others, Model
   Cards for Model Reporting, 2019, arXiv 1810.03993). */
#include <cjson/cJSON.h>
#include <string.h>

#include "report/html.h"
#include "report/report.h"

static void put_data(FILE *stream, const struct dime_run_facts *facts) {
    const struct dime_config *config = &facts->model->config;
    dime_html_row(stream, "data", "%s, %u classes", config->dataset, facts->model->classes);
    if (facts->train_images)
        dime_html_row(stream, "splits",
                      "%u images to train on and %u for validation, by a shuffle of the training set that "
                      "the seed decides; %u for the test, read once at the end",
                      facts->train_images, facts->validation_images, facts->test.images);
    else
        dime_html_row(stream, "splits", "%u images of the training set for validation",
                      config->validation_size);
    dime_html_row(stream, "input", "%u x %u grey levels, background 0, encoded as %s", config->input_size,
                  config->input_size, dime_input_encoding_name(config->input_encoding));
    dime_html_row(stream, "augmentation", "%s",
                  config->augmentation
                      ? "rotated, shifted, scaled and distorted copies of the training images"
                      : "none");
}

/* What the trainer wrote into the model file: a JSON object of numbers. */
static void put_known(FILE *stream, const char *metrics) {
    cJSON *object = metrics ? cJSON_Parse(metrics) : NULL, *item;
    cJSON_ArrayForEach(item, object) {
        char name[64];
        snprintf(name, sizeof name, "%s", item->string ? item->string : "");
        for (char *letter = name; *letter; letter++)
            if (*letter == '_') *letter = ' ';
        if (!cJSON_IsNumber(item)) continue;
        dime_html_row(stream, name, "%g%s", item->valuedouble, strstr(name, "accuracy") ? " %" : "");
    }
    cJSON_Delete(object);
}

static void put_training(FILE *stream, const struct dime_run_facts *facts) {
    const struct dime_config *config = &facts->model->config;
    dime_html_row(stream, "training",
                  "%u epochs, batches of %u, Adam with learning rate %g (%s), quantization-aware",
                  config->epochs, config->batch_size, (double)config->learning_rate,
                  dime_schedule_name(config->schedule));
    dime_html_row(stream, "normalisation, scales", "NormType %s, WScale %s", dime_norm_name(config->norm),
                  dime_wscale_name(config->wscale));
    dime_html_row(
        stream, "seed",
        "%llu; it decides weights, splits, order and augmentation, and gives the same bytes of model on "
        "any number of threads",
        (unsigned long long)config->seed);
    put_known(stream, facts->model->metrics);
}

/* The class that is read worst. */
static void put_weakest(FILE *stream, const struct dime_run_facts *facts) {
    uint32_t classes = facts->model->classes, weakest = 0;
    double least = 2;
    char name[128];
    for (uint32_t i = 0; i < classes; i++) {
        uint32_t sum = 0;
        for (uint32_t k = 0; k < classes; k++) sum += facts->test.confusion[i * classes + k];
        double recall = sum ? (double)facts->test.confusion[i * classes + i] / sum : 1;
        if (recall < least) {
            least = recall;
            weakest = i;
        }
    }
    dime_facts_class(facts, weakest, name, sizeof name);
    fputs("<li>It is weakest at ", stream);
    dime_html_format(stream, "%s: %.1f %% of these test images are right.", name, 100 * least);
    fputs("</li>\n", stream);
}

static void put_limits(FILE *stream, const struct dime_run_facts *facts) {
    fputs(
        "<h3>Limits</h3>\n<ul>\n<li>For every picture it answers with one of its classes, also for one that "
        "shows none of them.</li>\n<li>Pictures must look like those it was trained on: one object on a "
        "plain "
        "background, as large and as centred as there.</li>\n<li>Its accuracy is that on the test set of ",
        stream);
    dime_html_text(stream, facts->model->config.dataset);
    fputs("; other writers, cameras and light will give another.</li>\n<li>Another seed gives another "
          "accuracy; "
          "publish the mean of several.</li>\n",
          stream);
    if (facts->test.images) put_weakest(stream, facts);
    fputs("</ul>\n", stream);
}

static void put_reproduction(FILE *stream, const struct dime_run_facts *facts) {
    fputs("<h3>How to make it again</h3>\n", stream);
    if (facts->metrics) {
        fputs("<pre><code>dime train ", stream);
        dime_html_format(stream, "%s/config.yaml --out again", facts->name);
        fputs("</code></pre>\n<p>where <code>config.yaml</code> is</p>\n", stream);
    } else {
        fputs("<pre><code>dime train config.yaml --out again</code></pre>\n<p>with this as "
              "<code>config.yaml</code>, where the model was trained by dime:</p>\n",
              stream);
    }
    fputs("<details><summary>the configuration, every key</summary>\n<pre>", stream);
    if (facts->config_text) dime_html_text(stream, facts->config_text);
    fputs("</pre></details>\n", stream);
}

void dime_report_card(FILE *stream, const struct dime_run_facts *facts) {
    fputs("<h2>Model card</h2>\n<table>\n", stream);
    put_data(stream, facts);
    put_training(stream, facts);
    fputs("</table>\n", stream);
    put_limits(stream, facts);
    put_reproduction(stream, facts);
}
