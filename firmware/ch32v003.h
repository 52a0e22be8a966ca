/* SPDX-License-Identifier: MIT */
/* Registers of the CH32V003 that this firmware uses. Names of blocks and registers are those of the CH32V003
   Reference Manual (CH32V003RM), names of bits too; the chapter is named at each block. Core registers are
   described in the QingKeV2 Microprocessor Manual. */
#ifndef FIRMWARE_CH32V003_H
#define FIRMWARE_CH32V003_H

#include <stdint.h>

#define FLASH_BYTES (16 * 1024)
#define RAM_BYTES (2 * 1024)

typedef volatile uint32_t chip_register;

/* ---- Reset and clock control: RM chapter 3 "Reset and Clock Control (RCC)" ---------------------------- */
struct rcc {
    chip_register CTLR, CFGR0, INTR, APB2PRSTR, APB1PRSTR, AHBPCENR, APB2PCENR, APB1PCENR, reserved, RSTSCKR;
};
#define RCC ((struct rcc *)0x40021000)

#define RCC_CTLR_HSION (1u << 0)
#define RCC_CTLR_HSIRDY (1u << 1)
#define RCC_CTLR_PLLON (1u << 24)
#define RCC_CTLR_PLLRDY (1u << 25)
#define RCC_CFGR0_SW (3u << 0)
#define RCC_CFGR0_SW_HSI (0u << 0)
#define RCC_CFGR0_SW_PLL (2u << 0)
#define RCC_CFGR0_SWS (3u << 2)
#define RCC_CFGR0_SWS_PLL (2u << 2)
#define RCC_CFGR0_HPRE (15u << 4)   /* 0: HCLK = SYSCLK; after reset 2: SYSCLK / 3 */
#define RCC_CFGR0_PLLSRC (1u << 16) /* 0: HSI, 24 MHz; the PLL doubles it */
#define RCC_AHB_DMA1 (1u << 0)
#define RCC_APB2_AFIO (1u << 0)
#define RCC_APB2_GPIOA (1u << 2)
#define RCC_APB2_GPIOC (1u << 4)
#define RCC_APB2_GPIOD (1u << 5)
#define RCC_APB2_TIM1 (1u << 11)
#define RCC_APB2_USART1 (1u << 14)
#define RCC_APB1_TIM2 (1u << 0)
#define RCC_RSTSCKR_LSION (1u << 0)
#define RCC_RSTSCKR_LSIRDY (1u << 1)
#define RCC_RSTSCKR_RMVF (1u << 24) /* clears the reset flags */
#define RCC_RSTSCKR_IWDGRSTF (1u << 29)

/* ---- Flash: RM chapter 16 "Flash Memory and User Option Bytes", register ACTLR --------------------------
 */
struct flash {
    chip_register ACTLR;
};
#define FLASH ((struct flash *)0x40022000)
#define FLASH_ACTLR_LATENCY_0 0u /* SYSCLK up to 24 MHz */
#define FLASH_ACTLR_LATENCY_1 1u /* up to 48 MHz; CH32V002: up to 24 MHz, and 2 up to 48 MHz */

/* ---- General-purpose pins: RM chapter 7 "GPIO and Alternate Function" -----------------------------------
 */
struct gpio {
    chip_register CFGLR, reserved, INDR, OUTDR, BSHR, BCR, LCKR;
};
#define GPIOA ((struct gpio *)0x40010800)
#define GPIOC ((struct gpio *)0x40011000)
#define GPIOD ((struct gpio *)0x40011400)

/* ---- DMA: RM chapter 8 "Direct Memory Access Control (DMA)" ---------------------------------------------
 */
struct dma_channel {
    chip_register CFGR, CNTR, PADDR, MADDR, reserved;
};
struct dma {
    chip_register INTFR, INTFCR;
    struct dma_channel channel[7]; /* channel n is channel[n - 1] */
};
#define DMA1 ((struct dma *)0x40020000)

#define DMA_CFGR_EN (1u << 0)
#define DMA_CFGR_TCIE (1u << 1)
#define DMA_CFGR_DIR_TO_PERIPHERAL (1u << 4)
#define DMA_CFGR_CIRC (1u << 5)
#define DMA_CFGR_MINC (1u << 7) /* bytes on both sides: PSIZE = MSIZE = 0 */
#define DMA_FLAGS(channel) (15u << (4 * ((channel)-1)))
#define DMA_TCIF(channel) (2u << (4 * ((channel)-1)))

/* ---- USART: RM chapter 12 "Universal Synchronous Asynchronous Receiver Transmitter (USART)" -------------
 */
struct usart {
    chip_register STATR, DATAR, BRR, CTLR1, CTLR2, CTLR3, GPR;
};
#define USART1 ((struct usart *)0x40013800)

