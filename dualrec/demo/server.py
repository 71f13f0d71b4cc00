"""The page of the demo notebook in a browser, served by Voilà to this machine alone."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from nbformat import NotebookNode
from traitlets.config import Config

from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.core.locks import sole_user
from dualrec.llm.local import load_config
from dualrec.study import open_study
from dualrec.systems.best import best_on_validation, fit_whole
from dualrec.systems.names import SYSTEMS
from dualrec.systems.sequence_models import fit_sequence_model
from dualrec.workflow.doctor import require
from dualrec.workflow.jupyter_kernel import ThisInterpreter

NOTEBOOK = "11_demo.ipynb"
TEMPLATES = Path(__file__).parent  # Voilà finds `voila/templates/dualrec` below it
HOST = "127.0.0.1"
PAGE_TAGS = {"page", "parameters"}  # of the cells that a browser gets; the others are for readers of the notebook


def serve(profile: str, port: int, browser: bool) -> None:
    """Serve the page until it is interrupted; networks that no run has left are trained first.

    profile: a profile's name or a `.toml` file
    port: on this machine
    browser: whether to open one

    Raises StudyError where the profile or its language model cannot be used here, the notebook is not there, or the
    port is taken.
    """
    notebook = paths.notebooks() / NOTEBOOK
    if not notebook.is_file():
        raise StudyError(
            f"no notebook {NOTEBOOK} in {paths.notebooks()}; run from a clone of the repository or set DUALREC_HOME"
        )
    _check_port(port)
    study = open_study(profile)
    load_config(study.profile.llm.model)
    require(study.profile)
    _say(
        f"profile {study.profile.name}: reading the networks; where no run has left them they are trained first, "
        "which takes minutes …"
    )
    with sole_user(study.folder):
        fit_whole(study, SYSTEMS[best_on_validation(study).name])
        fit_sequence_model(study, "lstm")
    os.environ |= {
        "DUALREC_PROFILE": str(Path(profile).resolve()) if profile.endswith(".toml") else profile,
        "JUPYTER_PATH": os.pathsep.join(filter(None, [str(TEMPLATES), os.environ.get("JUPYTER_PATH")])),
        "TQDM_DISABLE": "1",  # the page says itself how far it is
    }
    _say(f"the page is at http://{HOST}:{port}/ and takes half a minute to load its models; end it with Ctrl-C")
    from voila.app import Voila  # here, since it reads JUPYTER_PATH when it is imported

    Voila.launch_instance([], config=_configuration(notebook, port, browser))


def page_cells(_, notebook: NotebookNode, cwd: str) -> NotebookNode:  # the arguments are what Voilà's hook gets
    """The notebook with the cells of the page alone; the others explain it and would write into `figures/`, too."""
    notebook.cells = [cell for cell in notebook.cells if PAGE_TAGS & set(cell.metadata.get("tags", []))]
    return notebook


def _configuration(notebook: Path, port: int, browser: bool) -> Config:
    """Voilà's settings: this machine alone, no other port than the one asked for, our template and interpreter."""
    config = Config()
    config.Voila.update(
        ip=HOST, port=port, port_retries=0, open_browser=browser, notebook_path=str(notebook), log_level="ERROR"
    )
    config.VoilaConfiguration.update(
        template="dualrec", prelaunch_hook=page_cells, kernel_spec_manager_class=ThisInterpreter
    )
    return config


def _check_port(port: int) -> None:
    """Raise StudyError where nothing can be served at a port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one that has just been given back is free
        try:
            probe.bind((HOST, port))
        except OSError as error:
            other = f"name another one, as in --port {port + 1}"
            raise StudyError(f"port {port} cannot be used ({error.strerror}); {other}") from error


def _say(text: str) -> None:
    """Tell the person at the command line, at once."""
    print(text, file=sys.stderr, flush=True)
