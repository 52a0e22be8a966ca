/* SPDX-License-Identifier: MIT */
/* A line of the camera. PCLK at 1 MHz leaves 48 cycles a byte, of which polling and storing take up to 30. */

#define HREF 8 /* PD3 */
#define PCLK 1 /* PD0 */
/* Input registers, from port C's base. */
#define INDR_A -0x7F8
#define INDR_C 0x008
#define INDR_D 0x408

/* uint32_t capture_line(uint8_t *line, uint32_t pixels, uint32_t skip, uint32_t patience):
   waits for HREF, takes every second byte from number `skip` on, and waits for the line's end. Returns 0; 1 where HREF was high already;
   2 where nothing came in `patience` rounds of about 11 cycles. The first byte is there when HREF and PCLK are
   high together, for HREF rises while PCLK is low. */
    .section .text.capture_line, "ax", @progbits
    .global capture_line
    .type capture_line, @function
    .p2align 2
capture_line:
    mv t0, a3
    lui a3, 0x40011 /* port C */
    li t1, HREF | PCLK
    lw a4, INDR_D(a3)
    andi a4, a4, HREF
    bnez a4, late
1:  lw a4, INDR_D(a3)
    andi a4, a4, HREF | PCLK
    beq a4, t1, first
    addi t0, t0, -1
    bnez t0, 1b
    li a0, 2
    ret
late:
    li a0, 1
    ret

first:
    beqz a2, take
next: /* the byte after this one */
    addi a2, a2, -1
2:  lw a4, INDR_D(a3)
    andi a4, a4, PCLK
    bnez a4, 2b
3:  lw a4, INDR_D(a3)
    andi a4, a4, PCLK
    beqz a4, 3b
    bnez a2, next
take:
    lw a4, INDR_C(a3)
#ifdef OV7670_UPPER_LINES
    andi a4, a4, 0xF8
#else
    lw a5, INDR_A(a3)
    andi a4, a4, 0xF9
    andi a5, a5, 0x06
    or a4, a4, a5
#endif
    sb a4, 0(a0)
    addi a0, a0, 1
    addi a1, a1, -1
    li a2, 2 /* over chroma */
    bnez a1, next
4:  lw a4, INDR_D(a3) /* the line has a few bytes more */
    andi a4, a4, HREF
    bnez a4, 4b
    li a0, 0
    ret
    .size capture_line, . - capture_line
