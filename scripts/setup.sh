#!/bin/bash
# SPDX-License-Identifier: MIT
# Installs the distribution packages that are missing for a group of targets. Silent where nothing is missing.
#
#   scripts/setup.sh [--dry-run] build|demo|test|web|lint|all|npm
#   scripts/setup.sh --libraries CC NAME...     only checks that CC and the pkg-config NAMEs exist
#
# --dry-run prints the command that would run instead of running it. Exit status: 0 all is there, 1 not.
set -u
cd "$(dirname "$0")/.." || exit 1

# One list. `a|b`: either will do, the first that the release has is installed. A trailing `?`: skipped with a
# note where the release has none of them.
build_packages=(gcc libc6-dev make 'pkg-config|pkgconf' libyaml-dev libcjson-dev zlib1g-dev libpopt-dev
    libpng-dev libcairo2-dev libfontconfig-dev libmicrohttpd-dev libserialport-dev
    'libcurl4-openssl-dev|libcurl4-gnutls-dev|libcurl4-nss-dev' libssl-dev)
demo_packages=("${build_packages[@]}" ca-certificates gcc-riscv64-unknown-elf)
test_packages=("${demo_packages[@]}" libcmocka-dev python3 python3-pil python3-numpy python3-protobuf
    binutils clang 'libclang-rt-dev|libclang-rt-14-dev|libclang-common-14-dev?'
    'gcc-mingw-w64-x86-64?' 'dataset-fashion-mnist?' 'libunicorn-dev?' 'gdb-multiarch?'
    'tidy?' 'lld?' 'chromium?')
web_packages=("${demo_packages[@]}" clang lld)
lint_packages=("${build_packages[@]}" python3 'clang-format-14|clang-format' clang-tidy cppcheck shellcheck
    libcmocka-dev)

say() { printf '%s\n' "$*" >&2; }

# Large, and often from elsewhere than the distribution. Fetches data where no mirror answers, and what drives
# the browser of tests/test_live_page.py.
npm_package() { # MARK
    command -v npm >/dev/null || printf 'npm%s\n' "$1"
}

packages_of() {
    case $1 in
        build) printf '%s\n' "${build_packages[@]}" ;;
        demo) printf '%s\n' "${demo_packages[@]}" ;;
        test)
            printf '%s\n' "${test_packages[@]}"
            npm_package '?'
            ;;
        web) printf '%s\n' "${web_packages[@]}" ;;
        lint) printf '%s\n' "${lint_packages[@]}" ;;
        all)
            printf '%s\n' "${test_packages[@]}" "${lint_packages[@]}" | awk '!seen[$0]++'
            npm_package '?'
            ;;
        npm) npm_package '' ;; # see scripts/fetch.sh
        *) return 1 ;;
    esac
}

