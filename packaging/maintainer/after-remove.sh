#!/bin/sh
# Runs after the package's files are gone. Keys and settings stay, unless the package is purged (deb).
set -e

if [ "$1" = purge ]; then rm -rf /var/lib/bowline /var/lib/bowline-box; fi
if [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi
