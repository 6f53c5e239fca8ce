#!/usr/bin/env bash
# Builds and tests for AArch64 Linux on an x86-64 machine with Debian 12, under qemu's user-mode emulation.
#
#     scripts/aarch64.sh install                   installs what is needed, as root; nothing if it is there
#     scripts/aarch64.sh cargo test -p brisk       any command of cargo, for AArch64
#     scripts/aarch64.sh bounded                   what .ci/run runs
#     scripts/aarch64.sh all                       everything that runs there, in about an hour; parts of it if they are
#                                                  named: `all wasi fuzzing`
#
# All but `install` install first. The compiler is Debian's `rustc-web`, whose standard library for AArch64 is a package
# of Debian's, too; it drives nothing else on the machine. Programs are linked statically: dynamic ones hang under
# emulation when they begin a thread. What is built goes to a folder of its own below the target directory.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly TARGET=aarch64-unknown-linux-gnu
readonly RUSTC_WEB=/usr/bin/rustc
readonly STD=/usr/lib/rustlib/$TARGET
readonly QEMU=/usr/local/libexec/brisk/qemu-aarch64
readonly BINFMT=/proc/sys/fs/binfmt_misc

installed() {
    [ -x "$QEMU" ] && "$QEMU" --version >/dev/null && command -v aarch64-linux-gnu-gcc >/dev/null \
        && [ "$("$RUSTC_WEB" --version)" = "$(cat "$STD/.version" 2>/dev/null)" ]
}

# Some tests start programs, which the kernel then runs under emulation, too.
register() {
    if [ ! -e "$BINFMT/brisk-aarch64" ]; then
        [ -e "$BINFMT/register" ] || mount -t binfmt_misc binfmt_misc "$BINFMT" || return 1
        local magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
        local mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
        printf '%s' ":brisk-aarch64:M::$magic:$mask:$QEMU:F" >"$BINFMT/register"
    fi
}

# Unpacks a package without installing it: `unpack PACKAGE FOLDER [OPTION...]`.
unpack() {
    local package=$1 folder=$2
    shift 2
    chmod 777 "$folder" # apt downloads as a user of its own
    (cd "$folder" && apt-get "$@" download -qq "$package" && dpkg -x ./*.deb .)
}

# Of backports, which reserves addresses in no time; that of Debian 12 takes a third of a second for each memory.
install_qemu() {
    local folder
    folder=$(mktemp -d)
    mkdir -p "$folder/apt/lists/partial" "$folder/deb" "$(dirname "$QEMU")"
    # From where the rest of the system comes.
    local mirror
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Codename: bookworm' | sort -u | head -n 1)
    echo "deb $mirror bookworm-backports main" >"$folder/apt/sources"
    local options=(-o "Dir::Etc::sourcelist=$folder/apt/sources" -o Dir::Etc::sourceparts=/dev/null
        -o "Dir::State::lists=$folder/apt/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=)
    chmod 755 "$folder"
    if apt-get "${options[@]}" update -qq && unpack qemu-user "$folder/deb" "${options[@]}"; then
        cp "$folder/deb/usr/bin/qemu-aarch64" "$QEMU"
    else
        apt-get install -y -qq -o Acquire::Retries=3 --no-install-recommends qemu-user-static >/dev/null
        ln -sf /usr/bin/qemu-aarch64-static "$QEMU"
    fi
    rm -rf "$folder"
}

install() {
    if ! installed; then
        export DEBIAN_FRONTEND=noninteractive
        dpkg --add-architecture arm64
        apt-get update -qq -o Acquire::Retries=3
        apt-get install -y -qq -o Acquire::Retries=3 --no-install-recommends rustc-web gcc-aarch64-linux-gnu libc6-dev-arm64-cross >/dev/null
        local folder
        folder=$(mktemp -d)
        unpack "libstd-rust-web-dev:arm64=$(dpkg-query -W -f '${Version}' rustc-web)" "$folder"
        rm -rf "$STD"
        mkdir -p "$(dirname "$STD")"
        cp -r "$folder/usr/lib/rustlib/$TARGET" "$STD"
        rm -rf "$folder"
        "$RUSTC_WEB" --version >"$STD/.version"
        install_qemu
        installed || { echo "the toolchain for $TARGET could not be installed" >&2; exit 1; }
    fi
    register || echo "warning: the kernel takes no emulator, so tests that start programs of $TARGET fail" >&2
}

# Flags for the host's compiler, from the environment, would replace those below.
aarch64_cargo() {
    local command=$1
    shift
    (
        unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS RUSTUP_TOOLCHAIN
        export RUSTC=$RUSTC_WEB
        export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}/aarch64
        export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
        export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS="-C target-feature=+crt-static"
        export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER=${AARCH64_RUNNER:-$QEMU}
        export BRISK_TEST_EMULATOR=$QEMU
        export CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0
        set -x
        cargo "$command" --target "$TARGET" --locked "$@"
    )
}

case ${1-} in
install)
    install
    ;;
cargo)
    shift
    install
    aarch64_cargo "$@"
    ;;
bounded)
    install
    # Without tests that wait for a clock, that limit a process's memory, or that fork: the emulator is part of the process.
    aarch64_cargo test -p brisk --lib --test machine_code --test osr --test tiers -- \
        --skip interrupt --skip scarce --skip limited --skip little_address_space --skip forked
    aarch64_cargo test -p brisk-cli --test spec -- --exact jit auto auto_protected
    ;;
all)
    shift
    install
    failed=()
    # `part NAME ARGUMENT...`: goes on if a test fails.
    part() {
        local name=$1
        shift
        [ ${#parts[@]} -eq 0 ] || [[ " ${parts[*]} " == *" $name "* ]] || return 0
        printf '\n=== %s (%s s) ===\n' "$name" "$SECONDS"
        aarch64_cargo test "$@" || failed+=("$name")
    }
    parts=("$@")
    # Not the compiler's own tests, which say the same on any machine.
    part module -p brisk-module --tests --no-fail-fast
    # But for a test that uses up the addresses of a process: the emulator needs some itself, and dies of it.
    part runtime -p brisk --tests --no-fail-fast -- --skip little_address_space_gives_errors_and_never_an_abort
    part wasi -p brisk-wasi --tests --no-fail-fast
    # The specification's tests on every tier, and the command line.
    part cli -p brisk-cli --tests --no-fail-fast -- --test-threads=2
    # As many generated modules as on any machine: five minutes.
    part fuzzing -p brisk-fuzzing --tests --no-fail-fast
    printf '\n'
    [ ${#failed[@]} -eq 0 ] || { echo "failed in: ${failed[*]} (after $SECONDS s)" >&2; exit 1; }
    echo "all passed in $SECONDS s"
    ;;
*)
    sed -n '2,/^set /s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
