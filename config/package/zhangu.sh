#!/bin/sh
# The command for people: it works on the installed office's data, as the daemon's user.
: "${ZHANGU_HOME:=/var/lib/zhangu}"
export ZHANGU_HOME
if [ "$(id -u)" = 0 ] && [ "$ZHANGU_HOME" = /var/lib/zhangu ]; then
    exec setpriv --reuid=zhangu --regid=zhangu --init-groups -- /opt/zhangu/current/bin/zhangu "$@"
fi
exec /opt/zhangu/current/bin/zhangu "$@"
