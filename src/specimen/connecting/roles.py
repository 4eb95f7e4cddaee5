"""The steps by which AWS lends GitHub two roles: one that reads, and one that writes, for the environment alone."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from specimen.common.errors import SpecimenError
from specimen.connecting.aws import Account, call, found
from specimen.connecting.plan import Step
from specimen.connecting.policies import AUDIENCE, ISSUER, READ, WRITE, Policy, shown, storage_policy, trust_policy
from specimen.connecting.store import Store

TAG = "specimen:repository"
"""The tag of what was made here; its value is the repository on GitHub."""
POLICY = "specimen-storage"
LONGEST_NAME = 64
HOURS = {"read": 1, "write": 6}
"""How long a role may be lent: 6 hours for a machine that is rented (docs/cloud.md)."""


@dataclass(frozen=True)
class Role:
    """A role as it must be."""

    name: str
    arn: str
    trust: Policy
    policy: Policy
    hours: int


@dataclass(frozen=True)
class Lending:
    """What AWS lends to which repository."""

    account: Account
    repository: str
    """OWNER/NAME, as GitHub writes it."""
    subject: str
    """What the subject of its tokens begins with, such as `repo:OWNER@1/NAME@2`."""
    environment: str

    @property
    def provider(self) -> str:
        """The ARN of GitHub as an identity provider of this account."""
        return f"arn:{self.account.partition}:iam::{self.account.number}:oidc-provider/{ISSUER}"

    @property
    def tags(self) -> list[dict[str, str]]:
        """What marks a thing as made for this repository."""
        return [{"Key": TAG, "Value": self.repository}]

    def role(self, kind: str, store: Store) -> Role:
        """Return the role that reads or that writes."""
        subject = f"{self.subject}:*" if kind == "read" else f"{self.subject}:environment:{self.environment}"
        name = role_name(self.repository, kind)
        actions = READ if kind == "read" else WRITE
        return Role(
            name,
            f"arn:{self.account.partition}:iam::{self.account.number}:role/{name}",
            trust_policy(self.provider, subject),
            storage_policy(store, actions, self.account.partition),
            HOURS[kind],
        )


def role_name(repository: str, kind: str) -> str:
    """Return the name of a role, which AWS limits to 64 letters, digits and hyphens."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", repository).strip("-")
    name = f"specimen-{plain}-{kind}"
    if len(name) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(repository.encode()).hexdigest()[:8]
    return f"specimen-{plain[: LONGEST_NAME - len(f'specimen---{kind}') - len(digest)]}-{digest}-{kind}"


def provider_step(lending: Lending) -> Step:
    """Return the step that lets AWS trust GitHub's tokens; an account has one such provider for all repositories."""
    iam, arn = lending.account.iam, lending.provider

    def provider() -> dict[str, Any] | None:
        return found("iam:GetOpenIDConnectProvider", iam.get_open_id_connect_provider, OpenIDConnectProviderArn=arn)

    def is_done() -> bool:
        return AUDIENCE in ((provider() or {}).get("ClientIDList") or [])

    def apply() -> None:
        if provider() is None:
            call(
                "iam:CreateOpenIDConnectProvider",
                iam.create_open_id_connect_provider,
                Url=f"https://{ISSUER}",
                ClientIDList=[AUDIENCE],
                Tags=lending.tags,
            )
            return
        call(
            "iam:AddClientIDToOpenIDConnectProvider",
            iam.add_client_id_to_open_id_connect_provider,
            OpenIDConnectProviderArn=arn,
            ClientID=AUDIENCE,
        )

    def is_ours() -> bool:
        known = provider()
        return known is not None and _is_tagged(known, lending) and not _used_by_others(lending)

    def undo() -> None:
        call("iam:DeleteOpenIDConnectProvider", iam.delete_open_id_connect_provider, OpenIDConnectProviderArn=arn)

    return Step(f"identity provider {ISSUER}", "iam:CreateOpenIDConnectProvider", is_done, apply, is_ours, undo)


