#!/bin/sh
# The command for people: it works on the installed office's data, as the daemon's user.
: "${ZHANGU_HOME:=/var/lib/zhangu}"
export ZHANGU_HOME
program=/opt/zhangu/current/bin/zhangu
[ "$(id -u)" = 0 ] && [ "$ZHANGU_HOME" = /var/lib/zhangu ] || exec $program "$@"
as_user="setpriv --reuid=zhangu --regid=zhangu --init-groups --"
case "$1" in
upgrade)
    # Root opens the file: the daemon's user cannot read a USB stick or root's folder.
    for file; do [ -f "$file" ] && exec < "$file" && break; done
    ;;
rollback) ;;
*) exec $as_user $program "$@" ;;
esac
# Root's program is started by systemd's path unit; without systemd it is started here.
if [ -d /run/systemd/system ]; then exec $as_user $program "$@"; fi
$as_user $program "$@" --no-wait && /opt/zhangu/good/bin/zhangu-upgrade run && exec $as_user $program "$1" --result
