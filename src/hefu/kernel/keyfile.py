"""
Private keys at rest: files encrypted under a passphrase, and keys handed over in the environment.

A key file is JSON. scrypt turns the passphrase into a key, AES-256-GCM seals the private key under it, and every other
field is bound as associated data. A checksum over the fields tells damage from a wrong passphrase; it guards against
accidents only, and against intent the seal does. No function here prints, logs or quotes a secret.

Source: scrypt, RFC 7914; AES-GCM, NIST SP 800-38D.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from hefu.kernel.codec import encode
from hefu.kernel.errors import Corrupt, UsageError
from hefu.kernel.suites.port import Suite

FORMAT = "hefu-key/1"
#: scrypt's cost n; with r = 8 one guess takes 32 MiB and about 0.1 s.
COST = 2**15
_BLOCK, _PARALLEL = 8, 1
_COST_MIN, _MEMORY_MAX_BYTES = 2**10, 2**30
_FILE_MAX_BYTES = 65_536
_NONCE_BYTES, _SALT_BYTES = 12, 16


@dataclass(frozen=True, slots=True)
class KeyPair:
    """
    A private key with what it is for. Its repr shows no secret.

    Args:
        purpose: Label of its use, for example "member" or "checkpoint".
        suite_name: Name of the suite; "ml-dsa-65" for the seed of a hybrid signature's second half.
    """

    purpose: str
    suite_name: str
    public_key: bytes
    private_key: bytes = field(repr=False)


class Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A secret under a passphrase, with all that opening it needs but the passphrase. Bytes are lower-case hex."""

    kdf: str
    n: int
    r: int
    p: int
    salt: str
    cipher: str
    nonce: str
    ciphertext: str

    def __repr__(self) -> str:
        return f"Sealed({self.kdf}, n={self.n}, {self.cipher})"


class _KeyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    purpose: str
    suite: str
    public_key: str
    sealed: Sealed
    checksum: str


def generate_pair(suite: Suite, purpose: str) -> KeyPair:
    """A fresh key pair from the system's random source."""
    private_key = suite.generate()
    return KeyPair(purpose, suite.name, suite.public_key(private_key), private_key)


