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


def reason(error: OSError) -> str:
    """Return a clause without its full stop; the system's message where none of ours fits."""
    if isinstance(error, TimeoutError) and error.errno is None:
        return _REASONS[errno.ETIMEDOUT]
    if isinstance(error, socket.gaierror):
        return "找不到这个地址"
    return _REASONS.get(error.errno or 0) or error.strerror or "系统没有说明原因"
