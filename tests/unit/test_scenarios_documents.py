"""Documents by their tags, and whatever somebody vouches for."""

from __future__ import annotations

from scenario import run


def test_a_document_is_registered_by_its_seller():
    run("""
        Parts        invoice    I1 Steel 1000               -> OK
        Bolts        invoice    I2 Steel 1000 seller=Parts  -> NOT_AUTHORIZED
        Parts        invoice    I2 Steel 1000 seller=Nobody -> UNKNOWN_ACCOUNT
        Parts        invoice    I2 Nobody 1000              -> UNKNOWN_ACCOUNT
        Parts        invoice    I2 Parts 1000               -> SELF_TRADE
        Parts        invoice    I2 short 1000               -> BAD_DIGEST
        Parts        invoice    I2 Steel 1000 terms=short   -> BAD_DIGEST
        Parts        invoice    I2 Steel 1000 salt=short    -> BAD_DIGEST
        Parts        invoice    I2 Steel 1000 kind=letter   -> BAD_KIND
        Parts        invoice    I2 Steel 1000 currency=XAU  -> UNKNOWN_CURRENCY
        Parts        invoice    I2 Steel 0                  -> AMOUNT_OUT_OF_RANGE
        Parts        invoice    I2 Steel -1                 -> AMOUNT_OUT_OF_RANGE
        Parts        invoice    I2 Steel 1000000000000001   -> AMOUNT_OUT_OF_RANGE
        -            document   I2                          -> none
        Parts        invoice    I2 nobody 1000              -> OK
        Parts        invoice    I3 Steel 1 again=I1 tags=I3 -> ALREADY_EXISTS
    """)


def test_tags_have_one_shape():
    run("""
        Parts        invoice    I1 Steel 1000 tags=         -> BAD_TAG
        Parts        invoice    I1 Steel 1000 tags=a,b,c,d,e,f,g,h,i -> BAD_TAG
        Parts        invoice    I1 Steel 1000 tags=a,a      -> BAD_TAG
        Parts        invoice    I1 Steel 1000 tagkind=receipt -> BAD_TAG
        Parts        invoice    I1 Steel 1000 scheme=sha256 -> BAD_TAG
        Parts        invoice    I1 Steel 1000 scheme=SHA/1  -> BAD_TAG
        Parts        invoice    I1 Steel 1000 scheme=a|b/1  -> BAD_TAG
        Parts        invoice    I1 Steel 1000 scheme=/1     -> BAD_TAG
        Parts        invoice    I1 Steel 1000 scheme=a/1000 -> BAD_TAG
        Parts        invoice    I1 Steel 1000 scheme=a/1!  -> BAD_TAG
        Parts        invoice    I1 Steel 1000 epoch=-1      -> BAD_TAG
        Parts        invoice    I1 Steel 1000 epoch=4294967296 -> BAD_TAG
        Parts        invoice    I1 Steel 1000 value=short   -> BAD_TAG
        Parts        invoice    I1 Steel 1000 tags=a,b,c,d,e,f,g,h epoch=4294967295 -> OK
    """)


def test_a_document_is_registered_once_in_the_whole_network():
    run("""
        Parts        invoice    I1 Steel 1000 tags=T1,T2    -> OK
        Parts        invoice    I2 Steel 1000 tags=T1       -> DUPLICATE_DOCUMENT
        Parts        invoice    I2 Steel 1000 tags=T3,T2    -> DUPLICATE_DOCUMENT
        Bolts        invoice    I2 Steel 1000 tags=T2       -> DUPLICATE_DOCUMENT
        Bolts        invoice    I2 Wire 1000 tags=T2 kind=contract -> DUPLICATE_DOCUMENT
        # An edited amount meets the same tag.
        Parts        invoice    I2 Steel 1001 tags=T1       -> AMOUNT_DIFFERS
        Bolts        invoice    I2 Steel 999 tags=T9,T1     -> AMOUNT_DIFFERS
        # Another epoch, scheme or kind of tag is another tag; the document carries one for each live epoch.
        Parts        invoice    I2 Steel 1000 tags=T1 epoch=2 -> OK
        Parts        invoice    I3 Steel 1000 tags=T1 tagkind=invoice-weak -> OK
        Parts        invoice    I4 Steel 1000 tags=T1 scheme=hmac-sha256/2 -> OK
        # A refused registration leaves no tag behind.
        Parts        invoice    I5 Steel 1000 tags=T4,T1    -> DUPLICATE_DOCUMENT
        Parts        invoice    I5 Steel 1000 tags=T4       -> OK
    """)


