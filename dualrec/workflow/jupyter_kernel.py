"""The kernel that notebooks run in: always this interpreter, whatever kernels the user has installed."""

from __future__ import annotations

from typing import ClassVar

import ipykernel.kernelspec
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager


class ThisInterpreter(KernelSpecManager):
    """Offers the running interpreter under every kernel name.

    begin: a line of Python that its kernels run first
    """

    begin: ClassVar[str] = "pass"

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """The running interpreter, without the kernel's remarks on its own work; errors of cells are not among them."""
        spec = ipykernel.kernelspec.get_kernel_dict(["--log-level=CRITICAL", f"--IPKernelApp.exec_lines={self.begin}"])
        return KernelSpec(resource_dir=ipykernel.kernelspec.RESOURCES, **spec)


class Unwatched(ThisInterpreter):
    """The same where a notebook is executed to be saved: no widget can be made, since a saved one is a dead one.

    Libraries would make some, too: with ipywidgets, tqdm draws its bars by it. The kernel also says what its
    seconds went on, see `core.timing.begin`.
    """

    begin: ClassVar[str] = (
        "import sys; sys.modules['ipywidgets'] = None; from dualrec.core import timing as _timing; _timing.begin()"
    )
