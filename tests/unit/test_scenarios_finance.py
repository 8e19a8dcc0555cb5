"""Pledges, offers, locks and the money that completes them."""

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


def test_a_right_is_pledged_once_with_both_signatures_and_released_by_the_pledgee():
    run(
        """
        Parts        pledge     R1 BankA cap=800            -> NOT_AUTHORIZED
        BankA        pledge     R1 BankA cap=800            -> NOT_AUTHORIZED
        Parts+BankB  pledge     R1 BankA cap=800            -> NOT_AUTHORIZED
        Parts+Bolts  pledge     R1 Bolts cap=800            -> WRONG_ROLE
        Parts        pledge     R1 Nobody cap=800           -> UNKNOWN_ACCOUNT
        Parts+BankA  pledge     R9 BankA cap=800            -> UNKNOWN_RIGHT
        Parts+BankA  pledge     R1 BankA cap=0              -> BAD_PLEDGE
        Parts+BankA  pledge     R1 BankA cap=1000000000000001 -> BAD_PLEDGE
        Parts+BankA  pledge     R1 BankA obligation=short   -> BAD_PLEDGE
        BankA        release    R1                          -> NOT_PLEDGED
        Parts+BankA  pledge     R1 BankA cap=800            -> OK
        -            right      R1                          -> live Parts 1000/1000 pledged:BankA:800

        # Twice it is not, neither to another bank nor to the same.
        Parts+BankB  pledge     R1 BankB cap=200            -> PLEDGED
        Parts+BankA  pledge     R1 BankA cap=200            -> PLEDGED
        Parts        split      R1 R2 100                   -> PLEDGED
        Bolts        invoice    I2 Parts 1000               -> OK
        Parts+Bolts  assign     R1 Bolts I2                 -> PLEDGED
        Parts        accept-offer R1 BankB sale             -> PLEDGED
        Parts+Steel  cancel     R1                          -> PLEDGED

        Parts        release    R1                          -> NOT_AUTHORIZED
        BankB        release    R1                          -> NOT_AUTHORIZED
        BankA        release    R9                          -> UNKNOWN_RIGHT
        BankA        release    R1                          -> OK
        BankA        release    R1                          -> NOT_PLEDGED
        Parts+BankB  pledge     R1 BankB cap=200            -> OK
        -            right      R1                          -> live Parts 1000/1000 pledged:BankB:200
        """,
        confirmed(),
    )


def test_two_pledges_in_one_transaction_are_one_too_many():
    run(
        """
        Parts+BankA  pledge     R1 BankA
        BankB        pledge     R1 BankB                    -> PLEDGED
        -            right      R1                          -> live Parts 1000/1000
        """,
        confirmed(),
    )


def test_nobody_deals_with_itself():
    run(
        """
        Parts        accept-offer R1 BankA sale             -> OK
        Parts+BankA  complete-finance R1                    -> OK
        BankA        accept-offer R1 BankA sale             -> SELF_DEALING
        BankA        pledge     R1 BankA                    -> SELF_DEALING
        """,
        confirmed(),
    )


def test_an_accepted_offer_locks_the_right_for_its_financier():
    run(
        """
        BankA        accept-offer R1 BankA sale             -> NOT_AUTHORIZED
        Parts        accept-offer R9 BankA sale             -> UNKNOWN_RIGHT
        Parts        accept-offer R1 BankA gift             -> BAD_METHOD
        Parts        accept-offer R1 Bolts sale             -> WRONG_ROLE
        Parts        accept-offer R1 Nobody sale            -> UNKNOWN_ACCOUNT
        Parts        accept-offer R1 BankA sale offer=short -> BAD_DIGEST
        Parts        accept-offer R1 BankA sale price=short -> BAD_DIGEST
        Parts        accept-offer R1 BankA sale until_ms=0  -> BAD_TERM
        Parts        accept-offer R1 BankA sale until=-1    -> BAD_TERM
        Parts        accept-offer R1 BankA sale until=31    -> BAD_TERM
        Parts        accept-offer R1 BankA sale             -> OK
        -            right      R1                          -> live Parts 1000/1000 locked:BankA

        Parts        accept-offer R1 BankB sale             -> LOCKED
        Parts+BankB  pledge     R1 BankB                    -> LOCKED
        Parts+BankA  pledge     R1 BankA                    -> LOCKED
        Parts        split      R1 R2 100                   -> LOCKED
        Bolts        invoice    I2 Parts 1000               -> OK
        Parts+Bolts  assign     R1 Bolts I2                 -> LOCKED
        Parts+Steel  cancel     R1                          -> LOCKED
        Parts        settle     R1 1000                     -> LOCKED

        Parts        decline-offer R1                       -> NOT_AUTHORIZED
        BankB        decline-offer R1                       -> NOT_AUTHORIZED
        BankA        decline-offer R9                       -> UNKNOWN_RIGHT
        BankA        decline-offer R1                       -> OK
        -            right      R1                          -> live Parts 1000/1000
        BankA        decline-offer R1                       -> NOT_LOCKED
        Parts        complete-finance R1                    -> NOT_LOCKED
        Parts        accept-offer R1 BankB sale             -> OK
        """,
        confirmed(),
    )


