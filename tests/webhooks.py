"""Verifies webhooks as their receivers do: a JSON list of {secret, headers, body} on standard input, a word for each."""

import json
import sys

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

for case in json.load(sys.stdin):
    try:
        Webhook(case["secret"]).verify(case["body"], case["headers"])
        print("good")
    except WebhookVerificationError as error:
        print("bad:", error)
