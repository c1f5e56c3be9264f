#!/bin/sh
# The command for people: it works on the installed office's data, as the daemon's user.
: "${ZHANGU_HOME:=/var/lib/zhangu}"
export ZHANGU_HOME
program=/opt/zhangu/current/bin/zhangu
if [ "$(id -u)" != 0 ] && [ "$ZHANGU_HOME" = /var/lib/zhangu ] && [ ! -r /var/lib/zhangu ]; then
    case "$*" in *--help* | *--version* | *--home*) ;; *)
        echo "要管理员权限。请运行：sudo zhangu $*" >&2
        exit 1
        ;;
    esac
fi
[ "$(id -u)" = 0 ] && [ "$ZHANGU_HOME" = /var/lib/zhangu ] || exec $program "$@"
as_user="setpriv --reuid=zhangu --regid=zhangu --init-groups --"

# The daemon's user can open no file in a person's home and write none to a USB stick. Root reads and writes there, and
# never opens a path that the daemon's user could replace.
work='' target='' made=''
scratch() {
    [ -z "$work" ] || return 0
    work=$($as_user mktemp -d -p /var/tmp --suffix=.zhangu)
    trap '$as_user rm -rf "$work"' EXIT
    trap 'exit 1' HUP INT TERM
}
refuse() {
    echo "$1" >&2
    exit 1
}
absent() { refuse "没有 $1 这个文件，什么都没有做。请检查文件名和它在哪个文件夹。"; }
# lend FILE: sets `lent` to FILE, or to a copy that the daemon's user can read, with the folder of media of a backup
lend() {
    lent=$1
    case $1 in
    -*) return 0 ;;
    *.*) [ -e "$1" ] || absent "$1" ;;
    esac
    [ -f "$1" ] && ! $as_user test -r "$1" || return 0
    scratch
    lent=$work/$(basename "$1")
    $as_user sh -c 'cat >"$1"' sh "$lent" <"$1" || refuse "$1 读不出来，或者磁盘满了。"
    [ ! -d "$(dirname "$1")/media" ] || tar -c -C "$(dirname "$1")" media | $as_user tar -x -C "$work"
}
# keep FILE: sets `kept` to FILE, or to a place for it that the daemon's user can write, and `target` to FILE
keep() {
    kept=$1
    if [ -e "$1" ]; then test_of=$1; else test_of=$(dirname "$1"); fi
    [ -z "$target" ] && [ -d "$(dirname "$1")" ] && ! $as_user test -w "$test_of" || return 0
    case "$1" in *.zip) [ ! -e "$1" ] || refuse "文件 $1 已经存在，备份不会覆盖它。请换一个文件名。" ;; esac
    scratch
    target=$1 kept=$work/$(basename "$1")
    made=$kept
}
# Run the program, say the file's real place, and put the file there.
deliver() {
    shown=$(printf '%s' "$target" | sed 's/[&|\\]/\\&/g')
    exec 4>&1
    code=$({ { $as_user $program "$@" 2>&1; echo $? >&3; } | sed "s|$made|$shown|g" >&4; } 3>&1)
    [ "$code" = 0 ] || exit "$code"
    umask 077
    if ! { $as_user cat "$made" >"$target"; } 2>/dev/null; then
        refuse "其实没有写成：写不进 $target。可能满了，或者只能读。请换一个地方。"
    fi
    [ -z "${SUDO_UID:-}" ] || chown "$SUDO_UID:${SUDO_GID:-0}" "$target" 2>/dev/null || true
    exit 0
}

verb=${1:-} last=''
case "$verb" in
upgrade)
    # Root opens the file: the daemon's user cannot read a USB stick or root's folder.
    for file; do
        case $file in *://* | -*) ;; *.*) [ -e "$file" ] || absent "$file" ;; esac
        [ -f "$file" ] && exec <"$file" && break
    done
    ;;
rollback) ;;
import | restore | check)
    for word; do
        shift
        lend "$word"
        set -- "$@" "$lent"
    done
    [ -n "$work" ] || exec $as_user $program "$@"
    $as_user $program "$@"
    exit
    ;;
export | backup | voice)
    for word; do
        shift
        place=$word
        case "$verb $last $word" in
        "voice --out "* | export*.* | backup*.*)
            case $word in -*) ;; *.*)
                keep "$word"
                place=$kept
                ;;
            esac
            ;;
        esac
        last=$word
        set -- "$@" "$place"
    done
    [ -n "$target" ] || exec $as_user $program "$@"
    deliver "$@"
    ;;
*) exec $as_user $program "$@" ;;
esac
# Root's program is started by systemd's path unit; without systemd it is started here.
if [ -d /run/systemd/system ]; then exec $as_user $program "$@"; fi
$as_user $program "$@" --no-wait && /opt/zhangu/good/bin/zhangu-upgrade run && exec $as_user $program "$1" --result
