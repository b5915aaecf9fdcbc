#!/bin/sh
# Runs before the package's files go. An update passes `upgrade` (deb) or a number above 0 (rpm): the service stays.
set -eu

case ${1:-} in
  upgrade | [1-9]*) exit 0 ;;
esac
if [ -d /run/systemd/system ]; then
  systemctl disable --now --quiet bowline-box.service || true
  sh /opt/Bowline/resources/service/service-setup.sh remove
fi
for program in bowline-app bowline bowlined bowline-box; do
  case $(readlink "/usr/bin/$program" || true) in
    /opt/Bowline/*) rm -f "/usr/bin/$program" ;;
  esac
done
profile=/etc/apparmor.d/bowline-app
if [ -f "$profile" ]; then
  apparmor_parser --remove "$profile" 2>/dev/null || true
  rm -f "$profile"
fi