check_libraries() {
    local compiler=$1 missing=() name
    shift
    command -v "$compiler" >/dev/null || missing+=("$compiler")
    if command -v pkg-config >/dev/null; then
        for name in "$@"; do
            pkg-config --exists "$name" || missing+=("$name")
        done
    else
        missing+=(pkg-config "$@")
    fi
    [ ${#missing[@]} -eq 0 ] && return 0
    say "setup: missing: ${missing[*]}; \`make setup\` installs them on Debian and Ubuntu"
    return 1
}

# Names of installed packages and of what they provide, one a line, between spaces.
installed_names() {
    # shellcheck disable=SC2016 # the braces are dpkg-query's
    dpkg-query -W -f '${db:Status-Status} ${Package} ${Provides}\n' 2>/dev/null |
        sed -n 's/^installed //p' | sed 's/([^)]*)//g; s/,/ /g' | tr -s ' ' '\n' | sed 's/^/ /; s/$/ /'
}

is_installed() { # ENTRY: one of its alternatives is there
    local name
    for name in ${1//|/ }; do
        [[ $installed == *" $name "* ]] && return 0
    done
    return 1
}

has_candidate() { apt-cache policy "$1" 2>/dev/null | grep -q '^ *Candidate: [^(]'; }

first_candidate() {
    local name
    for name in ${1//|/ }; do
        has_candidate "$name" && printf '%s' "$name" && return 0
    done
    return 1
}

# Fills `wanted` with the packages to install, `unknown` with required ones and `skipped` with optional ones
# that the release does not have.
choose() {
    local entry name
    wanted=() unknown=() skipped=()
    for entry in "$@"; do
        if name=$(first_candidate "${entry%\?}"); then
            wanted+=("$name")
        elif [[ $entry == *\? ]]; then
            skipped+=("${entry%\?}")
        else
            unknown+=("${entry%%|*}")
        fi
    done
}

# Prints the prefix for commands as root; fails where there is no way to become root without asking in the
# dark.
root_prefix() {
    [ "$(id -u)" -eq 0 ] && return 0
    command -v sudo >/dev/null || return 1
    sudo -n true 2>/dev/null || { [ -t 0 ] && [ -t 2 ]; } || return 1
    printf 'sudo'
}

apt() {
    # shellcheck disable=SC2086 # empty for root
    $prefix env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=300 "$@" \
        </dev/null >>"$log" 2>&1
}

without_root() {
    say "setup: these packages are missing, and installing them needs root:"
    say "    $*"
    say "Run this command as root, then try again:"
    say "    apt-get install $*"
    exit 1
}

install_all() { # ENTRY...
    choose "$@"
    if [ $((${#unknown[@]} + ${#skipped[@]})) -gt 0 ]; then
        say "setup: reading the package lists"
        apt update
        choose "$@"
    fi
    [ ${#skipped[@]} -eq 0 ] || say "setup: not in this release, left out: ${skipped[*]}"
    if [ ${#unknown[@]} -gt 0 ]; then
        say "setup: not found in this release's package lists: ${unknown[*]}; see $log"
        return 1
    fi
    [ ${#wanted[@]} -gt 0 ] || return 0
    say "setup: installing ${wanted[*]}"
    apt install --no-install-recommends "${wanted[@]}" && return 0
    say "setup: that failed; reading the package lists and trying once more"
    apt update
    apt install --no-install-recommends "${wanted[@]}" && return 0
    tail -n 15 "$log" >&2
    say "setup: could not install ${wanted[*]}; the whole log is $log"
    return 1
}

usage() {
    say 'usage: scripts/setup.sh [--dry-run] build|demo|test|web|lint|all|npm'
    exit 2
}

if [ "${1-}" = --libraries ] && [ $# -ge 2 ]; then
    check_libraries "${@:2}"
    exit
fi
dry_run=0
if [ "${1-}" = --dry-run ]; then
    dry_run=1
    shift
fi
[ $# -eq 1 ] || usage
entries=$(packages_of "$1") || usage

[ -n "$entries" ] || exit 0

if ! command -v dpkg-query >/dev/null; then
    check_libraries gcc yaml-0.1 libcjson zlib popt libpng libcurl libcrypto cairo fontconfig \
        libmicrohttpd libserialport && exit 0
    say "setup: this is neither Debian nor Ubuntu; install what matches these packages:" "${entries//$'\n'/ }"
    exit 1
fi

installed=$(installed_names)
missing=()
while read -r entry; do
    is_installed "${entry%\?}" || missing+=("$entry")
done <<<"$entries"
[ ${#missing[@]} -eq 0 ] && exit 0

# Optional packages that this release was found not to have are not asked for again.
mkdir -p build
log=build/setup.log
remembered=build/setup.skipped
if [ -s "$remembered" ]; then
    mapfile -t missing < <(printf '%s\n' "${missing[@]}" | grep -vxF -f "$remembered")
    [ ${#missing[@]} -eq 0 ] && exit 0
fi

names=()
for entry in "${missing[@]}"; do
    entry=${entry%\?}
    names+=("${entry%%|*}")
done
if ! prefix=$(root_prefix); then
    only_optional=1
    for entry in "${missing[@]}"; do [[ $entry == *\? ]] || only_optional=0; done
    if [ $only_optional -eq 1 ]; then
        say "setup: optional packages are missing, going on without: ${names[*]}"
        exit 0
    fi
    without_root "${names[@]}"
fi
if [ $dry_run -eq 1 ]; then
    say "${prefix:+$prefix }apt-get install ${names[*]}"
    exit 1
fi
install_all "${missing[@]}" || exit 1
for entry in "${skipped[@]}"; do printf '%s?\n' "$entry" >>"$remembered"; done
exit 0
