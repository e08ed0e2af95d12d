"""drf-spectacular's decorators, which do nothing where it is not installed (the extra `schema`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["extend_schema", "extend_schema_view"]

if TYPE_CHECKING:
    from drf_spectacular.utils import extend_schema, extend_schema_view
else:
    try:
        from drf_spectacular.utils import extend_schema, extend_schema_view
    except ImportError:

        def extend_schema(**kwargs: Any) -> Any:
            """Returns what it decorates."""
            return lambda decorated: decorated

        extend_schema_view = extend_schema
