/* SPDX-License-Identifier: MIT */
/* TIM1 and TIM2 (chapters 10 and 11), counting up. Nothing happens at each count: `catch_up` carries the
   counter, its flags and its preloaded registers forward to the present cycle whenever a register is touched,
   and an event is scheduled only for what must be seen at its time: an interrupt, a DMA request, an edge on a
   pin. */
#include "sim/peripheral_timer.h"

#include <string.h>

#include "sim/peripheral.h"

enum {
    CTLR1 = 0x00,
    CTLR2 = 0x04,
    SMCFGR = 0x08,
    DMAINTENR = 0x0C,
    INTFR = 0x10,
    SWEVGR = 0x14,
    CHCTLR1 = 0x18,
    CHCTLR2 = 0x1C,
    CCER = 0x20,
    CNT = 0x24,
    PSC = 0x28,
    ATRLR = 0x2C,
    RPTCR = 0x30,
    CH1CVR = 0x34,
    CH4CVR = 0x40,
    BDTR = 0x44,
    DMACFGR = 0x48,
    DMAADR = 0x4C,
};
enum { CEN = 1 << 0, UDIS = 1 << 1, URS = 1 << 2, OPM = 1 << 3, DIR = 1 << 4, CMS = 3 << 5, ARPE = 1 << 7 };
enum { UIF = 1 << 0, CC1IF = 1 << 1, COMIF = 1 << 5, TIF = 1 << 6, BIF = 1 << 7, CC1OF = 1 << 9 };
enum { UDE = 1 << 8, CC1DE = 1 << 9 }; /* in DMAINTENR; the interrupt enables stand where the flags do */
enum { UG = 1 << 0, CC1G = 1 << 1 };
enum { CCE = 1, CCP = 2, CCNE = 4, CCNP = 8 }; /* four bits a channel in CCER */
enum { MOE = 1 << 15 };
enum { COUNTER_TOP = 0xFFFF };
enum { OC_FROZEN, OC_ACTIVE, OC_INACTIVE, OC_TOGGLE, OC_FORCE_LOW, OC_FORCE_HIGH, OC_PWM1, OC_PWM2 };

static uint32_t number_of(const struct sim_peripherals *all, const struct sim_timer *timer) {
    return timer == &all->timers[0] ? 1 : 2;
}

static void timer_unmodelled(struct sim_peripherals *all, const struct sim_timer *timer, uint32_t offset,
                             const char *what) {
    sim_block_unmodelled(all, &sim_timer_blocks[timer - all->timers], offset, what);
}

/* ---- channels ------------------------------------------------------------------------------------------ */

/* The channel's byte of CHCTLR1 or CHCTLR2. */
static uint32_t channel_control(const struct sim_timer *timer, uint32_t channel) {
    return timer->chctlr[channel / 2] >> (8 * (channel % 2)) & 0xFF;
}

static int is_output(const struct sim_timer *timer, uint32_t channel) {
    return (channel_control(timer, channel) & 3) == 0;
}

static uint32_t output_mode(const struct sim_timer *timer, uint32_t channel) {
    return channel_control(timer, channel) >> 4 & 7;
}

static uint32_t compare_flag(uint32_t channel) {
    return (uint32_t)CC1IF << channel;
}

static int is_preloaded(const struct sim_timer *timer, uint32_t channel) {
    return is_output(timer, channel) && (channel_control(timer, channel) & 8) != 0;
}

static uint32_t channel_enables(const struct sim_timer *timer, uint32_t channel) {
    return timer->ccer >> (4 * channel) & 15;
}

/* ---- pins ---------------------------------------------------------------------------------------------- */

