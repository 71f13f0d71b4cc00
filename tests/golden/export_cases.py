"""Write the default profile's cases for other libraries: `python tests/golden/export_cases.py cases.npz`.

It runs in the study's environment. The file holds MovieLens data, which may not be passed on, so it is not committed.
"""

import sys

import numpy as np

from dualrec.study import open_study


def main(path: str) -> None:
    """Training sequences, then history and target of every validation and test case, of the same users in one order.

    Items go by their original ids, which in MovieLens-100K are 1 to N.
    """
    study = open_study("laptop")
    ids = study.catalogue.ids
    train, cases = study.split.train, {"validation": study.split.validation, "test": study.split.test}
    arrays = {
        "n_items": len(study.catalogue),
        "users": train.users,
        "offsets": train.offsets,
        "items": ids[train.items],
    }
    for name, part in cases.items():
        assert (part.users == train.users).all()
        arrays[f"{name}_offsets"] = part.history.offsets
        arrays |= {f"{name}_items": ids[part.history.items], f"{name}_targets": ids[part.targets]}
    np.savez(path, **arrays)
    print(f"{len(train)} users, {len(train.items)} training events, {len(study.catalogue)} items")


if __name__ == "__main__":
    main(sys.argv[1])
