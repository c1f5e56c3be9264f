"""Frames of Feishu's long connection: protobuf `pbbp2.Frame`, read and written without a library. Pure.

The vendor's package is 8 MB and brings a copy of protobuf; the format is nine fields of two wire types. Tests compare
this module with the protobuf library on random frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

CONTROL: Final = 0
DATA: Final = 1
MOST_HEADERS: Final = 50
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class MalformedError(ValueError):
    """The bytes are no frame."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. `headers`: by name; `payload`: JSON of an event or a setting."""

    method: int
    service: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    payload: bytes = b""
    sequence: int = 0
    log: int = 0


def encode(frame: Frame) -> bytes:
    """Return the bytes of a frame."""
    parts = [
        _tag(1, _VARINT) + _varint(frame.sequence),
        _tag(2, _VARINT) + _varint(frame.log),
        _tag(3, _VARINT) + _varint(frame.service),
        _tag(4, _VARINT) + _varint(frame.method),
    ]
    for name, value in frame.headers.items():
        pair = _tag(1, _BYTES) + _sized(name.encode()) + _tag(2, _BYTES) + _sized(value.encode())
        parts.append(_tag(5, _BYTES) + _sized(pair))
    if frame.payload:
        parts.append(_tag(8, _BYTES) + _sized(frame.payload))
    return b"".join(parts)


def decode(data: bytes) -> Frame:
    """Return the frame in some bytes; unknown fields are skipped. Raises MalformedError."""
    numbers = {1: 0, 2: 0, 3: 0, 4: 0}
    headers: dict[str, str] = {}
    payload = b""
    for number, value in _fields(data):
        if number in numbers and isinstance(value, int):
            numbers[number] = value
        elif number == 5 and isinstance(value, bytes) and len(headers) < MOST_HEADERS:
            headers.update([_pair(value)])
        elif number == 8 and isinstance(value, bytes):
            payload = value
    return Frame(_signed(numbers[4]), _signed(numbers[3]), headers, payload, numbers[1], numbers[2])


def _pair(data: bytes) -> tuple[str, str]:
    texts = {1: "", 2: ""}
    for number, value in _fields(data):
        if number in texts and isinstance(value, bytes):
            try:
                texts[number] = value.decode()
            except UnicodeDecodeError as fault:
                raise MalformedError("a header is no text") from fault
    return texts[1], texts[2]


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield each field with its value. Raises MalformedError."""
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, at = _read_varint(data, at)
            yield number, value
        elif wire == _BYTES:
            size, at = _read_varint(data, at)
            if size > len(data) - at:
                raise MalformedError("cut off")
            yield number, data[at : at + size]
            at += size
        elif wire in (_FIXED64, _FIXED32):
            at += 8 if wire == _FIXED64 else 4
            if at > len(data):
                raise MalformedError("cut off")
        else:
            raise MalformedError(f"wire type {wire}")


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise MalformedError("cut off")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value & (2**64 - 1), at
    raise MalformedError("a number is too long")


def _varint(value: int) -> bytes:
    left = value & (2**64 - 1)
    out = bytearray()
    while left > 0x7F:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    out.append(left)
    return bytes(out)


def _signed(value: int) -> int:
    """Return a number of 32 bits with its sign, as the format's int32."""
    low = value & (2**32 - 1)
    return low - 2**32 if low & 2**31 else low


def _tag(number: int, wire: int) -> bytes:
    return _varint(number << 3 | wire)


def _sized(data: bytes) -> bytes:
    return _varint(len(data)) + data
