"""The header that every asset shares: owner, amounts, encumbrances, freezes, history."""