def write_key(path: Path, pair: KeyPair, passphrase: str, *, overwrite: bool = False, cost: int = COST) -> None:
    """
    Write a key file, readable by its owner only, all or nothing.

    Args:
        overwrite: Replace a file that is there already; its key is lost unless kept elsewhere.
        cost: scrypt's n, a power of two from 1,024; doubling it doubles time and memory of each guess.

    Raises:
        UsageError: The file exists (KEYFILE_EXISTS), the passphrase is empty, or the cost is out of range.
    """
    if not overwrite and path.exists():
        raise _exists(path)
    public_key = pair.public_key.hex()
    sealed = seal(pair.private_key, passphrase, (FORMAT, pair.purpose, pair.suite_name, public_key), cost=cost)
    checksum = checksum_of(FORMAT, pair.purpose, pair.suite_name, public_key, sealed)
    content = _KeyFile(FORMAT, pair.purpose, pair.suite_name, public_key, sealed, checksum)
    publish(path, msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n", overwrite=overwrite)


def read_key(path: Path, passphrase: str, *, purpose: str | None = None) -> KeyPair:
    """
    Open a key file.

    Args:
        purpose: What the key must be for; any where absent.

    Raises:
        UsageError: No such file (KEYFILE_MISSING), the wrong passphrase (WRONG_PASSPHRASE), or another purpose
            (WRONG_PURPOSE).
        Corrupt: The file is damaged (KEYFILE_DAMAGED).
    """
    where = str(path)
    try:
        with path.open("rb") as file:
            raw = file.read(_FILE_MAX_BYTES + 1)
    except FileNotFoundError:
        raise UsageError("no such key file", code="KEYFILE_MISSING", where=where) from None
    try:
        content = msgspec.json.decode(raw, type=_KeyFile) if len(raw) <= _FILE_MAX_BYTES else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        content = None
    if content is None:
        raise damaged("this is no key file", where)
    bound = (content.format, content.purpose, content.suite, content.public_key)
    if content.format != FORMAT or checksum_of(*bound, content.sealed) != content.checksum:
        raise damaged("the key file is damaged or of another version", where)
    if purpose is not None and content.purpose != purpose:
        raise UsageError(f"this key is for {content.purpose!r}, not {purpose!r}", code="WRONG_PURPOSE", where=where)
    private_key = unseal(content.sealed, passphrase, bound, where)
    return KeyPair(content.purpose, content.suite, _unhex(content.public_key, where), private_key)


def key_from_environment(
    name: str, suite: Suite, *, purpose: str, environment: Mapping[str, str] = os.environ
) -> KeyPair:
    """
    The key in HEFU_KEY_<NAME>: 64 hex digits, as a secret store hands them to a process.

    Args:
        name: Letters, digits, "-" and "_"; made upper case, "-" read as "_".

    Raises:
        UsageError: The name is malformed, the variable is not set (KEY_NOT_SET), or holds no key (BAD_KEY).
    """
    variable = "HEFU_KEY_" + name.upper().replace("-", "_")
    if not re.fullmatch(r"[A-Z0-9_]+", variable):
        raise UsageError("a key's name is letters, digits, - and _")
    if variable not in environment:
        raise UsageError("the variable is not set", code="KEY_NOT_SET", where=variable)
    text = environment[variable].strip()
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise UsageError("the variable does not hold 64 hex digits", code="BAD_KEY", where=variable)
    private_key = bytes.fromhex(text)
    return KeyPair(purpose, suite.name, suite.public_key(private_key), private_key)


def seal(secret: bytes, passphrase: str, bound: tuple[str, ...], *, cost: int = COST) -> Sealed:
    """
    Encrypt a secret under a passphrase.

    Args:
        bound: Fields that opening must repeat exactly.
        cost: scrypt's n, a power of two from 1,024.

    Raises:
        UsageError: The passphrase is empty, or the cost is out of range.
    """
    if not _cost_is_sound(cost, _BLOCK, _PARALLEL):
        raise UsageError(f"cost must be a power of two from {_COST_MIN}, within 1 GiB of memory", code="BAD_COST")
    # Files of one home share the salt, and so the one slow derivation that opens them; each has a nonce of its own.
    salt = _SALTS.setdefault((_text(passphrase), cost), secrets.token_bytes(_SALT_BYTES))
    nonce = secrets.token_bytes(_NONCE_BYTES)
    blank = Sealed("scrypt", cost, _BLOCK, _PARALLEL, salt.hex(), "aes-256-gcm", nonce.hex(), "")
    ciphertext = AESGCM(_derive(passphrase, salt, blank)).encrypt(nonce, secret, _bound_bytes(bound, blank))
    return msgspec.structs.replace(blank, ciphertext=ciphertext.hex())


def unseal(sealed: Sealed, passphrase: str, bound: tuple[str, ...], where: str) -> bytes:
    """
    Decrypt a secret.

    Args:
        bound: The fields that were bound when it was sealed.
        where: File, for the error.

    Raises:
        UsageError: The passphrase is empty or wrong.
        Corrupt: The parameters are not ones that `seal` writes.
    """
    salt, nonce = _unhex(sealed.salt, where), _unhex(sealed.nonce, where)
    ciphertext = _unhex(sealed.ciphertext, where)
    # Bounds before work: a crafted file must not make this process take all memory.
    sound = _cost_is_sound(sealed.n, sealed.r, sealed.p) and len(nonce) == _NONCE_BYTES
    if not sound or (sealed.kdf, sealed.cipher) != ("scrypt", "aes-256-gcm"):
        raise damaged("its encryption has parameters that were never written", where)
    try:
        secret = AESGCM(_derive(passphrase, salt, sealed)).decrypt(nonce, ciphertext, _bound_bytes(bound, sealed))
    except InvalidTag:
        raise UsageError("wrong passphrase", code="WRONG_PASSPHRASE", where=where) from None
    if len(salt) == _SALT_BYTES and (sealed.r, sealed.p) == (_BLOCK, _PARALLEL):
        # It opened, so the salt is from somebody who knows the passphrase.
        _SALTS[_text(passphrase), sealed.n] = salt
    return secret


def checksum_of(*fields: str | Sealed) -> str:
    """SHA-256 over fields, each with its length, hex. It finds accidents, not intent."""
    plain = tuple(msgspec.structs.astuple(item) if isinstance(item, Sealed) else item for item in fields)
    return hashlib.sha256(encode(plain)).hexdigest()


def damaged(text: str, where: str) -> Corrupt:
    """The error for a file that cannot be what it should be."""
    return Corrupt(text + "; restore it from a backup", code="KEYFILE_DAMAGED", where=where)


def publish(path: Path, content: bytes, *, overwrite: bool) -> None:
    """
    Put a file in place, mode 0600, all or nothing even if the power fails.

    Raises:
        UsageError: The file exists and may not be overwritten, or its folder is missing.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileNotFoundError:
        raise UsageError("no such folder", where=str(path.parent)) from None
    except (NotADirectoryError, PermissionError):
        raise UsageError("nothing can be written to this folder", code="NOT_SAVED", where=str(path.parent)) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        move_into_place(temporary, path, overwrite=overwrite)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def move_into_place(temporary: Path, path: Path, *, overwrite: bool) -> None:
    """
    Rename a finished file and make the name durable.

    Raises:
        UsageError: The file exists and may not be overwritten.
    """
    if overwrite:
        temporary.replace(path)
    else:
        # A link fails where the name is taken, which a rename does not: nobody's key is lost to a race.
        try:
            path.hardlink_to(temporary)
        except FileExistsError:
            raise _exists(path) from None
        except OSError:
            # Some file systems have no links; there a race of two writers is not noticed.
            if path.exists():
                raise _exists(path) from None
            temporary.replace(path)
        else:
            temporary.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _exists(path: Path) -> UsageError:
    return UsageError("the file exists already and is left as it is", code="KEYFILE_EXISTS", where=str(path))


def _cost_is_sound(n: int, r: int, p: int) -> bool:
    return n >= _COST_MIN and n & (n - 1) == 0 and 1 <= r <= 64 and 1 <= p <= 16 and 128 * n * r <= _MEMORY_MAX_BYTES


#: By passphrase and cost, the salt that this process used last: what it writes next is opened by the same derivation.
_SALTS: dict[tuple[bytes, int], bytes] = {}


def _text(passphrase: str) -> bytes:
    if not passphrase:
        raise UsageError("the passphrase is empty", code="EMPTY_PASSPHRASE")
    # The same characters may reach us composed or not, by keyboard; NFKC makes them one.
    return unicodedata.normalize("NFKC", passphrase).encode()


def _derive(passphrase: str, salt: bytes, sealed: Sealed) -> bytes:
    return _derived(_text(passphrase), salt, sealed.n, sealed.r, sealed.p)


@lru_cache(maxsize=64)
def _derived(text: bytes, salt: bytes, n: int, r: int, p: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=n, r=r, p=p).derive(text)


def _bound_bytes(bound: tuple[str, ...], sealed: Sealed) -> bytes:
    return encode((bound, msgspec.structs.astuple(sealed)[:-1]))


def _unhex(text: str, where: str) -> bytes:
    if not re.fullmatch(r"(?:[0-9a-f]{2})*", text):
        raise damaged("a field is not hex", where)
    return bytes.fromhex(text)
