"""
Letters between nodes: the carrier, which forwards what waits until it arrived, and the port by which a program reaches its node.

The carrier believes one answer alone: an arrival signed by the key that the receiver's contact names on the ledger. Whatever else
comes back, or nothing, or bytes that were altered on the way, it tries again later, until the letter's end.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

import httpx
import msgspec

from hefu.contracts.parties.state import ContactRecord
from hefu.kernel.codec import Codec, encode
from hefu.kernel.errors import Corrupt, EngineError, HefuError, Rejected
from hefu.services.letters.book import Arrived, Outgoing
from hefu.services.letters.office import REFUSALS, Door, Office
from hefu.services.nodes.client import NodeClient

ROUND_S = 0.5
TIDY_S = 3600.0
ANSWER_BYTES = 16 << 10
_CODE = re.compile(r"[A-Z][A-Z_]{1,39}\Z", re.ASCII)
_ARRIVED: Codec[tuple[tuple[int, bytes, bytes], ...]] = Codec(tuple[tuple[int, bytes, bytes], ...])
_OUTGOING: Codec[tuple[str, str, bytes]] = Codec(tuple[str, str, bytes])
_DOOR: Codec[tuple[bytes, str, bytes]] = Codec(tuple[bytes, str, bytes])


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Carrier:
    """
    Args:
        office: Whose letters it carries.
        doors: Addresses by door's key in hexadecimal, over what contacts say; their owner answers for them.
        alone: This node is for this machine alone, so other doors on it may be dialled.
    """

    def __init__(self, office: Office, doors: Mapping[str, str], *, alone: bool) -> None:
        self._office, self._doors, self._alone = office, doors, alone
        # Letters are few: a connection each, and none that stays open to a door.
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(60.0, connect=5.0), follow_redirects=False, headers={"Connection": "close"}
        )
        #: Since the start, for metrics.
        self.delivered = self.failed = 0

    async def run(self) -> None:
        """Carry until cancelled."""
        tidied = 0.0
        loop = asyncio.get_running_loop()
        try:
            while True:
                try:
                    due = await asyncio.to_thread(self._office.carry_here)
                    await asyncio.gather(*(self._carry(*letter) for letter in due))
                    if loop.time() > tidied + TIDY_S:
                        await asyncio.to_thread(self._office.book.tidy, self._office.now_ms())
                        tidied = loop.time()
                except HefuError:
                    # The disk, a damaged book, another process that reads it: the letters stay where they are, and the node decides
                    # blocks with or without them.
                    await asyncio.sleep(ROUND_S)
                await asyncio.sleep(ROUND_S)
        finally:
            await self._http.aclose()

    async def _carry(self, id: bytes, receiver: bytes, raw: bytes) -> None:
        try:
            url = self._url(await asyncio.to_thread(self._office.contact, receiver))
            answer = await self._hand_in(url, raw)
            await asyncio.to_thread(self._office.forwarded, id, receiver, raw, answer)
            self.delivered += 1
        except HefuError as error:
            self.failed += 1
            await asyncio.to_thread(self._office.failed, id, error.code)

    def _url(self, contact: ContactRecord | None) -> str:
        """
        Raises:
            EngineError: There is nothing that may be dialled (NO_CONTACT, NO_ADDRESS, BAD_ADDRESS).
        """
        if contact is None:
            raise EngineError("the receiver has no contact", code="NO_CONTACT")
        told = self._doors.get(contact.door.hex())
        if told:
            return told
        if not contact.address:
            raise EngineError("the receiver's door is told by hand, and nobody has", code="NO_ADDRESS")
        address = urlsplit(contact.address)
        # Whoever sets a contact must not make this node speak to what is behind its own walls, nor in clear to the world.
        here = is_loopback(address.hostname or "")
        if here != self._alone or (address.scheme != "https" and not here):
            raise EngineError("the receiver's address is not one that this node dials", code="BAD_ADDRESS")
        return contact.address

    async def _hand_in(self, url: str, raw: bytes) -> bytes:
        """
        Raises:
            EngineError: No arrival came; the code says what did.
        """
        answer = bytearray()
        try:
            async with self._http.stream("POST", url + "/v1/door", content=raw) as response:
                async for piece in response.aiter_bytes():
                    answer += piece
                    if len(answer) > ANSWER_BYTES:
                        raise EngineError("the door's answer is too long", code="NODE_ANSWER")
                status = response.status_code
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            raise EngineError("the door does not answer", code="DOOR_SILENT") from None
        if status == 200:
            return bytes(answer)
        code = "NODE_ANSWER"
        try:
            said = msgspec.json.decode(bytes(answer), type=dict[str, object]).get("code")
            if isinstance(said, str) and _CODE.match(said):
                code = said
        except (msgspec.DecodeError, msgspec.ValidationError):
            pass
        raise EngineError("the door refused", code=code)


class RemotePost:
    """
    A node as its own programs reach it, with its token.

    Args:
        client: Of that node alone.
    """

    def __init__(self, client: NodeClient) -> None:
        self._client = client

    def door_for(self, organisation: bytes) -> Door:
        """See the port."""
        return Door(*self._read(_DOOR.load, self._client.ask("GET", f"/v1/contacts/{organisation.hex()}").content))

    def send(self, raw: bytes) -> None:
        """See the port."""
        try:
            self._client.ask("POST", "/v1/letters", body=raw)
        except EngineError as error:
            if error.code in REFUSALS:
                raise Rejected(str(error), code=error.code) from None
            raise

    def arrived(self, organisation: bytes, after: int) -> Sequence[Arrived]:
        """See the port."""
        params = {"organisation": organisation.hex(), "after": str(after)}
        answer = self._client.ask("GET", "/v1/letters", params=params).content
        return [Arrived(*found) for found in self._read(_ARRIVED.load, answer)]

    def acknowledge(self, organisation: bytes, ids: Sequence[bytes]) -> None:
        """See the port."""
        self._client.ask("POST", "/v1/letters/acknowledge", body=encode((organisation, tuple(ids))))

    def outgoing(self, id: bytes) -> Outgoing | None:
        """See the port."""
        try:
            answer = self._client.ask("GET", f"/v1/letters/{id.hex()}").content
        except EngineError as error:
            if error.code == "UNKNOWN_LETTER":
                return None
            raise
        return Outgoing(*self._read(_OUTGOING.load, answer))

    def close(self) -> None:
        """See the port."""
        self._client.close()

    def _read(self, load: Callable[[bytes], tuple], answer: bytes) -> tuple:  # type: ignore[type-arg]
        try:
            return load(answer)
        except (msgspec.DecodeError, msgspec.ValidationError):
            raise Corrupt("the node's answer is not what was asked for", code="NODE_ANSWER") from None
