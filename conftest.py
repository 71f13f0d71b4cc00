"""Tests and notebook tests run offline, and notebooks are tested in profile `smoke`; notebook kernels inherit both."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["DUALREC_PROFILE"] = "smoke"
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"  # two workers with two threads each would stand in each other's way
