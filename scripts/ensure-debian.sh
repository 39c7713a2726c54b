#!/usr/bin/env bash
# Installs the Debian packages that tests need, and only those that are missing. Never fails: a test that misses its
# tool says so itself.
set -u

# command:package
wanted=(
  "python3:python3-minimal"   # the `python` operator runs Python scripts
  "unshare:util-linux"        # the embedded PostgreSQL refuses to run as root
  "prlimit:util-linux"        # memory limits of children
)

missing=()
for entry in "${wanted[@]}"; do
  command -v "${entry%%:*}" >/dev/null || missing+=("${entry##*:}")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "nothing to install"
  exit 0
fi

if ! command -v apt-get >/dev/null; then
  echo "not run: installing ${missing[*]}: this is no Debian; install them with the tools of your system"
elif [ "$(id -u)" -ne 0 ]; then
  echo "not run: installing ${missing[*]}: not root; run: sudo apt-get install -y ${missing[*]}"
else
  export DEBIAN_FRONTEND=noninteractive
  apt-get install -y -q --no-install-recommends "${missing[@]}" </dev/null ||
    { apt-get update -q </dev/null && apt-get install -y -q --no-install-recommends "${missing[@]}" </dev/null; } ||
    echo "not run: installing ${missing[*]}: apt-get failed, see above"
fi
exit 0
