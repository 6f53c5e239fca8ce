#!/usr/bin/env bash
# Builds and tests for AArch64 Linux on an x86-64 machine with Debian 12, under qemu's user-mode emulation.
#
#     scripts/aarch64.sh install                   installs what is needed, as root; nothing if it is there
#     scripts/aarch64.sh cargo test -p brisk       any command of cargo, for AArch64
#
# All but `install` install first. The compiler is Debian's `rustc-web`, whose standard library for AArch64 is a package
# of Debian's, too; it drives nothing else on the machine. Programs are linked statically: dynamic ones hang under
# emulation when they begin a thread. What is built goes to a folder of its own below the target directory.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly TARGET=aarch64-unknown-linux-gnu
readonly RUSTC_WEB=/usr/bin/rustc
readonly STD=/usr/lib/rustlib/$TARGET

# Tests start programs, and themselves again: the kernel runs those under emulation, too.
readonly BINFMT=/proc/sys/fs/binfmt_misc
register() {
    if [ ! -e "$BINFMT/qemu-aarch64" ]; then
        [ -e "$BINFMT/register" ] || mount -t binfmt_misc binfmt_misc "$BINFMT"
        cat /usr/lib/binfmt.d/qemu-aarch64.conf >"$BINFMT/register"
    fi
}

installed() {
    [ -d "$STD" ] && "$RUSTC_WEB" --print sysroot >/dev/null 2>&1 \
        && command -v aarch64-linux-gnu-gcc >/dev/null && command -v qemu-aarch64-static >/dev/null \
        && [ "$(cat "$STD/.version" 2>/dev/null)" = "$("$RUSTC_WEB" --version)" ]
}

install() {
    if installed; then
        register
        return
    fi
    export DEBIAN_FRONTEND=noninteractive
    dpkg --add-architecture arm64
    apt-get update -qq
    # One of the two, the compiler or its library, may be a security update ahead of what is installed.
    apt-get install -y -qq --no-install-recommends \
        rustc-web gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static >/dev/null
    local version folder
    version=$(dpkg-query -W -f '${Version}' rustc-web)
    folder=$(mktemp -d)
    chmod 777 "$folder" # apt downloads as a user of its own
    (cd "$folder" && apt-get download -qq "libstd-rust-web-dev:arm64=$version" && dpkg -x ./*.deb std)
    rm -rf "$STD"
    mkdir -p "$(dirname "$STD")"
    cp -r "$folder/std/usr/lib/rustlib/$TARGET" "$STD"
    rm -rf "$folder"
    "$RUSTC_WEB" --version >"$STD/.version"
    installed || { echo "the toolchain for $TARGET could not be installed" >&2; exit 1; }
    register
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
        export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER=${AARCH64_RUNNER:-qemu-aarch64-static}
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
*)
    sed -n '2,/^set /s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
