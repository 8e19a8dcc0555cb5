"""Organisations, accounts, keys, members and the clock."""

from __future__ import annotations

from scenario import run

ENROLLED = """
        Operator     enrol      Acme supplier keys=AcmeKey purposes=accept,administer,register,transfer -> OK
        AcmeKey      open-account Acme acme                 -> OK
"""


def test_a_registrar_enrols_a_supplier_with_its_keys():
    run(
        ENROLLED
        + """
        -            organisation Acme                      -> active supplier
        AcmeKey      invoice    I1 Steel 500 seller=acme    -> OK
        BankB        enrol      Brass none keys=B1,B2,B3    -> OK
        -            organisation Brass                     -> active none
        """
    )


def test_only_a_member_with_the_role_of_a_registrar_enrols():
    run("""
        Steel        enrol      Acme supplier               -> WRONG_ROLE
        Parts        enrol      Acme supplier               -> WRONG_ROLE
        Operator     enrol      Acme supplier registrar=BankA -> NOT_AUTHORIZED
        Operator     enrol      Acme supplier registrar=Nobody -> NOT_AUTHORIZED
        Operator     propose-change P1 roles BankC bank     -> OK
        BankA        vote       P1 yes                      -> OK
        BankB        vote       P1 yes                      -> OK
        -            organisation BankC                     -> active bank
        BankC        enrol      Acme supplier               -> NOT_A_MEMBER
    """)


def test_a_registrar_alone_gives_only_the_suppliers_role():
    run("""
        Operator     enrol      Acme bank                   -> ROLE_NEEDS_VOTE
        Operator     enrol      Acme bank,supplier          -> ROLE_NEEDS_VOTE
        Operator     enrol      Acme king                   -> ROLE_NEEDS_VOTE
        Operator     enrol      Acme supplier,supplier      -> BAD_ROLES
    """)


def test_an_enrolment_says_everything_right_or_is_refused():
    run("""
        Operator     enrol      Acme supplier salt=short    -> BAD_SALT
        Operator     enrol      Acme supplier identity=short -> BAD_DIGEST
        Operator     enrol      Acme supplier identity=Parts -> ALREADY_ENROLLED
        Operator     enrol      Acme supplier keys=         -> BAD_COUNT
        Operator     enrol      Acme supplier keys=a,b,a    -> BAD_COUNT
        Operator     enrol      Acme supplier keys=a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q -> BAD_COUNT
        Operator     enrol      Acme supplier purposes=rule -> BAD_PURPOSES
        Operator     enrol      Acme supplier purposes=transfer,accept -> BAD_PURPOSES
        Operator     enrol      Acme supplier purposes=accept,accept -> BAD_PURPOSES
        Operator     enrol      Acme supplier bytes=short   -> BAD_KEY
        Operator     enrol      Acme supplier limit=-1      -> BAD_KEY
        Operator     enrol      Acme supplier certificate=short -> BAD_DIGEST
        Operator     enrol      Acme supplier mandate=short -> BAD_DIGEST
        Operator     enrol      Acme supplier keys=Parts    -> KEY_EXISTS
        # Nobody enrols a key that it does not hold.
        Operator     enrol      Acme supplier keys=AcmeKey prover=Operator -> BAD_POSSESSION
        -            organisation Acme                      -> none
        Operator     enrol      Acme supplier keys=a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p -> OK
        Operator     enrol      Brass supplier again="org Acme" keys=x -> ALREADY_EXISTS
        BankA        enrol      Acme2 supplier identity=Acme keys=x -> ALREADY_ENROLLED
    """)


def test_the_same_key_is_not_enrolled_twice_in_one_transaction():
    run("""
        Operator     enrol      Acme supplier keys=AcmeKey
        Operator     enrol      Brass supplier keys=AcmeKey -> KEY_EXISTS
        -            organisation Acme                      -> none
    """)


