"""Tests and notebook tests run offline, and notebooks are tested in the `smoke` profile; notebook kernels inherit both."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["DUALREC_PROFILE"] = "smoke"
