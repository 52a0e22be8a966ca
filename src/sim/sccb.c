/* SPDX-License-Identifier: MIT */
#include "sim/sccb.h"

enum phase { IDLE, ADDRESS, REGISTER, VALUE, SEND };

static void pull(struct sim_sccb *sccb, int low) {
    if (sccb->pulling == low) return;
    sccb->pulling = (uint8_t)low;
    sccb->pull(sccb->context, low);
}

void sim_sccb_start(struct sim_sccb *sccb) {
    sccb->phase = IDLE;
    sccb->bits = sccb->shift = sccb->reading = sccb->pulling = 0;
    sccb->scl = sccb->sda = 1;
}

/* A byte has come in: whether it is for us. */
static int take(struct sim_sccb *sccb) {
    switch (sccb->phase) {
    case ADDRESS:
        sccb->reading = sccb->shift & 1;
        return sccb->shift >> 1 == sccb->address && sccb->awake(sccb->context);
    case REGISTER:
        sccb->select(sccb->context, sccb->shift);
        return 1;
    default:
        sccb->write(sccb->context, sccb->shift);
        return 1;
    }
}

/* What follows a byte and its ninth bit. */
static void move_on(struct sim_sccb *sccb) {
    if (sccb->phase == ADDRESS)
        sccb->phase = sccb->reading ? SEND : REGISTER;
    else if (sccb->phase == REGISTER)
        sccb->phase = VALUE;
    if (sccb->phase == SEND) sccb->shift = sccb->read(sccb->context);
    sccb->bits = 0;
}

/* SCL fell: bits are put out. `bits` counts those of this byte that are over. */
static void fallen(struct sim_sccb *sccb) {
    if (sccb->phase == IDLE) return;
    int sending = sccb->phase == SEND;
    if (sccb->bits == 9) {
        move_on(sccb);
        sending = sccb->phase == SEND;
    } else if (sccb->bits == 8 && !sending) {
        if (take(sccb))
            pull(sccb, 1);
        else
            sccb->phase = IDLE;
        return;
    }
    pull(sccb, sending && sccb->bits < 8 && !(sccb->shift >> (7 - sccb->bits) & 1));
}

static void risen(struct sim_sccb *sccb) {
    if (sccb->phase == IDLE) return;
    if (sccb->phase != SEND && sccb->bits < 8) sccb->shift = (uint8_t)(sccb->shift << 1 | sccb->sda);
    if (sccb->phase == SEND && sccb->bits == 8 && sccb->sda)
        sccb->phase = IDLE; /* the master wants no more */
    sccb->bits++;
}

void sim_sccb_lines(struct sim_sccb *sccb, int scl, int sda) {
    int scl_before = sccb->scl, sda_before = sccb->sda;
    sccb->scl = scl != 0;
    sccb->sda = sda != 0;
    if (sccb->scl && scl_before && sccb->sda != sda_before) { /* start, or stop */
        sccb->phase = sccb->sda ? IDLE : ADDRESS;
        sccb->bits = 0;
        pull(sccb, 0);
        return;
    }
    if (sccb->scl == scl_before) return;
    if (sccb->scl)
        risen(sccb);
    else
        fallen(sccb);
}
