"""A photo from a phone as a small JPEG of our own. For the intake child only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from controller.sound.loudness import Unreadable

SIDE = 512
MOST_PIXELS = 60_000_000
OPENS = {"format_whitelist": "jpeg_pipe,png_pipe,webp_pipe,mjpeg", "protocol_whitelist": "file"}
NO_PICTURE = "这不是能用的照片，请换一张 JPEG、PNG 或 WebP"


def shrink(source: Path, target: Path) -> dict[str, Any]:
    """Decodes, turns upright, scales to at most 512 × 512 and writes a JPEG. Raises Unreadable.

    Only pixels pass: place, time and whatever else lay in the file stay behind.
    """
    try:
        pixels = _upright(_first_frame(source))
        _write(pixels, target)
    except (av.error.FFmpegError, ValueError, EOFError) as error:
        raise Unreadable(NO_PICTURE) from error
    return {"width": pixels.shape[1], "height": pixels.shape[0]}


def _first_frame(source: Path) -> Any:
    with av.open(str(source), options=dict(OPENS), metadata_errors="replace") as container:
        if not container.streams.video:
            raise Unreadable(NO_PICTURE)
        size = container.streams.video[0].codec_context
        if size.width * size.height > MOST_PIXELS:
            raise Unreadable(f"照片太大：{size.width}×{size.height}，请用小一些的")
        for frame in container.decode(video=0):
            if frame.width * frame.height > MOST_PIXELS:
                raise Unreadable(f"照片太大：{frame.width}×{frame.height}，请用小一些的")
            return frame
    raise Unreadable(NO_PICTURE)


def _upright(frame: Any) -> NDArray[np.uint8]:
    turned = round(float(getattr(frame, "rotation", 0)) / 90) % 4
    scale = min(1.0, SIDE / max(frame.width, frame.height))
    size = [max(2, 2 * round(side * scale / 2)) for side in (frame.width, frame.height)]
    scaled = frame.reformat(width=size[0], height=size[1], format="rgba").to_ndarray().astype(np.float32)
    cover = scaled[..., 3:] / 255
    flat = (scaled[..., :3] * cover + 255 * (1 - cover)).astype(np.uint8)  # what was transparent is white
    return np.ascontiguousarray(np.rot90(flat, turned))


def _write(pixels: NDArray[np.uint8], target: Path) -> None:
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuvj420p")
    with av.open(str(target), "w", format="image2", options={"update": "1"}) as out:
        stream = out.add_stream("mjpeg", rate=1)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuvj420p"
        stream.codec_context.options = {"q:v": "3", "qmin": "3", "qmax": "3"}
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