def test_an_organisation_opens_accounts_of_its_own():
    run("""
        Parts        open-account Parts second              -> OK
        Parts        open-account Parts second              -> ALREADY_EXISTS
        Parts        open-account Parts third salt=short    -> BAD_SALT
        Bolts        open-account Parts third               -> NOT_AUTHORIZED
        Parts        open-account Nobody third              -> NOT_AUTHORIZED
        Parts        invoice    I1 Steel 500 seller=second  -> OK
        # Two factories of one group trade with each other under one key.
        Parts        invoice    I2 second 300               -> OK
        Parts        propose    R1 I1 300                   -> OK
        Steel        confirm    R1                          -> OK
        Parts        assign     R1 Parts I2                 -> OK
        -            endorsements R1                        -> second > Parts
    """)


def test_a_key_is_added_from_a_later_block_on():
    run("""
        Bolts        add-key    Parts K1                    -> NOT_AUTHORIZED
        Parts        add-key    Parts K1 from=0             -> HEIGHT_IN_THE_PAST
        Parts        add-key    Parts K1 from=-1            -> HEIGHT_IN_THE_PAST
        Parts        add-key    Parts Bolts                 -> KEY_EXISTS
        Parts        add-key    Parts Parts                 -> KEY_EXISTS
        Parts        add-key    Parts K1 prover=Parts       -> BAD_POSSESSION
        Parts        add-key    Parts K1 bytes=short        -> BAD_KEY
        Parts        add-key    Parts K1 purposes=a         -> BAD_PURPOSES
        Parts        add-key    Parts K1 certificate=short  -> BAD_DIGEST
        K1           open-account Parts second              -> UNKNOWN_KEY
        Parts        add-key    Parts K1 purposes=administer from=2 -> OK
        K1           open-account Parts second              -> KEY_NOT_VALID
        K1           open-account Parts second              -> OK
        # Its purposes are its own.
        K1           invoice    I1 Steel 500 seller=Parts   -> NOT_AUTHORIZED
    """)


def test_an_organisation_says_where_its_letters_go():
    run("""
        -            contact    Parts old new               -> none
        Bolts        set-contact Parts old                  -> NOT_AUTHORIZED
        Parts        set-contact Parts old bytes=1215       -> BAD_KEY
        Parts        set-contact Parts old suite=x25519     -> BAD_KEY
        # A node takes letters for those alone for whom it said so.
        Parts        set-contact Parts old for=Bolts        -> BAD_POSSESSION
        Parts        set-contact Parts old address=ftp://a  -> BAD_ADDRESS
        Parts        set-contact Parts old address=https:// -> BAD_ADDRESS
        Parts        set-contact Parts old address=https://a/b -> BAD_ADDRESS
        Parts        set-contact Parts old address=https://me@a -> BAD_ADDRESS
        Parts        set-contact Parts old address=https://a:0 -> BAD_ADDRESS
        Parts        set-contact Parts old                  -> OK
        -            contact    Parts old new               -> old - https://node.example:443
        Parts        set-contact Parts new address=http://[::1]:26602 -> OK
        -            contact    Parts old new               -> new old http://[::1]:26602
        # Another node, the same key: the key before it is still the one before.
        Parts        set-contact Parts new door=Steel address= -> OK
        -            contact    Parts old new               -> new old -
    """)


def test_a_key_ends_in_a_later_block_and_never_in_the_past():
    run("""
        Bolts        revoke-key Parts Parts2                -> NOT_AUTHORIZED
        Parts        revoke-key Parts Bolts                 -> UNKNOWN_KEY
        Parts        revoke-key Parts K9                    -> UNKNOWN_KEY
        Parts        revoke-key Parts Parts2 from=0         -> HEIGHT_IN_THE_PAST
        Parts        revoke-key Parts Parts2 from=-3        -> HEIGHT_IN_THE_PAST
        Parts        revoke-key Parts Parts2 from=9         -> OK
        Parts2       open-account Parts one                 -> OK
        Parts        revoke-key Parts Parts2 from=1         -> OK
        Parts2       open-account Parts two                 -> KEY_NOT_VALID
        Parts        revoke-key Parts Parts2                -> ALREADY_REVOKED
        Parts        add-key    Parts Parts2                -> KEY_EXISTS
    """)