/* TIM1_RM and TIM2_RM (section 7.2.11), outputs 1 to 4, then the complementary ones 1 to 3 of TIM1. */
static const struct sim_pin TIM1_PINS[4][7] = {
    {{2, 2}, {0, 1}, {1, 3}, {1, 4}, {2, 0}, {0, 2}, {2, 1}},
    {{1, 6}, {1, 7}, {1, 0}, {2, 3}, {1, 3}, {1, 4}, {2, 1}},
    {{2, 2}, {0, 1}, {1, 3}, {1, 4}, {2, 0}, {0, 2}, {2, 1}},
    {{1, 4}, {1, 7}, {1, 5}, {2, 4}, {1, 3}, {2, 2}, {1, 6}},
};
static const struct sim_pin TIM2_PINS[4][4] = {
    {{2, 4}, {2, 3}, {1, 0}, {2, 7}},
    {{1, 5}, {1, 2}, {2, 2}, {1, 1}},
    {{1, 1}, {2, 3}, {1, 0}, {2, 7}},
    {{1, 1}, {1, 7}, {2, 6}, {2, 5}},
};

static struct sim_pin channel_pin(const struct sim_peripherals *all, const struct sim_timer *timer,
                                  uint32_t channel) {
    uint32_t pcfr1 = sim_gpio_remap(all);
    return number_of(all, timer) == 1 ? TIM1_PINS[pcfr1 >> 6 & 3][channel]
                                      : TIM2_PINS[pcfr1 >> 8 & 3][channel];
}

static struct sim_pin complementary_pin(const struct sim_peripherals *all, uint32_t channel) {
    return TIM1_PINS[sim_gpio_remap(all) >> 6 & 3][4 + channel];
}

static int has_complement(const struct sim_peripherals *all, const struct sim_timer *timer,
                          uint32_t channel) {
    return number_of(all, timer) == 1 && channel < 3;
}

/* TIM1 drives its pins only with MOE (section 10.4.18). */
static int outputs_on(const struct sim_peripherals *all, const struct sim_timer *timer) {
    return number_of(all, timer) == 2 || (timer->bdtr & MOE) != 0;
}

/* ---- the counter --------------------------------------------------------------------------------------- */

static int is_running(const struct sim_timer *timer) {
    return timer->ctlr1 & CEN && timer->atrlr_now != 0;
}

static uint64_t count_cycles(const struct sim_timer *timer) {
    return (uint64_t)timer->psc_now + 1;
}

/* Counts from `count` to the 0 after the turn's end. A counter beyond its auto-reload value runs to 0xFFFF.
 */
static uint64_t counts_to_overflow(const struct sim_timer *timer) {
    uint32_t top = timer->count > timer->atrlr_now ? COUNTER_TOP : timer->atrlr_now;
    return (uint64_t)top + 1 - timer->count;
}

static void request_dma(struct sim_peripherals *all, const struct sim_timer *timer, uint32_t enable_bit,
                        uint32_t channel) {
    if (timer->dmaintenr & enable_bit) {
        sim_dma_request(all, channel, SIM_DMA_TIMER, 1);
    }
}

/* Section 8.2.5. */
static void request_update_dma(struct sim_peripherals *all, const struct sim_timer *timer) {
    request_dma(all, timer, UDE, number_of(all, timer) == 1 ? 5 : 2);
}

static void request_channel_dma(struct sim_peripherals *all, const struct sim_timer *timer,
                                uint32_t channel) {
    static const uint8_t dma_channels[2][SIM_TIMER_CHANNELS] = {{2, 3, 6, 4}, {5, 7, 1, 7}};
    request_dma(all, timer, (uint32_t)CC1DE << channel, dma_channels[number_of(all, timer) - 1][channel]);
}

/* The counter reached the channel's compare value `times` times. */
static void matched(struct sim_peripherals *all, struct sim_timer *timer, uint32_t channel, uint64_t times) {
    timer->intfr |= compare_flag(channel);
    request_channel_dma(all, timer, channel);
    switch (output_mode(timer, channel)) {
    case OC_ACTIVE:
        timer->reference[channel] = 1;
        break;
    case OC_INACTIVE:
        timer->reference[channel] = 0;
        break;
    case OC_TOGGLE:
        timer->reference[channel] ^= times & 1;
        break;
    default:
        break;
    }
}

