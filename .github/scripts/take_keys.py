"""Take the keys of a store that lends no roles: from the secrets of the repository to the steps that follow.

Reads ACCESS_KEY_ID, SECRET_ACCESS_KEY, and REGION and ENDPOINT_URL where the AWS tools need them, and appends what they
look for to the file GITHUB_ENV. Without keys the steps go on with what the runner has; a fresh copy has nothing yet.
"""

import os
import sys
from pathlib import Path

VARIABLES = {
    "ACCESS_KEY_ID": "AWS_ACCESS_KEY_ID",
    "SECRET_ACCESS_KEY": "AWS_SECRET_ACCESS_KEY",
    "REGION": "AWS_REGION",
    "ENDPOINT_URL": "AWS_ENDPOINT_URL_S3",
}


def main() -> int:
    """Hand the keys on; return the exit status."""
    values = {name: os.environ.get(name, "") for name in VARIABLES}
    if not (values["ACCESS_KEY_ID"] and values["SECRET_ACCESS_KEY"]):
        print("::notice::Neither a role nor keys for a bucket are set; `make connect` sets them.")
        return 0
    for name, value in values.items():
        if any(sign.isspace() for sign in value):  # a line break would set further variables
            print(f"error: the secret or variable for {name} has a space or a line break in it.", file=sys.stderr)
            return 2
    with Path(os.environ["GITHUB_ENV"]).open("a", encoding="utf-8") as file:
        file.writelines(f"{VARIABLES[name]}={value}\n" for name, value in values.items() if value)
    return 0


if __name__ == "__main__":
    sys.exit(main())