def test_a_key_is_rotated_without_a_gap():
    run("""
        Parts        add-key    Parts K1 from=1 purposes=administer,register
        Parts        revoke-key Parts Parts from=1          -> OK
        Parts        invoice    I1 Steel 500                -> KEY_NOT_VALID
        K1           invoice    I1 Steel 500 seller=Parts   -> OK
        K1           revoke-key Parts Parts2                -> OK
        Parts2       invoice    I2 Steel 500 seller=Parts   -> KEY_NOT_VALID
    """)


def test_a_key_may_end_before_it_began():
    run("""
        Parts        add-key    Parts K1 from=5             -> OK
        Parts        revoke-key Parts K1 from=2             -> OK
        K1           open-account Parts one                 -> KEY_NOT_VALID
        K1           open-account Parts one                 -> KEY_NOT_VALID
        K1           open-account Parts one                 -> KEY_NOT_VALID
        K1           open-account Parts one                 -> KEY_NOT_VALID
        K1           open-account Parts one                 -> KEY_NOT_VALID
    """)


def test_a_signature_that_is_not_needed_must_be_of_a_good_key_too():
    run("""
        Parts        revoke-key Parts Parts2                -> OK
        Bolts+Parts2 open-account Bolts one                 -> KEY_NOT_VALID
        Bolts+Ghost  open-account Bolts one                 -> UNKNOWN_KEY
        Bolts+Parts  open-account Bolts one                 -> OK
    """)


def test_two_thirds_of_the_members_adopt_a_change():
    run("""
        Operator     propose-change P1 roles Steel core_enterprise,supplier -> OK
        -            proposal   P1                          -> open 1:0
        BankA        vote       P1 yes                      -> OK
        -            organisation Steel                     -> active core_enterprise
        BankB        vote       P1 no                       -> OK
        -            proposal   P1                          -> open 2:1
        BankC        vote       P1 yes                      -> OK
        -            proposal   P1                          -> adopted 3:1
        -            organisation Steel                     -> active core_enterprise,supplier
        BankC        vote       P1 yes                      -> WRONG_STATUS
    """)


def test_more_than_a_third_against_rejects_a_change():
    run("""
        Operator     propose-change P1 suspend Steel        -> OK
        BankA        vote       P1 no                       -> OK
        BankB        vote       P1 no                       -> OK
        -            proposal   P1                          -> rejected 1:2
        BankC        vote       P1 yes                      -> WRONG_STATUS
        -            organisation Steel                     -> active core_enterprise
    """)


def test_a_vote_is_a_members_once_and_in_time():
    run("""
        Steel        propose-change P1 suspend Parts        -> NOT_AUTHORIZED
        Operator     propose-change P1 suspend Parts proposer=BankA -> NOT_AUTHORIZED
        Operator     propose-change P1 suspend Parts salt=short -> BAD_SALT
        Operator     propose-change P1 suspend Parts until_ms=0 -> BAD_TERM
        Operator     propose-change P1 suspend Parts until=31 -> BAD_TERM
        Operator     propose-change P1 suspend Parts until=5 -> OK
        Operator     propose-change P2 suspend Parts again=P1 -> ALREADY_EXISTS
        Operator     vote       P1 yes                      -> ALREADY_VOTED
        BankA        vote       P9 yes                      -> UNKNOWN_PROPOSAL
        BankA        vote       P1 yes voter=BankB          -> NOT_AUTHORIZED
        Steel        vote       P1 yes                      -> NOT_AUTHORIZED
        BankA        vote       P1 yes                      -> OK
        BankA        vote       P1 no                       -> ALREADY_VOTED
        Operator     advance    5                           -> OK
        -            proposal   P1                          -> open 2:0
        Operator     advance    1                           -> OK
        BankB        vote       P1 yes                      -> VOTE_OVER
        -            organisation Parts                     -> active supplier
    """)


