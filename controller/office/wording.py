"""How the office says numbers: the book knows no Mandarin, the sound knows no book; they meet here."""

from __future__ import annotations

from controller.book.phrases import Words
from controller.sound.mandarin import amount_in_words, count_in_words

WORDS = Words(amount_in_words, count_in_words)
