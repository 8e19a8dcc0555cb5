"""Commands of the attestations contract."""

from hefu.kernel.codec import Record


class Attest(Record, frozen=True, tag="attestations.attest"):
    """
    Vouch for something about a subject (any 32-byte identifier on the ledger).

    `as_of_ms` is the business instant that the statement is about; `digest` commits to what stands behind it; `supersedes`
    names the attestation that it corrects, or is empty; `detail` is canonical bytes of the kind's type, or empty.
    """

    attester: bytes
    salt: bytes
    subject: bytes
    kind: str
    as_of_ms: int
    result: str
    digest: bytes
    supersedes: bytes
    detail: bytes