def test_a_lock_ends_before_the_due_date():
    run(
        """
        Operator     advance    70                          -> OK
        Parts        accept-offer R1 BankA sale until=20    -> BAD_TERM
        Parts        accept-offer R1 BankA sale until=19    -> OK
        """,
        confirmed(),
    )


def test_a_lock_lapses_with_the_clock_and_the_right_is_free_again():
    run(
        """
        Parts        accept-offer R1 BankA sale until=5     -> OK
        Operator     advance    5                           -> OK
        Parts        split      R1 R2 100                   -> LOCKED
        Operator     advance    1                           -> OK
        Parts+BankA  complete-finance R1                    -> NOT_LOCKED
        BankA        decline-offer R1                       -> NOT_LOCKED
        Parts        split      R1 R2 100                   -> OK
        Parts        accept-offer R1 BankB pledge           -> OK
        -            right      R1                          -> live Parts 900/1000 locked:BankB
        Parts+BankB  complete-finance R1                    -> OK
        -            right      R1                          -> live Parts 900/1000 pledged:BankB:900
        # A part that was split off under a lapsed lock carries none.
        -            right      R2                          -> live Parts 100/100
        Parts        settle     R2 100                      -> OK
        """,
        confirmed(),
    )


def test_a_sale_completes_with_the_holders_receipt():
    run(
        """
        Parts        accept-offer R1 BankA sale recourse    -> OK
        BankA        complete-finance R1                    -> NOT_AUTHORIZED
        Steel        complete-finance R1                    -> NOT_AUTHORIZED
        # Nobody becomes an owner by another's word.
        Parts        complete-finance R1                    -> NOT_AUTHORIZED
        Parts+BankB  complete-finance R1                    -> NOT_AUTHORIZED
        Parts        complete-finance R9                    -> UNKNOWN_RIGHT
        Parts+BankA  complete-finance R1                    -> OK
        -            right      R1                          -> live BankA 1000/1000
        -            endorsements R1                        -> Parts(recourse) > BankA
        Parts        complete-finance R1                    -> NOT_AUTHORIZED
        BankA        complete-finance R1                    -> NOT_LOCKED
        Parts        split      R1 R2 100                   -> NOT_AUTHORIZED
        """,
        confirmed(),
    )


def test_a_loan_against_a_pledge_completes_with_the_holders_receipt():
    run(
        """
        Parts        accept-offer R1 BankA pledge           -> OK
        Parts+BankA  complete-finance R1                    -> OK
        -            right      R1                          -> live Parts 1000/1000 pledged:BankA:1000
        -            endorsements R1                        -> Parts
        Parts        complete-finance R1                    -> NOT_LOCKED
        BankA        release    R1                          -> OK
        """,
        confirmed(),
    )


def test_a_sale_completes_on_a_settlement_banks_word_about_the_committed_price():
    run(
        """
        Bolts        accept-offer R1 BankB sale             -> NOT_AUTHORIZED
        Parts        accept-offer R1 BankB sale price=990   -> OK
        BankB        complete-finance R1 payment=A1         -> UNKNOWN_PAYMENT
        # Only a settlement bank attests payments.
        BankB        pay        A1 R1 Parts price=990       -> WRONG_ROLE
        Steel        pay        A1 R1 Parts price=990       -> WRONG_ROLE
        # Another price, payee, right, currency; an amount in plain sight.
        BankA        pay        A1 R1 Parts price=989       -> OK
        BankA        pay        A2 R1 Bolts price=990       -> OK
        BankA        pay        A3 R2 Parts price=990       -> OK
        BankA        pay        A4 R1 Parts price=990 currency=USD -> OK
        BankA        pay        A5 R1 Parts amount=990      -> OK
        BankB        complete-finance R1 payment=A1         -> PAYMENT_MISMATCH
        BankB        complete-finance R1 payment=A2         -> PAYMENT_MISMATCH
        BankB        complete-finance R1 payment=A3         -> PAYMENT_MISMATCH
        BankB        complete-finance R1 payment=A4         -> PAYMENT_MISMATCH
        BankB        complete-finance R1 payment=A5         -> PAYMENT_MISMATCH
        BankA        attest     A6 register R1 clean        -> OK
        BankB        complete-finance R1 payment=A6         -> UNKNOWN_PAYMENT
        BankA        pay        A7 R1 Parts price=990       -> OK
        Ore          complete-finance R1 payment=A7         -> NOT_AUTHORIZED
        Parts        complete-finance R1 payment=A7         -> NOT_AUTHORIZED
        BankB        complete-finance R1 payment=A7         -> OK
        -            right      R1                          -> live BankB 1000/1000
        -            payment    A7                          -> 0 used spent
        """,
        confirmed(),
    )


