"""Signed packages: a Debian package with one further member, the maker's statement about all bytes before it.

dpkg ignores members whose name begins with `_`, so the file installs with apt as well. The statement has package,
version, architecture, unpacked size, and length and SHA-512 of the signed bytes; Ed25519 signs the statement. Version
and architecture are thus known, and trusted, before anything is unpacked.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

MAGIC: Final = b"!<arch>\n"
MEMBER: Final = "_zhangu"
HEADER: Final = 60
TITLE: Final = "zhangu package 1"
MOST_STATEMENT: Final = 4096
MOST_MEMBERS: Final = 16
PIECE: Final = 1 << 20
VERSION: Final = re.compile(r"[0-9][0-9A-Za-z.+~-]{0,79}")
FIELDS: Final = ("package", "version", "architecture", "installed", "schema", "size", "sha512")

TORN: Final = "这个安装包不完整，可能没有复制完或下载完，没有升级，一切照旧。请重新复制一份。"
FOREIGN: Final = "这个文件不是战鼓的安装包，没有升级，一切照旧。请选 zhangu_ 开头、.deb 结尾的文件。"
UNSIGNED: Final = "这个安装包没有签名，没有升级，一切照旧。请用发布者给的安装包。"
STRANGER: Final = (
    "这个安装包不是装在这里的战鼓的发布者签的名，没有升级，一切照旧。请用原来的发布者给的安装包。"
)
ALTERED: Final = "这个安装包的内容和签名对不上，可能坏了或被改过，没有升级，一切照旧。请重新复制一份。"
KEYLESS: Final = (
    "这里装的战鼓没有发布者的公钥，不能检查签名，没有升级，一切照旧。请用 apt 安装带公钥的安装包。"
)


class CannotUpgrade(Exception):  # noqa: N818 - a refusal, like Refused
    """An upgrade is refused; `sentence` is for people."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Statement:
    """The maker's statement. installed: bytes after unpacking; schema: the database's version; size: signed bytes."""

    package: str
    version: str
    architecture: str
    installed: int
    schema: int
    size: int
    sha512: str

    def to_bytes(self) -> bytes:
        """Return the signed text."""
        return "".join([f"{TITLE}\n", *(f"{name}: {getattr(self, name)}\n" for name in FIELDS)]).encode(
            "ascii"
        )


def read(file: IO[bytes], keys: Iterable[bytes]) -> Statement:
    """Verify the whole file and return its statement. `keys`: the trusted public keys, PEM. Raises CannotUpgrade."""
    known = list(keys)
    if not known:
        raise CannotUpgrade(KEYLESS)
    text, signature, signed = _member(file)
    if not any(_signed_by(key, text, signature) for key in known):
        raise CannotUpgrade(STRANGER)
    statement = _parsed(text)
    if statement.size != signed or _digest(file, signed) != statement.sha512:
        raise CannotUpgrade(ALTERED)
    return statement


def sign(path: Path, key: bytes, about: Mapping[str, object]) -> Statement:
    """Append the signed statement to a package. `key`: the maker's private key, PEM; `about`: the first five fields."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    private = load_pem_private_key(key, password=None)
    assert isinstance(private, Ed25519PrivateKey)  # noqa: S101 - make package-key makes no other kind
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        values = {**about, "size": size, "sha512": _digest(file, size)}
        statement = _parsed(Statement(**values).to_bytes())  # type: ignore[arg-type]
        line = base64.b64encode(private.sign(statement.to_bytes()))
        content = statement.to_bytes() + b"signature: " + line + b"\n"
        file.seek(0, os.SEEK_END)
        file.write(_packed(content))
    return statement


def make_key(path: Path) -> None:
    """Make the maker's private key, readable by its owner only. Raises FileExistsError."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)


def public_half(key: bytes) -> bytes:
    """Return the public key of a private one, PEM."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    public = load_pem_private_key(key, password=None).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _member(file: IO[bytes]) -> tuple[bytes, bytes, int]:
    """Return the statement's text, its signature, and the number of bytes before the member. It must be the last."""
    end = file.seek(0, os.SEEK_END)
    file.seek(0)
    if file.read(len(MAGIC)) != MAGIC:
        raise CannotUpgrade(FOREIGN)
    at = len(MAGIC)
    for number in range(MOST_MEMBERS):
        if at == end:
            raise CannotUpgrade(UNSIGNED if number else TORN)
        name, size = _header(file, at)
        after = at + HEADER + size + size % 2
        if after > end:
            raise CannotUpgrade(TORN)
        if name == MEMBER:
            if after != end or size > MOST_STATEMENT:
                raise CannotUpgrade(ALTERED)
            file.seek(at)
            return *_parts(file.read()), at
        at = after
    raise CannotUpgrade(FOREIGN)


def _packed(content: bytes) -> bytes:
    """Return the member with this content. There is only one form, so that no byte of the file is free."""
    header = f"{MEMBER:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n"
    return header.encode("ascii") + content + b"\n" * (len(content) % 2)


def _parts(member: bytes) -> tuple[bytes, bytes]:
    """Return text and signature of a member."""
    content = member[HEADER : HEADER + int(member[48:58])]
    text, _, line = content.partition(b"signature: ")
    signature = _decoded(line)
    if member != _packed(text + b"signature: " + base64.b64encode(signature) + b"\n"):
        raise CannotUpgrade(ALTERED)
    return text, signature


def _header(file: IO[bytes], at: int) -> tuple[str, int]:
    file.seek(at)
    header = file.read(HEADER)
    if len(header) < HEADER:
        raise CannotUpgrade(TORN)
    size = header[48:58].strip()
    if header[58:] != b"`\n" or not size.isdigit():
        raise CannotUpgrade(ALTERED)
    return header[:16].decode("ascii", "replace").strip().rstrip("/"), int(size)


def _decoded(line: bytes) -> bytes:
    try:
        return base64.b64decode(line.strip(), validate=True)
    except ValueError:
        return b""


def _signed_by(key: bytes, text: bytes, signature: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        public = load_pem_public_key(key)
        if not isinstance(public, Ed25519PublicKey):
            return False
        public.verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


def _parsed(text: bytes) -> Statement:
    """Return the fields of a statement; each once and in order, so that there is one reading of the signed bytes."""
    lines = text.decode("ascii", "replace").splitlines()
    values = dict(line.partition(": ")[::2] for line in lines[1:])
    if lines[:1] != [TITLE] or [line.partition(": ")[0] for line in lines[1:]] != list(FIELDS):
        raise CannotUpgrade(ALTERED)
    numbers = [values[name] for name in ("installed", "schema", "size")]
    if not all(re.fullmatch(r"[0-9]{1,15}", number) for number in numbers):
        raise CannotUpgrade(ALTERED)
    if not VERSION.fullmatch(values["version"]):
        raise CannotUpgrade(ALTERED)
    installed, schema, size = map(int, numbers)
    return Statement(
        values["package"],
        values["version"],
        values["architecture"],
        installed,
        schema,
        size,
        values["sha512"],
    )


def _digest(file: IO[bytes], size: int) -> str:
    file.seek(0)
    digest = hashlib.sha512()
    while size and (piece := file.read(min(PIECE, size))):
        digest.update(piece)
        size -= len(piece)
    return digest.hexdigest()
