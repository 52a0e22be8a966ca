/* SPDX-License-Identifier: MIT */
/* A grey picture becomes what the network was trained on, in the frame of MNIST (LeCun, Cortes, Burges,
   yann.lecun.com/exdb/mnist): light strokes on black, the longer side of the digit's box 20/28 of the frame,
   its centre of mass at the frame's centre. Paper and ink may be of any tone, and unevenly lit.

   The picture streams through, pixel by pixel in any portions, and is averaged down into a grid of cells that
   the caller provides; everything else happens on the grid. Exact integer arithmetic without floating point:
   PC and chip give the same bytes. docs/vision.md describes the steps. */
#ifndef DIME_VISION_VISION_H
#define DIME_VISION_VISION_H

#include <stdint.h>

#define DIME_VISION_CELLS 784       /* usual size of the grid in bytes: 32x24 for a picture of 4:3 */
#define DIME_VISION_LEAST_CELLS 256 /* with fewer a digit cannot be told */
#define DIME_VISION_MOST_COLUMNS 48
#define DIME_VISION_MOST_SIDE 4096 /* of a picture */
#define DIME_VISION_MOST_SIZE 64   /* of the network's input */
#define DIME_VISION_BLOCKS 196     /* of the map of the paper's brightness, which is made in the output */

enum dime_vision_polarity {
    DIME_VISION_AUTO,          /* whatever reaches the border less is ink */
    DIME_VISION_DARK_ON_LIGHT, /* a pen on paper */
    DIME_VISION_LIGHT_ON_DARK, /* MNIST */
};

/* What is on a picture. */
enum dime_vision_finding {
    DIME_VISION_DIGIT, /* something that may be a digit */
    DIME_VISION_EMPTY, /* no ink: less contrast than DIME_VISION_CONTRAST */
    DIME_VISION_SMALL, /* what is there covers too few cells to be read */
    DIME_VISION_FULL,  /* ink everywhere: no digit on paper */
};

/* Least difference, in grey levels of a paper of brightness 255, between paper and ink. */
#define DIME_VISION_CONTRAST 24

/* Where the digit is. */
struct dime_vision_found {
    uint8_t inverted; /* 1: dark strokes on a light ground */
    uint8_t kept;     /* 1: the picture was framed as MNIST's already, and was not moved or scaled */
    uint8_t contrast; /* of the ink, 0..255 */
    /* Box and centre of mass in 1/256 cells; cell (0, 0) reaches from 0 to 256. 0 where no digit is. */
    uint16_t left, top, right, bottom, centre_x, centre_y;
};

/* A picture on its way. The caller owns it and the grid; neither is needed after dime_vision_finish(). */
struct dime_vision {
    uint8_t *cells;                   /* rows x columns */
    uint8_t columns, rows;            /* of the grid; at most 48 x 255 */
    uint16_t width, height;           /* of the picture */
    uint16_t block;                   /* a cell is the mean of block x block pixels */
    uint16_t cell_width, cell_height; /* in pixels: block, or less where the picture is narrower */
    uint16_t skip_x, skip_y;          /* pixels left of and above the first cell */
    uint16_t x, y;                    /* of the next pixel */
    uint8_t column, row;              /* of the cell that it belongs to */
    uint8_t shift;                    /* a line's sum is shifted right by this before it is added */
    uint16_t left, lines_left;        /* pixels of this line, and lines, until that cell is complete */
    uint32_t run;                     /* sum of the pixels of this line that belong to it */
    uint8_t map_columns, map_rows, map_block;
    union {
        uint16_t sums[DIME_VISION_MOST_COLUMNS]; /* of the present row of cells */
        uint8_t line[2 * DIME_VISION_MOST_COLUMNS];
    } work;
    uint8_t *map; /* brightness of the paper, while dime_vision_finish() runs */
};

/* The grid of a picture: the finest of square blocks of pixels that has at most `capacity` cells, and at most
   48 columns and 255 rows. Returns the pixels along a block's side. Sides 1..DIME_VISION_MOST_SIDE; capacity
   at least 1. */
uint32_t dime_vision_grid(uint32_t width, uint32_t height, uint32_t capacity, uint32_t *columns,
                          uint32_t *rows);

/* Begins a picture of `width` x `height` pixels with a grid of `capacity` bytes. */
void dime_vision_begin(struct dime_vision *vision, uint32_t width, uint32_t height, uint8_t *cells,
                       uint32_t capacity);

/* The next pixels, row by row from the top left, in portions of any length. What is beyond the end of the
   picture is ignored. */
void dime_vision_add(struct dime_vision *vision, const uint8_t *pixels, uint32_t count);

/* 1 when every pixel has come. */
int dime_vision_complete(const struct dime_vision *vision);

/* Makes the network's picture, `size` x `size` grey levels (0 background .. 255 stroke), for dime_encode();
   all 0 unless a digit is found. Cells are used up. Pixels that have not come count as whatever is in the
   grid. size: 4..64; below 14 the paper's
 * brightness is known less finely. `found` may be NULL. */
enum dime_vision_finding dime_vision_finish(struct dime_vision *vision, enum dime_vision_polarity polarity,
                                            uint32_t size, uint8_t *output, struct dime_vision_found *found);

#endif
