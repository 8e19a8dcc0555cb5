"""A receivable from proposal over parts and tiers to cancellation, command by command."""

from __future__ import annotations

from hefu.ledger.genesis import RuleParameters
from scenario import run


def test_a_receivable_is_proposed_and_confirmed():
    run("""
        Parts        invoice    I1 Steel 1000               -> OK
        -            document   I1                          -> 1000 available 0 reserved 0 live 0 spent
        Parts        propose    R1 I1 600                   -> OK
        -            right      R1                          -> proposed Parts 600/600
        -            document   I1                          -> 400 available 600 reserved 0 live 0 spent
        -            exposure   Steel                       -> none
        Steel        confirm    R1                          -> OK
        -            right      R1                          -> live Parts 600/600
        -            document   I1                          -> 400 available 0 reserved 600 live 0 spent
        -            exposure   Steel                       -> 600 of None
        Parts        propose    R2 I1 400                   -> OK
        Steel        confirm    R2                          -> OK
        -            document   I1                          -> 0 available 0 reserved 1000 live 0 spent
        -            exposure   Steel                       -> 1000 of None
    """)


def test_a_proposal_says_everything_right_or_is_refused():
    run("""
        Parts        invoice    I1 Steel 1000               -> OK
        Parts        invoice    I2 nobody 1000              -> OK
        Parts        invoice    C1 Steel 1000 kind=contract -> OK
        Parts        invoice    O1 Steel 1000 kind=order    -> OK
        Parts        invoice    D1 Steel 1000 kind=delivery -> OK
        Bolts        propose    R1 I1 600                   -> NOT_AUTHORIZED
        Steel        propose    R1 I1 600                   -> NOT_AUTHORIZED
        Parts        propose    R1 I9 600                   -> UNKNOWN_DOCUMENT
        Parts        propose    R1 I2 600                   -> NO_OBLIGOR
        Parts        propose    R1 C1 600                   -> NOT_AN_INVOICE
        Parts        propose    R1 O1 600                   -> NOT_AN_INVOICE
        Parts        propose    R1 D1 600                   -> NOT_AN_INVOICE
        Parts        propose    R1 I1 0                     -> AMOUNT_OUT_OF_RANGE
        Parts        propose    R1 I1 -5                    -> AMOUNT_OUT_OF_RANGE
        Parts        propose    R1 I1 1000000000000001      -> AMOUNT_OUT_OF_RANGE
        Parts        propose    R1 I1 1001                  -> OVERDRAWN
        Parts        propose    R1 I1 600 terms=short       -> BAD_DIGEST
        Parts        propose    R1 I1 600 salt=short        -> BAD_DIGEST
        Parts        propose    R1 I1 600 due=0             -> BAD_TENOR
        Parts        propose    R1 I1 600 due=-1            -> BAD_TENOR
        Parts        propose    R1 I1 600 due=366           -> BAD_TENOR
        Parts        propose    R1 I1 600 until_ms=0        -> BAD_TERM
        Parts        propose    R1 I1 600 until=-1          -> BAD_TERM
        Parts        propose    R1 I1 600 until=31          -> BAD_TERM
        -            right      R1                          -> none
        Parts        propose    R1 I1 600 due=1 until_ms=1  -> OK
        Parts        propose    R2 I1 1 again=R1            -> ALREADY_EXISTS
        Parts        propose    R3 I1 400 due=365 until=30  -> OK
        Parts        propose    R4 I1 1                     -> OVERDRAWN
    """)