/* The counter went over `from` < value <= `to`. */
static void match_range(struct sim_peripherals *all, struct sim_timer *timer, int64_t from, int64_t to) {
    for (uint32_t channel = 0; channel < SIM_TIMER_CHANNELS; channel++) {
        int64_t value = timer->ccr_now[channel];
        if (is_output(timer, channel) && value > from && value <= to) {
            matched(all, timer, channel, 1);
        }
    }
}

static void load_preloads(struct sim_timer *timer) {
    timer->psc_now = timer->psc;
    timer->atrlr_now = timer->atrlr;
    for (uint32_t channel = 0; channel < SIM_TIMER_CHANNELS; channel++) {
        if (is_output(timer, channel)) {
            timer->ccr_now[channel] = timer->ccr[channel];
        }
    }
}

static int preloads_are_loaded(const struct sim_timer *timer) {
    return timer->psc_now == timer->psc && timer->atrlr_now == timer->atrlr &&
           memcmp(timer->ccr_now, timer->ccr, sizeof timer->ccr) == 0;
}

static void update_event(struct sim_peripherals *all, struct sim_timer *timer) {
    load_preloads(timer);
    timer->repeats_left = timer->rptcr;
    timer->intfr |= UIF;
    request_update_dma(all, timer);
    if (timer->ctlr1 & OPM) {
        timer->ctlr1 &= ~(uint32_t)CEN;
    }
}

/* The counter has just gone from its top to 0. */
static void overflow(struct sim_peripherals *all, struct sim_timer *timer) {
    if (timer->repeats_left > 0) {
        timer->repeats_left--;
    } else if (!(timer->ctlr1 & UDIS)) {
        update_event(all, timer);
    }
    match_range(all, timer, -1, 0);
}

static void step_over_top(struct sim_peripherals *all, struct sim_timer *timer, uint64_t counts) {
    match_range(all, timer, timer->count, (int64_t)timer->count + (int64_t)counts - 1);
    timer->base += counts * count_cycles(timer);
    timer->count = 0;
    overflow(all, timer);
}

/* Whole turns from 0 that change nothing but flags, toggles and the repetition counter. */
static void skip_turns(struct sim_peripherals *all, struct sim_timer *timer, uint64_t turns) {
    timer->base += turns * ((uint64_t)timer->atrlr_now + 1) * count_cycles(timer);
    for (uint32_t channel = 0; channel < SIM_TIMER_CHANNELS; channel++) {
        if (is_output(timer, channel) && timer->ccr_now[channel] <= timer->atrlr_now) {
            matched(all, timer, channel, turns);
        }
    }
    uint64_t updates = 0, cycle = (uint64_t)timer->rptcr + 1;
    if (turns > timer->repeats_left) {
        updates = 1 + (turns - timer->repeats_left - 1) / cycle;
        timer->repeats_left = (uint32_t)(updates * cycle - (turns - timer->repeats_left));
    } else {
        timer->repeats_left -= (uint32_t)turns;
    }
    if (updates > 0 && !(timer->ctlr1 & UDIS)) {
        timer->intfr |= UIF;
        request_update_dma(all, timer);
    }
}

/* 1 where no coming update event changes the counter's course. */
static int turns_are_alike(const struct sim_timer *timer) {
    return timer->ctlr1 & UDIS || (preloads_are_loaded(timer) && !(timer->ctlr1 & OPM));
}

/* Carries the counter to the present. */
static void catch_up(struct sim_peripherals *all, struct sim_timer *timer) {
    uint64_t now = sim_chip_now(all->chip);
    while (is_running(timer)) {
        uint64_t counts = (now - timer->base) / count_cycles(timer), left = counts_to_overflow(timer);
        if (counts < left) {
            match_range(all, timer, timer->count, (int64_t)timer->count + (int64_t)counts);
            timer->base += counts * count_cycles(timer);
            timer->count += (uint32_t)counts;
            return;
        }
        uint64_t turn = (uint64_t)timer->atrlr_now + 1;
        if (timer->count == 0 && counts >= 2 * turn && turns_are_alike(timer)) {
            skip_turns(all, timer, counts / turn - 1);
        } else {
            step_over_top(all, timer, left);
        }
    }
    timer->base = now;
}

