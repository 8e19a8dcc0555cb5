"""Notice, acknowledgement and payment, to whoever it discharges."""

from __future__ import annotations

from scenario import Scene, run


def confirmed(**parameters) -> Scene:
    """R1 of 1000 is live with Parts, owed by Steel, due in 90 days."""
    return run(
        """
        Parts        invoice    I1 Steel 1000               -> OK
        Parts        propose    R1 I1 1000                  -> OK
        Steel        confirm    R1                          -> OK
        """,
        **parameters,
    )


def test_a_notice_is_given_by_the_holder_and_acknowledged_by_the_obligor():
    run(
        """
        Steel        acknowledge R1 here                    -> NO_NOTICE
        Steel        notify     R1 here                     -> NOT_AUTHORIZED
        Parts        notify     R9 here                     -> UNKNOWN_RIGHT
        Parts        notify     R1 here at=short            -> BAD_DIGEST
        Parts        notify     R1 here                     -> OK
        -            notice     R1                          -> given
        Parts        acknowledge R1 here                    -> NOT_AUTHORIZED
        Steel        acknowledge R9 here                    -> UNKNOWN_RIGHT
        Steel        acknowledge R1 there                   -> PAYEE_DIFFERS
        Steel        acknowledge R1 here                    -> OK
        -            notice     R1                          -> acknowledged
        # A new notice needs a new acknowledgement.
        Parts        notify     R1 there                    -> OK
        -            notice     R1                          -> given
        Steel        acknowledge R1 here                    -> PAYEE_DIFFERS
        Steel        acknowledge R1 there                   -> OK
        """,
        confirmed(),
    )


def test_whoever_gets_the_right_notifies_anew():
    run(
        """
        Parts        notify     R1 here                     -> OK
        Parts        split      R1 R2 400                   -> OK
        -            notice     R1                          -> given
        -            notice     R2                          -> none
        Parts        accept-offer R1 BankA sale             -> OK
        Parts+BankA  complete-finance R1                    -> OK
        -            notice     R1                          -> none
        Parts        notify     R1 here                     -> NOT_AUTHORIZED
        BankA        notify     R1 bank                     -> OK
        Steel        acknowledge R1 bank                    -> OK
        """,
        confirmed(),
    )


def test_a_proposal_is_neither_notified_nor_paid():
    run("""
        Parts        invoice    I1 Steel 1000               -> OK
        Parts        propose    R1 I1 1000                  -> OK
        Parts        notify     R1 here                     -> WRONG_STATUS
        Steel        acknowledge R1 here                    -> WRONG_STATUS
        Parts        settle     R1 1000                     -> WRONG_STATUS
        Parts        accept-offer R1 BankA sale             -> WRONG_STATUS
        Parts        complete-finance R1                    -> NOT_LOCKED
        Parts+BankA  pledge     R1 BankA                    -> WRONG_STATUS
        BankA        release    R1                          -> NOT_PLEDGED
        BankA        decline-offer R1                       -> NOT_LOCKED
        Bolts        invoice    I2 Parts 1000               -> OK
        Parts+Bolts  assign     R1 Bolts I2                 -> WRONG_STATUS
    """)


def test_the_payees_receipt_settles_in_parts_and_in_full():
    run(
        """
        Operator     advance    90                          -> OK
        Steel        settle     R1 400                      -> NOT_AUTHORIZED
        Bolts        settle     R1 400                      -> NOT_AUTHORIZED
        Parts        settle     R9 400                      -> UNKNOWN_RIGHT
        Parts        settle     R1 0                        -> AMOUNT_OUT_OF_RANGE
        Parts        settle     R1 -1                       -> AMOUNT_OUT_OF_RANGE
        Parts        settle     R1 1001                     -> AMOUNT_OUT_OF_RANGE
        Parts        settle     R1 400                      -> OK
        -            right      R1                          -> live Parts 600/1000
        -            document   I1                          -> 0 available 0 reserved 600 live 400 spent
        -            exposure   Steel                       -> 600 of None
        Parts        settle     R1 601                      -> AMOUNT_OUT_OF_RANGE
        Parts        settle     R1 600                      -> OK
        -            right      R1                          -> settled Parts 0/1000
        -            document   I1                          -> 0 available 0 reserved 0 live 1000 spent
        -            exposure   Steel                       -> 0 of None
        Parts        settle     R1 1                        -> WRONG_STATUS
        Parts        split      R1 R2 1                     -> WRONG_STATUS
        Parts        propose    R3 I1 1                     -> OVERDRAWN
        """,
        confirmed(),
    )


def test_a_settlement_banks_word_settles_from_the_due_date_on_and_anybody_brings_it():
    run(
        """
        Operator     advance    89                          -> OK
        BankA        pay        A1 R1 Parts amount=1000     -> OK
        # Before it is due the payee signs in any case.
        Steel        settle     R1 1000 payment=A1          -> NOT_AUTHORIZED
        Parts        settle     R1 100 payment=A1           -> OK
        Operator     advance    1                           -> OK
        Ore          settle     R1 900 payment=A1           -> OK
        -            right      R1                          -> settled Parts 0/1000
        -            payment    A1                          -> 1000 used spent
        """,
        confirmed(),
    )