def test_an_obligor_confirms_what_was_proposed_and_nothing_else():
    run("""
        Parts        invoice    I1 Steel 1000               -> OK
        Parts        invoice    I2 Steel 1000               -> OK
        Steel        confirm    R1                          -> UNKNOWN_RIGHT
        Parts        propose    R1 I1 600                   -> OK
        Parts        confirm    R1                          -> NOT_AUTHORIZED
        Bolts        confirm    R1                          -> NOT_AUTHORIZED
        Steel        confirm    R1 amount=599               -> AMOUNT_DIFFERS
        Steel        confirm    R1 amount=601               -> AMOUNT_DIFFERS
        Steel        confirm    R1 confirmation=short       -> BAD_DIGEST
        Steel        confirm    R1 tag=I2                   -> TAG_MISMATCH
        Steel        confirm    R1 tag=I1                   -> OK
        Steel        confirm    R1                          -> WRONG_STATUS
        Steel        refuse     R1 paid                     -> WRONG_STATUS
        Parts        withdraw   R1                          -> WRONG_STATUS
    """)


def test_any_tag_of_a_document_confirms_it():
    run("""
        Parts        invoice    I1 Steel 1000 tags=T1,T2    -> OK
        Parts        propose    R1 I1 100                   -> OK
        Parts        propose    R2 I1 100                   -> OK
        Steel        confirm    R1 tag=T1                   -> OK
        Steel        confirm    R2 tag=T3                   -> TAG_MISMATCH
        Steel        confirm    R2 tag=T2                   -> OK
    """)


def test_an_obligor_refuses_for_a_reason_of_the_list_and_capacity_returns():
    run("""
        Parts        invoice    I1 Steel 1000               -> OK
        Parts        propose    R1 I1 600                   -> OK
        Steel        refuse     R1 internal_process         -> BAD_REASON
        Parts        refuse     R1 paid                     -> NOT_AUTHORIZED
        Steel        refuse     R1 goods_missing            -> OK
        -            right      R1                          -> refused Parts 600/600
        -            document   I1                          -> 1000 available 0 reserved 0 live 0 spent
        Steel        confirm    R1                          -> WRONG_STATUS
        Parts        propose    R2 I1 1000                  -> OK
        Steel        refuse     R2 quality_dispute          -> OK
        Steel        refuse     R9 paid                     -> UNKNOWN_RIGHT
    """)


def test_a_seller_withdraws_what_nobody_answered_and_capacity_returns():
    run("""
        Parts        invoice    I1 Steel 1000               -> OK
        Parts        propose    R1 I1 600                   -> OK
        Steel        withdraw   R1                          -> NOT_AUTHORIZED
        Parts        withdraw   R1                          -> OK
        -            right      R1                          -> withdrawn Parts 600/600
        -            document   I1                          -> 1000 available 0 reserved 0 live 0 spent
        Parts        withdraw   R1                          -> WRONG_STATUS
        Steel        confirm    R1                          -> WRONG_STATUS
        Parts        withdraw   R9                          -> UNKNOWN_RIGHT
    """)


def test_a_proposal_that_nobody_answers_lapses_and_frees_its_capacity():
    run("""
        Parts        invoice    I1 Steel 1000               -> OK
        Parts        propose    R1 I1 600 until=7           -> OK
        Parts        propose    R2 I1 400 until=20          -> OK
        Parts        propose    R3 I1 1                     -> OVERDRAWN
        Operator     advance    7                           -> OK
        Parts        propose    R3 I1 1                     -> OVERDRAWN
        Operator     advance    1                           -> OK
        Steel        confirm    R1                          -> LAPSED
        Steel        refuse     R1 paid                     -> LAPSED
        Parts        withdraw   R1                          -> LAPSED
        -            document   I1                          -> 0 available 1000 reserved 0 live 0 spent
        Parts        propose    R3 I1 601                   -> OVERDRAWN
        Parts        propose    R3 I1 600                   -> OK
        -            document   I1                          -> 0 available 1000 reserved 0 live 0 spent
        Steel        confirm    R2                          -> OK
        Steel        confirm    R3                          -> OK
        -            document   I1                          -> 0 available 0 reserved 1000 live 0 spent
    """)


def test_on_the_day_of_its_term_a_proposal_still_stands():
    run("""
        Parts        invoice    I1 Steel 1000               -> OK
        Parts        propose    R1 I1 600 until=7           -> OK
        Operator     advance    7                           -> OK
        Steel        confirm    R1                          -> OK
    """)