/* ---- outputs ------------------------------------------------------------------------------------------- */

/* OCxREF (section 10.4.7). */
static int reference_level(const struct sim_timer *timer, uint32_t channel) {
    switch (output_mode(timer, channel)) {
    case OC_FORCE_LOW:
        return 0;
    case OC_FORCE_HIGH:
        return 1;
    case OC_PWM1:
        return timer->count < timer->ccr_now[channel];
    case OC_PWM2:
        return timer->count >= timer->ccr_now[channel];
    default:
        return timer->reference[channel];
    }
}

/* An output that toggles so fast that its edges are not followed: see sim_timer_waveform. */
static int is_too_fast(const struct sim_timer *timer, uint32_t channel) {
    uint32_t mode = output_mode(timer, channel), top = timer->atrlr_now;
    uint64_t period = ((uint64_t)top + 1) * count_cycles(timer);
    int changes = mode == OC_TOGGLE ||
                  (mode >= OC_PWM1 && timer->ccr_now[channel] != 0 && timer->ccr_now[channel] <= top);
    return is_running(timer) && changes && period < SIM_TIMER_SLOWEST_SILENT;
}

static void put_channel(struct sim_peripherals *all, struct sim_timer *timer, uint32_t channel) {
    enum sim_alternate who = number_of(all, timer) == 1 ? SIM_ALTERNATE_TIM1 : SIM_ALTERNATE_TIM2;
    uint32_t enables = channel_enables(timer, channel);
    int on = outputs_on(all, timer) && is_output(timer, channel);
    int level = is_too_fast(timer, channel) ? 0 : reference_level(timer, channel);
    int main_level = on && enables & CCE ? level ^ ((enables & CCP) != 0) : -1;
    sim_gpio_alternate(all, channel_pin(all, timer, channel), who, main_level);
    if (has_complement(all, timer, channel)) {
        int other = on && enables & CCNE ? !level ^ ((enables & CCNP) != 0) : -1;
        sim_gpio_alternate(all, complementary_pin(all, channel), who, other);
    }
}

static void put_outputs(struct sim_peripherals *all, struct sim_timer *timer) {
    for (uint32_t channel = 0; channel < SIM_TIMER_CHANNELS; channel++) {
        put_channel(all, timer, channel);
    }
}

/* 1 where the channel's edges must be followed: it is on its way to a pin that is configured for it. */
static int is_shown(const struct sim_peripherals *all, const struct sim_timer *timer, uint32_t channel) {
    uint32_t enables = channel_enables(timer, channel);
    return is_output(timer, channel) && enables & (CCE | CCNE) && outputs_on(all, timer) &&
           !is_too_fast(timer, channel);
}

/* ---- events -------------------------------------------------------------------------------------------- */

static void update_interrupts(struct sim_peripherals *all, const struct sim_timer *timer) {
    uint32_t active = timer->intfr & timer->dmaintenr & 0xFF, compare = 15 * CC1IF;
    if (number_of(all, timer) == 2) {
        sim_chip_interrupt(all->chip, SIM_LINE_TIM2, active != 0);
        return;
    }
    sim_chip_interrupt(all->chip, SIM_LINE_TIM1_BREAK, (active & BIF) != 0);
    sim_chip_interrupt(all->chip, SIM_LINE_TIM1_UPDATE, (active & UIF) != 0);
    sim_chip_interrupt(all->chip, SIM_LINE_TIM1_TRIGGER, (active & (TIF | COMIF)) != 0);
    sim_chip_interrupt(all->chip, SIM_LINE_TIM1_COMPARE, (active & compare) != 0);
}

/* The cycle at which the counter becomes `value` next. */
static uint64_t time_of(const struct sim_timer *timer, uint32_t value) {
    uint64_t counts = value > timer->count && value <= timer->atrlr_now ? (uint64_t)value - timer->count
                                                                        : counts_to_overflow(timer) + value;
    return timer->base + counts * count_cycles(timer);
}

