/* SPDX-License-Identifier: MIT */
/* Any bytes as a configuration file; what is accepted must survive being written and read again, and --set.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int truth) {
    if (!truth) abort();
}

/* Byte for byte: a configuration has no byte that a reader leaves to chance. */
static int differ(const void *a, const void *b) {
    return memcmp(a, b, sizeof(struct dime_config)) != 0;
}

static void read_again(const struct dime_config *config) {
    struct dime_config again;
    memset(&again, 0, sizeof again);
    char *text = dime_config_format(config);
    require(text != NULL);
    require(dime_config_parse("again", text, strlen(text), &again) == 0);
    require(!differ(config, &again));
    free(text);
}

static void set(const uint8_t *bytes, size_t size) {
    char *assignment = malloc(size + 1);
    require(assignment != NULL);
    if (size) memcpy(assignment, bytes, size);
    assignment[size] = 0;
    struct dime_config config;
    dime_config_default(&config);
    if (!dime_config_set(&config, (const char *const[]){assignment}, 1)) read_again(&config);
    free(assignment);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct dime_config config;
    if (!dime_config_parse("fuzz", (const char *)bytes, size, &config)) read_again(&config);
    set(bytes, size);
    return 0;
}
