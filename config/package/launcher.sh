#!/bin/sh
# Run the program with the virtual environment for this system's Python: bin/zhangu, and root's bin/zhangu-upgrade.
here=$(dirname "$(dirname "$(readlink -f "$0")")")
version=$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
if [ ! -d "$here/venv-$version" ]; then
    echo "这个系统的 Python 是 $version，这份安装包里没有它的部件。请换一份更新的安装包。" >&2
    echo "This system has Python $version, for which this package has no parts. Please use a newer package." >&2
    exit 1
fi
case $(basename "$0") in zhangu-upgrade) module=controller.upgrade ;; *) module=controller ;; esac
export PYTHONNOUSERSITE=1
exec "$here/venv-$version/bin/python" -P -m "$module" "$@"
