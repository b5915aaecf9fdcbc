#!/bin/sh
# Sets up the helper service, or takes it away again. Root runs it: the app after one question for the password, the
# package after its installation, or a person in a terminal.
#
#   service-setup.sh install [--user NAME]   NAME gets into the group that may use the service
#   service-setup.sh remove                  takes back what install did; settings and keys stay in /var/lib/bowline
#
# Both may run any number of times. If a first install without a package fails, it takes back what it did. --root DIR
# is for tests: all files are below DIR.
set -eu

unit=bowlined.service
group=bowline

main() {
  action=${1:-}
  [ $# -gt 0 ] && shift
  user= root=
  while [ $# -gt 0 ]; do
    case $1 in
      --user) user=${2:?--user needs a name}; shift 2 ;;
      --root) root=${2:?--root needs a folder}; shift 2 ;;
      *) usage ;;
    esac
  done
  source=$(cd -- "$(dirname -- "$0")" && pwd)
  prefix=/usr/local/lib/bowline
  # What install did, one line each: taken back from here, and from nowhere else.
  record=$root/var/lib/bowline-setup/record
  case $action in
    install) install_service ;;
    remove) remove_service ;;
    *) usage ;;
  esac
}

usage() {
  echo 'usage: service-setup.sh install [--user NAME] | remove' >&2
  exit 2
}

fail() {
  echo "$1" >&2
  exit 1
}

install_service() {
  case $user in
    root | *[!a-zA-Z0-9_.@-]*) fail "The user name $user cannot be used." ;;
  esac
  [ -n "$root" ] || [ "$(id -u)" = 0 ] || fail 'This needs root.'
  command -v systemctl >/dev/null || fail 'This system has no systemd; run bowlined by other means.'
  mkdir -p "$root/var/lib/bowline-setup"
  was_installed=no
  [ -e "$record" ] && was_installed=yes
  touch "$record"
  # A set-up that worked before is not torn down because an update of it failed, and what a package brought only with it.
  [ $was_installed = yes ] || [ -e "$root/usr/lib/systemd/system/$unit" ] ||
    trap 'status=$?; [ $status = 0 ] || remove_service; exit $status' EXIT

  if [ -e "$root/usr/lib/systemd/system/$unit" ]; then
    : # A package brought the files, and takes them away with itself.
  else
    copy_files
  fi
  systemd-sysusers ${root:+--root="$root"} bowline.conf
  if [ -n "$user" ] && ! id -nG -- "$user" | tr ' ' '\n' | grep -qx "$group"; then
    usermod --append --groups "$group" -- "$user"
    note "member $user"
  fi
  systemctl daemon-reload
  systemctl is-enabled --quiet "$unit" 2>/dev/null || note 'enabled'
  systemctl enable --quiet "$unit"
  systemctl restart "$unit"
  # A new membership begins at the next login. Until then the socket knows this one person by name.
  socket=$root/run/bowline/daemon.sock
  if [ -n "$user" ] && [ -S "$socket" ] && command -v setfacl >/dev/null; then
    setfacl --modify "u:$user:rw" "$socket" || true
  fi
}

copy_files() {
  target=$root$prefix
  for part in node bin dist systemd sysusers.d polkit-1; do
    [ -e "$source/$part" ] || fail "Incomplete: $source/$part is missing."
  done
  # Beside its place first, then moved: a running daemon keeps the files that it has open.
  rm -rf -- "$target.new" "$target.old"
  mkdir -p "$target.new" "$root/etc/systemd/system" "$root/etc/sysusers.d" "$root/usr/local/bin"
  note "folder $prefix"
  cp -R -- "$source/node" "$source/bin" "$source/dist" "$source/systemd" "$source/sysusers.d" \
    "$source/polkit-1" "$target.new"
  chmod -R u=rwX,go=rX -- "$target.new"
  [ ! -e "$target" ] || mv -- "$target" "$target.old"
  mv -- "$target.new" "$target"
  rm -rf -- "$target.old"
  for file in bowlined.service bowline-box.service; do
    note "file /etc/systemd/system/$file"
    sed "s|@PREFIX@|$prefix|g" "$source/systemd/$file" >"$root/etc/systemd/system/$file"
  done
  note 'file /etc/sysusers.d/bowline.conf'
  cp -- "$source/sysusers.d/bowline.conf" "$root/etc/sysusers.d/bowline.conf"
  # Where polkit is, the service may tell systemd-resolved of name servers; it hears of the file by itself.
  if [ -d "$root/etc/polkit-1/rules.d" ]; then
    note 'file /etc/polkit-1/rules.d/50-bowline.rules'
    cp -- "$source/polkit-1/50-bowline.rules" "$root/etc/polkit-1/rules.d/50-bowline.rules"
    chmod 644 "$root/etc/polkit-1/rules.d/50-bowline.rules"
  fi
  for program in bowline bowlined bowline-box; do
    link=$root/usr/local/bin/$program
    [ ! -e "$link" ] || [ "$(readlink -- "$link" || true)" = "$prefix/bin/$program" ] || continue
    note "file /usr/local/bin/$program"
    ln -sfn -- "$prefix/bin/$program" "$link"
  done
}

remove_service() {
  trap - EXIT
  [ -e "$record" ] || return 0
  if grep -qx enabled "$record"; then
    systemctl disable --now --quiet "$unit" || true
  fi
  # The tunnel's leftovers go before the program that knows them; the unit has done so unless it was killed.
  if [ -x "$root$prefix/bin/bowlined" ] && [ -d "$root/var/lib/bowline" ]; then
    "$root$prefix/bin/bowlined" revert --state-dir "$root/var/lib/bowline" || true
  fi
  while read -r kind what; do
    case $kind in
      file) rm -f -- "$root$what" ;;
      folder) rm -rf -- "$root$what" "$root$what.new" "$root$what.old" ;;
      member) gpasswd --delete "$what" "$group" >/dev/null || true ;;
    esac
  done <"$record"
  rm -f -- "$record"
  rmdir -- "$root/var/lib/bowline-setup" 2>/dev/null || true
  systemctl daemon-reload || true
}

# Written down before it is done; once.
note() {
  grep -qxF -- "$1" "$record" || printf '%s\n' "$1" >>"$record"
}

main "$@"
