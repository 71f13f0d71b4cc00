"""Tests and notebook tests run offline, in the `smoke` profile and without a front end for widgets; notebook kernels inherit all three."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["DUALREC_PROFILE"] = "smoke"
os.environ["DUALREC_STATIC"] = "1"