def test_open_proposals_on_a_document_are_bounded():
    run(
        """
        Parts        invoice    I1 Steel 1000               -> OK
        Parts        propose    R1 I1 10 until=5            -> OK
        Parts        propose    R2 I1 10 until=9            -> OK
        Parts        propose    R3 I1 10                    -> TOO_MANY_RESERVATIONS
        Steel        confirm    R2                          -> OK
        Parts        propose    R3 I1 10                    -> OK
        Parts        propose    R4 I1 10                    -> TOO_MANY_RESERVATIONS
        Operator     advance    6                           -> OK
        Parts        propose    R4 I1 10                    -> OK
        -            document   I1                          -> 970 available 20 reserved 10 live 0 spent
        """,
        rules=RuleParameters(reservations_max=2),
    )


def test_a_ceiling_bounds_what_an_obligor_confirms_in_all():
    run("""
        Steel        set-ceiling Steel 1000                 -> OK
        -            exposure   Steel                       -> 0 of 1000
        Parts        set-ceiling Steel 1                    -> NOT_AUTHORIZED
        Steel        set-ceiling Nobody 1                   -> UNKNOWN_ACCOUNT
        Steel        set-ceiling Steel 1 currency=XAU       -> UNKNOWN_CURRENCY
        Steel        set-ceiling Steel -1                   -> AMOUNT_OUT_OF_RANGE
        Steel        set-ceiling Steel 1000000000000001     -> AMOUNT_OUT_OF_RANGE
        Parts        invoice    I1 Steel 1500               -> OK
        Parts        propose    R1 I1 900                   -> OK
        Parts        propose    R2 I1 101                   -> OK
        Steel        confirm    R1                          -> OK
        Steel        confirm    R2                          -> CEILING
        -            exposure   Steel                       -> 900 of 1000
        Steel        set-ceiling Steel 1001                 -> OK
        Steel        confirm    R2                          -> OK
        -            exposure   Steel                       -> 1001 of 1001
        # A ceiling below what is owed stops new debts and touches no old one.
        Steel        set-ceiling Steel 0                    -> OK
        Bolts        invoice    I2 Steel 100                -> OK
        Bolts        propose    R3 I2 1                     -> OK
        Steel        confirm    R3                          -> CEILING
        Parts+Steel  cancel     R1                          -> OK
        Steel        set-ceiling Steel 102                  -> OK
        Steel        confirm    R3                          -> OK
        -            exposure   Steel                       -> 102 of 102
    """)


def test_a_ceiling_is_of_one_currency():
    run("""
        Steel        set-ceiling Steel 10                   -> OK
        Parts        invoice    I1 Steel 500 currency=USD   -> OK
        Parts        propose    R1 I1 500                   -> OK
        Steel        confirm    R1                          -> OK
        -            exposure   Steel                       -> 0 of 10
        -            exposure   Steel currency=USD          -> 500 of None
    """)


def test_a_right_is_split_to_the_cent_and_its_parts_again():
    run("""
        Parts        invoice    I1 Steel 100001             -> OK
        Parts        propose    R1 I1 100001                -> OK
        Parts        split      R1 R2 1                     -> WRONG_STATUS
        Steel        confirm    R1                          -> OK
        Steel        split      R1 R2 1                     -> NOT_AUTHORIZED
        Parts        split      R9 R2 1                     -> UNKNOWN_RIGHT
        Parts        split      R1 R2 0                     -> AMOUNT_OUT_OF_RANGE
        Parts        split      R1 R2 -1                    -> AMOUNT_OUT_OF_RANGE
        Parts        split      R1 R2 100001                -> AMOUNT_OUT_OF_RANGE
        Parts        split      R1 R2 33333 salt=short      -> BAD_SALT
        Parts        split      R1 R2 33333                 -> OK
        Parts        split      R1 R3 1 again=R2            -> ALREADY_EXISTS
        Parts        split      R1 R3 33334                 -> OK
        Parts        split      R2 R4 33332                 -> OK
        Parts        split      R2 R5 1                     -> AMOUNT_OUT_OF_RANGE
        -            right      R1                          -> live Parts 33334/100001
        -            right      R2                          -> live Parts 1/33333
        -            right      R3                          -> live Parts 33334/33334
        -            right      R4                          -> live Parts 33332/33332
        -            document   I1                          -> 0 available 0 reserved 100001 live 0 spent
        -            exposure   Steel                       -> 100001 of None
    """)


