"""Writes Parquet files as the hub has them. Standard input: {"folder": ..., "files": {name: [row, ...]}}."""
import json
import os
import sys

import pyarrow
import pyarrow.parquet

request = json.load(sys.stdin)
for name, rows in request["files"].items():
    path = os.path.join(request["folder"], name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path, compression="snappy", row_group_size=100)