def test_a_committed_payment_completes_once():
    run(
        """
        Parts        accept-offer R1 BankB pledge price=990 -> OK
        BankA        pay        A1 R1 Parts price=990       -> OK
        BankB        complete-finance R1 payment=A1         -> OK
        -            right      R1                          -> live Parts 1000/1000 pledged:BankB:1000
        BankB        release    R1                          -> OK
        Parts        accept-offer R1 BankB pledge price=990 -> OK
        BankB        complete-finance R1 payment=A1         -> PAYMENT_USED
        Parts        settle     R1 990 payment=A1           -> LOCKED
        BankB        decline-offer R1                       -> OK
        Parts        settle     R1 990 payment=A1           -> PAYMENT_USED
        """,
        confirmed(),
    )


def test_nobody_vouches_for_its_own_payment():
    run(
        """
        Parts        accept-offer R1 BankA sale price=990   -> OK
        BankA        pay        A0 R1 Parts price=990       -> OK
        BankA        complete-finance R1 payment=A0         -> SELF_ATTESTED
        BankC        pay        A1 R1 Parts price=990       -> OK
        BankA        complete-finance R1 payment=A1         -> OK
        """,
        confirmed(),
    )


def test_a_payment_counts_if_its_value_date_lies_inside_the_lock():
    run(
        """
        BankA        pay        A0 R1 Parts price=990       -> OK
        Operator     advance    1                           -> OK
        Parts        accept-offer R1 BankB sale price=990 until=5 -> OK
        # Paid the day before the acceptance: not for this.
        BankB        complete-finance R1 payment=A0         -> PAYMENT_LATE
        BankA        pay        A1 R1 Parts price=990 value=-1 -> OK
        BankB        complete-finance R1 payment=A1         -> PAYMENT_LATE
        Operator     advance    5                           -> OK
        BankA        pay        A2 R1 Parts price=990       -> OK
        BankB        complete-finance R1 payment=A2         -> OK
        """,
        confirmed(),
    )


def test_money_that_comes_after_the_lock_is_a_recorded_claim_and_no_transfer():
    run(
        """
        Parts        accept-offer R1 BankB sale price=990 until=5 -> OK
        Operator     advance    6                           -> OK
        BankA        pay        A1 R1 Parts price=990       -> OK
        BankB        complete-finance R1 payment=A1         -> NOT_LOCKED
        -            right      R1                          -> live Parts 1000/1000 locked:BankB
        -            latest     payment R1                  -> A1:paid
        -            payment    A1                          -> 0 used
        """,
        confirmed(),
    )


def test_a_financier_that_was_suspended_meanwhile_gets_nothing():
    run(
        """
        Parts        accept-offer R1 BankC sale price=990   -> OK
        BankA        pay        A1 R1 Parts price=990       -> OK
        Operator     propose-change P1 suspend BankC        -> OK
        BankA        vote       P1 yes                      -> OK
        BankB        vote       P1 yes                      -> OK
        BankC        complete-finance R1 payment=A1         -> ORGANISATION_SUSPENDED
        Parts+BankC  complete-finance R1                    -> ORGANISATION_SUSPENDED
        BankC        decline-offer R1                       -> ORGANISATION_SUSPENDED
        -            right      R1                          -> live Parts 1000/1000 locked:BankC
        Operator     advance    6                           -> OK
        Parts        accept-offer R1 BankC sale             -> ORGANISATION_SUSPENDED
        Parts        accept-offer R1 BankB sale             -> OK
        """,
        confirmed(),
    )


def test_a_financier_that_lost_its_role_gets_nothing():
    run(
        """
        Parts        accept-offer R1 BankC sale             -> OK
        Operator     propose-change P1 roles BankC none member -> OK
        BankA        vote       P1 yes                      -> OK
        BankB        vote       P1 yes                      -> OK
        Parts+BankC  complete-finance R1                    -> WRONG_ROLE
        """,
        confirmed(),
    )


