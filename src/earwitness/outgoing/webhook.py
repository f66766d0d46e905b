"""Messages as CloudEvents 1.0 to a web address, signed as Standard Webhooks does (``v1a``).

The signature is Ed25519, over the id, the time and the body: whoever receives it needs our
public key and no secret. The id is the same however often it is sent.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from earwitness.errors import NotDelivered
from earwitness.ports import Message
from earwitness.wire.posting import post

SECONDS = 10.0

Sign = Callable[[bytes], bytes]


def send(url: str, message: Message, source: str, sign: Sign, now: datetime) -> None:
    """``now`` is the moment of this try. Raises NotDelivered unless the answer is 2xx."""
    body = json.dumps(event(message, source), ensure_ascii=False).encode()
    moment = str(int(now.timestamp()))
    signed = sign(b".".join((message.id.encode(), moment.encode(), body)))
    headers = {
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "webhook-id": message.id,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1a,{base64.b64encode(signed).decode()}",
    }
    try:
        status, _ = post(url, body, headers, SECONDS)
    except OSError as error:
        why = getattr(error, "reason", error)
        raise NotDelivered(f"no answer: {type(why).__name__}") from error
    if not 200 <= status < 300:
        raise NotDelivered(f"answered {status}")


def event(message: Message, source: str) -> dict[str, Any]:
    """As CloudEvents writes it in JSON; what happened is nowhere in it."""
    return {
        "specversion": "1.0",
        "id": message.id,
        "source": source,
        "type": f"earwitness.incident.{message.kind}",
        "subject": message.case,
        "time": message.at.astimezone(UTC).isoformat(),
        "datacontenttype": "application/json",
        "data": {"text": message.text},
    }
