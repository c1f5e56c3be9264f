"""Errors of the operating system, explained."""

from __future__ import annotations

import errno

import pytest

from controller.system.os_errors import is_the_machines, remedy


@pytest.mark.parametrize(
    ("codes", "what"),
    [
        ((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "清理磁盘"),
        ((errno.EACCES, errno.EPERM), "权限"),
        ((errno.EIO, errno.EROFS), "存储卡"),
        ((errno.ENOENT, errno.EMFILE, errno.ENOMEM), "再试一次"),
    ],
)
def test_each_error_has_the_remedy_that_helps(codes: tuple[int, ...], what: str) -> None:
    """Making room is advised for a full disk alone: it helps neither against missing rights nor a broken card."""
    for code in codes:
        assert what in remedy(OSError(code, ""))
        assert is_the_machines(OSError(code, ""))


def test_an_error_without_a_number_is_the_files() -> None:
    """Pillow's "image file is truncated" is an OSError too: it says something about the file."""
    assert not is_the_machines(OSError("image file is truncated"))
