"""
A member's side of a network: submit to any node, learn the final answer, read what the node has. Any node serves; when one does not
answer, the next is asked. The same bytes may be sent to all of them: the ledger counts them once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import httpx
import msgspec

from hefu.kernel.codec import Codec, encode
from hefu.kernel.errors import Busy, Closed, Corrupt, EngineError, HefuError, Unavailable
from hefu.kernel.keyfile import publish
from hefu.ledger import block as blocks
from hefu.ledger.application import Application
from hefu.ledger.block import BlockHeader, Receipt, Result, Sealed
from hefu.ledger.chain import Chain, CommittedBlock
from hefu.ledger.engine import Ticket
from hefu.ledger.genesis import Genesis
from hefu.ledger.state import State
from hefu.ledger.tree import StateProof, check_proof
from hefu.services.nodes.unanswered import NO_ANSWER, Unanswered

T = TypeVar("T")
_RECORDS: Codec[tuple[int, tuple[bytes | None, ...]]] = Codec(tuple[int, tuple[bytes | None, ...]])
_PAIRS: Codec[tuple[int, tuple[tuple[bytes, bytes], ...]]] = Codec(tuple[int, tuple[tuple[bytes, bytes], ...]])
_PROOFS: Codec[tuple[Sealed, tuple[StateProof, ...]]] = Codec(tuple[Sealed, tuple[StateProof, ...]])
_BLOCKS: Codec[tuple[tuple[int, BlockHeader, tuple[bytes, ...], tuple[Result, ...]], ...]] = Codec(
    tuple[tuple[int, BlockHeader, tuple[bytes, ...], tuple[Result, ...]], ...]
)
_SEALED: Codec[Sealed] = Codec(Sealed)
_RECEIPTS: Codec[tuple[Receipt | None, ...]] = Codec(tuple[Receipt | None, ...])
#: Seconds for which a submitter goes on asking before it says that it does not know.
PATIENCE_S = 120.0
WAIT_S = 20.0
SUBMITTERS = 16
PAGE = 5_000
_NEWEST_CHECKPOINT = b"mcheckpoint"


class Silence(Unavailable):
    """
    No node answers.

    Args:
        heard: One may have got the question all the same.
    """

    code = "NO_NODE_ANSWERS"

    def __init__(self, message: str, *, heard: bool) -> None:
        super().__init__(message)
        self.heard = heard


class NodeClient:
    """
    Args:
        urls: Gateways of nodes, in order of preference.
        token: What they ask for; one for all, or one each.
    """

    def __init__(self, urls: Sequence[str], tokens: Sequence[str]) -> None:
        self._urls, self._tokens = list(urls), list(tokens)
        self._first = 0
        #: The highest block that an answer named: what is read afterwards is read from a node that has it.
        self.height = 0
        self._http = httpx.Client(timeout=httpx.Timeout(WAIT_S + 10, connect=3.0))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def next_node(self) -> None:
        """Begin with another node from now on."""
        self._first = (self._first + 1) % len(self._urls)

    def ask(
        self, method: str, path: str, *, body: bytes | None = None, params: dict[str, str] | None = None
    ) -> httpx.Response:
        """
        A question to whichever node answers.

        Raises:
            Silence: No node answers (NO_NODE_ANSWERS).
            Busy: The node that answered has no room.
            EngineError: It refused; the code says why.
        """
        trouble, heard = "", False
        for turn in range(len(self._urls)):
            at = (self._first + turn) % len(self._urls)
            headers = {"Authorization": f"Bearer {self._tokens[at]}"}
            try:
                response = self._http.request(
                    method, self._urls[at] + path, content=body, params=params, headers=headers
                )
            except httpx.HTTPError as error:
                trouble = f"{self._urls[at]}: {type(error).__name__}"
                heard = heard or not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                continue
            heard = True
            if response.status_code in (502, 504):
                trouble = f"{self._urls[at]}: HTTP {response.status_code}"
                continue
            self._first = at
            try:
                return _checked(response)
            except Closed:
                # It stops: the question was not answered, and may be put to another.
                trouble = f"{self._urls[at]}: {Closed.code}"
        raise Silence(f"no node of the network answers ({trouble})", heard=heard)

    def too_old(self, code_version: int) -> list[str]:
        """Nodes whose software does not know a code version, or which do not answer."""
        found = []
        for url, token in zip(self._urls, self._tokens, strict=True):
            knows = 0
            with suppress(httpx.HTTPError, ValueError, KeyError):
                answer = self._http.get(f"{url}/v1/status", headers={"Authorization": f"Bearer {token}"})
                knows = int(answer.json()["code"]["knows"])
            if knows < code_version:
                found.append(url)
        return found

    def submit(self, raw: bytes, patience_s: float = PATIENCE_S) -> Receipt:
        """
        Send a transaction until its answer is known.

        Raises:
            EngineError: Nothing is known after all patience (UNKNOWN_OUTCOME): the same bytes may be sent again at any time.
            Silence: No node was reached at all.
            Busy: No node had room for it.
        """
        end = time.monotonic() + patience_s
        pause, may_have_arrived = 0.2, False
        while True:
            try:
                answer = self.ask("POST", "/v1/transactions", body=raw, params={"wait_s": f"{WAIT_S:g}"})
                if answer.status_code == 200:
                    return self._seen(_receipt(answer.content))
                may_have_arrived = True
            except (Silence, Busy) as error:
                may_have_arrived = may_have_arrived or (isinstance(error, Silence) and error.heard)
                if time.monotonic() > end and not may_have_arrived:
                    raise
                time.sleep(pause)
                pause = min(pause * 2, 5.0)
            if time.monotonic() > end:
                raise EngineError(
                    "the network has not answered, and may carry this out yet: `hefu network resume` asks again; the command "
                    "typed again would count twice",
                    code="UNKNOWN_OUTCOME",
                )
            # Another node may be nearer to the network than this one.
            self.next_node()

    def submit_many(self, raws: Sequence[bytes], wait_s: float = WAIT_S) -> list[Receipt | None]:
        """
        Send several transactions at once.

        Returns:
            An answer for each that the node had in time; None for the others, which are on their way or found no room: the same
            bytes ask again.

        Raises:
            Busy: The node had room for none.
        """
        body, params = encode(tuple(raws)), {"wait_s": f"{wait_s:g}"}
        found = _RECEIPTS.load(self.ask("POST", "/v1/transactions/many", body=body, params=params).content)
        if len(found) != len(raws):
            raise Corrupt("the node answered another question", code="NODE_ANSWER")
        return [None if receipt is None else self._seen(receipt) for receipt in found]

    def _seen(self, receipt: Receipt) -> Receipt:
        self.height = max(self.height, receipt.height)
        return receipt

    def receipt(self, id: bytes) -> Receipt | None:
        """The answer that a transaction got."""
        with suppress(EngineError):
            return _receipt(self.ask("GET", f"/v1/transactions/{id.hex()}").content)
        return None

    def records(self, keys: Sequence[bytes]) -> tuple[int, tuple[bytes | None, ...]]:
        """Values of the node's store, and the height at which it stood."""
        found = _RECORDS.load(self.ask("POST", "/v1/records", body=encode(tuple(keys))).content)
        if len(found[1]) != len(keys):
            raise Corrupt("the node answered another question", code="NODE_ANSWER")
        return found

    def scan(self, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Pairs of the node's store in order of key."""
        while True:
            _, pairs = _PAIRS.load(self.ask("POST", "/v1/scan", body=encode((start, end, PAGE))).content)
            yield from pairs
            if len(pairs) < PAGE:
                return
            start = pairs[-1][0] + b"\0"

    def proofs(self, keys: Sequence[bytes]) -> tuple[Sealed, tuple[StateProof, ...]]:
        """Proofs of state keys under one tip."""
        return _PROOFS.load(self.ask("POST", "/v1/proofs", body=encode((tuple(keys),))).content)

    def seal(self, height: int) -> Sealed:
        """A block's header with the signatures of its validators; waits for the engine's header after it."""
        return _SEALED.load(self.ask("GET", "/v1/seal", params={"height": str(height)}).content)

    def blocks(self, first: int, wait_s: float = 0.0) -> list[CommittedBlock]:
        """Some blocks from a height, none if there are none within the wait."""
        answer = self.ask("GET", "/v1/blocks", params={"from": str(first), "wait_s": f"{wait_s:g}"})
        return [CommittedBlock(*block) for block in _BLOCKS.load(answer.content)]


class RemoteStore:
    """
    A node's store, to read. Checkpoints alone are whose home this is: nodes do not keep them.

    Args:
        client: Speaks with the nodes.
        kept: Folder of this home's checkpoints; None keeps none.
    """

    def __init__(self, client: NodeClient, kept: Path | None = None) -> None:
        self.client, self._kept = client, kept

    def get(self, key: bytes) -> bytes | None:
        """The value under a key."""
        if key == _NEWEST_CHECKPOINT and self._kept is not None and self._kept.is_dir():
            newest = max((path for path in self._kept.iterdir() if path.name.isdigit()), default=None)
            if newest is not None:
                return newest.read_bytes()
        return self.client.records([key])[1][0]

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """The values under many keys."""
        return list(self.client.records(keys)[1]) if keys else []

    def write(self, items: Iterable[tuple[bytes, bytes | None]], *, sync: bool = True) -> None:
        """Nobody writes into a node but its consensus; a checkpoint goes into this home."""
        for key, value in items:
            if key == _NEWEST_CHECKPOINT:
                continue
            if self._kept is None or value is None or len(key) != 9 or key[:1] != b"c":
                raise EngineError("a node's store is written by consensus alone", code="READ_ONLY")
            self._kept.mkdir(exist_ok=True)
            publish(self._kept / f"{int.from_bytes(key[1:], 'big'):020d}", value, overwrite=True)

    def scan(self, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Pairs in order of key."""
        return self.client.scan(start, end)

    def close(self) -> None:
        """Close the connections."""
        self.client.close()


class RemoteChain(Chain):
    """
    A ledger as a node shows it. Records come as the node says; what is proven is checked against the tip's root.

    Args:
        client: Speaks with the nodes.
        genesis: The ledger's, from whoever is trusted.
        application: The contracts.
        kept: Folder of this home's checkpoints.
    """

    def __init__(
        self, client: NodeClient, genesis: Genesis, application: Application, kept: Path | None = None
    ) -> None:
        self.client = client
        self.genesis = genesis
        self.application = application
        self.store = RemoteStore(client, kept)
        self._h = genesis.hash
        self.refresh()

    def refresh(self) -> None:
        """
        Stand at the node's tip of now.

        Raises:
            Corrupt: The node runs another ledger.
        """
        store = self.store
        self.state = State(lambda key: store.get(b"s" + key))
        end = time.monotonic() + PATIENCE_S
        while True:
            tip, first = self.store.get_many([b"mtip", b"mgenesis"])
            if first != self.genesis.raw or tip is None:
                raise Corrupt("the node runs another ledger than this home's genesis", code="OTHER_GENESIS")
            self._stand(blocks.SEALED.load(tip))
            if self.tip.height >= self.client.height:
                return
            # The node that answers now is behind the one that answered before.
            if time.monotonic() > end:
                raise EngineError("the nodes that answer are behind what was read before", code="NODE_BEHIND")
            self.client.next_node()
            time.sleep(0.2)

    def _stand(self, sealed: Sealed) -> None:
        self.tip_sealed = sealed
        self.tip = blocks.HEADER.load(sealed.header)
        self.tip_id = blocks.block_id(self._h, sealed.header)

    def get(self, key: bytes) -> bytes | None:
        """A stored value."""
        return self.store.get(key)

    def place(self, transaction_id: bytes) -> tuple[int, int] | None:
        """Height and index of a transaction that was answered."""
        raw = self.store.get(b"i" + transaction_id)
        return None if raw is None else _PLACE.load(raw)

    def prove(self, key: bytes) -> StateProof:
        """Presence or absence of a state key under the node's tip, checked."""
        return self.prove_many([key])[0]

    def sealed(self) -> Sealed:
        """The tip with its validators' signatures."""
        return self.client.seal(self.tip.height)

    def prove_many(self, keys: Sequence[bytes]) -> list[StateProof]:
        """Several under one tip, where this chain stands from now on."""
        sealed, proofs = self.client.proofs(keys)
        self._stand(sealed)
        if [proof.key for proof in proofs] != list(keys):
            raise Corrupt("the node answered another question", code="NODE_ANSWER")
        for proof in proofs:
            check_proof(self._h, proof, self.tip.state_root)
        return list(proofs)


_PLACE: Codec[tuple[int, int]] = Codec(tuple[int, int])


class RemoteEngine:
    """
    The engine port over a network's nodes.

    Args:
        chain: The ledger that they show.
        unanswered: Keeps what the network gave no answer to.
    """

    def __init__(self, chain: RemoteChain, unanswered: Unanswered | None = None) -> None:
        self._chain = chain
        self._unanswered = unanswered
        self._pool = ThreadPoolExecutor(SUBMITTERS, "hefu-submit")
        self._closed = False

    def submit(self, raw: bytes) -> Ticket:
        """See the port: the ticket is completed when the network has answered."""
        ticket = Ticket()

        def carry() -> None:
            try:
                ticket.complete(self._chain.client.submit(raw))
            except HefuError as error:
                if self._unanswered is not None and error.code == NO_ANSWER:
                    self._unanswered.keep(raw)
                ticket.fail(error if isinstance(error, EngineError) else EngineError(str(error), code=error.code))
            except BaseException as error:
                ticket.fail(EngineError(f"the submitter stopped: {type(error).__name__}"))
                raise

        self._pool.submit(carry)
        return ticket

    def subscribe(self, from_height: int = 0) -> Iterator[CommittedBlock]:
        """See the port."""
        height = from_height
        while not self._closed:
            for block in self._chain.client.blocks(height, wait_s=10.0):
                yield block
                height = block.height + 1

    def query(self, question: Callable[[Chain], T]) -> T:
        """See the port: what the node has by now, which is never behind what this client was answered."""
        self._chain.refresh()
        return question(self._chain)

    def close(self) -> None:
        """Wait for what was submitted, then close the connections."""
        self._pool.shutdown()
        self._closed = True
        self._chain.client.close()


def _checked(response: httpx.Response) -> httpx.Response:
    if response.status_code < 400:
        return response
    code, detail = "NODE_REFUSED", response.text[:200]
    with suppress(ValueError, KeyError, TypeError):
        said = response.json()
        code, detail = str(said["code"]), str(said["detail"])
    if code == Closed.code:
        raise Closed(detail)
    if response.status_code == 503:
        raise Busy(detail)
    refusal = EngineError(detail)
    refusal.code = code
    raise refusal


class _Answer(msgspec.Struct):
    """A receipt as the gateway writes it."""

    transaction_id: str
    height: int
    index: int
    code: str
    first_code: str
    events: list[str]


def _receipt(answer: bytes) -> Receipt:
    try:
        said = msgspec.json.decode(answer, type=_Answer)
        events = tuple(bytes.fromhex(event) for event in said.events)
        return Receipt(bytes.fromhex(said.transaction_id), said.height, said.index, said.code, events, said.first_code)
    except (msgspec.DecodeError, ValueError):
        raise Corrupt("the node's answer is no receipt", code="NODE_ANSWER") from None
