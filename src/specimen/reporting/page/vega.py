"""Vega-Lite with all that it needs, as one script for a page that loads nothing."""

from __future__ import annotations

from functools import cache

from specimen.common.errors import SpecimenError, missing_extra

_SNIPPET = "window.vegaEmbed = vegaEmbed;"


@cache
def vega_script() -> str:
    """Return JavaScript that defines `vegaEmbed`, 900 KB. Raises `SpecimenError` without the extra `report`."""
    try:
        import vl_convert  # noqa: PLC0415 - an extra of 90 MB
    except ImportError:
        raise SpecimenError(missing_extra("Drawing charts in a page", "report")) from None
    return str(vl_convert.javascript_bundle(snippet=_SNIPPET))