def test_a_right_travels_down_four_tiers_each_with_a_trade_behind_it():
    run("""
        Parts        invoice    I1 Steel 1000               -> OK
        Bolts        invoice    I2 Parts 600                -> OK
        Wire         invoice    I3 Bolts 500 standing       -> OK
        Ore          invoice    I4 Wire 300                 -> OK
        Parts        propose    R1 I1 1000                  -> OK
        Steel        confirm    R1                          -> OK

        # Tier 1 to 2: the assignee signs; recourse reaches back.
        Parts        split      R1 R2 600                   -> OK
        Parts        assign     R2 Bolts I2 recourse        -> NOT_AUTHORIZED
        Bolts        assign     R2 Bolts I2 recourse        -> NOT_AUTHORIZED
        Parts+Bolts  assign     R2 Bolts I2 recourse        -> OK
        -            document   I2                          -> 0 available 0 reserved 0 live 600 spent
        -            right      R2                          -> live Bolts 600/600

        # Tier 2 to 3: a standing acceptance stands for the signature.
        Bolts        split      R2 R3 500                   -> OK
        Bolts        assign     R3 Wire I3                  -> OK
        -            document   I3                          -> 0 available 0 reserved 0 live 500 spent

        # Tier 3 to 4: without standing acceptance, then with, then without again.
        Wire         split      R3 R4 100                   -> OK
        Wire         split      R3 R5 100                   -> OK
        Wire         assign     R4 Ore I4                   -> NOT_AUTHORIZED
        Ore          standing   I4 yes                      -> OK
        Wire         assign     R4 Ore I4                   -> OK
        Ore          standing   I4 no                       -> OK
        Wire         assign     R5 Ore I4                   -> NOT_AUTHORIZED
        Wire+Ore     assign     R5 Ore I4                   -> OK
        -            document   I4                          -> 100 available 0 reserved 0 live 200 spent

        -            endorsements R5                        -> Parts(recourse) > Bolts > Wire > Ore
        -            endorsements R2                        -> Parts(recourse) > Bolts
        -            endorsements R1                        -> Parts
        -            document   I1                          -> 0 available 0 reserved 1000 live 0 spent
        -            exposure   Steel                       -> 1000 of None
    """)


def test_behind_an_assignment_stands_a_document_of_the_assignee_on_the_assignor():
    run("""
        Parts        invoice    I1 Steel 1000               -> OK
        Parts        propose    R1 I1 1000                  -> OK
        Steel        confirm    R1                          -> OK
        Bolts        invoice    B1 Parts 999                -> OK
        Bolts        invoice    B2 Wire 1000                -> OK
        Bolts        invoice    B3 Parts 1000 currency=USD  -> OK
        Wire         invoice    W1 Parts 1000               -> OK
        Bolts        invoice    B4 Parts 1500               -> OK
        Parts+Bolts  assign     R1 Bolts B9                 -> UNKNOWN_DOCUMENT
        Parts+Bolts  assign     R1 Bolts B2                 -> NO_TRADE
        Parts+Bolts  assign     R1 Bolts B3                 -> NO_TRADE
        Parts+Bolts  assign     R1 Bolts W1                 -> NO_TRADE
        Parts+Bolts  assign     R1 Bolts I1                 -> NO_TRADE
        Parts+Bolts  assign     R9 Bolts B4                 -> UNKNOWN_RIGHT
        Parts+Bolts  assign     R1 Nobody B4                -> UNKNOWN_ACCOUNT
        # Nor with an invoice other than the one that the assignor has.
        Parts+Bolts  assign     R1 Bolts B4 tag=B1          -> TAG_MISMATCH
        # The document pays for no more than it is worth.
        Parts+Bolts  assign     R1 Bolts B1                 -> OVERDRAWN
        Parts+Bolts  assign     R1 Bolts B4                 -> OK
        -            document   B4                          -> 500 available 0 reserved 0 live 1000 spent
        # And for nothing twice, whoever holds the right.
        Parts        invoice    I2 Steel 1000               -> OK
        Parts        propose    R2 I2 501                   -> OK
        Steel        confirm    R2                          -> OK
        Parts+Bolts  assign     R2 Bolts B4                 -> OVERDRAWN
    """)