def test_a_document_twice_in_one_transaction_is_registered_not_at_all():
    run("""
        Parts        invoice    I1 Steel 1000 tags=T1
        Parts        invoice    I2 Steel 1000 tags=T1       -> DUPLICATE_DOCUMENT
        -            document   I1                          -> none
        Parts        invoice    I1 Steel 1000 tags=T1       -> OK
    """)


def test_standing_acceptance_is_the_sellers_to_give():
    run("""
        Parts        invoice    I1 Steel 1000               -> OK
        Steel        standing   I1 yes                      -> NOT_AUTHORIZED
        Parts        standing   I9 yes                      -> UNKNOWN_DOCUMENT
        Parts        standing   I1 yes                      -> OK
        Parts        standing   I1 yes                      -> OK
        Parts        standing   I1 no                       -> OK
    """)


def test_each_kind_of_attestation_is_given_by_those_entitled():
    run("""
        Parts        invoice    I1 Steel 1000               -> OK
        Store        attest     A1 delivery I1 delivered    -> OK
        Steel        attest     A2 delivery I1 partly       -> OK
        Parts        attest     A3 delivery I1 delivered    -> WRONG_ROLE
        BankA        attest     A3 delivery I1 delivered    -> WRONG_ROLE
        BankB        attest     A4 tax-check I1 consistent  -> OK
        Operator     attest     A5 tax-check I1 void        -> WRONG_ROLE
        Operator     attest     A5 register I1 registered   -> OK
        BankC        attest     A6 register I1 clean        -> OK
        Store        attest     A7 register I1 clean        -> WRONG_ROLE
        BankB        attest     A7 assessment I1 graded     -> OK
        Steel        attest     A8 assessment I1 graded     -> WRONG_ROLE
        Operator     attest     A8 identity I1 vetted       -> OK
        BankA        attest     A9 identity I1 doubtful     -> OK
        Super        attest     B1 identity I1 vetted       -> WRONG_ROLE
        Store        attest     B1 delivery I1 delivered attester=Steel -> NOT_AUTHORIZED
        Store        attest     B1 delivery I1 delivered attester=Nobody -> NOT_AUTHORIZED
        -            latest     delivery I1                 -> A1:delivered A2:partly
        -            latest     register I1                 -> A5:registered A6:clean
    """)


def test_an_attestation_says_everything_right_or_is_refused():
    run("""
        Store        attest     A1 rumour X delivered       -> UNKNOWN_KIND
        # That letters arrived is for whoever got them to say.
        Parts        attest     A1 letters X received       -> BAD_SUBJECT
        Parts        attest     A1 letters itself received  -> OK
        Store        attest     A1 delivery X lost          -> BAD_RESULT
        Store        attest     A1 delivery X paid          -> BAD_RESULT
        Store        attest     A1 delivery X delivered as_of_ms=1 -> AS_OF_FUTURE
        Store        attest     A1 delivery X delivered as_of=1 -> AS_OF_FUTURE
        Store        attest     A1 delivery X delivered as_of=-40000 -> AS_OF_FUTURE
        Store        attest     A1 delivery short delivered -> BAD_DIGEST
        Store        attest     A1 delivery X delivered digest=short -> BAD_DIGEST
        Store        attest     A1 delivery X delivered salt=short -> BAD_DIGEST
        Store        attest     A1 delivery X delivered detail=more -> BAD_DETAIL
        Store        attest     A1 delivery X delivered as_of=-30 -> OK
        Store        attest     A2 delivery X delivered again=A1 -> ALREADY_EXISTS
        BankA        attest     A3 payment X paid           -> BAD_DETAIL
        BankA        attest     A3 payment X paid detail=nonsense -> BAD_DETAIL
    """)


