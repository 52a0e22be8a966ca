/* SPDX-License-Identifier: MIT */
#ifndef DIME_BASE_VERSION_H
#define DIME_BASE_VERSION_H

#define DIME_VERSION "0.1.0"

#endif
