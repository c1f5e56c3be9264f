"""The scores of the shipped sounds, written as code, and their conversion to Ogg Vorbis.

`python -m sounds.score` renders all of them; `sounds/README.md` lists the requirements.
"""
