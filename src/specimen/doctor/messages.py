"""What stores, the AWS libraries and DVC say when they fail, and what it means: the table in docs/s3.md."""

from __future__ import annotations

import re
from dataclasses import dataclass

WITHOUT_CHECKSUMS = "AWS_REQUEST_CHECKSUM_CALCULATION=when_required AWS_RESPONSE_CHECKSUM_VALIDATION=when_required"


@dataclass(frozen=True)
class Known:
    """A failure that is known."""

    pattern: str
    """Of what is said, as a regular expression, whatever its case."""
    meaning: str
    way_out: str


KNOWN = (
    Known(
        r"Unable to locate credentials|NoCredentials|config profile \(.*\) could not be found",
        "there are no credentials on this machine",
        "`aws configure`, or `export AWS_PROFILE=...`",
    ),
    Known(
        r"InvalidAccessKeyId|Access Key Id you provided does not exist|InvalidClientTokenId",
        "the key is wrong or was withdrawn, or it belongs to another store",
        "Look for a stale AWS_ACCESS_KEY_ID in the environment: it wins over profiles.",
    ),
    Known(
        r"ExpiredToken|TokenRefreshRequired|token .*has expired|SSO session .*expired",
        "the credentials were lent for some hours, and have expired",
        "`aws sso login`, or whatever lends them",
    ),
    Known(
        r"RequestTimeTooSkewed|RequestExpired|time .* too large",
        "the clock of this machine is wrong",
        "Set the clock: `sudo timedatectl set-ntp true`.",
    ),
    Known(r"SignatureDoesNotMatch", "the secret belongs to another key", "Enter both again."),
    # A store that is not Amazon's and does not know the checksums that botocore sends since 1.36: fsspec/s3fs#931,
    # treeverse/dvc#10695, treeverse/dvc-s3#142.
    Known(
        r"MissingContentMD5|XAmzContentSHA256Mismatch|Checksum Type mismatch|MissingContentLength|FlexibleChecksum"
        r"|x-amz-content-sha256 must be|x-amz-(?:sdk-)?checksum|Expected checksum .* did not match"
        r"|header you provided implies functionality that is not implemented|aws-chunked|x-amz-trailer",
        "the store does not know the checksums that the AWS libraries send since 2025",
        f"`export {WITHOUT_CHECKSUMS}`, or the same keys in small letters, without AWS_, in ~/.aws/config",
    ),
    Known(
        r"NoSuchBucket|bucket does not exist|bucket '.*' does not exist",
        "the name in `url` is wrong, or the bucket is in another store",
        "`dvc remote list` shows the url; set `endpointurl` for a store that is not Amazon's.",
    ),
    Known(
        r"PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraint|must be addressed using",
        "the bucket is in another region",
        "`dvc remote modify storage region ...` with the region of the bucket",
    ),
    Known(
        r"Access ?Denied|Forbidden|\b403\b",
        "the credentials are known, but may not do this",
        "Compare the policy of docs/s3.md, above all the prefix.",
    ),
    Known(
        r"SSL|CERTIFICATE_VERIFY_FAILED",
        "the certificate of the store is not known here",
        "`dvc remote modify storage ssl_verify path/to/ca.pem`",
    ),
    Known(
        r"Could not connect|Connect timeout|Read timeout|Connection was closed|Failed to connect|Name or service not"
        r"|Connection refused|Invalid endpoint",
        "nobody answers there: the store is down, or `endpointurl` or `region` has a typing error",
        "Open the address in a browser; a proxy or a VPN may be missing.",
    ),
    Known(
        r"missing-files|do not exist neither locally nor on remote|failed to pull data from the cloud"
        r"|Is your cache up to date",
        "whoever committed has not pushed",
        "They run `dvc push`; the hook of pre-commit does it at each `git push`.",
    ),
)
"""The first that fits counts."""


def explain(message: str) -> Known | None:
    """Return what a message means, None where it is not known."""
    return next((known for known in KNOWN if re.search(known.pattern, message, re.IGNORECASE)), None)
