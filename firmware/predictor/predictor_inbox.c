/* SPDX-License-Identifier: MIT */
#include "predictor_inbox.h"

#include <stddef.h>

#include "interrupt.h"
#include "usart.h"

/* The interrupt writes one slot while the other waits or is free. A frame that begins while its slot is full
   is received into nowhere. */
static struct dime_link_frame slots[2];
static volatile uint8_t full[2];
static struct dime_link_receiver receiver;
static uint8_t writing, lost; /* the interrupt's */
static uint8_t reading;       /* the program's */
static volatile struct inbox_counts counts;

static void take_frame(void) {
    if (lost) {
        counts.dropped++;
        counts.dropped_sequence = receiver.sequence;
        return;
    }
    full[writing] = 1;
    writing ^= 1;
}

void usart_received(uint8_t byte, uint32_t errors) {
    if (!receiver.started && !receiver.skip) lost = full[writing];
    if (errors) dime_link_spoil(&receiver);
    enum dime_link_event event = dime_link_receive(&receiver, lost ? NULL : &slots[writing], byte);
    if (event == DIME_LINK_FRAME) take_frame();
    if (event == DIME_LINK_DAMAGED) counts.damaged++;
}

void inbox_start(uint32_t divider) {
    usart_start(divider);
    usart_receive();
    interrupts_on();
}

const struct dime_link_frame *inbox_frame(void) {
    return full[reading] ? &slots[reading] : NULL;
}

void inbox_release(void) {
    full[reading] = 0;
    reading ^= 1;
}

/* Halves of 16 bits are read whole; a count that changes between two is one newer, no more. */
struct inbox_counts inbox_counts(void) {
    return (struct inbox_counts){counts.damaged, counts.dropped, counts.dropped_sequence};
}
