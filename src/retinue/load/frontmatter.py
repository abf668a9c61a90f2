"""A Markdown file with YAML front matter: the same manifest, its body a field of the kind. Reads no files."""

from __future__ import annotations

from ..core.model import Diagnostic, Place
from ..schema import Catalogue
from .builder import Parsed
from .files import text_of
from .located import Map, Seq
from .unread import another
from .yaml import parse_text

_REMEDY = "Keep one of the two, or write a list in the front matter: the text below becomes its last item."


def has_front_matter(data: bytes) -> bool:
    """Only a Markdown file that starts with `---` is a manifest; any other is a text to be included."""
    first = data.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0]
    return first.rstrip() == b"---"


def parse(data: bytes, file: str, known: Catalogue) -> Parsed:
    """The one document of the file: its front matter, and its body unless that is empty."""
    text = text_of(data, file)
    if isinstance(text, Diagnostic):
        return Parsed([], [text], False)
    head, body, line = _split(text)
    if line == 0:
        message = "the front matter has no end"
        remedy = "Write a line with just --- between the fields and the instructions."
        return Parsed([], [Diagnostic("front-matter-open", message, remedy, Place(file, 1, 1))], False)
    second = another(body, known)
    if second is not None:
        message = "a second manifest stands in the text of this one"
        remedy = "Give it a Markdown file of its own. If it belongs to the prompt, put it in a fenced block (```)."
        place = Place(file, line + second - 1, 1)
        return Parsed([], [Diagnostic("front-matter-second", message, remedy, place)], False)
    # The head keeps its first line, so every place in it is right as it is.
    parsed = parse_text(head, file)
    fields = parsed.documents[0].value if parsed.documents else None
    if type(fields) is not Map or not body:
        return parsed
    kind = next((known.words[key] for key in fields if key in known.words), known.with_manifests[0])
    at = Place(file, line, 1)
    if not kind.body:
        message = f"`{kind.word}` takes no text below its front matter"
        parsed.diagnostics.append(Diagnostic("front-matter-instructions", message, "Remove the text.", at))
    elif type(fields.get(kind.body)) is Seq:
        # Its own text comes behind what it shares.
        fields[kind.body].put(body, at)
    elif kind.body in fields:
        message = f"this file states `{kind.body}` in its front matter and has a text below it"
        at = fields.keys_at[kind.body]
        parsed.diagnostics.append(Diagnostic("front-matter-instructions", message, _REMEDY, at))
    else:
        fields.put(kind.body, body, at, at)
    return parsed


def head(text: str) -> str:
    """The lines of a Markdown manifest above the line that ends its front matter."""
    return _split(text)[0]


def _split(text: str) -> tuple[str, str, int]:
    """Front matter, body and the line in which the body starts; line 0 if the front matter never ends."""
    lines = text.split("\n")
    end = next((index for index, line in enumerate(lines) if index and line.rstrip() == "---"), 0)
    if end == 0:
        return text, "", 0
    # The blank line that is usual after the front matter is layout, not part of the prompt.
    start = end + 2 if end + 1 < len(lines) and not lines[end + 1].strip() else end + 1
    return "\n".join(lines[:end]) + "\n", "\n".join(lines[start:]), start + 1
