/* SPDX-License-Identifier: MIT */
/* A cross compiler that remembers: the tests build some hundred images, and nearly all of their files again
   and again from the same text. It stands before the real compiler in $PATH, under the same name, and keeps
   objects in the folder $DIME_OBJECT_STORE; scripts/test.sh makes that folder anew for every run.

   An object is taken again where everything is the same that it came from: compiler, options, the names of
   the headers that can be found, the file, and every header that it read. Folders may differ: what is copied
   names those of the first compilation in its debug information. Whatever is not the compilation of files
   into the current folder, fails, or prints something goes to the real compiler each time. */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_FOLDERS = 8, MOST_SOURCES = 256, MOST_MANIFESTS = 4096, MOST_HEADERS = 256 };

/* What a compilation leaves, by its ending; the object is the only one that must be there. */
static const char *const results[] = {"o", "su", "ci"};
enum { RESULTS = sizeof results / sizeof *results };

struct request {
    char *compiler;
    const char *store;
    char **options; /* for the real compiler, its name first; NULL-terminated */
    size_t option_count;
    const char *folders[MOST_FOLDERS]; /* of headers */
    size_t folder_count;
    const char *sources[MOST_SOURCES];
    size_t source_count;
};

/* ---- text and files ---- */

static void fail(const char *what) {
    fprintf(stderr, "cached_gcc: %s: %s\n", what, strerror(errno));
    exit(1);
}

__attribute__((format(printf, 1, 2))) static char *format(const char *pattern, ...) {
    va_list arguments;
    char *text = NULL;
    va_start(arguments, pattern);
    if (vasprintf(&text, pattern, arguments) < 0) fail("memory");
    va_end(arguments);
    return text;
}

static const char *name_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int ends_with(const char *text, const char *ending) {
    size_t length = strlen(text), tail = strlen(ending);
    return length > tail && strcmp(text + length - tail, ending) == 0;
}

/* The whole file with a zero behind it; NULL where there is none. */
static char *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    char *content = NULL;
    size_t room = 0;
    *size = 0;
    if (!file) return NULL;
    do {
        room = room ? 2 * room : 16384;
        content = realloc(content, room + 1);
        if (!content) fail("memory");
        *size += fread(content + *size, 1, room - *size, file);
    } while (*size == room);
    if (ferror(file)) fail(path);
    fclose(file);
    content[*size] = 0;
    return content;
}

static int copy_file(const char *from, const char *to) {
    size_t size;
    char *content = read_file(from, &size);
    if (!content) return 0;
    FILE *file = fopen(to, "wb");
    if (!file || fwrite(content, 1, size, file) != size || fclose(file)) fail(to);
    free(content);
    return 1;
}

/* ---- fingerprints: FNV-1a of 128 bits ---- */

typedef unsigned __int128 fingerprint;

static const fingerprint nothing = (fingerprint)0x6c62272e07bb0142 << 64 | 0x62b821756295c58d;

static fingerprint with_bytes(fingerprint hash, const void *bytes, size_t size) {
    const fingerprint prime = (fingerprint)1 << 88 | 0x13b;
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < size; i++) hash = (hash ^ byte[i]) * prime;
    return hash;
}

static fingerprint with_text(fingerprint hash, const char *text) {
    return with_bytes(hash, text, strlen(text) + 1);
}

/* 0: no such file. */
static fingerprint of_file(const char *path) {
    size_t size;
    char *content = read_file(path, &size);
    fingerprint hash = content ? with_bytes(nothing, content, size) : 0;
    free(content);
    return hash;
}

static char *hexadecimal(fingerprint hash) {
    return format("%016llx%016llx", (unsigned long long)(hash >> 64), (unsigned long long)hash);
}

/* ---- what is asked for ---- */

/* The program of our name behind this one in $PATH, which becomes the part behind this one: others stand
   before the compiler in the same way, and would come back here. */
static char *real_compiler(const char *name) {
    struct stat own, other;
    const char *folder = getenv("PATH");
    int is_behind = 0;
    if (stat("/proc/self/exe", &own)) fail("/proc/self/exe");
    while (folder && *folder) {
        size_t length = strcspn(folder, ":");
        char *path = format("%.*s/%s", (int)length, folder, name);
        int is_program = !access(path, X_OK) && !stat(path, &other) && S_ISREG(other.st_mode);
        int is_own = is_program && own.st_dev == other.st_dev && own.st_ino == other.st_ino;
        if (is_program && !is_own && is_behind) {
            setenv("PATH", folder, 1);
            return path;
        }
        is_behind |= is_own;
        free(path);
        folder += length + (folder[length] == ':');
    }
    errno = ENOENT;
    fail(name);
    return NULL;
}

