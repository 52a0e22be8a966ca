/* SPDX-License-Identifier: MIT */
#ifndef DIME_DATA_DATASET_H
#define DIME_DATA_DATASET_H

#include <stdint.h>

/* Labelled grey pictures, all of one size. pixels: count x height x width, 0..255, row by row, 0 =
   background. labels: count, 0 .. classes-1. */
struct dime_dataset {
    uint32_t count;
    uint32_t height, width; /* 1..256 each */
    uint32_t classes;       /* 2..255 */
    uint8_t *pixels;
    uint8_t *labels;
};

struct dime_dataset_pair {
    struct dime_dataset train, test;
    char **class_names; /* train.classes strings, "0".."9" for MNIST, folder names for picture folders */
};

/* Opens a dataset by name ("mnist", "MNIST", "fashion-mnist", "FashionMNIST": any case) from the cache, or
   own data from a path ("./mnist" is a path, "mnist" is not). `folder` overrides the cache folder, NULL for
   the default. Own data:
     - FILE.csv: label, then H*W pixels on each line; W = H unless the last name of a header line is
       ROWSxCOLUMNS, as in label,1x1,1x2,...,28x14
     - a folder with train-images-idx3-ubyte[.gz] ...: the four MNIST-style IDX files
     - a folder with train.csv and test.csv
     - a folder with train/ and test/, or with classes directly: a sub-folder of PGM or PNG pictures for each
       class

   Labels count from 0 (a training part without label 0 is an error); there are as many classes as the
   greatest label + 1 of both parts, or as folders.
   Folders become classes in the order of their names, as numbers when all are numbers; pictures are read in
   the order of their names. The first picture of the first class sets the size, reduced to fit 256x256 where
   it is larger (aspect ratio kept); pictures of another size are resized to it by dime_resize. A file that is
   no picture is an error, save for hidden ones.

   Where there is no test part, every sixth picture of each class becomes the test set.

   An unknown name is an error that lists the known ones; a named dataset that has not been fetched or is
   damaged is an error that says `dime data fetch NAME`. Errors: IO, MALFORMED, CHECKSUM, MEMORY, UNSUPPORTED,
   CONFIG. */
int dime_dataset_open(const char *name, const char *folder, struct dime_dataset_pair *pair);
void dime_dataset_close(struct dime_dataset_pair *pair);

/* Fetches a named dataset into the sub-folder NAME of `folder` (NULL: $DIME_CACHE, else
   $XDG_CACHE_HOME/dime, else ~/.cache/dime), from each known source in turn, resuming a part that is already
   there; trusts the checksum alone. Does nothing but verify when it is complete.

   $DIME_MIRROR, a URL or folder with a sub-folder for each dataset, comes first when it is set; with
   DIME_OFFLINE=1 no source on the network but that one is asked. progress may be NULL.

   Errors: IO (no source could give a file: the message lists each with its reason; or the folder cannot be
   written), UNSUPPORTED (unknown name), CONFIG (no cache folder is known), MEMORY. */
struct dime_fetch_progress {
    void (*step)(void *context, const char *what, uint64_t done, uint64_t total); /* total 0: unknown */
    void *context;
};
int dime_dataset_fetch(const char *name, const char *folder, const struct dime_fetch_progress *progress);

#endif