def test_a_document_that_was_drawn_for_receivables_has_nothing_left_to_be_paid_with():
    run("""
        Bolts        invoice    B1 Parts 1000               -> OK
        Bolts        propose    R1 B1 700                   -> OK
        Parts        invoice    I1 Steel 1000               -> OK
        Parts        propose    R2 I1 400                   -> OK
        Steel        confirm    R2                          -> OK
        Parts+Bolts  assign     R2 Bolts B1                 -> OVERDRAWN
        Bolts        withdraw   R1                          -> OK
        Parts+Bolts  assign     R2 Bolts B1                 -> OK
        Bolts        propose    R3 B1 601                   -> OVERDRAWN
        Bolts        propose    R3 B1 600                   -> OK
    """)


def test_chains_of_holders_are_bounded():
    run(
        """
        Parts        invoice    I1 Steel 100                -> OK
        Bolts        invoice    I2 Parts 100                -> OK
        Wire         invoice    I3 Bolts 100                -> OK
        Parts        propose    R1 I1 100                   -> OK
        Steel        confirm    R1                          -> OK
        Parts+Bolts  assign     R1 Bolts I2                 -> OK
        Bolts+Wire   assign     R1 Wire I3                  -> TOO_DEEP
        Bolts        accept-offer R1 BankA sale             -> TOO_DEEP
        Bolts        accept-offer R1 BankA pledge           -> OK
        """,
        rules=RuleParameters(endorsements_max=1),
    )


def test_nothing_moves_on_or_after_the_due_date():
    run("""
        Parts        invoice    I1 Steel 1000               -> OK
        Bolts        invoice    I2 Parts 1000               -> OK
        Parts        propose    R1 I1 1000 due=30           -> OK
        Steel        confirm    R1                          -> OK
        Operator     advance    29                          -> OK
        Parts        split      R1 R2 100                   -> OK
        Operator     advance    1                           -> OK
        Parts        split      R1 R3 100                   -> EXPIRED
        Parts+Bolts  assign     R2 Bolts I2                 -> EXPIRED
        Parts+BankA  pledge     R1 BankA                    -> EXPIRED
        Parts        accept-offer R1 BankA sale             -> EXPIRED
        # It can still be cancelled, notified and paid.
        Parts        notify     R1 here                     -> OK
        Parts        settle     R1 900                      -> OK
    """)


def test_seller_and_obligor_cancel_what_never_moved():
    run("""
        Parts        invoice    I1 Steel 1000               -> OK
        Parts        propose    R1 I1 1000                  -> OK
        Parts+Steel  cancel     R1                          -> WRONG_STATUS
        Steel        confirm    R1                          -> OK
        Parts        cancel     R1                          -> NOT_AUTHORIZED
        Steel        cancel     R1                          -> NOT_AUTHORIZED
        Parts+Bolts  cancel     R1                          -> NOT_AUTHORIZED
        Parts+Steel  cancel     R9                          -> UNKNOWN_RIGHT
        Parts+Steel  cancel     R1                          -> OK
        -            right      R1                          -> cancelled Parts 1000/1000
        -            document   I1                          -> 1000 available 0 reserved 0 live 0 spent
        -            exposure   Steel                       -> 0 of None
        Parts+Steel  cancel     R1                          -> WRONG_STATUS
        Parts        split      R1 R2 5                     -> WRONG_STATUS
        Parts        propose    R3 I1 1000                  -> OK
    """)