def test_a_change_that_cannot_be_done_is_not_proposed():
    run("""
        Operator     propose-change P1 roles Nobody supplier -> UNKNOWN_ORGANISATION
        Operator     propose-change P1 suspend Nobody       -> UNKNOWN_ORGANISATION
        Operator     propose-change P1 roles Parts king     -> BAD_ROLES
        Operator     propose-change P1 roles Parts supplier,bank -> BAD_ROLES
        Operator     propose-change P1 banish Parts         -> BAD_STATUS
        Operator     propose-change P1 admit Acme king      -> BAD_ROLES
        Operator     propose-change P1 admit Acme bank identity=Parts -> ALREADY_ENROLLED
        Operator     propose-change P1 admit Acme bank identity=short -> BAD_DIGEST
        Operator     propose-change P1 admit Acme bank inner=short -> BAD_SALT
        Operator     propose-change P1 admit Acme bank keys= -> BAD_COUNT
        Operator     propose-change P1 admit Acme bank keys=A,B prover=A -> BAD_POSSESSION
        -            proposal   P1                          -> none
    """)


def test_members_admit_a_member_that_votes_from_then_on():
    run("""
        Operator     propose-change P1 admit BankD bank member keys=D purposes=administer,vote -> OK
        D            vote       P1 yes voter=BankD          -> UNKNOWN_KEY
        BankA        vote       P1 yes                      -> OK
        BankB        vote       P1 yes                      -> OK
        -            organisation BankD                     -> active bank member
        # Now four of five are needed.
        D            propose-change P2 suspend Parts proposer=BankD -> OK
        Operator     vote       P2 yes                      -> OK
        BankA        vote       P2 yes                      -> OK
        -            proposal   P2                          -> open 3:0
        BankB        vote       P2 yes                      -> OK
        -            proposal   P2                          -> adopted 4:0
        -            organisation Parts                     -> suspended supplier
    """)


def test_an_organisation_is_admitted_once_even_by_two_proposals():
    run("""
        Operator     propose-change P1 admit Acme factor keys=K1 -> OK
        BankA        propose-change P2 admit Acme factor keys=K2 -> OK
        BankB        vote       P1 yes                      -> OK
        BankC        vote       P1 yes                      -> OK
        BankB        vote       P2 yes                      -> OK
        # The deciding vote would do what cannot be done any more.
        BankC        vote       P2 yes                      -> ALREADY_ENROLLED
        BankC        vote       P2 no                       -> OK
        -            proposal   P2                          -> open 2:1
    """)


def test_whoever_left_no_longer_counts():
    run("""
        Operator     propose-change P1 suspend Parts        -> OK
        BankA        vote       P1 yes                      -> OK
        BankA        propose-change P2 roles Operator platform_operator -> OK
        BankB        vote       P2 yes                      -> OK
        BankC        vote       P2 yes                      -> OK
        -            organisation Operator                  -> active platform_operator
        # Three members are left and two must agree: the operator's vote does not count.
        Operator     vote       P1 yes                      -> NOT_A_MEMBER
        Operator     propose-change P3 suspend Bolts        -> NOT_A_MEMBER
        -            organisation Parts                     -> active supplier
        BankB        vote       P1 yes                      -> OK
        -            proposal   P1                          -> adopted 3:0
    """)


def test_the_last_member_stays():
    run("""
        Operator     propose-change P1 roles BankA bank     -> OK
        BankB        vote       P1 yes                      -> OK
        BankC        vote       P1 yes                      -> OK
        Operator     propose-change P2 roles BankB bank     -> OK
        BankC        vote       P2 yes                      -> OK
        Operator     propose-change P3 roles BankC bank     -> OK
        BankC        vote       P3 yes                      -> OK
        -            organisation BankC                     -> active bank
        Operator     propose-change P4 roles Operator none  -> LAST_MEMBER
        # One member alone decides at once.
        Operator     propose-change P5 suspend BankC        -> OK
        -            proposal   P5                          -> adopted 1:0
        Operator     propose-change P6 suspend Operator     -> LAST_MEMBER
        Operator     propose-change P7 reinstate BankC      -> OK
        -            organisation BankC                     -> active bank
    """)


def test_members_cannot_be_suspended_until_nobody_can_decide():
    run("""
        Operator     propose-change P1 suspend BankC        -> OK
        BankA        vote       P1 yes                      -> OK
        BankB        vote       P1 yes                      -> OK
        -            organisation BankC                     -> suspended bank,settlement_bank member
        # Three of four must agree to anything, so three must be able to.
        Operator     propose-change P2 suspend BankB        -> LAST_MEMBER
        Operator     propose-change P3 reinstate BankC      -> OK
        BankA        vote       P3 yes                      -> OK
        BankB        vote       P3 yes                      -> OK
        Operator     propose-change P4 suspend BankB        -> OK
    """)


