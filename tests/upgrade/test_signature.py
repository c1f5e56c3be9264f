"""The signature of packages: only a whole, unaltered file of the known maker is accepted."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from controller.upgrade import signature
from controller.upgrade.signature import ALTERED, FOREIGN, KEYLESS, STRANGER, TORN, UNSIGNED, CannotUpgrade
from tests.upgrade.small_packages import key, signed, unsigned


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A signed package with one file of 4,000 bytes."""
    folder = tmp_path_factory.mktemp("signed")
    tree = folder / "tree" / "opt"
    tree.mkdir(parents=True)
    (tree / "file").write_bytes(b"0123456789" * 400)
    return signed(tree.parent, folder / "zhangu.deb", "2.0")


def refused(path: Path, by: str = "maker") -> str:
    """Return the sentence with which a file is refused; "" when it is accepted."""
    with path.open("rb") as file:
        try:
            signature.read(file, [signature.public_half(key(by))])
        except CannotUpgrade as bad:
            return bad.sentence
    return ""


def test_a_signed_package_is_accepted_and_named(package: Path) -> None:
    """The statement has version, architecture and schema; dpkg still reads the file."""
    with package.open("rb") as file:
        found = signature.read(file, [b"no key", signature.public_half(key("maker"))])
    assert (found.package, found.version, found.schema) == ("zhangu", "2.0", 15)
    shown = subprocess.run(["dpkg-deb", "--contents", package], capture_output=True, text=True, check=True)
    assert "./opt/file" in shown.stdout


def test_another_maker_and_no_key_are_refused(package: Path) -> None:
    """A stranger's signature, none at all, and a box without a key: a sentence each."""
    assert refused(package, by="stranger") == STRANGER
    with package.open("rb") as file, pytest.raises(CannotUpgrade) as caught:
        signature.read(file, [])
    assert caught.value.sentence == KEYLESS
    tree = package.parent / "tree"
    assert refused(unsigned(tree, package.parent / "unsigned.deb", "2.0")) == UNSIGNED


def test_no_altered_byte_is_accepted(package: Path, tmp_path: Path) -> None:
    """A changed byte anywhere, in header, content, statement or signature, is refused."""
    whole = package.read_bytes()
    altered = tmp_path / "altered.deb"
    for at in [*range(0, len(whole), 97), *range(len(whole) - 420, len(whole) - 2)]:
        altered.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert refused(altered), f"byte {at} of {len(whole)}"


def test_no_part_of_a_package_is_accepted(package: Path, tmp_path: Path) -> None:
    """A file cut anywhere is refused as torn or unsigned; one that goes on as altered; another kind as foreign."""
    whole = package.read_bytes()
    torn = tmp_path / "torn.deb"
    for size in range(8, len(whole) - 1, 131):
        torn.write_bytes(whole[:size])
        assert refused(torn) in (TORN, UNSIGNED), size
    torn.write_bytes(whole + b"more")
    assert refused(torn) == ALTERED
    torn.write_bytes(b"PK\x03\x04" + whole)
    assert refused(torn) == FOREIGN
    torn.write_bytes(b"")
    assert refused(torn) == FOREIGN


@pytest.mark.parametrize("about", [{"version": "../../etc"}, {"version": "2.0\nsize: 1"}, {"schema": "x"}])
def test_a_statement_is_read_strictly(tmp_path: Path, about: dict[str, object]) -> None:
    """A version that is a path, a second field, and a number that is none are refused already when signing."""
    (tmp_path / "tree").mkdir()
    with pytest.raises(CannotUpgrade):
        signed(tmp_path / "tree", tmp_path / "odd.deb", "2.0", about=about)


def test_the_key_is_private(tmp_path: Path) -> None:
    """A new key is readable by its owner alone and never replaces another one."""
    path = tmp_path / "deep" / "key.pem"
    signature.make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        signature.make_key(path)
