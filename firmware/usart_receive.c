/* SPDX-License-Identifier: MIT */
#include "usart.h"

/* Reading STATR and then DATAR clears RXNE and the error flags. */
void usart_forget(void) {
    (void)USART1->STATR;
    (void)USART1->DATAR;
}

uint8_t usart_get(uint32_t *errors) {
    uint32_t status;
    do status = USART1->STATR;
    while (!(status & (USART_STATR_RXNE | USART_STATR_ORE)));
    *errors |= status & (USART_STATR_ORE | USART_STATR_FE | USART_STATR_NE);
    return (uint8_t)USART1->DATAR;
}