def test_banks_sell_on_to_banks_and_no_document_is_drawn():
    run(
        """
        Parts        accept-offer R1 BankA sale recourse    -> OK
        Parts+BankA  complete-finance R1                    -> OK
        BankA        split      R1 R2 400                   -> OK
        BankA        accept-offer R2 BankB sale             -> OK
        BankA+BankB  complete-finance R2                    -> OK
        BankB        accept-offer R2 BankC pledge           -> OK
        BankB+BankC  complete-finance R2                    -> OK
        -            right      R1                          -> live BankA 600/1000
        -            right      R2                          -> live BankB 400/400 pledged:BankC:400
        -            endorsements R2                        -> Parts(recourse) > BankA > BankB
        -            document   I1                          -> 0 available 0 reserved 1000 live 0 spent
        """,
        confirmed(),
    )


def test_delivery_against_payment_is_one_transaction():
    run(
        """
        Parts        accept-offer R1 BankB sale price=990   -> OK
        BankA        pay        A1 R1 Parts price=990
        BankB        complete-finance R1 payment=A1         -> OK
        -            right      R1                          -> live BankB 1000/1000
        # If the second leg fails, the first did not happen.
        BankB        accept-offer R1 BankC sale price=995   -> OK
        BankA        pay        A2 R1 BankB price=994
        BankC        complete-finance R1 payment=A2         -> PAYMENT_MISMATCH
        -            payment    A2                          -> none
        """,
        confirmed(),
    )


def test_above_a_keys_limit_two_keys_of_the_holder_sign():
    run(
        """
        Parts        accept-offer R1 BankA sale             -> ABOVE_KEY_LIMIT
        Parts+Steel  accept-offer R1 BankA sale             -> ABOVE_KEY_LIMIT
        Parts+Parts2 accept-offer R1 BankA sale             -> OK
        Parts+BankA  complete-finance R1                    -> ABOVE_KEY_LIMIT
        Parts+Parts2+BankA complete-finance R1              -> OK
        BankA        split      R1 R2 500                   -> OK
        BankA        accept-offer R2 BankB pledge           -> OK
        BankA+BankB  complete-finance R2                    -> OK
        BankA        split      R1 R3 499                   -> OK
        # Exactly at the limit one key is enough; a cent above it is not.
        BankA+BankB  pledge     R3 BankB                    -> OK
        BankA        settle     R1 1                        -> OK
        """,
        limited(),
    )


def test_above_a_keys_limit_two_keys_of_each_who_must_sign():
    run(
        """
        Parts+BankA  pledge     R1 BankA                    -> ABOVE_KEY_LIMIT
        # What a pledgee takes is bounded by its own rules, not by a limit on paying away.
        Parts+Parts2+BankA pledge R1 BankA                  -> OK
        BankA        release    R1                          -> OK
        Bolts        invoice    I2 Parts 1000               -> OK
        Parts+Bolts  assign     R1 Bolts I2                 -> ABOVE_KEY_LIMIT
        Parts+Parts2+Bolts assign R1 Bolts I2               -> OK
        Parts        invoice    I3 Steel 501                -> OK
        Parts        propose    R3 I3 501                   -> OK
        Steel        confirm    R3                          -> ABOVE_KEY_LIMIT
        Steel+Steel2 confirm    R3                          -> OK
        Parts+Steel  cancel     R3                          -> ABOVE_KEY_LIMIT
        Parts+Parts2+Steel cancel R3                        -> ABOVE_KEY_LIMIT
        Parts+Steel+Steel2 cancel R3                        -> OK
        """,
        limited(),
    )


def test_a_limit_holds_for_what_one_transaction_moves_in_all():
    # Each below the limit of 500, together above it: splitting does not evade it.
    table = """
        Parts        invoice    I1 Steel 1000               -> OK
        Parts        propose    R1 I1 300                   -> OK
        Parts        propose    R2 I1 300                   -> OK
        Steel        confirm    R1
        Steel        confirm    R2                          -> {answer}
        Steel        confirm    R1                          -> {again}
        """
    run(table.format(answer="ABOVE_KEY_LIMIT", again="OK"), key_limit=500)
    run(table.format(answer="OK", again="WRONG_STATUS"), key_limit=500, code_version=1)


def limited() -> Scene:
    """R1 as in `confirmed`, but every key signs at most 500 alone."""
    return run(
        """
        Parts        invoice    I1 Steel 1000               -> OK
        Parts        propose    R1 I1 1000                  -> OK
        Steel        confirm    R1                          -> ABOVE_KEY_LIMIT
        Steel+Steel2 confirm    R1                          -> OK
        """,
        key_limit=500,
    )
