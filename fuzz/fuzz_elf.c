/* SPDX-License-Identifier: MIT */
/* Any bytes as an ELF file; what is accepted is run for some thousand cycles on a chip with all peripherals.
 */
#include <stdint.h>

#include "sim/chip.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { CYCLES = 3000 };

static void run(struct sim_chip *chip, const uint8_t *bytes, size_t size) {
    const struct sim_limits limits = {CYCLES, CYCLES};
    char text[1024];
    if (sim_chip_load_elf(chip, "fuzz", bytes, size)) return;
    sim_chip_reset(chip);
    if (sim_chip_run(chip, &limits) == SIM_STOP_FAULT)
        sim_fault_describe(chip, sim_chip_fault(chip), text, sizeof text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    for (int faults = SIM_FAULT_STOP; faults <= SIM_FAULT_TRAP; faults++) {
        const struct sim_options options = {size & 1 ? SIM_CH32V002 : SIM_CH32V003,
                                            (enum sim_fault_policy)faults};
        struct sim_chip *chip;
        if (sim_ch32v003_create(&chip, &options)) return 0;
        run(chip, bytes, size);
        sim_chip_free(chip);
    }
    return 0;
}
