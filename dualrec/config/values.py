"""What a single setting may be; whatever breaks it is refused by its name."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
Count = Annotated[int, Field(ge=1)]
Subset = Annotated[int, Field(ge=0)]  # how many of something; 0 = all
Rate = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Dropout = Annotated[float, Field(ge=0, lt=1)]
Word = Annotated[str, Field(min_length=1)]
TieRule = Annotated[str, Field(pattern=r"^(file|id_up|id_down|random:\d{1,9})$")]