def _used_by_others(lending: Lending) -> bool:
    """Tell whether roles of other repositories rely on the provider, which were made after it."""
    iam = lending.account.iam
    own = {role_name(lending.repository, kind) for kind in HOURS}
    marker: dict[str, str] = {}
    while True:
        answer = call("iam:ListRoles", iam.list_roles, **marker)
        for role in answer["Roles"]:
            if role["RoleName"] not in own and lending.provider in str(role["AssumeRolePolicyDocument"]):
                return True
        if not answer.get("IsTruncated"):
            return False
        marker = {"Marker": answer["Marker"]}


@dataclass(frozen=True)
class RoleCalls:
    """The calls for one role; they raise `SpecimenError` where it belongs to somebody else."""

    lending: Lending
    role: Role

    @property
    def _iam(self) -> Any:
        return self.lending.account.iam

    @property
    def _name(self) -> str:
        return self.role.name

    def existing(self) -> dict[str, Any] | None:
        """Return the role as it is."""
        answer = found("iam:GetRole", self._iam.get_role, RoleName=self._name)
        if answer is None:
            return None
        known: dict[str, Any] = answer["Role"]
        if not _is_tagged(known, self.lending):
            raise SpecimenError(
                f"role {self._name}: somebody else has made it, for it does not have the tag "
                f"{TAG}={self.lending.repository}. Delete it, or give it that tag if it may be changed."
            )
        return known

    def is_trusting(self) -> bool:
        """Tell whether those may take it who should."""
        known = self.existing()
        return known is not None and known["AssumeRolePolicyDocument"] == self.role.trust

    def trust(self) -> None:
        """Make the role, or correct who may take it."""
        document = shown(self.role.trust)
        if self.existing() is not None:
            call(
                "iam:UpdateAssumeRolePolicy",
                self._iam.update_assume_role_policy,
                RoleName=self._name,
                PolicyDocument=document,
            )
            return
        call(
            "iam:CreateRole",
            self._iam.create_role,
            RoleName=self._name,
            AssumeRolePolicyDocument=document,
            Description=f"DVC storage of {self.lending.repository}",
            MaxSessionDuration=3600 * self.role.hours,
            Tags=self.lending.tags,
        )

    def remove(self) -> None:
        """Delete the role, which must have no policy any more."""
        call("iam:DeleteRole", self._iam.delete_role, RoleName=self._name)

    def policy(self) -> Policy | None:
        """Return what it may do."""
        answer = found("iam:GetRolePolicy", self._iam.get_role_policy, RoleName=self._name, PolicyName=POLICY)
        return None if answer is None else answer["PolicyDocument"]

    def allow(self) -> None:
        """Let it do what it should."""
        document = shown(self.role.policy)
        call(
            "iam:PutRolePolicy",
            self._iam.put_role_policy,
            RoleName=self._name,
            PolicyName=POLICY,
            PolicyDocument=document,
        )

    def forbid(self) -> None:
        """Take its policy away."""
        call("iam:DeleteRolePolicy", self._iam.delete_role_policy, RoleName=self._name, PolicyName=POLICY)


def role_steps(lending: Lending, role: Role) -> list[Step]:
    """Return the steps that make a role with its trust policy, and give it its policy."""
    calls = RoleCalls(lending, role)
    return [
        Step(
            f"role {role.name}: who may take it",
            "iam:CreateRole",
            calls.is_trusting,
            calls.trust,
            lambda: calls.existing() is not None,
            calls.remove,
            shown(role.trust),
        ),
        Step(
            f"role {role.name}: what it may do",
            "iam:PutRolePolicy",
            lambda: calls.policy() == role.policy,
            calls.allow,
            lambda: calls.existing() is not None and calls.policy() is not None,
            calls.forbid,
            shown(role.policy),
        ),
    ]


def _is_tagged(known: dict[str, Any], lending: Lending) -> bool:
    tags = {tag["Key"]: tag["Value"] for tag in known.get("Tags") or []}
    return tags.get(TAG) == lending.repository
