"""Counts words. Runs under any Python 3, with nothing installed."""

from collections import Counter


def count_words(data):
    words = data["text"].lower().split()
    print(f"{len(words)} words from Python")
    return {"words": len(words), "most": Counter(words).most_common(1)[0][0] if words else None}
