"""Every record of the format, field by field, in the order of docs/reference/format.md and docs/reference/records.md."""

from __future__ import annotations

from hefu_verify.codec import Shapes

BUNDLE = Shapes("""
    bundle        format:text genesis:bytes tip:sealed checkpoint:checkpoint? subject:id lineage:chain* proofs:proof*
                  transactions:transaction* openings:opening*
    sealed        header:bytes kind:text seal:bytes*
    block         version:one chain_id:id height:int at_ms:ms previous:id transactions_root:id results_root:id
                  state_root:id code_version:version count:int
    handover      tip:sealed checkpoint:checkpoint validators:proof
    checkpoint    body:bytes signature:bytes post_quantum_signature:bytes countersignatures:countersignature*
    countersignature  key:bytes signature:bytes
    vouched       version:one chain_id:id height:int block_id:id state_root:id previous:id at_ms:ms
    chain         asset:id links:bytes*
    link          height:int at_ms:ms business_ms:ms transaction:id index:int event:bytes
    proof         key:bytes value:bytes entries:bytes siblings:group*
    transaction   header:bytes signatures:bytes* commands:opened*
    opened        index:int salt:salt command:bytes path:id*
    header        version:one chain_id:id valid_from_ms:ms expires_at_ms:ms count:int commands_root:id keys:bytes*
    opening       thing:id commitments:id* fields:place*
    place         index:int field:field
    field         name:text value:term salt:salt
""")

STATE = Shapes("""
    right         header:asset status:text backing:text document:id obligor:id due_on:date root:id parent:id depth:int
                  endorsements:endorsement* lock:lock? notice:notice? confirmation:id terms:id until_ms:ms
    asset         schema:one kind:text owner:id currency:text face:amount open:amount settled:amount passed:amount
                  encumbrances:encumbrance* freezes:bytes* history:id length:int
    encumbrance   obligation:id pledgee:id cap:amount rank:int
    endorsement   assignor:id recourse:bool
    lock          financier:id method:text recourse:bool offer:id price:id since_on:date until_ms:ms
    notice        at_ms:ms payee_account:id acknowledged_ms:ms
    document      schema:one kind:text seller:id buyer:id currency:text gross:amount available:amount
                  reserved:reservation* live:amount spent:amount tags:tag* terms:id standing_acceptance:bool
    reservation   right:id amount:amount until_ms:ms
    tag           kind:text scheme:text epoch:int value:id
    account       schema:one organisation:id
    organisation  schema:one identity:id roles:text* member:bool status:text vetted_by:id
    key           schema:one organisation:id purposes:text* limit:int valid_from:int valid_until:int certificate:id
                  mandate:id vetted_by:id
    validators    schema:one seats:seat*
    seat          organisation:id key:id power:int
    attestation   schema:one attester:id subject:id kind:text as_of_ms:ms result:text digest:id supersedes:id-or-empty
                  superseded_by:id-or-empty detail:bytes
    payment       end_to_end:id payee:id currency:text amount:amount commitment:id-or-empty value_on:date
""")
#: What stands under a state key, by its first byte.
UNDER = {b"R": "right", b"D": "document", b"A": "account", b"O": "organisation", b"K": "key", b"E": "attestation"}

#: Events whose fields are not those of their command.
EVENTS = Shapes("""
    proposed   right:id document:id owner:id obligor:id currency:text amount:amount due_on:date terms:id until_ms:ms
    raised     right:id document:id owner:id obligor:id currency:text amount:amount due_on:date terms:id delivery:id
    confirmed  right:id confirmation:id
    split-off  right:id child:id amount:amount
    assigned   right:id to:id document:id recourse:bool
    pledged    right:id pledgee:id obligation:id cap:amount
    sold       right:id financier:id recourse:bool payment:id-or-empty
    financed   right:id financier:id obligation:id payment:id-or-empty
    settled    right:id amount:amount payee:id payment:id-or-empty
""")
#: Fields of events that name accounts, and those that name attestations.
ACCOUNTS = ("owner", "obligor", "to", "pledgee", "financier", "payee")
VOUCHERS = ("delivery", "payment")

COMMANDS = Shapes("""
    receivables.propose           document:id salt:salt amount:amount due_on:date terms:id until_ms:ms
    receivables.raise             document:id salt:salt amount:amount due_on:date terms:id delivery:id
    receivables.confirm           right:id amount:amount confirmation:id tag:tag
    receivables.refuse            right:id reason:text
    receivables.withdraw          right:id
    receivables.cancel            right:id
    receivables.split             right:id salt:salt amount:amount
    receivables.assign            right:id to:id document:id tag:tag recourse:bool
    receivables.pledge            right:id pledgee:id obligation:id cap:amount tag:tag?
    receivables.release           right:id
    receivables.accept-offer      right:id financier:id method:text recourse:bool offer:id price:id until_ms:ms
    receivables.decline-offer     right:id
    receivables.complete-finance  right:id payment:id-or-empty tag:tag?
    receivables.notify            right:id payee_account:id
    receivables.acknowledge       right:id payee_account:id
    receivables.settle            right:id amount:amount payment:id-or-empty
    tag                           kind:text scheme:text epoch:int value:id
""")