def test_what_moved_was_split_or_paid_is_not_cancelled():
    run("""
        Parts        invoice    I1 Steel 4000               -> OK
        Bolts        invoice    I2 Parts 1000               -> OK
        Parts        propose    R1 I1 1000                  -> OK
        Parts        propose    R2 I1 1000                  -> OK
        Parts        propose    R3 I1 1000                  -> OK
        Parts        propose    R4 I1 1000                  -> OK
        Steel        confirm    R1                          -> OK
        Steel        confirm    R2                          -> OK
        Steel        confirm    R3                          -> OK
        Steel        confirm    R4                          -> OK
        Parts        split      R1 R5 1                     -> OK
        Parts+Steel  cancel     R1                          -> ALREADY_MOVED
        Parts+Steel  cancel     R5                          -> ALREADY_MOVED
        Parts+Bolts  assign     R2 Bolts I2                 -> OK
        Bolts+Steel  cancel     R2                          -> ALREADY_MOVED
        Parts        settle     R3 1                        -> OK
        Parts+Steel  cancel     R3                          -> ALREADY_MOVED
        Parts        accept-offer R4 BankA sale             -> OK
        Parts+Steel  cancel     R4                          -> LOCKED
        BankA        decline-offer R4                       -> OK
        Parts+BankA  pledge     R4 BankA                    -> OK
        Parts+Steel  cancel     R4                          -> PLEDGED
        BankA        release    R4                          -> OK
        Parts+Steel  cancel     R4                          -> OK
    """)


def test_a_receivable_on_evidence_alone_stays_marked_unconfirmed():
    run("""
        Parts        invoice    I1 Steel 1000               -> OK
        Parts        invoice    I2 nobody 800               -> OK
        Parts        raise      R1 I1 600                   -> DELIVERY_MISSING
        Store        attest     A1 delivery I1 partly       -> OK
        Parts        raise      R1 I1 600 delivery=A1       -> DELIVERY_MISSING
        Store        attest     A2 delivery I1 delivered    -> OK
        Parts        raise      R1 I1 600                   -> DELIVERY_MISSING
        Bolts        raise      R1 I1 600 delivery=A2       -> NOT_AUTHORIZED
        Parts        raise      R1 I9 600 delivery=A2       -> UNKNOWN_DOCUMENT
        Parts        raise      R1 I1 1001 delivery=A2      -> OVERDRAWN
        Parts        raise      R1 I1 0 delivery=A2         -> AMOUNT_OUT_OF_RANGE
        Parts        raise      R1 I1 600 delivery=A2 due=0 -> BAD_TENOR
        Parts        raise      R1 I1 600 delivery=A2 terms=short -> BAD_DIGEST
        Parts        raise      R1 I1 600 delivery=A2       -> OK
        Parts        raise      R2 I1 1 delivery=A2 again=R1 -> ALREADY_EXISTS
        -            right      R1                          -> live Parts 600/600 unconfirmed
        -            document   I1                          -> 400 available 0 reserved 600 live 0 spent
        -            exposure   Steel                       -> none
        Store        attest     A3 delivery I2 delivered    -> OK
        Parts        raise      R2 I2 800 delivery=A2       -> DELIVERY_MISSING
        Parts        raise      R2 I2 800 delivery=A3       -> OK
        -            right      R2                          -> live Parts 800/800 unconfirmed

        # Its obligor said nothing, so it pays for nothing, is not notified and not cancelled.
        Bolts        invoice    I3 Parts 1000               -> OK
        Parts+Bolts  assign     R1 Bolts I3                 -> UNCONFIRMED
        Parts        notify     R1 here                     -> UNCONFIRMED
        Parts+Steel  cancel     R1                          -> UNCONFIRMED
        Steel        acknowledge R1 here                    -> NO_NOTICE
        Steel        acknowledge R2 here                    -> UNKNOWN_ACCOUNT

        # Banks finance it at their own risk, and it is paid like any other.
        Parts        split      R1 R3 200                   -> OK
        -            right      R3                          -> live Parts 200/200 unconfirmed
        # Nobody but the seller has seen the invoice yet: the financier computes its tag, or a made-up one would hide a duplicate.
        Parts+BankA  pledge     R3 BankA tag=none           -> TAG_MISSING
        Parts+BankA  pledge     R3 BankA tag=I2             -> TAG_MISMATCH
        Parts+BankA  pledge     R3 BankA                    -> OK
        Parts        accept-offer R1 BankB sale             -> OK
        Parts+BankB  complete-finance R1 tag=none           -> TAG_MISSING
        Parts+BankB  complete-finance R1 tag=I2             -> TAG_MISMATCH
        Parts+BankB  complete-finance R1                    -> OK
        -            right      R1                          -> live BankB 400/600 unconfirmed
        BankB        settle     R1 400                      -> OK
        BankA        settle     R3 200                      -> OK
        -            document   I1                          -> 400 available 0 reserved 0 live 600 spent
        -            exposure   Steel                       -> none
    """)


