# What `scripts/test` and `scripts/test-all` share: programs that tests need, and
# how they are installed. To be sourced.

if ! command -v cargo >/dev/null; then
    echo "$0: cargo is missing; install Rust from https://rustup.rs" >&2
    exit 1
fi

# install WHAT PACKAGE... installs Debian packages, or says what to install.
install() {
    local what=$1 sudo=()
    shift
    if ! command -v apt-get >/dev/null; then
        echo "$0: no $what found, and this is neither Debian nor Ubuntu; install it as Debian's $*" >&2
        exit 1
    fi
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "$0: no $what found; as root, run: apt-get install $*" >&2
            exit 1
        fi
        sudo=(sudo)
    fi
    echo "$0: no $what found; installing $*" >&2
    ${sudo[@]+"${sudo[@]}"} apt-get update -qq
    ${sudo[@]+"${sudo[@]}"} env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# need COMMAND:PACKAGE... installs the packages of the commands that are missing.
need() {
    local tool missing=()
    for tool in "$@"; do
        command -v "${tool%:*}" >/dev/null || missing+=("${tool#*:}")
    done
    [ ${#missing[@]} -eq 0 ] || install "${missing[*]}" "${missing[@]}"
}

# need_adapter RESNET installs software drivers where that program finds no GPU. On
# Linux it must find one of Vulkan, and one of OpenGL to cross-check with.
need_adapter() {
    has_adapter() {
        local backend found backends=('[a-z0-9]*')
        [ "$(uname)" != Linux ] || backends=(vulkan gl)
        found=$("$1" devices --json 2>/dev/null) || return
        for backend in "${backends[@]}"; do
            grep -q "\"backend\": *\"$backend\"" <<<"$found" || return
        done
    }
    has_adapter "$1" && return
    if [ "$(uname)" != Linux ]; then
        echo "$0: no GPU adapter found; install the driver of your GPU" >&2
        exit 1
    fi
    install "GPU adapter" mesa-vulkan-drivers libegl1 libgl1-mesa-dri
    if ! has_adapter "$1"; then
        echo "$0: still no adapters of Vulkan and OpenGL after installing Mesa's" >&2
        exit 1
    fi
}

# need_browser installs Chromium where there is none, as
# crates/cli/tests/page/browser.rs looks for it.
need_browser() {
    local name
    for name in ${CHROMIUM:+"$CHROMIUM"} chromium chromium-browser google-chrome \
        google-chrome-stable "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
        if command -v "$name" >/dev/null; then
            return
        fi
    done
    install "Chromium" chromium
}

# Keeps Mesa's device-selection layer from complaining about a missing desktop.
export NODEVICE_SELECT=1