def test_a_suspended_organisation_signs_nothing_until_it_is_reinstated():
    run("""
        Parts        invoice    I1 Steel 1000               -> OK
        Operator     propose-change P1 suspend Parts        -> OK
        BankA        vote       P1 yes                      -> OK
        BankB        vote       P1 yes                      -> OK
        -            organisation Parts                     -> suspended supplier
        Parts        propose    R1 I1 100                   -> ORGANISATION_SUSPENDED
        Parts        open-account Parts two                 -> ORGANISATION_SUSPENDED
        Bolts+Parts  open-account Bolts two                 -> ORGANISATION_SUSPENDED
        Operator     propose-change P2 reinstate Parts      -> OK
        BankA        vote       P2 yes                      -> OK
        BankB        vote       P2 yes                      -> OK
        Parts        propose    R1 I1 100                   -> OK
    """)


def test_the_clock_moves_forward_by_its_keepers_key_alone():
    run("""
        Operator     advance    1                           -> OK
        Operator     advance    0                           -> CLOCK_BACKWARD
        Operator     advance    ms=0                        -> CLOCK_BACKWARD
        Operator     advance    ms=-1                       -> CLOCK_BACKWARD
        Operator     advance    ms=300000000000000          -> CLOCK_TOO_FAR
        Operator     advance    ms=9000000000000000000      -> CLOCK_TOO_FAR
        Steel        advance    5                           -> NOT_AUTHORIZED
        BankA        advance    5                           -> NOT_AUTHORIZED
        Ghost        advance    5                           -> UNKNOWN_KEY
        Operator     advance    5                           -> OK
    """)


def test_within_one_transaction_the_clock_does_not_go_back_either():
    run("""
        Operator     advance    10
        Operator     advance    5                           -> CLOCK_BACKWARD
        Operator     advance    10
        Operator     advance    10                          -> CLOCK_BACKWARD
        Operator     advance    5
        Operator     advance    10                          -> OK
    """)


def test_where_business_time_is_block_time_nobody_moves_it():
    run(
        """
        Operator     advance    1                           -> CLOCK_NOT_SIMULATED
        """,
        simulated=False,
    )


NETWORK = ("Operator", "BankA", "BankB", "BankC")


def test_members_vote_about_validators():
    run(
        """
        -            validators Operator BankA BankA:two    -> 10 10 0
        Operator     propose-change P1 validator BankA power=25 -> OK
        BankA        vote       P1 yes                      -> OK
        -            validators BankA                       -> 10
        BankB        vote       P1 yes                      -> OK
        -            validators BankA                       -> 25
        # A second one of the same bank, and the first one goes.
        BankA        propose-change P2 validator BankA:two  -> OK
        BankB        vote       P2 yes                      -> OK
        BankC        vote       P2 yes                      -> OK
        Operator     propose-change P3 validator BankA power=0 -> OK
        BankB        vote       P3 yes                      -> OK
        BankC        vote       P3 yes                      -> OK
        -            validators BankA BankA:two             -> 0 10
        """,
        validators=NETWORK,
    )


def test_members_adopt_the_next_code_version_from_a_later_block():
    run(
        """
        BankA        propose-change P1 upgrade +0           -> BAD_VERSION
        BankA        propose-change P1 upgrade +2           -> BAD_VERSION
        BankA        propose-change P1 upgrade +1 in=0      -> HEIGHT_IN_THE_PAST
        BankA        propose-change P1 upgrade +1 in=99999999999999999 -> BAD_TERM
        BankA        propose-change P1 upgrade +1 in=60     -> OK
        BankB        vote       P1 yes                      -> OK
        BankC        vote       P1 yes                      -> OK
        # Adopted and not in force: it may be moved, and none comes before it.
        BankA        propose-change P2 upgrade +2           -> BAD_VERSION
        BankA        propose-change P2 upgrade +1 in=1      -> OK
        BankB        vote       P2 yes                      -> OK
        # By the time of the deciding vote its block has passed.
        BankC        vote       P2 yes                      -> HEIGHT_IN_THE_PAST
        BankA        propose-change P3 upgrade +1 in=90     -> OK
        BankB        vote       P3 yes                      -> OK
        BankC        vote       P3 yes                      -> OK
        """
    )


