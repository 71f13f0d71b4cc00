"""The kernel that notebooks run in: always this interpreter, whatever kernels the user has installed."""

from __future__ import annotations

from typing import ClassVar

import ipykernel.kernelspec
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

STATIC = "DUALREC_STATIC"  # set: nobody looks on who could press a button, so that no widgets are made


class ThisInterpreter(KernelSpecManager):
    """Offers the running interpreter under every kernel name; environment: variables its kernels have beside this process's."""

    environment: ClassVar[dict[str, str]] = {}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """The running interpreter, without the kernel's remarks on its own work; errors of cells are not among them."""
        spec = ipykernel.kernelspec.get_kernel_dict(["--log-level=CRITICAL"])
        return KernelSpec(resource_dir=ipykernel.kernelspec.RESOURCES, env=self.environment, **spec)


class Unwatched(ThisInterpreter):
    """The same where a notebook is executed and then saved: widgets and the bars that libraries make of them cannot be."""

    environment: ClassVar[dict[str, str]] = {STATIC: "1", "TQDM_DISABLE": "1"}
