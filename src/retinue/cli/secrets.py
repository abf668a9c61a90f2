"""Resolves a reference to a secret: an environment variable, a file, a command. Never shows what it finds.

Nor does it repeat a path or a command: it may hold the key itself.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ..core.errors import AuthError, UsageError
from ..engine.threads import in_thread

LONGEST = 30.0
_MOST_CHARACTERS = 64 * 1024


def resolve(source: str, value: str | Sequence[str], root: Path, *, seconds: float = LONGEST) -> str:
    """The secret behind `{env: NAME}`, `{file: PATH}` or `{command: [..]}`. Raises AuthError with what to do,
    UsageError for a reference that can never be one.

    `seconds`: how long a command, or the reading of a file, may take.
    """
    if any("\0" in word for word in ([value] if isinstance(value, str) else value)):
        raise UsageError(f"the {source} of `api_key` holds a NUL character", "Correct `api_key` in retinue.yaml.")
    if source == "env":
        secret = os.environ.get(str(value))
        if secret is None:
            raise AuthError(f"the environment variable {value} is not set", f"Set it first: export {value}=…")
    else:
        secret = (_from_command if source == "command" else _from_file)(value, root, seconds)
    secret = secret.strip()
    if not secret:
        what = f"the environment variable {value}" if source == "env" else f"the key from {source}"
        raise AuthError(f"{what} is empty", "Check where `api_key` in retinue.yaml points.")
    if not (secret.isascii() and secret.isprintable()):
        raise AuthError(f"the key from {source} is not a single line of plain text", "Check where `api_key` points.")
    return secret


def _from_file(path: str | Sequence[str], root: Path, seconds: float) -> str:
    def read() -> str:
        with (root / str(path)).expanduser().open(encoding="utf-8") as file:
            return file.read(_MOST_CHARACTERS + 1)

    try:
        # Beside this thread, because opening a pipe waits for its writer.
        text = in_thread(read).result(seconds)
    except (OSError, UnicodeDecodeError) as error:
        message = f"the file of `api_key` cannot be read ({type(error).__name__})"
        raise AuthError(message, "Check `api_key` in retinue.yaml.") from error
    if len(text) > _MOST_CHARACTERS:
        raise AuthError("the file of `api_key` is too large, it cannot be a key", "Check `api_key` in retinue.yaml.")
    return text


def _from_command(command: str | Sequence[str], root: Path, seconds: float) -> str:
    words = [command] if isinstance(command, str) else list(command)
    if os.environ.get("CI") and os.environ.get("RETINUE_ALLOW_COMMAND") != "1":
        remedy = "Set RETINUE_ALLOW_COMMAND=1 in the pipeline if retinue.yaml comes from a trusted branch."
        raise AuthError("the command of `api_key` is not run in CI: a pull request could change it", remedy)
    import subprocess  # only where there is a command

    try:
        process = subprocess.Popen(  # noqa: S603 - the user's own `command:`, without a shell
            words, cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
    except OSError as error:
        raise _failed(error) from error

    def read() -> str:
        assert process.stdout is not None
        with process.stdout as out:
            return out.read(_MOST_CHARACTERS + 1)

    try:
        text = in_thread(read).result(seconds)
        if len(text) > _MOST_CHARACTERS:
            raise AuthError("the command of `api_key` prints too much, it cannot be a key", "Run it by hand to see.")
        code = process.wait(seconds)
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as error:
        raise _failed(error) from error
    finally:
        process.kill()
        process.wait()
    if code:
        raise AuthError(f"the command of `api_key` ended with code {code}", "Run it by hand to see why.")
    return text


def _failed(error: Exception) -> AuthError:
    return AuthError(f"the command of `api_key` failed ({type(error).__name__})", "Run it by hand to see why.")