static int wants_match(const struct sim_peripherals *all, const struct sim_timer *timer, uint32_t channel) {
    uint32_t asked = (uint32_t)(CC1IF | CC1DE) << channel;
    return is_output(timer, channel) && timer->ccr_now[channel] <= timer->atrlr_now &&
           (timer->dmaintenr & asked || is_shown(all, timer, channel));
}

static int wants_overflow(const struct sim_peripherals *all, const struct sim_timer *timer) {
    int wanted = (timer->dmaintenr & (UIF | UDE)) != 0;
    for (uint32_t channel = 0; channel < SIM_TIMER_CHANNELS; channel++) {
        wanted |= is_shown(all, timer, channel) && output_mode(timer, channel) >= OC_PWM1;
    }
    return wanted;
}

static uint64_t next_event(const struct sim_peripherals *all, const struct sim_timer *timer) {
    uint64_t next = UINT64_MAX;
    if (!is_running(timer)) {
        return next;
    }
    if (wants_overflow(all, timer)) {
        next = timer->base + counts_to_overflow(timer) * count_cycles(timer);
    }
    for (uint32_t channel = 0; channel < SIM_TIMER_CHANNELS; channel++) {
        if (wants_match(all, timer, channel)) {
            uint64_t when = time_of(timer, timer->ccr_now[channel]);
            next = when < next ? when : next;
        }
    }
    return next;
}

static void event_due(struct sim_chip *chip, void *state);

/* Everything that follows from the timer's state. */
static void refresh(struct sim_peripherals *all, struct sim_timer *timer) {
    put_outputs(all, timer);
    update_interrupts(all, timer);
    sim_chip_schedule(all->chip, next_event(all, timer), SIM_ORDER_TIMER, event_due, timer);
}

static void event_due(struct sim_chip *chip, void *state) {
    struct sim_peripherals *all = sim_peripherals_of(chip);
    catch_up(all, state);
    refresh(all, state);
}

/* ---- input capture ------------------------------------------------------------------------------------- */

static void capture(struct sim_peripherals *all, struct sim_timer *timer, uint32_t channel) {
    uint32_t flag = compare_flag(channel);
    timer->intfr |= timer->intfr & flag ? (uint32_t)CC1OF << channel : 0;
    timer->ccr[channel] = timer->ccr_now[channel] = timer->count;
    timer->intfr |= flag;
    request_channel_dma(all, timer, channel);
}

/* CCxS 1: from the channel's own pin; 2: from its neighbour's. */
static uint32_t input_of(const struct sim_timer *timer, uint32_t channel) {
    return (channel_control(timer, channel) & 3) == 1 ? channel : channel ^ 1;
}

/* Every 1, 2, 4 or 8 edges (ICxPSC). */
static int is_counted_edge(struct sim_timer *timer, uint32_t channel) {
    uint32_t every = 1U << (channel_control(timer, channel) >> 2 & 3);
    return timer->edges[channel]++ % every == 0;
}

static void input_changed(struct sim_peripherals *all, struct sim_timer *timer, struct sim_pin pin,
                          int level) {
    for (uint32_t channel = 0; channel < SIM_TIMER_CHANNELS; channel++) {
        uint32_t source = channel_control(timer, channel) & 3, enables = channel_enables(timer, channel);
        if ((source != 1 && source != 2) || !(enables & CCE) || level == ((enables & CCP) != 0)) {
            continue;
        }
        struct sim_pin input = channel_pin(all, timer, input_of(timer, channel));
        if (input.port == pin.port && input.number == pin.number && is_counted_edge(timer, channel)) {
            catch_up(all, timer);
            capture(all, timer, channel);
            update_interrupts(all, timer);
        }
    }
}

void sim_timers_pin_changed(struct sim_peripherals *all, struct sim_pin pin, int level) {
    for (uint32_t i = 0; i < 2; i++) {
        if (all->timers[i].ccer != 0) {
            input_changed(all, &all->timers[i], pin, level);
        }
    }
}

/* ---- registers ----------------------------------------------------------------------------------------- */

