# shellcheck shell=bash
# Sets up what ./dev needs; sourced by it, with TOP and the telling functions defined.
#
# What is installed for the project alone goes into .tools/ (or $KAFKASCOPE_TOOLS, which several
# clones may share), so that deleting that folder undoes it. Every setup_* function first looks
# whether there is anything to do: once all is in place they cost well under a second together,
# and nothing is ever installed twice.
#
# Two compilers may be at work. Native builds use whatever `cargo` is on PATH. The page needs the
# standard library for WebAssembly, which some machines cannot download; there, Debian's own
# compiler builds the page and never touches native artifacts.

WASM=wasm32-unknown-unknown
TRUNK_VERSION=0.21.14
WASM_WAY=   # set by setup_wasm_target: present, rustup or debian

mkdir -p "${KAFKASCOPE_TOOLS:-.tools}"
TOOLS=$(cd "${KAFKASCOPE_TOOLS:-.tools}" && pwd)
export PATH="$TOOLS/bin:$PATH"

# ---- Small helpers ------------------------------------------------------------------------

have() { command -v "$1" >/dev/null 2>&1; }

need() { # need COMMAND ADVICE
  have "$1" || die "$1 is missing: $2"
}

within() { # within SECONDS COMMAND...: macOS has no `timeout`, and does without the limit
  if have timeout; then timeout "$@"; else shift; "$@"; fi
}

# Two ./dev at once would install the same thing twice, so set-up takes turns.
locked() {
  if ! have flock; then "$@"; return; fi
  exec 9>"$TOOLS/lock"
  if ! flock -n 9; then
    say "   waiting for another ./dev to finish its set-up"
    flock 9
  fi
  "$@"
  exec 9>&-
}

