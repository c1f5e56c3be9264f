"""QR codes for the phone."""

from __future__ import annotations

import base64
import io

import segno


def drawn(text: str) -> str:
    """Return a QR code as a data address: an own route for it would need the secret in its address."""
    out = io.BytesIO()
    segno.make(text, error="m").save(
        out, kind="svg", scale=8, border=4, dark="#000", light="#fff", xmldecl=False
    )
    return "data:image/svg+xml;base64," + base64.b64encode(out.getvalue()).decode()
