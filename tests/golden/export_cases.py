"""Write the default profile's cases for other libraries: `python tests/golden/export_cases.py cases.npz`, in the study's environment."""

import sys

import numpy as np

from dualrec.study import open_study

study = open_study("laptop")
train, validation, test = study.split.train, study.split.validation, study.split.test
assert (train.users == validation.users).all() and (train.users == test.users).all()
np.savez(
    sys.argv[1],
    offsets=train.offsets,
    items=train.items,
    validation=validation.targets,
    test=test.targets,
    n_items=len(study.catalogue),
)
print(f"{len(test)} users, {len(train.items)} training events, {len(study.catalogue)} items")