static int is_source(const char *word) {
    return word[0] != '-' && (ends_with(word, ".c") || ends_with(word, ".S"));
}

/* Options and sources apart: 1 where this is a compilation that can be remembered. */
static int understand(struct request *request, int count, char **words) {
    int compiles = 0;
    request->options = calloc((size_t)count + MOST_SOURCES + 2, sizeof *request->options);
    if (!request->options) fail("memory");
    for (int i = 0; i < count; i++) {
        char *word = words[i];
        if (i && is_source(word)) {
            if (request->source_count == MOST_SOURCES) return 0;
            request->sources[request->source_count++] = word;
            continue;
        }
        if (i && word[0] != '-') return 0; /* a file to link, or the value of an option */
        request->options[request->option_count++] = word;
        if (!strncmp(word, "-I", 2)) {
            if (!word[2] || request->folder_count == MOST_FOLDERS) return 0;
            request->folders[request->folder_count++] = word + 2;
        }
        if (!strncmp(word, "-o", 2) || !strncmp(word, "-M", 2) || !strncmp(word, "-i", 2)) return 0;
        compiles |= !strcmp(word, "-c");
    }
    return compiles && request->source_count && request->store && *request->store;
}

/* ---- keys ---- */

static int is_header(const struct dirent *entry) {
    return ends_with(entry->d_name, ".h") || ends_with(entry->d_name, ".inc");
}

static fingerprint with_names_of_headers(fingerprint hash, const char *folder) {
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_header, alphasort);
    for (int i = 0; i < count; i++) hash = with_text(hash, entries[i]->d_name);
    for (int i = 0; i < count; i++) free(entries[i]);
    free(entries);
    return with_text(hash, "/");
}

/* What all files of the request have in common. */
static fingerprint common_key(const struct request *request) {
    struct stat compiler;
    fingerprint hash = with_text(nothing, request->compiler);
    if (stat(request->compiler, &compiler)) fail(request->compiler);
    hash = with_bytes(hash, &compiler.st_mtim, sizeof compiler.st_mtim);
    for (size_t i = 1; i < request->option_count; i++)
        hash = with_text(hash, strncmp(request->options[i], "-I", 2) ? request->options[i] : "-I");
    for (size_t i = 0; i < request->folder_count; i++)
        hash = with_names_of_headers(hash, request->folders[i]);
    return hash;
}

/* The folder of what was made from this file with these options, whatever its headers said. */
static char *shelf_of(const struct request *request, fingerprint common, const char *source) {
    size_t size;
    char *content = read_file(source, &size);
    if (!content) return NULL; /* the compiler says it better */
    char *text = hexadecimal(with_bytes(with_text(common, name_of(source)), content, size));
    char *shelf = format("%s/%s", request->store, text);
    free(text);
    free(content);
    return shelf;
}

/* A header's path, without the folder where that is one of the request's: "1:model.h". */
static char *place_of(const struct request *request, const char *path) {
    for (size_t i = 0; i < request->folder_count; i++) {
        size_t length = strlen(request->folders[i]);
        if (!strncmp(path, request->folders[i], length) && path[length] == '/')
            return format("%zu:%s", i, path + length + 1);
    }
    return format("-:%s", path);
}

static char *path_of(const struct request *request, const char *place) {
    if (place[0] == '-') return strdup(place + 2);
    size_t folder = (size_t)(place[0] - '0');
    return folder < request->folder_count ? format("%s/%s", request->folders[folder], place + 2) : NULL;
}

/* ---- taking ---- */

/* Every header of this list still says what it said: lines of a fingerprint, a blank and a place. */
static int is_up_to_date(const struct request *request, char *list) {
    for (char *line = strtok(list, "\n"); line; line = strtok(NULL, "\n")) {
        char *path = strlen(line) > 33 ? path_of(request, line + 33) : NULL;
        char *found = path ? hexadecimal(of_file(path)) : NULL;
        int is_same = found && !strncmp(found, line, 32);
        free(found);
        free(path);
        if (!is_same) return 0;
    }
    return 1;
}

static void take(const char *shelf, int number, const char *source) {
    int stem = (int)strcspn(name_of(source), ".");
    for (int i = 0; i < RESULTS; i++) {
        char *from = format("%s/%d/%s", shelf, number, results[i]);
        char *to = format("%.*s.%s", stem, name_of(source), results[i]);
        copy_file(from, to);
        free(from);
        free(to);
    }
}

