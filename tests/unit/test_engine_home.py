"""CometBFT's folder as we write it: what its configuration says, and whose word goes over whose."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from nacl.signing import VerifyKey

from hefu.kernel.errors import Corrupt, UsageError
from hefu.services.nodes import engine_home
from hefu.services.nodes.engine_home import Peer
from hefu.services.nodes.node import NodeFile, NodeHome, StateSync


@pytest.fixture
def home(tmp_path) -> NodeHome:
    home = NodeHome(tmp_path / "n")
    home.make(NodeFile(name="one", p2p_port=1, rpc_port=2, gateway_port=3, metrics_port=4, genesis_time=""))
    return home


def configured(home: NodeHome, **changes: object) -> dict[str, Any]:
    file = home.read()
    for name, value in changes.items():
        setattr(file, name, value)
    home.configure(file)
    return tomllib.loads((home.engine / "config" / "config.toml").read_text())


def test_peers_and_ports_are_those_of_the_nodes_file(home):
    peers = [str(Peer("ab" * 20, "node.example", 26600))]
    config = configured(home, peers=peers, host="other.example")
    assert config["p2p"]["persistent_peers"] == peers[0]
    assert config["p2p"]["external_address"] == "other.example:1"
    assert config["rpc"]["laddr"] == "tcp://127.0.0.1:2"
    assert config["proxy_app"] == f"unix://{home.path}/app.sock"
    assert config["p2p"]["addr_book_strict"]


def test_a_network_of_one_machine_is_told_so(home):
    config = configured(home, host="127.0.0.1")
    assert (config["p2p"]["addr_book_strict"], config["p2p"]["allow_duplicate_ip"]) == (False, True)


def test_settings_of_the_nodes_file_go_over_ours(home):
    changes = {"p2p.pex": True, "p2p.private_peer_ids": "ab" * 20, "priv_validator_laddr": "tcp://127.0.0.1:26659"}
    config = configured(home, engine=changes)
    assert (config["p2p"]["pex"], config["p2p"]["private_peer_ids"]) == (True, "ab" * 20)
    assert config["priv_validator_laddr"] == "tcp://127.0.0.1:26659"
    assert not configured(home, engine={})["p2p"]["pex"]


def test_state_sync_trusts_what_was_checked_and_asks_one_server_twice(home):
    sync = StateSync(servers=["http://hefu:token@node:1/v1/engine"], trust_height=7, trust_hash="ab" * 32)
    config = configured(home, sync=sync)["statesync"]
    assert (config["enable"], config["trust_height"], config["trust_hash"]) == (True, 7, "ab" * 32)
    assert config["rpc_servers"] == ",".join(sync.servers * 2)
    assert "statesync" not in configured(home, sync=None)


def test_the_validators_key_signs_for_itself_and_is_made_once(home):
    keys = engine_home.read_keys(home.engine)
    VerifyKey(keys.validator).verify(b"message", engine_home.sign_as_validator(home.engine, b"message"))
    with pytest.raises(UsageError) as caught:
        engine_home.make_keys(home.engine)
    assert caught.value.code == "HOME_EXISTS"
    (home.engine / "config" / "priv_validator_key.json").write_text(json.dumps({"priv_key": {"value": "?"}}))
    with pytest.raises(Corrupt):
        engine_home.sign_as_validator(home.engine, b"message")
    with pytest.raises(Corrupt):
        engine_home.read_keys(home.engine)


def test_a_node_without_its_validators_key_starts_only_where_a_signer_has_it(home):
    home.check_keys()
    (home.engine / "config" / "priv_validator_key.json").unlink()
    with pytest.raises(Corrupt):
        home.check_keys()
    file = home.read()
    file.engine = {"priv_validator_laddr": "tcp://127.0.0.1:26659"}
    home.write(file)
    home.check_keys()
    (home.engine / "config" / "node_key.json").unlink()
    with pytest.raises(Corrupt):
        home.check_keys()
