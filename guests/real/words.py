# For CPython: dictionaries, regular expressions, hashing, and classes.
import collections, hashlib, json, re

text = "the quick brown fox jumps over the lazy dog while seven wizards box quietly " * 400
top = collections.Counter(re.findall(r"[a-z]+", text)).most_common(3)
digest = hashlib.sha256(text.encode()).hexdigest()[:16]


class Squares:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return (i * i for i in range(self.n))


print(json.dumps({"top": top, "digest": digest, "sum": sum(Squares(50000)), "big": pow(3, 1000) % 1000003}))
