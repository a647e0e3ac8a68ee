"""Bodies of one JSON value a line, which Schemathesis does not know by itself."""
import json

import schemathesis


@schemathesis.serializer("application/x-ndjson", "application/ndjson", "application/jsonl", "application/json-lines")
def lines(ctx, value):
    if isinstance(value, bytes):
        return value
    return json.dumps(value).encode()
