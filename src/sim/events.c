/* SPDX-License-Identifier: MIT */
/* Calls that peripherals asked for at a later cycle. */
#include "sim/core.h"

static void remove_event(struct sim_chip *chip, uint32_t at) {
    for (uint32_t i = at + 1; i < chip->event_count; i++) chip->events[i - 1] = chip->events[i];
    chip->event_count--;
}

static void forget(struct sim_chip *chip, void (*callback)(struct sim_chip *chip, void *state), void *state) {
    for (uint32_t i = 0; i < chip->event_count; i++)
        if (chip->events[i].callback == callback && chip->events[i].state == state) {
            remove_event(chip, i);
            return;
        }
}

/* Sorted by (cycle, order, registration). */
void sim_chip_schedule(struct sim_chip *chip, uint64_t cycle, uint32_t order,
                       void (*callback)(struct sim_chip *chip, void *state), void *state) {
    forget(chip, callback, state);
    if (cycle == UINT64_MAX || chip->event_count == SIM_EVENTS_MOST) return;
    uint32_t at = chip->event_count++;
    for (; at > 0; at--) {
        const struct sim_event *before = &chip->events[at - 1];
        if (before->cycle < cycle || (before->cycle == cycle && before->order <= order)) break;
        chip->events[at] = *before;
    }
    chip->events[at] = (struct sim_event){cycle, order, callback, state};
    if (cycle < chip->deadline) chip->deadline = 0;
}

uint64_t sim_events_next(const struct sim_chip *chip) {
    return chip->event_count ? chip->events[0].cycle : UINT64_MAX;
}

void sim_events_run(struct sim_chip *chip) {
    while (chip->event_count && chip->events[0].cycle <= chip->cycle) {
        struct sim_event event = chip->events[0];
        remove_event(chip, 0);
        event.callback(chip, event.state);
    }
}

/* An instruction takes a cycle at least: a limit of instructions is no limit of cycles before it. */
void sim_update_deadline(struct sim_chip *chip) {
    uint64_t deadline = sim_events_next(chip);
    if (chip->limits.cycles < deadline) deadline = chip->limits.cycles;
    uint64_t left = chip->limits.instructions - chip->instructions;
    if (left < UINT64_MAX - chip->cycle && chip->cycle + left < deadline) deadline = chip->cycle + left;
    chip->deadline = deadline;
}
