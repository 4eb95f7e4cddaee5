"""The steps that make a bucket, for nobody but those who may: it and its content stay, whatever is taken back."""

from __future__ import annotations

from typing import Any

from specimen.common.errors import SpecimenError
from specimen.connecting.aws import call, found
from specimen.connecting.keys import NAMES
from specimen.connecting.plan import Step
from specimen.connecting.store import Store

DEFAULT_REGION = "us-east-1"
"""The only region that must not be named as a place."""
BLOCK = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
ENCRYPTION = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}]}


def bucket_steps(s3: Any, store: Store) -> list[Step]:
    """Return the steps for a bucket of Amazon's."""
    name = store.bucket

    def is_blocked() -> bool:
        answer = found("s3:GetBucketPublicAccessBlock", s3.get_public_access_block, Bucket=name)
        return answer is not None and answer["PublicAccessBlockConfiguration"] == BLOCK

    def is_encrypted() -> bool:  # with a key of one's own, too
        return found("s3:GetEncryptionConfiguration", s3.get_bucket_encryption, Bucket=name) is not None

    return [
        exists_step(s3, store),
        Step(
            f"bucket {name}: no public access",
            "s3:PutBucketPublicAccessBlock",
            is_blocked,
            lambda: _call(
                "s3:PutBucketPublicAccessBlock",
                s3.put_public_access_block,
                Bucket=name,
                PublicAccessBlockConfiguration=BLOCK,
            ),
        ),
        Step(
            f"bucket {name}: encrypted by default",
            "s3:PutEncryptionConfiguration",
            is_encrypted,
            lambda: _call(
                "s3:PutEncryptionConfiguration",
                s3.put_bucket_encryption,
                Bucket=name,
                ServerSideEncryptionConfiguration=ENCRYPTION,
            ),
        ),
    ]


def exists_step(s3: Any, store: Store) -> Step:
    """Return the step that makes the bucket, also in another store."""
    name = store.bucket

    def is_there() -> bool:
        try:
            answer = found("s3:HeadBucket", s3.head_bucket, Bucket=name)
        except SpecimenError as error:
            taken = f"If bucket {name} is not yours, somebody else has taken that name: choose another."
            other = f"{store.endpoint} may not know them: export {' and '.join(NAMES['write'])}."
            raise SpecimenError(f"{error} {taken if store.endpoint is None else other}") from None
        region = (answer or {}).get("BucketRegion", store.region)
        if store.endpoint is None and region != store.region:
            raise SpecimenError(f"--region: bucket {name} is in {region}, not in {store.region}.")
        return answer is not None

    def make() -> None:
        place = {} if store.region == DEFAULT_REGION else {"LocationConstraint": store.region}
        options = {"CreateBucketConfiguration": place} if place and store.endpoint is None else {}
        call("s3:CreateBucket", s3.create_bucket, Bucket=name, **options)

    return Step(f"bucket {name} in {store.endpoint or store.region}", "s3:CreateBucket", is_there, make)


def _call(name: str, function: Any, **arguments: Any) -> None:
    call(name, function, **arguments)
