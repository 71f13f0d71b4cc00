"""The study DUALRec: what does a language model add to a sequence model that recommends?"""

import os

# oneDNN, and PyTorch above it, keep what they prepared for products in bfloat16 for every new shape, 1,024 of them by
# default: a gigabyte in a process that trains on batches of all lengths. Both read this once, before the first product.
for _capacity in ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"):
    os.environ.setdefault(_capacity, "64")
