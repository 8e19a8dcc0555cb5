"""The report for people, in English or Chinese, from the facts alone. Whatever a bundle chose freely is shown escaped."""

from __future__ import annotations

from typing import Any

from hefu_verify.facts import Facts
from hefu_verify.words import LANGUAGES, MINOR_DIGITS, TERMS_ZH


def visible(text: str) -> str:
    """
    A text from a bundle with whatever could hide or fake other text written as escapes.

    >>> visible("a\\nb")
    'a\\\\u000ab'
    """
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def quoted(text: str) -> str:
    """
    A text from a bundle in quotes, which it cannot end by itself.

    >>> print(quoted('a"b'))
    "a\\"b"
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{visible(escaped)}"'


def money(minor: int, currency: str) -> str:
    """
    An amount with thousands separators and its currency.

    >>> money(123456789, "CNY"), money(5, "XYZ")
    ('1,234,567.89 CNY', '5 minor units of XYZ')
    """
    digits = MINOR_DIGITS.get(currency)
    if digits is None:
        return f"{minor:,} minor units of {visible(currency)}"
    units, cents = divmod(minor, 10**digits)
    return f"{units:,}.{cents:0{digits}d} {currency}" if digits else f"{units:,} {currency}"


def report(facts: Facts, language: str) -> str:
    """What the bundle proves, in plain words."""
    return "\n".join(_Report(facts, language).lines()) + "\n"


class _Report:
    def __init__(self, facts: Facts, language: str) -> None:
        self.facts, self.words = facts, LANGUAGES[language]
        self.terms_of = TERMS_ZH if language == "zh" else {}
        self.currency = facts["right"]["currency"]
        self.organisation_of = {a: o["id"] for o in facts["organisations"] for a in o["accounts"]}
        self.holder_of = {k["key"]: o["id"] for o in facts["organisations"] for k in o["keys"]}
        self.roles_of = {o["id"]: o["roles"] for o in facts["organisations"]}
        self.digits = _telling_digits([*self.organisation_of, *self.holder_of, *self.roles_of])

    def say(self, words: str, **values: Any) -> str:
        return self.words[words].format(**values)

    def row(self, key: str, value: str) -> str:
        return f"  {self.words[key]}{self.words['colon']}{value}"

    def short(self, name: str) -> str:
        return name[: self.digits]

    def key(self, public: str) -> str:
        # Every SM2 key begins with the same byte 04, which tells nothing.
        return public[-self.digits :]

    def money(self, minor: int) -> str:
        return money(minor, self.currency)

    def party(self, account: str | None) -> str:
        if account is None:
            return self.words["nobody"]
        return f"{self.short(self.organisation_of[account])}/{self.short(account)}"

    def term(self, word: str) -> str:
        """A word of a closed list, or whatever a bundle has in its place."""
        return self.terms_of.get(word) or visible(word.replace("_", " "))

    def roles(self, roles: list[str]) -> str:
        return ", ".join(self.term(role) for role in roles) or self.words["none"]

    def recourse(self, recourse: bool) -> str:
        return self.words["with recourse" if recourse else "without recourse"]

    def method(self, method: str) -> str:
        return {"sale": self.words["sale"], "pledge": self.words["method pledge"]}.get(method) or visible(method)

    def lines(self) -> list[str]:
        sections = [
            self.verdict(),
            [self.words["right"], *self.right()],
            [self.words["parties"], *self.parties()],
            [self.words["holders"], *self.holders()],
            [
                self.words["steps"],
                *(line for n, step in enumerate(self.facts["steps"], 1) for line in self.step(n, step)),
            ],
            [self.words["bounds"], *self.bounds()],
        ]
        if self.facts["openings"]:
            sections.insert(-1, [self.words["terms"], *self.terms()])
        return [line for section in sections for line in (*section, "")][:-1]

    def verdict(self) -> list[str]:
        facts, basis = self.facts, self.facts["basis"]
        lines = [self.words["proven" if facts["authenticated"] else "consistent"]]
        if not facts["authenticated"]:
            lines.append(self.words["unauthenticated"])
        count = {"count": len(basis["members"]), "needed": basis["needed"]}
        count |= {name: basis[name] for name in ("power", "total") if name in basis}
        lines.append(f"{self.words['trust']}{self.words['colon']}{self.say(basis['name'], **count)}")
        if "took_over_at" in basis:
            lines.append(self.say("took over", height=basis["took_over_at"], **count))
        lines += [
            self.say("member", identity=self.short(member["identity"]), roles=self.roles(member["roles"]))
            for member in basis["members"]
        ]
        if basis["checkpoint"]:
            lines += [self.say("too few", **count)] if len(basis["members"]) < max(1, basis["needed"]) else []
            lines.append(self.words["post-quantum"])
        lines.append(self.words["simulated clock" if facts["ledger"]["clock"] == "simulated" else "block clock"])
        return lines

    def right(self) -> list[str]:
        right, ledger, document = self.facts["right"], self.facts["ledger"], self.facts["document"]
        kind = self.say("receivable", currency=visible(right["currency"]))
        if right["depth"]:
            kind += self.say("part", depth=right["depth"], root=self.short(right["root"]))
        said = self.say(
            "document",
            kind=self.term(document["kind"]),
            id=self.short(document["id"]),
            seller=self.party(document["seller"]),
            buyer=self.party(document["buyer"]),
            gross=self.money(document["gross"]),
        )
        parts = {name: self.money(document[name]) for name in ("available", "reserved", "live", "spent")}
        return [
            self.row("id", right["id"]),
            self.row("kind", kind),
            self.row("ledger", self.say("ledger is", name=visible(ledger["name"]), chain=ledger["chain_id"])),
            self.row("as of", self.say("block", height=ledger["height"], at=ledger["at"])),
            *(self.row(name, self.money(right[name])) for name in ("face", "open", "settled", "passed")),
            self.row("due", right["due_on"]),
            self.row("status", self.words[f"status {right['status']}"]),
            self.row("holder", self.party(right["owner"])),
            self.row("debtor", self.party(right["obligor"])),
            self.row("backing", self.backing()),
            self.row("pledged", self.pledges()),
            self.row("frozen", ", ".join(self.say("freeze", order=o) for o in right["freezes"]) or self.words["no"]),
            self.row("locked", self.lock()),
            self.row("notice", self.notice()),
            self.row("invoice", said),
            f"  {self.say('capacity', **parts)}",
        ]

    def backing(self) -> str:
        right = self.facts["right"]
        if right["backing"] != "confirmed":
            return self.words["evidence backing"]
        if right["confirmation"] is None:
            return self.words["unconfirmed backing"]
        if right["confirmation_words"] is not None:
            return self.say("confirmed in words", text=right["confirmation_words"], digest=right["confirmation"])
        return self.say("confirmed backing", digest=right["confirmation"])

    def pledges(self) -> str:
        said = [
            self.say("pledge", pledgee=self.party(p["pledgee"]), obligation=p["obligation"], cap=self.money(p["cap"]))
            for p in self.facts["right"]["pledges"]
        ]
        return "; ".join(said) or self.words["no"]

    def lock(self) -> str:
        lock = self.facts["right"]["lock"]
        if lock is None:
            return self.words["no"]
        said = self.say(
            "lock",
            financier=self.party(lock["financier"]),
            method=self.method(lock["method"]),
            since=lock["since_on"],
            until=lock["until"],
        )
        return said + self.words["lock lapsed" if lock["lapsed"] else "lock open"]

    def notice(self) -> str:
        notice = self.facts["right"]["notice"]
        if notice is None:
            return self.words["none"]
        said = self.say("notice given", at=notice["at"], account=notice["payee_account"])
        if notice["acknowledged"] is None:
            return said + self.words["unacknowledged"]
        return said + self.say("acknowledged", at=notice["acknowledged"])

    def parties(self) -> list[str]:
        lines = []
        for organisation in self.facts["organisations"]:
            lines.append(f"  {self.say('organisation', id=organisation['id'])}")
            roles = self.roles(organisation["roles"])
            member = self.words["is member" if organisation["member"] else "no member"]
            status = self.words.get(organisation["status"]) or visible(organisation["status"])
            lines.append(self.say("roles", roles=roles, member=member, status=status))
            lines += [self.say("account", id=account) for account in organisation["accounts"]]
            lines += [self.key_line(key) for key in organisation["keys"]]
        return lines

    def key_line(self, key: Facts) -> str:
        until = self.say("key until", height=key["valid_until"]) if key["valid_until"] else ""
        limit = self.say("key limit", limit=f"{key['limit']:,}") if key["limit"] else ""
        purposes = self.roles(key["purposes"])
        return self.say("key", id=key["key"], purposes=purposes, since=key["valid_from"], until=until, limit=limit)

    def holders(self) -> list[str]:
        return [
            self.say(
                "held",
                since=held["from"],
                until=held["until"] or self.words["today"],
                party=self.party(held["account"]),
                right=self.short(held["right"]),
                open=self.money(held["open"]),
            )
            for held in self.facts["holders"]
        ]

    def step(self, number: int, step: Facts) -> list[str]:
        head = self.say("step", number=number, at=step["business_at"], height=step["height"], block_at=step["block_at"])
        lines = [head, f"   {self.event(step)}"]
        if step["right"] != self.facts["right"]["id"]:
            lines.append(self.say("on right", right=self.short(step["right"])))
        # Two lines of the table can ask for one signature.
        lines += dict.fromkeys(self.warrant(warrant) for warrant in step["warrants"])
        needed = {key for warrant in step["warrants"] for key in warrant["keys"]}
        lines += [
            self.say("also", key=self.key(key), party=self.short(self.holder_of[key]))
            for key in step["keys"]
            if key not in needed
        ]
        if step["attestation"] is not None:
            lines += self.attestation(step["attestation"])
        lines.append(self.say("after", owner=self.party(step["owner_after"]), open=self.money(step["open_after"])))
        return lines

    def event(self, step: Facts) -> str:
        fields, event = step["fields"], step["event"].removeprefix("receivables.")
        said: dict[str, str] = {}
        for name, value in fields.items():
            if name in ("owner", "obligor", "to", "pledgee", "financier", "payee"):
                said[name] = self.party(value)
            elif name in ("amount", "cap"):
                said[name] = self.money(value)
            elif name in ("document", "child", "right"):
                said[name] = self.short(value)
            else:
                said[name] = self.term(value) if name == "reason" else visible(str(value))
        said |= {"recourse": self.recourse(bool(fields.get("recourse"))), "method": self.method(said.get("method", ""))}
        said["how"] = self.words["by attestation" if fields.get("payment") else "by receipt"]
        return self.say(f"{event} event" if f"{event} event" in self.words else event, **said)

    def warrant(self, warrant: Facts) -> str:
        common = {"party": self.words[warrant["party"]], "account": self.party(warrant["account"])}
        if warrant["excuse"]:
            return self.say(f"excused {warrant['excuse']}", **common)
        keys = ", ".join(self.key(key) for key in warrant["keys"])
        roles = self.roles(self.roles_of[warrant["organisation"]])
        return self.say("word", **common, roles=roles, keys=keys, purpose=self.term(warrant["purpose"]))

    def attestation(self, said: Facts) -> list[str]:
        attester, paid = said["attester"], said["payment"]
        common = {
            "attester": self.short(attester),
            "roles": self.roles(self.roles_of[attester]),
            "as_of": said["as_of"],
        }
        if paid is None:
            line = self.say("attested delivery", **common)
        else:
            amount = self.words["secret amount"] if paid["commitment"] else self.money(paid["amount"])
            payee, value_on = self.party(paid["payee"]), paid["value_on"]
            line = self.say("attested payment", **common, amount=amount, payee=payee, value_on=value_on)
        return [line, self.words["superseded"]] if said["superseded"] else [line]

    def terms(self) -> list[str]:
        lines = []
        for opening in self.facts["openings"]:
            kind = self.words["of right" if opening["thing"] == self.facts["right"]["id"] else "of document"]
            lines.append(self.say("terms of", kind=kind, id=opening["thing"]))
            for field in opening["fields"]:
                value = field["value"]
                if isinstance(value, str):
                    value = quoted(value)
                elif isinstance(value, dict):
                    value = value["bytes"]
                lines.append(f"    {quoted(field['name'])}: {value}")
        return lines

    def bounds(self) -> list[str]:
        said = [self.words["complete"], self.words["moment"]]
        said += [self.words["attestations"]] if any(step["attestation"] for step in self.facts["steps"]) else []
        said += [self.say("rules", version=self.facts["ledger"]["rule_version"]), self.words["priority"]]
        return [f"  {line}" for line in said]


def _telling_digits(names: list[str]) -> int:
    """How many digits, from either end, tell all of these names apart; eight at least."""
    digits = 8
    while len({(n[:digits], n[-digits:]) for n in names}) < len(set(names)) and digits < 64:
        digits += 4
    return digits