def test_an_attestation_is_superseded_once_by_its_own_attester():
    run("""
        Store        attest     A1 delivery X delivered     -> OK
        Store        attest     A2 delivery Y delivered     -> OK
        Steel        attest     B1 delivery X partly supersedes=A1 -> BAD_SUPERSEDES
        Store        attest     B1 delivery X partly supersedes=A9 -> BAD_SUPERSEDES
        Store        attest     B1 delivery X partly supersedes=A2 -> BAD_SUPERSEDES
        BankA        attest     C1 register X clean         -> OK
        BankA        attest     C2 tax-check X void supersedes=C1 -> BAD_SUPERSEDES
        Store        attest     B1 delivery X partly supersedes=A1 -> OK
        -            latest     delivery X                  -> A1:delivered(superseded) B1:partly
        Store        attest     B2 delivery X delivered supersedes=A1 -> BAD_SUPERSEDES
        Store        attest     B2 delivery X delivered supersedes=B1 -> OK
        -            latest     delivery X                  -> A1:delivered(superseded) B1:partly(superseded) B2:delivered
    """)


def test_the_index_holds_the_newest_sixteen():
    table = "".join(f"Store attest A{i} delivery X {'delivered' if i == 0 else 'partly'} -> OK\n" for i in range(17))
    run(f"""
        Parts        invoice    X Steel 1000                -> OK
        {table}
        Parts        raise      R1 X 100 delivery=A0        -> DELIVERY_MISSING
        -            latest     delivery X                  -> {" ".join(f"A{i}:partly" for i in range(1, 17))}
    """)


def test_a_payment_has_an_amount_or_its_commitment_and_one_end_to_end_id():
    run("""
        BankA        pay        A1 R1 Parts                 -> BAD_DETAIL
        BankA        pay        A1 R1 Parts amount=-1       -> BAD_DETAIL
        BankA        pay        A1 R1 Parts amount=1000000000000001 -> BAD_DETAIL
        BankA        pay        A1 R1 Parts amount=10 price=10 -> BAD_DETAIL
        BankA        pay        A1 R1 Parts price=short     -> BAD_DETAIL
        BankA        pay        A1 R1 Parts amount=10 e2e=short -> BAD_DETAIL
        BankA        pay        A1 R1 short amount=10       -> BAD_DETAIL
        BankA        pay        A1 R1 Parts amount=10 cut   -> BAD_DETAIL
        BankA        pay        A1 R1 Parts amount=10 long  -> BAD_DETAIL
        BankA        pay        A1 R1 Parts amount=10 value=1 -> AS_OF_FUTURE
        BankA        pay        A1 R1 Parts amount=10 value=-3 -> OK
        BankA        pay        A2 R1 Parts amount=10 e2e="e2e A1" -> DUPLICATE_PAYMENT
        BankA        pay        A2 R2 Bolts price=20 e2e="e2e A1" -> DUPLICATE_PAYMENT
        BankA        pay        A2 R1 Parts amount=10       -> OK
        # What was paid is contested, not corrected away.
        BankA        pay        A3 R1 Parts amount=5 supersedes=A2 -> BAD_SUPERSEDES
    """)


def test_an_end_to_end_id_counts_once_within_a_transaction_too():
    run("""
        BankA        pay        A1 R1 Parts amount=10 e2e=one
        BankA        pay        A2 R1 Parts amount=10 e2e=one -> DUPLICATE_PAYMENT
        -            latest     payment R1                  -> none
    """)