are_installed() { # are_installed PACKAGE...: only where dpkg says so of each one
  have dpkg-query && [ "$(dpkg-query -W -f '${db:Status-Abbrev}\n' "$@" 2>/dev/null | grep -c '^ii')" = $# ]
}

# apt_install PACKAGE...: fails, with a line that says what to install, where apt or root is
# missing, or where the packages would push others off the machine.
apt_install() {
  if are_installed "$@"; then return; fi
  if ! have apt-get; then die "please install what Debian calls: $*"; fi
  if [ "$(id -u)" -ne 0 ]; then die "please run: sudo apt-get install $*"; fi
  local options=(-y -qq --no-install-recommends --no-remove -o DPkg::Lock::Timeout=300)
  say "   apt-get install $*"
  if ! { apt-get update -qq &&
    DEBIAN_FRONTEND=noninteractive apt-get install "${options[@]}" "$@"; } \
    >"$TOOLS/apt.log" 2>&1 </dev/null; then
    tail -n 8 "$TOOLS/apt.log" >&2
    die "apt-get install $* failed; the whole story is in $TOOLS/apt.log"
  fi
}

# ---- Native Rust --------------------------------------------------------------------------

setup_native() {
  need cargo "install Rust with rustup, https://rustup.rs"
  have cc || step "Installing a C linker" apt_install gcc libc6-dev
  cargo fmt --version >/dev/null 2>&1 || die "rustfmt is missing: rustup component add rustfmt"
  cargo clippy --version >/dev/null 2>&1 || die "clippy is missing: rustup component add clippy"
}

# ---- The WebAssembly target ---------------------------------------------------------------
# In order: it is there; rustup can download it; Debian's compiler with a library built once.

DEBIAN_RUST=(rustc-web cargo-web rust-web-src rust-web-llvm rust-web-clippy)

target_is_present() {
  compgen -G "$(rustc --print target-libdir --target "$WASM")/libcore-*.rlib" >/dev/null
}

rustup_adds_target() {
  have rustup || return 1
  # A machine without the open internet must learn so in seconds, not hang.
  within 60 rustup target add "$WASM" >"$TOOLS/rustup.log" 2>&1 </dev/null && target_is_present
}

# What the built library depends on. A security update of the compiler changes this text, and
# with it the library is built anew.
debian_stamp() {
  /usr/bin/rustc -vV
  dpkg-query -W -f '${Package} ${Version}\n' "${DEBIAN_RUST[@]}"
}

debian_is_ready() {
  # rust-lld is a link into a package of its own that an update may have left dangling.
  [ -f "$TOOLS/wasm/stamp" ] && [ -x /usr/bin/rust-lld ] &&
    debian_stamp 2>/dev/null | cmp -s - "$TOOLS/wasm/stamp"
}

install_debian_rust() {
  apt_install "${DEBIAN_RUST[@]}"
  [ -x /usr/bin/rust-lld ] || apt_install "$(basename "$(readlink /usr/bin/rust-lld)")"
}

# Builds the standard library from Debian's copy of its source, as stable rustc would have
# shipped it, and lays a sysroot around it: Debian's own, by links, plus the one new target.
# Bitcode must be embedded or link-time optimisation of the page fails later.
build_debian_std() {
  local wasm=$TOOLS/wasm host sysroot lib
  rm -rf "$wasm"
  mkdir -p "$wasm/build/src" "$wasm/bin"
  printf '[package]\nname = "std-for-wasm"\nedition = "2021"\n[workspace]\n' >"$wasm/build/Cargo.toml"
  : >"$wasm/build/src/lib.rs"
  (
    cd "$wasm/build" || exit
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=target \
      RUSTFLAGS="-Cembed-bitcode=yes -Cpanic=abort" \
      /usr/bin/cargo build --release -Zbuild-std=std,panic_abort,test --target "$WASM"
  )
  host=$(/usr/bin/rustc -vV | sed -n 's/^host: //p')
  sysroot=$(/usr/bin/rustc --print sysroot)
  lib=$wasm/sysroot/lib/rustlib/$WASM/lib
  mkdir -p "$lib"
  ln -s "$sysroot/lib/rustlib/$host" "$wasm/sysroot/lib/rustlib/$host"
  cp "$wasm/build/target/$WASM"/release/deps/lib*.rlib "$lib/"

  # These come first on PATH while the page is built, and only then.
  # shellcheck disable=SC2016  # expanded when it runs
  printf '#!/bin/sh\nexec /usr/bin/rustc --sysroot "${0%%/*}/../sysroot" "$@"\n' >"$wasm/bin/rustc"
  chmod +x "$wasm/bin/rustc"
  ln -s /usr/bin/cargo /usr/bin/cargo-clippy /usr/bin/clippy-driver "$wasm/bin/"
  rm -rf "$wasm/build"
  date '+%s' >"$wasm/built"
  debian_stamp >"$wasm/stamp"
}

choose_wasm_way() {
  if target_is_present; then
    WASM_WAY=present
  elif debian_is_ready; then
    WASM_WAY=debian
  else
    say "── The WebAssembly target is missing: asking rustup for it"
    if rustup_adds_target; then
      WASM_WAY=rustup
      say "   rustup added it"
    else
      WASM_WAY=debian
      say "   rustup cannot (see $TOOLS/rustup.log): taking Debian's compiler for the page"
      have apt-get || die "the WebAssembly target is missing: rustup target add $WASM"
      step "Installing Debian's Rust (about half a minute, once)" install_debian_rust
      step "Building its library for WebAssembly (about half a minute, once)" build_debian_std
    fi
  fi
}

setup_wasm_target() { [ -n "$WASM_WAY" ] || choose_wasm_way; }

# in_wasm_env COMMAND...: runs a command with the compiler that can build the page. Debian's
# gets a target folder of its own: sharing one, the two compilers would throw away each other's
# work. That folder is emptied when the library was built anew, for it links to the old one.
in_wasm_env() {
  setup_wasm_target
  if [ "$WASM_WAY" != debian ]; then "$@"; return; fi
  local target=${CARGO_TARGET_DIR:-$TOP/target}/wasm
  if ! cmp -s "$TOOLS/wasm/built" "$target/.built"; then
    rm -rf "$target"
    mkdir -p "$target"
    cp "$TOOLS/wasm/built" "$target/.built"
  fi
  PATH="$TOOLS/wasm/bin:$PATH" SYSROOT="$TOOLS/wasm/sysroot" CARGO_TARGET_DIR="$target" "$@"
}

# ---- Trunk and wasm-bindgen ---------------------------------------------------------------

is_version() { # is_version COMMAND VERSION
  have "$1" && [ "$("$1" --version 2>/dev/null | awk 'NR == 1 { print $2 }')" = "$2" ]
}

# The command-line tool must be of exactly the version that the library has.
wasm_bindgen_version() {
  [ -f Cargo.lock ] || cargo generate-lockfile
  awk '/^name = "wasm-bindgen"$/ { getline; gsub(/version = |"/, ""); print }' Cargo.lock
}

# install_crate NAME VERSION OPTION...: a prebuilt binary where cargo-binstall is there and
# finds one; else compiled without optimisation, which takes a third of the time and makes
# tools that are still quick: half a second for wasm-bindgen on a small page.
install_crate() {
  local name=$1 version=$2
  shift 2
  if have cargo-binstall && within 120 cargo binstall --no-confirm --disable-strategies compile \
    --root "$TOOLS" "$name@$version" </dev/null; then
    return
  fi
  CARGO_TARGET_DIR=$TOOLS/build CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_DEBUG=0 \
    CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_STRIP=true \
    cargo install "$name@$version" --force --no-default-features --root "$TOOLS" "$@"
}

setup_bundler() {
  local bindgen
  bindgen=$(wasm_bindgen_version)
  [ -n "$bindgen" ] || die "Cargo.lock names no wasm-bindgen: the feature app should depend on it"
  is_version trunk "$TRUNK_VERSION" ||
    step "Installing Trunk $TRUNK_VERSION (some minutes, once)" install_crate trunk "$TRUNK_VERSION" --locked
  # Not --locked: its lock file names a crate version that cannot be had any more.
  is_version wasm-bindgen "$bindgen" ||
    step "Installing wasm-bindgen $bindgen (a minute or two, once)" \
      install_crate wasm-bindgen-cli "$bindgen" --bin wasm-bindgen
  rm -rf "$TOOLS/build"
}

# ---- npm and a browser --------------------------------------------------------------------

setup_npm() {
  need node "install Node.js 20 or later"
  need npm "install npm (it comes with Node.js)"
  local stamp=tests/web/node_modules/.installed-lock
  cmp -s tests/web/package-lock.json $stamp && return
  step "Installing npm packages" npm ci --prefix tests/web --ignore-scripts --no-audit --no-fund
  cp tests/web/package-lock.json $stamp
}

find_chromium() {
  local name
  for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable \
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
    if [ -n "$name" ] && have "$name"; then command -v "$name"; return; fi
  done
  return 1
}

# Finds or installs a browser and exports its path as CHROMIUM for the tests. The fonts are for
# the page in Chinese: without them screenshots show boxes.
setup_chromium() {
  if ! find_chromium >/dev/null && have apt-get; then
    step "Installing Chromium" apt_install chromium fonts-noto-core fonts-noto-cjk
  fi
  CHROMIUM=$(find_chromium) || die "Chromium is missing: install it, or set CHROMIUM to its path"
  export CHROMIUM
}
