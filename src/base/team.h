/* SPDX-License-Identifier: MIT */
/* A team of threads that meet at barriers thousands of times a second. OpenMP's barriers either spin, which
   on a busy machine makes two threads many times slower than one, or must be told otherwise by an environment
   variable before the program starts; these spin for some microseconds and then sleep. */
#ifndef DIME_BASE_TEAM_H
#define DIME_BASE_TEAM_H

#include <stdatomic.h>
#include <stdint.h>

struct dime_team;

/* Runs work(context, team, member) on `members` threads, members 0 .. members-1, and returns when all have.
   Member 0 is the calling thread. Where threads cannot be had, fewer run: work must ask dime_team_members. */
void dime_team_run(uint32_t members, void (*work)(void *context, struct dime_team *team, uint32_t member),
                   void *context);
uint32_t dime_team_members(const struct dime_team *team);
/* Every member calls it; none returns before all have called. What was written before is seen by all after.
 */
void dime_team_barrier(struct dime_team *team);
/* The same; the last to arrive calls finish(context) before anybody goes on. */
void dime_team_barrier_then(struct dime_team *team, void (*finish)(void *context), void *context);

/* Hands out 0, 1, 2 ... to whoever asks; begin with {0}. */
struct dime_ticket {
    atomic_uint next;
};
static inline uint32_t dime_ticket_take(struct dime_ticket *ticket) {
    return atomic_fetch_add_explicit(&ticket->next, 1, memory_order_relaxed);
}

/* Processors that this program may use, 1..256. */
uint32_t dime_processor_count(void);

#endif