static int take_remembered(const struct request *request, const char *shelf, const char *source) {
    for (int number = 0; shelf && number < MOST_MANIFESTS; number++) {
        size_t size;
        char *path = format("%s/%d/headers", shelf, number);
        char *list = read_file(path, &size);
        free(path);
        if (!list) return 0;
        int is_it = is_up_to_date(request, list);
        free(list);
        if (is_it) {
            take(shelf, number, source);
            return 1;
        }
    }
    return 0;
}

/* ---- compiling and keeping ---- */

/* The compiler's exit status; *is_silent where it printed nothing. */
static int compile(const struct request *request, char **words, int *is_silent) {
    FILE *said = tmpfile();
    int status, byte;
    if (!said) fail("tmpfile");
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (!child) {
        dup2(fileno(said), STDOUT_FILENO);
        dup2(fileno(said), STDERR_FILENO);
        execv(request->compiler, words);
        _exit(127);
    }
    if (waitpid(child, &status, 0) != child) fail("waitpid");
    rewind(said);
    for (*is_silent = 1; (byte = getc(said)) != EOF; *is_silent = 0) putc(byte, stderr);
    fclose(said);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* The words of a rule for make, without its target; 0 where there is a word that this cannot read. */
static int list_headers(const struct request *request, char *rule, FILE *list) {
    char *word = strchr(rule, ':'), *rest = NULL;
    int count = 0;
    if (!word || strlen(word) < 2) return 0;
    for (word = strtok_r(word + 1, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
        if (!strcmp(word, "\\")) continue;
        if (strchr(word, '\\') || count > MOST_HEADERS) return 0;
        if (count++ == 0) continue; /* the source */
        char *text = hexadecimal(of_file(word)), *place = place_of(request, word);
        fprintf(list, "%s %s\n", text, place);
        free(text);
        free(place);
    }
    return count > 0;
}

/* Puts the folder under the first free number, all at once: other compilers run beside this one. */
static void shelve(const char *shelf, const char *ready) {
    mkdir(shelf, 0777);
    for (int number = 0; number < MOST_MANIFESTS; number++) {
        char *place = format("%s/%d", shelf, number);
        int code = rename(ready, place), problem = errno;
        free(place);
        if (!code) return;
        if (problem != ENOTEMPTY && problem != EEXIST) fail(ready);
    }
}

static void keep(const struct request *request, const char *shelf, const char *source) {
    size_t size;
    char *stem = strndup(name_of(source), strcspn(name_of(source), "."));
    char *rule_path = format("%s.d", stem), *ready = format("%s/new.XXXXXX", request->store);
    char *rule = read_file(rule_path, &size);
    remove(rule_path);
    if (rule && shelf && mkdtemp(ready)) {
        char *path = format("%s/headers", ready);
        FILE *list = fopen(path, "w");
        if (!list) fail(path);
        int is_whole = list_headers(request, rule, list);
        if (fclose(list)) fail(path);
        free(path);
        for (int i = 0; i < RESULTS; i++) {
            char *from = format("%s.%s", stem, results[i]), *to = format("%s/%s", ready, results[i]);
            if (!copy_file(from, to) && i == 0) is_whole = 0;
            free(from);
            free(to);
        }
        if (is_whole) shelve(shelf, ready);
    }
    free(rule);
    free(rule_path);
    free(ready);
    free(stem);
}

int main(int argc, char **argv) {
    struct request request = {.compiler = real_compiler(name_of(argv[0])),
                              .store = getenv("DIME_OBJECT_STORE")};
    const char *missing[MOST_SOURCES];
    char *shelves[MOST_SOURCES];
    size_t missing_count = 0, words = 0;
    argv[0] = request.compiler; /* by its name alone it would look for its parts beside this program */
    if (!understand(&request, argc, argv)) {
        execv(request.compiler, argv);
        fail(request.compiler);
    }
    fingerprint common = common_key(&request);
    words = request.option_count;
    for (size_t i = 0; i < request.source_count; i++) {
        char *shelf = shelf_of(&request, common, request.sources[i]);
        if (take_remembered(&request, shelf, request.sources[i])) {
            free(shelf);
            continue;
        }
        shelves[missing_count] = shelf;
        missing[missing_count++] = request.sources[i];
        request.options[words++] = (char *)(uintptr_t)request.sources[i];
    }
    if (!missing_count) return 0;
    request.options[words] = (char *)(uintptr_t) "-MMD";
    int is_silent, status = compile(&request, request.options, &is_silent);
    for (size_t i = 0; i < missing_count; i++) {
        keep(&request, status || !is_silent ? NULL : shelves[i], missing[i]);
        free(shelves[i]);
    }
    return status;
}