def test_the_newest_standing_delivery_counts():
    run("""
        Parts        invoice    I1 Steel 1000               -> OK
        Store        attest     A1 delivery I1 delivered    -> OK
        Store        attest     A2 delivery I1 delivered    -> OK
        Parts        raise      R1 I1 100 delivery=A1       -> DELIVERY_MISSING
        Parts        raise      R1 I1 100 delivery=A2       -> OK
        Store        attest     A3 delivery I1 partly supersedes=A2 -> OK
        Parts        raise      R2 I1 100 delivery=A2       -> DELIVERY_MISSING
        Parts        raise      R2 I1 100 delivery=A1       -> OK
        Store        attest     A4 delivery I1 partly supersedes=A1 -> OK
        Parts        raise      R3 I1 100 delivery=A1       -> DELIVERY_MISSING
    """)


def test_commands_of_one_transaction_see_each_other_and_stand_or_fall_together():
    run("""
        Parts        invoice    I1 Steel 1000
        Parts        propose    R1 I1 1000
        Steel        confirm    R1 amount=1000 tag=I1
        Parts        split      R1 R2 300
        Parts        split      R2 R3 100                   -> OK
        -            right      R3                          -> live Parts 100/100
        -            right      R2                          -> live Parts 200/300
        Bolts        invoice    I2 Parts 150                -> OK
        # The last command asks too much, so none happened.
        Parts        split      R2 R4 50
        Bolts        assign     R3 Bolts I2
        Parts        settle     R4 51                       -> AMOUNT_OUT_OF_RANGE
        -            right      R4                          -> none
        -            right      R3                          -> live Parts 100/100
        # Two draws on one document, each within it and both beyond it.
        Parts        split      R2 R4 100
        Bolts        assign     R3 Bolts I2
        Parts        assign     R4 Bolts I2                 -> OVERDRAWN
        -            document   I2                          -> 150 available 0 reserved 0 live 0 spent
        Parts        split      R2 R4 50
        Bolts        assign     R3 Bolts I2
        Parts        assign     R4 Bolts I2                 -> OK
        -            document   I2                          -> 0 available 0 reserved 0 live 150 spent
    """)


def test_amounts_at_the_bound_are_kept_to_the_cent():
    run("""
        Parts        invoice    I1 Steel 1000000000000000   -> OK
        Parts        propose    R1 I1 1000000000000000      -> OK
        Steel        confirm    R1                          -> OK
        Parts        split      R1 R2 999999999999999       -> OK
        -            right      R1                          -> live Parts 1/1000000000000000
        -            right      R2                          -> live Parts 999999999999999/999999999999999
        -            exposure   Steel                       -> 1000000000000000 of None
        Parts        invoice    I2 Steel 1                  -> OK
        Steel        set-ceiling Steel 1000000000000000     -> OK
        Parts        propose    R3 I2 1                     -> OK
        Steel        confirm    R3                          -> CEILING
    """)
