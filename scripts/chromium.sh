#!/bin/sh
# Finds a Chromium for the browser tests, or gets Debian's; without one these tests are skipped.
for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null 2>&1 && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium) >/dev/null 2>&1 && exit 0
fi
echo "Browser tests are skipped: there is no Chromium. Install Debian's package chromium to run them."