static uint32_t load_stored(const struct sim_timer *timer, uint32_t offset) {
    switch (offset) {
    case CTLR1:
        return timer->ctlr1;
    case CTLR2:
        return timer->ctlr2;
    case SMCFGR:
        return timer->smcfgr;
    case DMAINTENR:
        return timer->dmaintenr;
    case INTFR:
        return timer->intfr;
    case CHCTLR1:
    case CHCTLR2:
        return timer->chctlr[(offset - CHCTLR1) / 4];
    case CCER:
        return timer->ccer;
    case CNT:
        return timer->count;
    case PSC:
        return timer->psc;
    case ATRLR:
        return timer->atrlr;
    case BDTR:
        return timer->bdtr;
    case RPTCR:
        return timer->rptcr;
    case DMACFGR:
        return timer->dmacfgr;
    default:
        return offset >= CH1CVR && offset <= CH4CVR ? timer->ccr[(offset - CH1CVR) / 4] : 0;
    }
}

/* Reading a captured value clears its flag. */
static void capture_read(struct sim_peripherals *all, struct sim_timer *timer, uint32_t channel) {
    if (!is_output(timer, channel)) {
        timer->intfr &= ~compare_flag(channel);
        update_interrupts(all, timer);
    }
}

static uint32_t timer_load(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset) {
    struct sim_timer *timer = &all->timers[block->instance];
    catch_up(all, timer);
    if (offset >= CH1CVR && offset <= CH4CVR) {
        capture_read(all, timer, (offset - CH1CVR) / 4);
    }
    if (offset >= DMAADR) {
        sim_block_unmodelled(all, block, offset, "DMA bursts");
    }
    return load_stored(timer, offset);
}

static void store_ctlr1(struct sim_peripherals *all, struct sim_timer *timer, uint32_t value, uint32_t mask) {
    uint32_t before = timer->ctlr1;
    timer->ctlr1 = sim_merge(before, value, mask & 0xC3FF);
    if (timer->ctlr1 & (DIR | CMS)) {
        timer_unmodelled(all, timer, CTLR1, "counting down and centre-aligned: counts up");
    }
    if (!(timer->ctlr1 & ARPE)) {
        timer->atrlr_now = timer->atrlr;
    }
    if (timer->ctlr1 & ~before & CEN) {
        timer->base = sim_chip_now(all->chip);
    }
}

/* Software events: UG starts a turn afresh, CCxG is a match or a capture. */
static void store_event(struct sim_peripherals *all, struct sim_timer *timer, uint32_t value) {
    if (value & UG && !(timer->ctlr1 & UDIS)) {
        load_preloads(timer);
        timer->repeats_left = timer->rptcr;
        if (!(timer->ctlr1 & URS)) {
            timer->intfr |= UIF;
            request_update_dma(all, timer);
        }
    }
    if (value & UG) {
        timer->count = 0;
        timer->base = sim_chip_now(all->chip);
    }
    for (uint32_t channel = 0; channel < SIM_TIMER_CHANNELS; channel++) {
        uint32_t generate = value >> channel & CC1G;
        if (generate && is_output(timer, channel)) {
            timer->intfr |= compare_flag(channel);
            request_channel_dma(all, timer, channel);
        } else if (generate) {
            capture(all, timer, channel);
        }
    }
    if (value & ~(uint32_t)(UG | 15 * CC1G)) {
        timer_unmodelled(all, timer, SWEVGR, "break, trigger and commutation events");
    }
}

static void store_chctlr(struct sim_peripherals *all, struct sim_timer *timer, uint32_t index, uint32_t value,
                         uint32_t mask) {
    timer->chctlr[index] = sim_merge(timer->chctlr[index], value, mask & 0xFFFF);
    for (uint32_t channel = 2 * index; channel < 2 * index + 2; channel++) {
        uint32_t control = channel_control(timer, channel);
        if (!is_output(timer, channel) && (control & 0xF0 || (control & 3) == 3)) {
            timer_unmodelled(all, timer, CHCTLR1 + 4 * index,
                             "input filters and capture from the trigger input");
        }
        if (is_output(timer, channel) && control & 0x80) {
            timer_unmodelled(all, timer, CHCTLR1 + 4 * index, "clearing outputs by the external trigger");
        }
        if (is_output(timer, channel) && !is_preloaded(timer, channel)) {
            timer->ccr_now[channel] = timer->ccr[channel];
        }
    }
}

