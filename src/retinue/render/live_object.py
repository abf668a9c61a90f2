"""One live object and what its service keeps of its past, as text."""

from __future__ import annotations

from ..core.model import FieldChange, Json, Kind
from .fields import Layout, changed_fields, created_fields
from .safe import clean, defuse
from .style import Style

_LAYOUT = Layout(120, 60)


def shown_text(shown: Json, where: str, kind: Kind, style: Style) -> str:
    """The object as it is, then each version with what it changed, from its JSON form."""
    lines = [f"{style.strong(clean(shown['address']))}  {clean(shown['remote_id'])}  ({clean(where)})"]
    stated = [FieldChange(f"/{name}", None, value) for name, value in shown["fields"].items()]
    lines += created_fields(stated, kind, _LAYOUT, style)
    if shown["versions"] is None:
        lines += ["", "This service keeps no versions."]
    for version in shown["versions"] or ():
        current = style.strong("  current") if version["current"] else ""
        lines += ["", f"  version {version['version']}  {version['created_at']}{current}"]
        changes = [FieldChange(**item) for item in version["changes"]]
        first = bool(changes) and all(item.before is None for item in changes)
        fields = (created_fields if first else changed_fields)(changes, kind, _LAYOUT, style)
        lines += fields or ["      no field of a manifest changed"]
    return defuse("\n".join(lines)) + "\n"
