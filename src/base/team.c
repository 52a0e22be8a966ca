/* SPDX-License-Identifier: MIT */
#include "base/team.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

/* Whoever waits spins for as long as sleeping and being woken take, about 25 microseconds. Where that was in
   vain several times in a row, the others do not run at the same time, and spinning only keeps them from it:
   the next barriers are waited for with a fifth of it. */
#define SPINS 2000
#define FEW_SPINS 400
#define MOST_FAILURES 3
#define BRIEF_BARRIERS 64

struct dime_team {
    void (*work)(void *context, struct dime_team *team, uint32_t member);
    void *context;
    uint32_t members;
    atomic_uint waiting;  /* members that have reached the present barrier */
    atomic_uint round;    /* barriers that all have passed */
    atomic_uint failures; /* full spins in vain, in a row */
    atomic_uint brief;    /* barriers to come with few spins; both are hints that members may overwrite */
    pthread_mutex_t mutex;
    pthread_cond_t passed;
};

struct member {
    struct dime_team *team;
    uint32_t number;
    pthread_t thread;
};

static void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void sleep_until_passed(struct dime_team *team, unsigned round) {
    pthread_mutex_lock(&team->mutex);
    while (atomic_load(&team->round) == round) pthread_cond_wait(&team->passed, &team->mutex);
    pthread_mutex_unlock(&team->mutex);
}

/* Whether the barrier was passed meanwhile. */
static int spin_until_passed(const struct dime_team *team, unsigned round, int spins) {
    for (int spin = 0; spin < spins; spin++) {
        if (atomic_load(&team->round) != round) return 1;
        pause_briefly();
    }
    return 0;
}

static void wait_until_passed(struct dime_team *team, unsigned round) {
    unsigned brief = atomic_load(&team->brief);
    int passed = spin_until_passed(team, round, brief ? FEW_SPINS : SPINS);
    if (brief) {
        atomic_store(&team->brief, brief - 1);
    } else {
        unsigned failures = passed ? 0 : atomic_load(&team->failures) + 1;
        atomic_store(&team->failures, failures % MOST_FAILURES);
        if (failures == MOST_FAILURES) atomic_store(&team->brief, BRIEF_BARRIERS);
    }
    if (!passed) sleep_until_passed(team, round);
}

void dime_team_barrier(struct dime_team *team) {
    dime_team_barrier_then(team, NULL, NULL);
}

void dime_team_barrier_then(struct dime_team *team, void (*finish)(void *context), void *context) {
    unsigned round = atomic_load(&team->round);
    if (team->members == 1) {
        if (finish) finish(context);
        return;
    }
    if (atomic_fetch_add(&team->waiting, 1) + 1 == team->members) {
        if (finish) finish(context);
        atomic_store(&team->waiting, 0);
        pthread_mutex_lock(&team->mutex); /* nobody may look at the round and then fall asleep past this */
        atomic_fetch_add(&team->round, 1);
        pthread_cond_broadcast(&team->passed);
        pthread_mutex_unlock(&team->mutex);
        return;
    }
    wait_until_passed(team, round);
}

uint32_t dime_team_members(const struct dime_team *team) {
    return team->members;
}

/* A member starts once the number of members is settled, which the creator announces by passing round 0. */
static void *member_main(void *argument) {
    struct member *member = argument;
    sleep_until_passed(member->team, 0);
    member->team->work(member->team->context, member->team, member->number);
    return NULL;
}

static uint32_t start_members(struct dime_team *team, struct member *others, uint32_t wanted) {
    uint32_t started = 0;
    for (; started < wanted; started++) {
        others[started] = (struct member){.team = team, .number = started + 1};
        if (pthread_create(&others[started].thread, NULL, member_main, &others[started])) break;
    }
    return started;
}

void dime_team_run(uint32_t members, void (*work)(void *context, struct dime_team *team, uint32_t member),
                   void *context) {
    struct dime_team team = {.work = work, .context = context};
    struct member *others = members > 1 ? calloc(members - 1, sizeof *others) : NULL;
    pthread_mutex_init(&team.mutex, NULL);
    pthread_cond_init(&team.passed, NULL);
    uint32_t started = others ? start_members(&team, others, members - 1) : 0;
    pthread_mutex_lock(&team.mutex);
    team.members = started + 1;
    atomic_store(&team.round, 1);
    pthread_cond_broadcast(&team.passed);
    pthread_mutex_unlock(&team.mutex);
    work(context, &team, 0);
    for (uint32_t i = 0; i < started; i++) pthread_join(others[i].thread, NULL);
    pthread_cond_destroy(&team.passed);
    pthread_mutex_destroy(&team.mutex);
    free(others);
}

uint32_t dime_processor_count(void) {
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return count < 1 ? 1 : count > 256 ? 256 : (uint32_t)count;
}