def test_a_payment_discharges_what_it_is_about_and_no_more_than_it_was():
    run(
        """
        Parts        split      R1 R2 500                   -> OK
        Operator     advance    90                          -> OK
        BankA        pay        A1 R1 Parts amount=300      -> OK
        BankA        pay        A2 R1 Bolts amount=300      -> OK
        BankA        pay        A3 R1 Parts amount=300 currency=USD -> OK
        BankA        pay        A4 R1 Parts price=300       -> OK
        Store        attest     A5 delivery R1 delivered    -> OK
        Steel        settle     R1 300 payment=A9           -> UNKNOWN_PAYMENT
        Steel        settle     R1 300 payment=A5           -> UNKNOWN_PAYMENT
        Steel        settle     R2 300 payment=A1           -> PAYMENT_MISMATCH
        Steel        settle     R1 300 payment=A2           -> PAYMENT_MISMATCH
        Steel        settle     R1 300 payment=A3           -> PAYMENT_MISMATCH
        Steel        settle     R1 300 payment=A4           -> PAYMENT_USED
        Steel        settle     R1 301 payment=A1           -> PAYMENT_USED
        Steel        settle     R1 200 payment=A1           -> OK
        Steel        settle     R1 101 payment=A1           -> PAYMENT_USED
        Steel        settle     R1 100 payment=A1           -> OK
        Steel        settle     R1 1 payment=A1             -> PAYMENT_USED
        -            payment    A1                          -> 300 used spent
        -            right      R1                          -> live Parts 200/1000
        """,
        confirmed(),
    )


def test_a_pledged_right_pays_its_pledgee():
    run(
        """
        Parts+BankB  pledge     R1 BankB cap=800            -> OK
        Operator     advance    90                          -> OK
        Parts        settle     R1 1000                     -> NOT_AUTHORIZED
        BankA        pay        A1 R1 Parts amount=1000     -> OK
        Steel        settle     R1 1000 payment=A1          -> PAYMENT_MISMATCH
        BankA        pay        A2 R1 BankB amount=600      -> OK
        Steel        settle     R1 600 payment=A2           -> OK
        -            right      R1                          -> live Parts 400/1000 pledged:BankB:800
        BankB        settle     R1 100                      -> OK
        # Released, the rest is the holder's.
        BankB        release    R1                          -> OK
        BankB        settle     R1 300                      -> NOT_AUTHORIZED
        Steel        settle     R1 300 payment=A1           -> OK
        -            right      R1                          -> settled Parts 0/1000
        """,
        confirmed(),
    )


def test_a_pledged_part_pays_its_pledgee_and_the_rest_the_holder():
    run(
        """
        Parts        split      R1 R2 400                   -> OK
        Parts        accept-offer R2 BankA pledge           -> OK
        Parts+BankA  complete-finance R2                    -> OK
        Parts        settle     R2 400                      -> NOT_AUTHORIZED
        BankA        settle     R2 400                      -> OK
        Parts        settle     R1 600                      -> OK
        -            right      R2                          -> settled Parts 0/400 pledged:BankA:400
        -            document   I1                          -> 0 available 0 reserved 0 live 1000 spent
        BankA        release    R2                          -> WRONG_STATUS
        """,
        confirmed(),
    )


def test_the_holder_of_the_moment_is_paid_and_no_earlier_one():
    run(
        """
        Parts        accept-offer R1 BankB sale             -> OK
        Parts+BankB  complete-finance R1                    -> OK
        Operator     advance    90                          -> OK
        Parts        settle     R1 1000                     -> NOT_AUTHORIZED
        BankA        pay        A1 R1 Parts amount=1000     -> OK
        Steel        settle     R1 1000 payment=A1          -> PAYMENT_MISMATCH
        BankA        pay        A2 R1 BankB amount=1000     -> OK
        Steel        settle     R1 1000 payment=A2          -> OK
        """,
        confirmed(),
    )


def test_a_locked_right_is_not_paid_and_one_whose_lock_lapsed_is():
    run(
        """
        Operator     advance    80                          -> OK
        Parts        accept-offer R1 BankA sale until=9     -> OK
        Parts        settle     R1 1000                     -> LOCKED
        Operator     advance    10                          -> OK
        Parts        settle     R1 1000                     -> OK
        """,
        confirmed(),
    )


def test_above_a_keys_limit_two_keys_give_the_receipt():
    run(
        """
        Parts        invoice    I1 Steel 1000               -> OK
        Parts        propose    R1 I1 1000                  -> OK
        Steel+Steel2 confirm    R1                          -> OK
        Parts        settle     R1 501                      -> ABOVE_KEY_LIMIT
        Parts        settle     R1 500                      -> OK
        Operator     advance    90                          -> OK
        BankA        pay        A1 R1 Parts amount=500      -> OK
        Steel        settle     R1 500 payment=A1           -> OK
        """,
        key_limit=500,
    )


def test_early_attested_money_needs_the_payees_signature_but_no_second_key():
    run(
        """
        Parts        invoice    I1 Steel 1000               -> OK
        Parts        propose    R1 I1 1000                  -> OK
        Steel+Steel2 confirm    R1                          -> OK
        BankA        pay        A1 R1 Parts amount=1000     -> OK
        Steel        settle     R1 1000 payment=A1          -> NOT_AUTHORIZED
        Parts        settle     R1 1000 payment=A1          -> OK
        """,
        key_limit=500,
    )


def test_a_receivable_settles_early_with_the_payees_word():
    run(
        """
        Parts        settle     R1 1000                     -> OK
        -            right      R1                          -> settled Parts 0/1000
        """,
        confirmed(),
    )


def test_settlement_and_release_in_one_transaction_pay_the_bank_first():
    run(
        """
        Parts+BankA  pledge     R1 BankA cap=300            -> OK
        BankA        settle     R1 300
        BankA        release    R1
        Parts        settle     R1 700                      -> OK
        -            right      R1                          -> settled Parts 0/1000
        """,
        confirmed(),
    )
