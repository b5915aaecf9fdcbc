#!/bin/sh
# Runs after the package's files are in place, on installation and on every update.
set -eu

app=/opt/Bowline
# The window's sandbox needs user namespaces; where the kernel has none, a helper with root's rights makes it.
if [ -L /proc/self/ns/user ] && unshare --user true 2>/dev/null; then
  chmod 0755 "$app/chrome-sandbox"
else
  chmod 4755 "$app/chrome-sandbox"
fi

ln -sfn "$app/bowline-app" /usr/bin/bowline-app
for program in bowline bowlined bowline-box; do
  ln -sfn "$app/resources/service/bin/$program" "/usr/bin/$program"
done

# Older AppArmor does not know the profile and does not need it either.
profile=/etc/apparmor.d/bowline-app
if command -v apparmor_parser >/dev/null && apparmor_status --enabled 2>/dev/null; then
  if apparmor_parser --skip-kernel-load --skip-cache "$app/resources/apparmor-profile" >/dev/null 2>&1; then
    cp "$app/resources/apparmor-profile" "$profile"
    apparmor_parser --replace --write-cache --skip-read-cache "$profile" || true
  fi
fi

if command -v update-desktop-database >/dev/null; then update-desktop-database -q || true; fi

# The box's service is there, but only a person switches it on; the laptop's daemon does nothing before it is asked.
if [ -d /run/systemd/system ]; then
  # Where it does not start, the package is installed all the same; half an installation would stop every other one.
  sh "$app/resources/service/service-setup.sh" install || cat >&2 <<'END'
Bowline is installed, but its service has not started; journalctl -u bowlined says why. It tries again at the next start
of this computer, or now, once that is mended: sudo systemctl restart bowlined
END
  # A box that runs goes on with the new program; connections wait for it.
  systemctl try-restart bowline-box.service || true
else
  # An image that is being built: the service begins at its first boot.
  systemd-sysusers bowline.conf || true
  systemctl enable bowlined.service || true
fi
