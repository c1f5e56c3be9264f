"""Which Zhangu this is, in a form that a person can compare after an upgrade."""

from __future__ import annotations

from functools import cache
from importlib import metadata
from pathlib import Path


@cache
def version() -> str:
    """The release, and the commit when it runs from a checkout: `0.1.0 (73ecd98)`."""
    try:
        release = metadata.version("zhangu")
    except metadata.PackageNotFoundError:
        release = "0"
    commit = _commit(Path(__file__).resolve().parents[2])
    return f"{release} ({commit[:7]})" if commit else release


def _commit(root: Path) -> str:
    """The checked-out commit, read from git's own files; empty when there is none."""
    try:
        folder = root / ".git"
        if folder.is_file():  # a worktree: it names its folder
            folder = root / folder.read_text().removeprefix("gitdir:").strip()
        head = (folder / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        common = folder / "commondir"
        for place in (folder, folder / common.read_text().strip() if common.exists() else folder):
            if (place / name).exists():
                return (place / name).read_text().strip()
            packed = place / "packed-refs"
            lines = packed.read_text().splitlines() if packed.exists() else []
            found = [line.split()[0] for line in lines if line.endswith(f" {name}")]
            if found:
                return found[0]
    except OSError:
        pass
    return ""
