#!/bin/sh
# 战鼓: installation without internet, for @SUITES@ on @ARCH@: sudo sh FILE
# After the last line of this script follows a tar file with the package and the packages of Debian that it needs.
set -eu
refuse() {
    echo "$1没有安装，一切照旧。$2" >&2
    exit 1
}
[ "$(id -u)" = 0 ] || refuse "安装要管理员权限。" "请运行：sudo sh $0"
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
case " @SUITES@ " in
*" $suite "*) ;;
*) refuse "这个文件能装在 @NAMES@ 上，这台机器是 $(. /etc/os-release && echo "$PRETTY_NAME")。" "请换一份。" ;;
esac
here=$(dpkg --print-architecture)
[ "$here" = @ARCH@ ] || refuse "这个文件是给 @ARCH@ 的，这台机器要 $here 的。" "请换一份。"
free=$(df --output=avail -B1 /var/tmp | tail -n 1)
[ "$free" -gt @NEEDS@ ] || refuse "磁盘放不下：要 $((@NEEDS@ / 1000000)) MB，只剩 $((free / 1000000)) MB。" "请先清理磁盘。"
sum=$(tail -c +@OFFSET@ "$0" | sha256sum)
[ "${sum%% *}" = @SHA256@ ] || refuse "文件不完整，可能没有复制完。" "请重新复制到 U 盘。"

work=$(mktemp -d -p /var/tmp --suffix=.zhangu)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
tail -c +@OFFSET@ "$0" | tar -x -C "$work" zhangu.deb "$suite" @VOICE@
# After the program, and quietly: the lines that matter are the phone's address and the owner's code above.
add_voice() {
    [ -e "$work/zhangu-voice-natural.deb" ] || return 0
    echo "正在安装自然语音……"
    if dpkg --skip-same-version --refuse-downgrade --install "$work/zhangu-voice-natural.deb" >"$work/log" 2>&1; then
        echo "自然语音装好了。"
    else
        cat "$work/log" >&2
        echo "战鼓装好了，但是自然语音没有装上（原因见上面），先由备用语音播报。" >&2
    fi
}
if [ -x /opt/zhangu/good/bin/zhangu-upgrade ]; then
    code=0
    zhangu upgrade "$work/zhangu.deb" || code=$?
    add_voice
    exit $code
fi
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
echo "deb [trusted=yes] file:$work $suite/" >"$work/sources.list"
# only this list: the sources of the system cannot be reached
offline() {
    DEBIAN_FRONTEND=noninteractive apt-get -q -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=- \
        -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root \
        -o Acquire::Languages=none "$@"
}
offline update >"$work/log" 2>&1 || { cat "$work/log" >&2; refuse "安装文件里的清单读不出来。" "请重新复制到 U 盘。"; }
offline install -y --no-install-recommends zhangu
add_voice
exit
