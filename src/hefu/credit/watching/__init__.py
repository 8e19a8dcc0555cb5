"""
Watching firms: how late a receivable will be paid, alarms from what firms do, circles of trade and of guarantees, and the book of
alerts that a person works through. Nothing here acts by itself.
"""