static void store_compare(struct sim_timer *timer, uint32_t channel, uint32_t value, uint32_t mask) {
    if (!is_output(timer, channel)) {
        return; /* a captured value is read only */
    }
    timer->ccr[channel] = sim_merge(timer->ccr[channel], value, mask & COUNTER_TOP);
    if (!is_preloaded(timer, channel)) {
        timer->ccr_now[channel] = timer->ccr[channel];
    }
}

static void store_bdtr(struct sim_peripherals *all, struct sim_timer *timer, uint32_t value, uint32_t mask) {
    timer->bdtr = sim_merge(timer->bdtr, value, mask & 0xFFFF);
    if (timer->bdtr & 0x7FFF) {
        timer_unmodelled(all, timer, BDTR, "dead time, break input, idle levels and lock");
    }
}

static void store_rest(struct sim_peripherals *all, struct sim_timer *timer, uint32_t offset, uint32_t value,
                       uint32_t mask) {
    uint32_t half = mask & 0xFFFF;
    switch (offset) {
    case CTLR2:
        timer->ctlr2 = sim_merge(timer->ctlr2, value, half);
        timer_unmodelled(all, timer, offset, "trigger output, idle levels, preloaded control bits");
        break;
    case SMCFGR:
        timer->smcfgr = sim_merge(timer->smcfgr, value, half);
        if (timer->smcfgr != 0) {
            timer_unmodelled(all, timer, offset, "slave modes, encoder and external clock: counts HCLK");
        }
        break;
    case BDTR:
        store_bdtr(all, timer, value, mask);
        break;
    case DMACFGR:
        timer->dmacfgr = sim_merge(timer->dmacfgr, value, half);
        timer_unmodelled(all, timer, offset, "DMA bursts");
        break;
    default:
        timer_unmodelled(all, timer, offset, "DMA bursts, or no such register");
    }
}

static void store_counter(struct sim_peripherals *all, struct sim_timer *timer, uint32_t value,
                          uint32_t mask) {
    timer->count = sim_merge(timer->count, value, mask & COUNTER_TOP);
    timer->base = sim_chip_now(all->chip);
}

static void store_atrlr(struct sim_timer *timer, uint32_t value, uint32_t mask) {
    timer->atrlr = sim_merge(timer->atrlr, value, mask & COUNTER_TOP);
    if (!(timer->ctlr1 & ARPE)) {
        timer->atrlr_now = timer->atrlr;
    }
}

static void timer_store(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset,
                        uint32_t value, uint32_t mask) {
    struct sim_timer *timer = &all->timers[block->instance];
    catch_up(all, timer);
    switch (offset) {
    case CTLR1:
        store_ctlr1(all, timer, value, mask);
        break;
    case DMAINTENR:
        timer->dmaintenr = sim_merge(timer->dmaintenr, value, mask & 0x7FFF);
        break;
    case INTFR: /* flags are cleared by writing 0 */
        timer->intfr &= value | ~mask;
        break;
    case SWEVGR:
        store_event(all, timer, value & mask);
        break;
    case CHCTLR1:
    case CHCTLR2:
        store_chctlr(all, timer, (offset - CHCTLR1) / 4, value, mask);
        break;
    case CCER:
        timer->ccer = sim_merge(timer->ccer, value, mask & 0x3FFF);
        break;
    case CNT:
        store_counter(all, timer, value, mask);
        break;
    case PSC:
        timer->psc = sim_merge(timer->psc, value, mask & COUNTER_TOP);
        break;
    case ATRLR:
        store_atrlr(timer, value, mask);
        break;
    case RPTCR:
        timer->rptcr = sim_merge(timer->rptcr, value, mask & 0xFF);
        break;
    default:
        if (offset >= CH1CVR && offset <= CH4CVR) {
            store_compare(timer, (offset - CH1CVR) / 4, value, mask);
        } else {
            store_rest(all, timer, offset, value, mask);
        }
    }
    refresh(all, timer);
}

