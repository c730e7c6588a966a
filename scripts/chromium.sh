#!/bin/sh
# Finds a Chromium for the browser tests, or gets Debian's; without one these tests are skipped.
# With `fonts` it also gets coloured emoji, which pictures of the pages need.
get() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || return 1
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$1") >/dev/null 2>&1
}
if [ "$1" = fonts ] && [ -z "$(fc-list :lang=und-zsye 2>/dev/null)" ]; then
  get fonts-noto-color-emoji || echo "Emoji will look plain: install Debian's package fonts-noto-color-emoji."
fi
for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null 2>&1 && exit 0
done
get chromium && exit 0
echo "Browser tests are skipped: there is no Chromium. Install Debian's package chromium to run them."
