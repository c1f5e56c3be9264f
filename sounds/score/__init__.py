"""The scores of the sounds that ship, written as code, and what turns them into Ogg Vorbis.

`python -m sounds.score` renders everything again; `sounds/README.md` says what it needs.
"""
