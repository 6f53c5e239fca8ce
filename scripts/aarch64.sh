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
readonly QEMU=/usr/local/libexec/brisk/qemu-aarch64
readonly BINFMT=/proc/sys/fs/binfmt_misc

installed() {
    [ -x "$QEMU" ] && "$QEMU" --version >/dev/null && command -v aarch64-linux-gnu-gcc >/dev/null \
        && [ "$("$RUSTC_WEB" --version)" = "$(cat "$STD/.version" 2>/dev/null)" ]
}

# Tests start programs, and themselves again: the kernel runs those under emulation, too.
register() {
    if [ ! -e "$BINFMT/brisk-aarch64" ]; then
        [ -e "$BINFMT/register" ] || mount -t binfmt_misc binfmt_misc "$BINFMT"
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
    echo "deb http://deb.debian.org/debian bookworm-backports main" >"$folder/apt/sources"
    local options=(-o "Dir::Etc::sourcelist=$folder/apt/sources" -o Dir::Etc::sourceparts=/dev/null
        -o "Dir::State::lists=$folder/apt/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=)
    chmod 755 "$folder"
    if apt-get "${options[@]}" update -qq && unpack qemu-user "$folder/deb" "${options[@]}"; then
        cp "$folder/deb/usr/bin/qemu-aarch64" "$QEMU"
    else
        apt-get install -y -qq --no-install-recommends qemu-user-static >/dev/null
        ln -sf /usr/bin/qemu-aarch64-static "$QEMU"
    fi
    rm -rf "$folder"
}

install() {
    if ! installed; then
        export DEBIAN_FRONTEND=noninteractive
        dpkg --add-architecture arm64
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends rustc-web gcc-aarch64-linux-gnu libc6-dev-arm64-cross >/dev/null
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
        export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER=${AARCH64_RUNNER:-$QEMU}
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