static void timer_reset(struct sim_peripherals *all, const struct sim_block *block) {
    struct sim_timer *timer = &all->timers[block->instance];
    *timer = (struct sim_timer){.atrlr = COUNTER_TOP, .atrlr_now = COUNTER_TOP};
    refresh(all, timer);
}

const struct sim_block sim_timer_blocks[2] = {
    {
        .name = "TIM1",
        .base = 0x40012C00,
        .size = 0x400,
        .clock_register = SIM_RCC_APB2PCENR,
        .clock_bit = 11,
        .instance = 0,
        .load = timer_load,
        .store = timer_store,
        .reset = timer_reset,
    },
    {
        .name = "TIM2",
        .base = 0x40000000,
        .size = 0x400,
        .clock_register = SIM_RCC_APB1PCENR,
        .clock_bit = 0,
        .instance = 1,
        .load = timer_load,
        .store = timer_store,
        .reset = timer_reset,
    },
};

void sim_timers_install(struct sim_peripherals *all) {
    for (uint32_t i = 0; i < 2; i++) {
        all->timers[i].atrlr = all->timers[i].atrlr_now = COUNTER_TOP;
    }
}

/* ---- the remap ----------------------------------------------------------------------------------------- */

static void release_channel(struct sim_peripherals *all, struct sim_timer *timer, uint32_t channel) {
    enum sim_alternate who = number_of(all, timer) == 1 ? SIM_ALTERNATE_TIM1 : SIM_ALTERNATE_TIM2;
    sim_gpio_alternate(all, channel_pin(all, timer, channel), who, -1);
    if (has_complement(all, timer, channel)) {
        sim_gpio_alternate(all, complementary_pin(all, channel), who, -1);
    }
}

void sim_timers_release_pins(struct sim_peripherals *all) {
    for (uint32_t i = 0; i < 2 * SIM_TIMER_CHANNELS; i++) {
        release_channel(all, &all->timers[i / SIM_TIMER_CHANNELS], i % SIM_TIMER_CHANNELS);
    }
}

void sim_timers_claim_pins(struct sim_peripherals *all) {
    for (uint32_t i = 0; i < 2; i++) {
        catch_up(all, &all->timers[i]);
        refresh(all, &all->timers[i]);
    }
}

/* ---- for the outside ----------------------------------------------------------------------------------- */

static int describe_channel(const struct sim_timer *timer, uint32_t channel, uint32_t *period,
                            uint32_t *high) {
    uint32_t mode = output_mode(timer, channel), top = timer->atrlr_now, cycles = timer->psc_now + 1;
    uint32_t active = timer->ccr_now[channel] > top ? top + 1 : timer->ccr_now[channel];
    int inverted = (mode == OC_PWM2) != ((channel_enables(timer, channel) & CCP) != 0);
    if (mode == OC_TOGGLE) {
        *period = 2 * (top + 1) * cycles;
        *high = *period / 2;
        return 1;
    }
    *period = (top + 1) * cycles;
    *high = (inverted ? top + 1 - active : active) * cycles;
    return mode >= OC_PWM1;
}

int sim_timer_waveform(struct sim_chip *chip, uint32_t port, uint32_t number, uint32_t *period,
                       uint32_t *high) {
    struct sim_peripherals *all = sim_peripherals_of(chip);
    for (uint32_t i = 0; i < 2 * SIM_TIMER_CHANNELS; i++) {
        struct sim_timer *timer = &all->timers[i / SIM_TIMER_CHANNELS];
        uint32_t channel = i % SIM_TIMER_CHANNELS;
        struct sim_pin pin = channel_pin(all, timer, channel);
        if (pin.port == port && pin.number == number && is_running(timer) && is_output(timer, channel) &&
            channel_enables(timer, channel) & CCE && outputs_on(all, timer) &&
            sim_gpio_is_alternate(all, pin)) {
            catch_up(all, timer);
            return describe_channel(timer, channel, period, high);
        }
    }
    return 0;
}