def test_what_no_vote_makes_a_validator():
    run(
        """
        BankA        propose-change P1 validator BankA power=-1 -> BAD_POWER
        BankA        propose-change P1 validator BankA power=1000001 -> BAD_POWER
        BankA        propose-change P1 validator BankA:two power=0 -> UNKNOWN_VALIDATOR
        BankA        propose-change P1 validator BankA key=BankB -> KEY_EXISTS
        BankA        propose-change P1 validator Steel      -> NOT_A_MEMBER
        BankA        propose-change P1 validator Nobody     -> UNKNOWN_ORGANISATION
        BankA        propose-change P1 validator BankA:two prover=BankA -> BAD_POSSESSION
        BankA        propose-change P1 validator BankA:two for=BankB -> BAD_POSSESSION
        Operator     propose-change P2 suspend BankC        -> OK
        BankA        vote       P2 yes                      -> OK
        BankB        vote       P2 yes                      -> OK
        BankA        propose-change P1 validator BankC:two  -> NOT_A_MEMBER
        # What a suspended member runs can be voted out.
        BankA        propose-change P1 validator BankC power=0 -> OK
        """,
        validators=NETWORK,
    )


def test_one_validator_is_left_always_and_a_hundred_are_enough():
    one = """
        BankA        propose-change P1 validator BankA power=0 -> LAST_VALIDATOR
        BankA        propose-change P1 validator BankB      -> OK
        """
    run(one, validators=("BankA",))
    hundred = """
        BankA        propose-change P1 validator BankB      -> TOO_MANY_VALIDATORS
        """
    run(hundred, validators=tuple(f"BankA:{i}" for i in range(100)))


def test_members_hand_an_operators_ledger_over_to_validators_once():
    run(
        """
        BankA        propose-change P1 validator BankA      -> NO_VALIDATORS
        BankA        propose-change P1 handover nobody      -> LAST_VALIDATOR
        BankA        propose-change P1 handover BankA,BankA -> KEY_EXISTS
        BankA        propose-change P1 handover BankA power=0 -> BAD_POWER
        BankA        propose-change P1 handover BankA power=1000001 -> BAD_POWER
        BankA        propose-change P1 handover BankA,Steel -> NOT_A_MEMBER
        BankA        propose-change P1 handover BankA,Nobody -> UNKNOWN_ORGANISATION
        BankA        propose-change P1 handover BankA,BankB prover=BankA -> BAD_POSSESSION
        BankA        propose-change P1 handover BankA,BankB for=BankB -> BAD_POSSESSION
        BankA        propose-change P1 handover BankA,BankB,BankC -> OK
        -            validators BankA BankB BankC           -> 0 0 0
        BankB        vote       P1 yes                      -> OK
        BankC        vote       P1 yes                      -> OK
        -            validators BankA BankB BankC           -> 10 10 10
        """
    )


def test_a_handover_of_a_network_and_one_to_too_many_are_refused():
    run(
        """
        BankA        propose-change P1 handover BankA       -> HANDED_OVER
        """,
        validators=NETWORK,
    )
    table = """
        BankA        propose-change P1 handover {seats}     -> TOO_MANY_VALIDATORS
        """
    run(table.format(seats=",".join(f"BankA:{i}" for i in range(101))))


def test_the_first_code_version_knows_no_handover_and_no_letters():
    # The answers of release 0.1.0, which cannot read these commands, also to who may not give them.
    run(
        """
        BankA        propose-change P1 handover BankA,BankB -> MALFORMED
        Steel        propose-change P1 handover BankA,BankB proposer=Steel -> MALFORMED
        Parts        set-contact Parts here                 -> MALFORMED
        Parts        attest     A1 letters itself received  -> UNKNOWN_KIND
        """,
        code_version=1,
    )


def test_where_one_operator_seals_nobody_validates():
    run("""
        BankA        propose-change P1 validator BankA      -> NO_VALIDATORS
    """)
