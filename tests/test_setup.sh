#!/bin/bash
# SPDX-License-Identifier: MIT
# scripts/setup.sh in machines made of fakes: dpkg-query, apt-get, apt-cache, sudo, id and pkg-config are
# small scripts in a folder that is the whole PATH, beside links to the few tools that setup.sh itself uses.
set -u
cd "$(dirname "$0")/.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

fake() { # NAME BODY
    printf '#!/bin/bash\n%s\n' "$2" >"$work/bin/$1"
    chmod +x "$work/bin/$1"
}

machine() { # a fresh copy of the script on a Debian machine where nothing is installed and one is root
    local tool
    rm -rf "${work:?}"/*
    mkdir -p "$work/bin" "$work/tree/scripts"
    cp scripts/setup.sh "$work/tree/scripts"
    for tool in bash env sed tr grep awk cat mkdir tail dirname; do
        ln -s "$(type -P "$tool")" "$work/bin/$tool"
    done
    : >"$work/installed"
    : >"$work/available"
    : >"$work/calls"
    fake dpkg-query "cat '$work/installed'"
    fake id 'echo 0'
    # shellcheck disable=SC2016 # expanded in the fake
    fake apt-cache 'if grep -qxF "$2" "'"$work"'/available"; then echo "  Candidate: 1.0"; fi'
    fake apt-get "echo \"\$*\" >>'$work/calls'"
}

has() { printf 'installed %s \n' "$@" >>"$work/installed"; }
offers() { printf '%s\n' "$@" >>"$work/available"; }

setup() { # ARGUMENT...: leaves `status` and `output`
    output=$(cd "$work/tree" && PATH="$work/bin" scripts/setup.sh "$@" </dev/null 2>&1)
    status=$?
}

expect() { # TITLE STATUS TEXT...: texts that the output must have
    local title=$1 wanted=$2 text
    shift 2
    if [ "$status" -ne "$wanted" ]; then
        echo "FAIL $title: exit status $status, not $wanted: $output"
        failures=$((failures + 1))
    fi
    for text in "$@"; do
        [[ $output == *"$text"* ]] && continue
        echo "FAIL $title: \"$text\" is not in: $output"
        failures=$((failures + 1))
    done
}

expect_calls() { # TITLE PATTERN...: apt-get was called with these, in order, and no more
    local title=$1 calls=() index=0 pattern
    shift
    mapfile -t calls <"$work/calls"
    if [ ${#calls[@]} -ne $# ]; then
        echo "FAIL $title: apt-get was called ${#calls[@]} times, not $#: ${calls[*]-}"
        failures=$((failures + 1))
        return
    fi
    for pattern in "$@"; do
        if ! [[ ${calls[index]} =~ $pattern ]]; then
            echo "FAIL $title: call \"${calls[index]}\" does not match $pattern"
            failures=$((failures + 1))
        fi
        index=$((index + 1))
    done
}

build=(gcc libc6-dev make pkgconf libyaml-dev libcjson-dev zlib1g-dev libpopt-dev libpng-dev
    libcairo2-dev libfontconfig-dev libmicrohttpd-dev libserialport-dev libcurl4-gnutls-dev
    libssl-dev)

machine
has "${build[@]}"
setup build
expect 'nothing missing, by alternatives' 0
[ -z "$output" ] || { echo "FAIL not silent: $output"; failures=$((failures + 1)); }
expect_calls 'nothing missing'

machine
has "${build[@]:0:13}" 'libcurl-dev-of-elsewhere libcurl4-openssl-dev (= 7.88)' libssl-dev
setup build
expect 'a package provided by another' 0

machine
has gcc libc6-dev make libyaml-dev zlib1g-dev libpng-dev libcairo2-dev libfontconfig-dev libmicrohttpd-dev \
    libserialport-dev
setup --dry-run build
expect 'dry run' 1 'apt-get install pkg-config libcjson-dev libpopt-dev libcurl4-openssl-dev libssl-dev'
expect_calls 'dry run'

machine
has "${build[@]}"
printf 'not-installed libpng-dev \n' >"$work/installed.new"
grep -v libpng "$work/installed" >>"$work/installed.new"
mv "$work/installed.new" "$work/installed"
setup --dry-run build
expect 'removed, but its name is still known to dpkg' 1 'apt-get install libpng-dev'

machine
has "${build[@]:2}"
offers gcc libc6-dev
setup build
expect 'root installs' 0 'installing gcc libc6-dev'
expect_calls 'root installs' 'install --no-install-recommends gcc libc6-dev$'

machine
has "${build[@]:1}"
fake apt-get "echo \"\$*\" >>'$work/calls'; case \$* in *update*) echo gcc >>'$work/available';; esac"
setup build
expect 'empty package lists are read first' 0 'installing gcc'
expect_calls 'empty package lists' 'update$' 'install .* gcc$'

machine
has "${build[@]:1}"
offers gcc
fake apt-get "echo \"\$*\" >>'$work/calls'; echo 'E: no network' >&2; exit 100"
setup build
expect 'a failing install is tried once more' 1 'once more' 'E: no network' 'could not install gcc'
expect_calls 'a failing install' 'install' 'update' 'install'

machine
has "${build[@]:1}"
setup build
expect 'a required package that the release lacks' 1 'not found' 'gcc'
expect_calls 'a required package that the release lacks' 'update'

machine
has "${build[@]:1}"
fake id 'echo 1000'
setup build
expect 'no root, no sudo' 1 'needs root' 'apt-get install gcc'
expect_calls 'no root, no sudo'

machine
has "${build[@]:1}"
offers gcc
fake id 'echo 1000'
fake sudo "[ \"\$1\" = -n ] && shift; echo sudo >>'$work/sudo'; exec \"\$@\""
ln -s "$(type -P true)" "$work/bin/true"
setup build
expect 'sudo' 0 'installing gcc'
expect_calls 'sudo' 'install .* gcc$'
[ "$(grep -c sudo "$work/sudo")" -eq 2 ] || { echo 'FAIL sudo was not used'; failures=$((failures + 1)); }

machine
has "${build[@]:1}"
fake id 'echo 1000'
fake sudo 'exit 1'
setup build
expect 'sudo that would ask for a password, and nobody there' 1 'needs root' 'apt-get install gcc'
expect_calls 'sudo that would ask'

required=(ca-certificates gcc-riscv64-unknown-elf libcmocka-dev python3 python3-pil
    python3-numpy python3-protobuf binutils clang)
machine
has "${build[@]}" "${required[@]}" dataset-fashion-mnist
offers libclang-common-14-dev
setup test
expect 'optional packages: alternative taken, unknown left out' 0 'left out: gcc-mingw-w64-x86-64' \
    'installing libclang-common-14-dev'
: >"$work/calls"
has libclang-common-14-dev
setup test
expect 'left out once, not asked for again' 0
expect_calls 'left out once'

machine
has "${build[@]}" "${required[@]}"
fake id 'echo 1000'
setup test
expect 'only optional packages missing, no root' 0 'going on without'

machine
rm "$work/bin/dpkg-query"
fake gcc ''
fake pkg-config ''
setup test
expect 'another distribution with the libraries' 0
fake pkg-config "[ \"\$2\" != libcjson ]"
setup test
expect 'another distribution without one' 1 'missing: libcjson' 'neither Debian nor Ubuntu'

machine
setup --dry-run npm
expect 'no npm' 1 'apt-get install npm'
fake npm ''
setup npm
expect 'npm from elsewhere' 0

machine
setup nonsense
expect 'unknown group' 2 'usage'
setup
expect 'no group' 2 'usage'

[ $failures -eq 0 ] && echo 'setup.sh does the right thing on every machine'
[ $failures -eq 0 ]
