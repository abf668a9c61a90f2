"""What an assistant must pass before it goes on to prod. `retinue verify` runs this and sets the variables it reads.

The emulator has no model behind it, so this looks at the prompts alone: each must keep the rules of the house and be
short enough. With a real service, ask the live assistants too: their ids are in `ids`.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

RULES = {
    "names a person to turn to": "name the people who do:",
    "asks for no numbers of cards": "You never ask for",
}
MOST_CHARACTERS = 4000

ids = json.loads(Path(os.environ["RETINUE_OUTPUT_FILE"]).read_text(encoding="utf-8"))

# The command where it is on the PATH; this Python may have no module of that name.
command = shutil.which("retinue")
retinue = [command] if command else [sys.executable, "-m", "retinue"]
project = Path(__file__).resolve().parent.parent
render = [*retinue, "render", "-C", str(project), "-e", os.environ["RETINUE_ENV"], "--format", "json"]
rendered = subprocess.run(render, stdout=subprocess.PIPE, text=True)
if rendered.returncode:
    sys.exit("The prompts cannot be read; the lines above say why. Is `retinue` on the PATH?")
prompts = {f"Assistant/{manifest['assistant']}": manifest["instructions"] for manifest in json.loads(rendered.stdout)}

failures = []
for address, remote_id in sorted(ids.items()):
    prompt = prompts[address]
    broken = [rule for rule, words in RULES.items() if words not in prompt]
    broken += ["is short enough"] if len(prompt) > MOST_CHARACTERS else []
    print(f"{'FAILED' if broken else 'passed'}  {address} ({remote_id})")
    failures += [f"        {address}: no prompt that {rule}" for rule in broken]

sys.exit("\n".join(failures) or 0)