#define USART_STATR_FE (1u << 1)
#define USART_STATR_NE (1u << 2)
#define USART_STATR_ORE (1u << 3)
#define USART_STATR_RXNE (1u << 5)
#define USART_STATR_TC (1u << 6)
#define USART_STATR_TXE (1u << 7)
#define USART_CTLR1_RE (1u << 2)
#define USART_CTLR1_TE (1u << 3)
#define USART_CTLR1_RXNEIE (1u << 5)
#define USART_CTLR1_TXEIE (1u << 7)
#define USART_CTLR1_UE (1u << 13)
#define USART_CTLR3_DMAR (1u << 6)
#define USART_CTLR3_DMAT (1u << 7)

/* ---- Timers: RM chapter 10 "Advanced-control Timer (ADTM)", TIM1, and 11 "General-purpose Timer (GPTM)" --
 */
struct timer {
    chip_register CTLR1, CTLR2, SMCFGR, DMAINTENR, INTFR, SWEVGR, CHCTLR1, CHCTLR2, CCER, CNT, PSC, ATRLR;
    chip_register RPTCR, CHCVR[4], BDTR;
};
#define TIM1 ((struct timer *)0x40012C00)
#define TIM2 ((struct timer *)0x40000000)

#define TIM_CTLR1_CEN (1u << 0)
#define TIM_DMAINTENR_UIE (1u << 0)
#define TIM_INTFR_UIF (1u << 0)
#define TIM_SWEVGR_UG (1u << 0) /* loads prescaler and counter at once */
#define TIM_CHCTLR1_CH1_PWM1 (6u << 4)
#define TIM_CCER_CC1E (1u << 0)
#define TIM_BDTR_MOE (1u << 15) /* TIM1: without it no output moves */

/* ---- Independent watchdog: RM chapter 4 "Independent Watchdog (IWDG)" -----------------------------------
 */
struct iwdg {
    chip_register CTLR, PSCR, RLDR, STATR;
};
#define IWDG ((struct iwdg *)0x40003000)

#define IWDG_CTLR_FEED 0xAAAAu
#define IWDG_CTLR_UNLOCK 0x5555u
#define IWDG_CTLR_START 0xCCCCu
#define IWDG_STATR_BUSY 3u /* PVU and RVU: a new prescaler or reload value is on its way */

/* ---- Interrupts: RM chapter 6 "Interrupt and Events (PFIC)" ---------------------------------------------
 */
struct pfic {
    chip_register ISR[8], IPR[8], ITHRESDR, reserved1, CFGR, GISR, reserved2[44];
    chip_register IENR[32], IRER[32];
};
#define PFIC ((struct pfic *)0xE000E000)

/* Numbers of interrupts as in the vector table, RM table "Vector table". */
enum interrupt {
    INTERRUPT_SYSTICK = 12,
    INTERRUPT_DMA1_CHANNEL4 = 25,
    INTERRUPT_USART1 = 32,
    INTERRUPT_TIM2 = 38,
};

/* ---- System tick: QingKeV2 manual, chapter "System Timer (SysTick)" -------------------------------------
 */
struct systick {
    chip_register CTLR, SR, CNT, reserved1, CMP;
};
#define SYSTICK ((struct systick *)0xE000F000)

#define SYSTICK_CTLR_STE (1u << 0)
#define SYSTICK_CTLR_STIE (1u << 1)
#define SYSTICK_CTLR_STCLK (1u << 2) /* 1: counts HCLK; 0: HCLK / 8 */

/* ---- Single-wire debug data registers: QingKeV2 manual, chapter "Debug Support" -------------------------
 */
#define DMDATA0 (*(chip_register *)0xE00000F4)
#define DMDATA1 (*(chip_register *)0xE00000F8)

_Static_assert(sizeof(struct rcc) == 0x28, "RCC_RSTSCKR is at 0x24");
_Static_assert(sizeof(struct gpio) == 0x1C, "GPIO_LCKR is at 0x18");
_Static_assert(sizeof(struct dma_channel) == 20, "a DMA channel has 20 bytes");
_Static_assert(sizeof(struct usart) == 0x1C, "USART_GPR is at 0x18");
_Static_assert(sizeof(struct timer) == 0x48, "TIM1_BDTR is at 0x44");
_Static_assert(__builtin_offsetof(struct pfic, IENR) == 0x100, "PFIC_IENR is at 0x100");
_Static_assert(__builtin_offsetof(struct pfic, IRER) == 0x180, "PFIC_IRER is at 0x180");
_Static_assert(__builtin_offsetof(struct systick, CMP) == 0x10, "SysTick CMP is at 0x10");

#endif
