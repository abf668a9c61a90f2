"""A plain script as people write it with an SDK: httpx, pyyaml's safe loader, jsonschema, one thing after the other.

python benchmarks/sdk.py ROOT HOST:PORT SCHEMA
"""

import json
import pathlib
import sys

import httpx
import jsonschema
import yaml

root, host, schema = pathlib.Path(sys.argv[1]), sys.argv[2], json.loads(pathlib.Path(sys.argv[3]).read_text())
validator = jsonschema.Draft7Validator(schema)
wanted = {}
for path in sorted((root / "assistants").glob("*.yaml")):
    document = yaml.load(path.read_bytes(), yaml.CSafeLoader)
    assert not list(validator.iter_errors(document))
    wanted[document.pop("assistant")] = document
client = httpx.Client(headers={"Authorization": "Bearer k", "OpenAI-Beta": "assistants=v2"})
after, same = None, 0
while True:
    query = {"limit": "100", "order": "asc"} | ({"after": after} if after else {})
    page = client.get(f"http://{host}/v1/assistants", params=query).json()
    for item in page["data"]:
        name = item["metadata"]["retinue.address"].rsplit("/", 1)[1]
        same += all(
            item[key] == value for key, value in wanted[name].items() if key not in ("instructions", "metadata")
        )
        same -= item["instructions"].rstrip() != wanted[name]["instructions"].rstrip()
    if not page["has_more"]:
        break
    after = page["last_id"]
assert same == len(wanted), (same, len(wanted))
