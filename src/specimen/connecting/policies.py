"""The least that the two roles need: documents of AWS, as dicts."""

from __future__ import annotations

import json
from typing import Any

from specimen.connecting.store import Store

Policy = dict[str, Any]

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
READ = ("s3:GetObject",)
WRITE = (*READ, "s3:PutObject", "s3:AbortMultipartUpload")
"""No deletion: DVC deletes only for `dvc gc --cloud`, which a person runs."""


def storage_policy(store: Store, actions: tuple[str, ...], partition: str = "aws") -> Policy:
    """Return a policy that lists the prefix of a store, and allows `actions` on the objects below it."""
    bucket = f"arn:{partition}:s3:::{store.bucket}"
    listing: Policy = {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": bucket}
    if store.prefix:
        patterns = [store.prefix, f"{store.prefix}/*"]
        listing["Condition"] = {"StringLike": {"s3:prefix": patterns}}
    objects = {"Effect": "Allow", "Action": list(actions), "Resource": f"{bucket}/{store.key('*')}"}
    return {"Version": "2012-10-17", "Statement": [listing, objects]}


def trust_policy(provider: str, subject: str) -> Policy:
    """Return who may take a role: workflows whose subject is like `subject`, in which `*` means any text."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": provider},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {f"{ISSUER}:aud": AUDIENCE},
                    "StringLike": {f"{ISSUER}:sub": subject},
                },
            }
        ],
    }


def shown(policy: Policy) -> str:
    """Return a policy as JSON with a line for each statement."""
    statements = ",\n  ".join(json.dumps(statement) for statement in policy["Statement"])
    return f'{{"Version": "{policy["Version"]}", "Statement": [\n  {statements}\n]}}'
