"""What a hostile member tried against the rules, as tables: each line was once possible, and is refused now."""

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


def test_what_an_obligor_owes_in_all_stays_a_number_that_can_be_written():
    # Some 18,000 confirmations of the largest amount went past 64 bits, and the block that held them stopped every node.
    run("""
        Parts        invoice    I1 Steel 1000000000000000   -> OK
        Parts        invoice    I2 Steel 1                  -> OK
        Parts        propose    R1 I1 1000000000000000      -> OK
        Parts        propose    R2 I2 1                     -> OK
        Steel        confirm    R1                          -> OK
        Steel        confirm    R2                          -> AMOUNT_OUT_OF_RANGE
        -            exposure   Steel                       -> 1000000000000000 of None
        Parts        settle     R1 1                        -> OK
        Steel        confirm    R2                          -> OK
    """)


def test_money_that_one_financier_paid_buys_the_right_for_no_other():
    run(
        """
        Parts        accept-offer R1 BankB sale price=990   -> OK
        BankA        pay        A1 R1 Parts price=990       -> OK
        BankB        decline-offer R1                       -> OK
        Parts        accept-offer R1 BankC sale price=990   -> OK
        BankC        complete-finance R1 payment=A1         -> PAYMENT_MISMATCH
        -            payment    A1                          -> 0 used
        """,
        confirmed(),
    )


def test_money_for_a_sale_completes_no_pledge_and_no_other_offer():
    run(
        """
        Parts        accept-offer R1 BankB sale price=990 until=5 -> OK
        Operator     advance    6                           -> OK
        BankA        pay        A1 R1 Parts price=990       -> OK
        Parts        accept-offer R1 BankB pledge price=990 until=1 -> OK
        BankB        complete-finance R1 payment=A1         -> PAYMENT_MISMATCH
        BankB        decline-offer R1                       -> OK
        Parts        accept-offer R1 BankB sale recourse price=990 until=1 -> OK
        BankB        complete-finance R1 payment=A1         -> PAYMENT_MISMATCH
        BankB        decline-offer R1                       -> OK
        Parts        accept-offer R1 BankB sale offer=other price=990 until=1 -> OK
        BankB        complete-finance R1 payment=A1         -> PAYMENT_MISMATCH
        BankB        decline-offer R1                       -> OK
        # The same offer accepted once more is the same bargain.
        Parts        accept-offer R1 BankB sale price=990   -> OK
        BankB        complete-finance R1 payment=A1         -> OK
        """,
        confirmed(),
    )


def test_nobody_sells_a_claim_against_itself_from_one_account_to_another():
    run("""
        Parts        open-account Parts Other               -> OK
        Parts        invoice    I1 Other 1000               -> OK
        Parts        propose    R1 I1 1000                  -> SELF_TRADE
        Store        attest     A1 delivery I1 delivered    -> OK
        Parts        raise      R1 I1 1000 delivery=A1      -> SELF_TRADE
    """)


def test_nobody_deals_with_itself_through_a_second_account():
    run(
        """
        Parts        accept-offer R1 BankA sale             -> OK
        Parts+BankA  complete-finance R1                    -> OK
        BankA        open-account BankA Other               -> OK
        BankA        pledge     R1 Other                    -> SELF_DEALING
        BankA        accept-offer R1 Other sale             -> SELF_DEALING
        BankA+BankB  pledge     R1 BankB                    -> OK
        """,
        confirmed(),
    )


def test_nobody_vouches_for_its_own_delivery():
    run("""
        Store        invoice    I1 Steel 1000               -> OK
        Store        attest     A1 delivery I1 delivered    -> OK
        Store        raise      R1 I1 1000 delivery=A1      -> DELIVERY_MISSING
        Steel        attest     A2 delivery I1 delivered    -> OK
        # Its own word stands beside, and is passed over.
        Store        attest     A3 delivery I1 delivered    -> OK
        Store        raise      R1 I1 1000 delivery=A3      -> DELIVERY_MISSING
        Store        raise      R1 I1 1000 delivery=A2      -> OK
    """)


def test_an_obligor_does_not_lengthen_its_creditors_proof_by_acknowledging_again():
    run(
        """
        Parts        notify     R1 here                     -> OK
        Steel        acknowledge R1 here
        Steel        acknowledge R1 here                    -> NO_NOTICE
        Steel        acknowledge R1 here                    -> OK
        Steel        acknowledge R1 here                    -> NO_NOTICE
        """,
        confirmed(),
    )


def test_nobody_uses_a_payment_cent_by_cent():
    run(
        """
        Operator     advance    90                          -> OK
        BankA        pay        A1 R1 Parts amount=640      -> OK
        BankA        pay        A2 R1 Parts amount=5000     -> OK
        Ore          settle     R1 1 payment=A1             -> AMOUNT_OUT_OF_RANGE
        Ore          settle     R1 9 payment=A1             -> AMOUNT_OUT_OF_RANGE
        Ore          settle     R1 10 payment=A1            -> OK
        Ore          settle     R1 625 payment=A1           -> OK
        # What is left of a payment, and what is left of a right, are paid however small they are.
        Ore          settle     R1 5 payment=A1             -> OK
        Ore          settle     R1 359 payment=A2           -> OK
        Ore          settle     R1 1 payment=A2             -> OK
        -            right      R1                          -> settled Parts 0/1000
        """,
        confirmed(),
    )


def test_a_key_has_no_limit_or_height_that_a_proof_cannot_show():
    # A verifier reads 63 bits: with a key beyond, an obligor made every proof of what it had confirmed unreadable.
    run("""
        Parts        add-key    Parts K1 limit=1000000000000001 -> BAD_KEY
        Parts        add-key    Parts K1 limit=18446744073709551615 -> BAD_KEY
        Parts        add-key    Parts K1 from=9007199254740993 -> BAD_TERM
        Parts        add-key    Parts K1 from=18446744073709551000 -> BAD_TERM
        Parts        revoke-key Parts Parts from=9007199254740993 -> BAD_TERM
        Parts        revoke-key Parts Parts from=18446744073709551000 -> BAD_TERM
        Parts        add-key    Parts K1 limit=1000000000000000 -> OK
    """)


def test_a_payment_names_a_currency_and_no_text_of_its_own():
    run(
        """
        BankA        pay        A1 R1 Parts amount=1 currency=hello -> UNKNOWN_CURRENCY
        BankA        pay        A1 R1 Parts amount=1 currency=  -> UNKNOWN_CURRENCY
        BankA        pay        A1 R1 Parts amount=1        -> OK
        """,
        confirmed(),
    )
