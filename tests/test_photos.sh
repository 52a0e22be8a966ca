#!/bin/sh
# SPDX-License-Identifier: MIT
# dime photos and dime predict on camera pictures.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() {
    echo "FAILED: $1" >&2
    exit 1
}

cat >"$folder/config.yaml" <<END
network_width1: 32
network_width2: 32
network_width3: 0
num_epochs: 2
augmentation: True
photos: 0.1
END
"$DIME" train "$folder/config.yaml" --out "$folder/run" >"$folder/log" 2>&1 ||
    fail "$(tail -n 3 "$folder/log")"

# The kept files, and the same drawn anew.
"$DIME" photos --clean --each 1 --first 730 --out "$folder/photos" >/dev/null
count=0
for file in tests/photos/*.png; do
    "$DIME" predict "$folder/run" "$file" "$folder/photos/$(basename "$file")" --json >"$folder/answers"
    digit=$(basename "$file" | cut -c 1)
    [ "$(grep -c "\"label\":[[:space:]]*$digit,$" "$folder/answers")" = 2 ] ||
        fail "$file: $(cat "$folder/answers")"
    count=$((count + 1))
done
[ "$count" = 10 ] || fail "$count pictures in tests/photos"

# Accuracy of a small network; nearly every picture holds a digit.
"$DIME" photos "$folder/run" --count 400 --size 160x120 --json >"$folder/answer"
accuracy=$(sed -n 's/.*"accuracy":[[:space:]]*\([0-9]*\).*/\1/p' "$folder/answer")
[ "$accuracy" -ge 85 ] || fail "accuracy $accuracy %"
grep -q '"refused":[[:space:]]*[0-3],' "$folder/answer" || fail "$(cat "$folder/answer")"

# Misuse.
for bad in "" "--size 3x3 --out x" "--count 0 --out x" "--first -1 --out x"; do
    status=0
    # shellcheck disable=SC2086
    "$DIME" photos $bad 2>"$folder/error" || status=$?
    [ "$status" = 2 ] || fail "'$bad': status $status"
done
"$DIME" predict "$folder/run" tests/photos/0-*.png --serial /dev/no-such-port 2>"$folder/error" &&
    fail "no port"
grep -q '^dime predict: /dev/no-such-port: ' "$folder/error" || fail "$(cat "$folder/error")"
echo "$accuracy % of camera pictures read"
