"""Facts that travel in files: frozen, complete, and of one version."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from specimen.common.errors import SpecimenError


class Facts(BaseModel):
    """Values that are found once and never change; a key that is not known is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class VersionedFacts(Facts):
    """Facts with a file of their own, so that another version of Specimen may find them."""

    VERSION: ClassVar[int] = 2
    """Raised when a field is added, removed, or comes to mean something else."""

    schema_version: int = VERSION

    @classmethod
    def read(cls, content: Any, where: str, way_out: str) -> Self:
        """Check the values of a file; `where` names it in messages, `way_out` says how to get one of this version.

        Raises `SpecimenError` for facts of another version, and for a file with anything else in it.
        """
        version = content.get("schema_version") if isinstance(content, dict) else None
        if version != cls.VERSION:
            named = "none" if version is None else repr(version)
            raise SpecimenError(
                f"{where}: made by another version of Specimen (schema_version {named}, this one reads {cls.VERSION}). "
                f"{way_out}"
            )
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            fault = error.errors()[0]
            key = ".".join(map(str, fault["loc"]))
            raise SpecimenError(f"{where}: damaged ({key}: {fault['msg']}). {way_out}") from None
