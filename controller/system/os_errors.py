"""Explain errors of the operating system to people: its messages are English and name no remedy."""

from __future__ import annotations

import errno
import socket

_REASONS = {
    errno.ENOENT: "没有这个文件或目录",
    errno.ENOTDIR: "没有这个目录",
    errno.EISDIR: "那是一个目录",
    errno.EEXIST: "已经有同名的文件",
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EROFS: "磁盘只能读、不能写",
    errno.ENOSPC: "磁盘满了",
    errno.EDQUOT: "磁盘配额用完了",
    errno.EIO: "磁盘读写出错",
    errno.EFBIG: "磁盘放不下这么大的文件",
    errno.ENOEXEC: "这个程序不能在这台机器上运行",
    errno.EXDEV: "不在同一个磁盘上",
    errno.ENAMETOOLONG: "文件名太长",
    errno.EMFILE: "打开的文件太多",
    errno.ENODEV: "没有这个设备",
    errno.ECONNREFUSED: "对方没有接受连接",
    errno.ECONNRESET: "连接断了",
    errno.EPIPE: "连接断了",
    errno.ETIMEDOUT: "对方没有应答",
    errno.ENETUNREACH: "网络不通",
    errno.EHOSTUNREACH: "网络不通",
}
_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
_RIGHTS = frozenset((errno.EACCES, errno.EPERM))
_DISK = frozenset((errno.EIO, errno.EROFS, errno.ESTALE, errno.ENODEV, errno.ENXIO))
_PASSING = frozenset((errno.ENOENT, errno.ENOMEM, errno.EMFILE, errno.ENFILE))


def is_full(error: OSError) -> bool:
    """Return whether the disk, or the user's quota, is full."""
    return error.errno in _FULL


def is_the_machines(error: OSError) -> bool:
    """Return whether the machine is at fault (permission, memory, disk), not the contents of a file."""
    return error.errno in _FULL | _RIGHTS | _DISK | _PASSING


def remedy(error: OSError) -> str:
    """Return what to do about an error of reading or writing a file, as a clause without its full stop.

    The error decides, not the work that met it: making room helps neither a file without rights nor a broken card.
    """
    if is_full(error):
        return "请清理磁盘空间"
    if error.errno in _RIGHTS:
        return "请在主机上检查文件夹的权限"
    if error.errno in _DISK:
        return "请检查主机的存储卡或硬盘，可能要换一张"
    return "请再试一次，还是不行就重启主机"


def reason(error: OSError) -> str:
    """Return a clause without its full stop; the system's message where none of ours fits."""
    if isinstance(error, TimeoutError) and error.errno is None:
        return _REASONS[errno.ETIMEDOUT]
    if isinstance(error, socket.gaierror):
        return "找不到这个地址"
    return _REASONS.get(error.errno or 0) or error.strerror or "系统没有说明原因"
