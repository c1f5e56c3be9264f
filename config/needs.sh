#!/usr/bin/env bash
# Install system packages with apt if permitted; otherwise print the exact command.
# usage: needs.sh run|test|bench|soak|sounds
set -eu
missing=()
need() { # need PACKAGE TEST...: PACKAGE is missing when TEST fails
    local package=$1; shift
    "$@" >/dev/null 2>&1 || missing+=("$package")
}
has() { command -v "$1"; }
loads() { "${PYTHON:-python3}" -c 'import ctypes, sys; ctypes.CDLL(sys.argv[1])' "$1"; }
named() { # Debian 13 renamed some libraries of Debian 12
    local package
    for package; do apt-cache show "${package}t64" >/dev/null 2>&1 && echo "${package}t64" || echo "$package"; done
}

case ${1:-run} in
run)
    need python3-venv "${PYTHON:-python3}" -c 'import venv, ensurepip'
    # not in pygame's wheel: without the first it cannot be imported, without the others SDL finds no device
    need libglib2.0-0 loads libgthread-2.0.so.0
    need libpulse0 loads libpulse-simple.so.0
    need libasound2 loads libasound.so.2
    ;;
test)
    need chromium has chromium  # the kiosk's test
    need chromium-headless-shell has chromium-headless-shell  # all other pages: the same engine for a third of the CPU
    need pulseaudio has pulseaudio
    need pulseaudio-utils has parec
    need xvfb has Xvfb
    need systemd has systemd-analyze  # judges the service of the package
    need ffmpeg has ffmpeg  # encodes kinds of files that our code never writes
    need libatomic1 loads libatomic.so.1  # playwright's driver
    need mosquitto sh -c 'PATH=$PATH:/usr/sbin; command -v mosquitto'  # head office's broker
    need fonts-noto-cjk sh -c 'ls /usr/share/fonts/*/noto/NotoSerifCJK*'
    need fonts-dejavu-core sh -c 'ls /usr/share/fonts/*/dejavu/DejaVuSerif-Bold.ttf'  # letters that Noto CJK lacks
    ;;
bench)
    need nginx-light sh -c 'PATH=$PATH:/usr/sbin; command -v nginx'  # a proxy that answers 502 while the server is away
    need iproute2 has ip  # a network namespace for the unplugged cable
    need nftables sh -c 'PATH=$PATH:/usr/sbin; command -v nft'  # loses packets between branches
    ;;
soak)  # a whole virtual machine
    need qemu-system-x86 has qemu-system-x86_64
    need qemu-utils has qemu-img
    need debootstrap sh -c 'PATH=$PATH:/usr/sbin; command -v debootstrap'
    need e2fsprogs sh -c 'PATH=$PATH:/usr/sbin; command -v mkfs.ext4'
    ;;
sounds)
    need fluidsynth has fluidsynth
    need sox has sox
    need libsox-fmt-base sh -c 'sox --help | grep -q "AUDIO FILE FORMATS:.*ogg"'
    need fluid-soundfont-gm test -f /usr/share/sounds/sf2/FluidR3_GM.sf2
    ;;
esac
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
    echo "Missing (by Debian's names): ${missing[*]}. Please install them with this system's package manager." >&2
    exit 1
fi
install="apt-get install -y --no-install-recommends"
if [ "$(id -u)" = 0 ]; then as=""; elif sudo -n true 2>/dev/null; then as="sudo"; else
    packages=$(named "${missing[@]}" | xargs)
    echo "Missing: $packages. Please run:  sudo apt-get update && sudo $install $packages" >&2
    exit 1
fi
echo "Installing with apt: ${missing[*]}"
$as apt-get update -qq
DEBIAN_FRONTEND=noninteractive $as $install -qq $(named "${missing[@]}") >/dev/null
