"""What a node asks of its own CometBFT over JSON-RPC on this machine."""

from __future__ import annotations

import base64
from typing import Any

import httpx

from hefu.kernel.errors import Busy, EngineError


class EngineRpc:
    """
    Args:
        port: Where CometBFT answers on this machine.
        timeout_s: How long one answer may take.
    """

    def __init__(self, port: int, timeout_s: float = 10.0) -> None:
        # A connection each: those that are kept alive fail now and then under load.
        limits = httpx.Limits(max_keepalive_connections=0, max_connections=32)
        self._http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=timeout_s, limits=limits)

    async def broadcast(self, parcel: bytes) -> None:
        """
        Hand a parcel to the mempool; that it is there says nothing of its future.

        Raises:
            Busy: The mempool is full.
            EngineError: CometBFT cannot be reached (ENGINE_UNREACHABLE) or refused the parcel (PARCEL_REFUSED).
        """
        try:
            answer = await self._call("broadcast_tx_sync", tx=base64.b64encode(parcel).decode())
        except EngineError as error:
            text = str(error)
            if "tx already exists in cache" in text:
                return
            if "mempool is full" in text:
                raise Busy("the network takes no more for now; submit the same bytes again later") from None
            raise
        if answer.get("code"):
            raise EngineError(f"the engine refused a parcel: {answer.get('log', '')}", code="PARCEL_REFUSED")

    async def status(self) -> dict[str, Any]:
        """CometBFT's own status."""
        return await self._call("status")

    async def peers(self) -> int:
        """How many nodes it is connected with."""
        return int((await self._call("net_info"))["n_peers"])

    async def commit(self, height: int) -> dict[str, Any]:
        """Header and signatures of a block."""
        return await self._call("commit", height=str(height))

    async def validators(self, height: int) -> list[dict[str, Any]]:
        """All validators at a height, in CometBFT's order."""
        found: list[dict[str, Any]] = []
        page = 1
        while True:
            answer = await self._call("validators", height=str(height), page=str(page), per_page="100")
            found += answer["validators"]
            if len(found) >= int(answer["total"]) or not answer["validators"]:
                return found
            page += 1

    async def forward(self, question: bytes) -> bytes:
        """
        CometBFT's answer to a question of somebody else's, as it is.

        Raises:
            EngineError: It does not answer.
        """
        try:
            return (await self._http.post("/", content=question, headers={"Content-Type": "application/json"})).content
        except httpx.HTTPError as error:
            raise EngineError(f"CometBFT does not answer: {type(error).__name__}", code="ENGINE_UNREACHABLE") from None

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _call(self, method: str, **params: str) -> dict[str, Any]:
        question = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            answer = (await self._http.post("/", json=question)).json()
        except (httpx.HTTPError, ValueError) as error:
            raise EngineError(f"CometBFT does not answer: {type(error).__name__}", code="ENGINE_UNREACHABLE") from None
        if "error" in answer:
            said = answer["error"]
            raise EngineError(f"{said.get('message', '')}: {said.get('data', '')}", code="ENGINE_REFUSED")
        result: dict[str, Any] = answer["result"]
        return result
