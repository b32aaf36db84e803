"""The rules by which a pair of Avro schemas is refused, by the names that decisions have."""

from __future__ import annotations

from enum import StrEnum

from harness.schemas.optional import RuleText


class Rule(StrEnum):
    TYPE = "type"
    NAME = "name"
    FIXED_SIZE = "fixed-size"
    ENUM_SYMBOLS = "enum-symbols"
    MISSING_DEFAULT = "missing-default"
    UNION_BRANCH = "union-branch"
    FIELD_ALIAS = "field-alias"
    DECODER = "decoder"


RULES: tuple[RuleText, ...] = (
    RuleText(
        Rule.TYPE.value,
        "A value of the writer's type is not read as the reader's. int is read as long, float and double, long as "
        "float and double, float as double, and string and bytes as each other; nothing else is read as another type.",
        '{"type": "record", "name": "Paid", "fields": [{"name": "cents", "type": "int"}]}',
        '{"type": "record", "name": "Paid", "fields": [{"name": "cents", "type": "long"}]}',
        "Widening works in one direction only, so the readers go first: let every reader have the wider type (or a "
        "union of both) before the first writer uses it. For a narrower or another type, add a field beside the old "
        "one, fill both, and drop the old one when nobody reads it.",
    ),
    RuleText(
        Rule.NAME.value,
        "Records, enums and fixed match by their names without the namespace, or by one of the reader's aliases. "
        "The two names differ.",
        '{"type": "record", "name": "OrderPlaced", "fields": []}',
        '{"type": "record", "name": "Order", "fields": []}',
        'Give the renamed type its old full name as an alias: "aliases": ["Order"]. Only the reader\'s aliases count, '
        "so the old version still does not read what the new one writes; keep the name where rollback matters.",
    ),
    RuleText(
        Rule.FIXED_SIZE.value,
        "A fixed is read only with the very size that it was written with.",
        '{"type": "fixed", "name": "Hash", "size": 32}',
        '{"type": "fixed", "name": "Hash", "size": 16}',
        "A new size is a new type: add a field with a fixed of another name, or use bytes, which may be of any length.",
    ),
    RuleText(
        Rule.ENUM_SYMBOLS.value,
        "The writer's enum has symbols that the reader's has not, and the reader's has no default to take their place.",
        '{"type": "enum", "name": "State", "symbols": ["NEW", "PAID"]}',
        '{"type": "enum", "name": "State", "symbols": ["NEW", "PAID", "REFUNDED"]}',
        'Give the enum a default from its first version on ("default": "UNKNOWN"), and let readers treat it as "not '
        'known to me". Without one, readers get the new symbol before writers use it, and no symbol is ever removed.',
    ),
    RuleText(
        Rule.MISSING_DEFAULT.value,
        "The reader has a field that the writer has not, and no default for it.",
        '{"type": "record", "name": "Paid", "fields": [{"name": "currency", "type": "string"}]}',
        '{"type": "record", "name": "Paid", "fields": []}',
        "A field that is added gets a default. A field that is to be removed later gets one first, in every version "
        "that reads, or older readers refuse what is written without it: that is what stops a rollback.",
    ),
    RuleText(
        Rule.UNION_BRANCH.value,
        "The writer's schema may hold a type that no branch of the reader's union reads, or that the reader's type, "
        "which is no union, does not read. Every branch that may be written must be readable.",
        '"string"',
        '["null", "string"]',
        "A branch is added to the readers first, and to the writers when all readers have it. It is taken away from "
        "the writers first, and stays in the readers for as long as there is history that holds it.",
    ),
    RuleText(
        Rule.FIELD_ALIAS.value,
        "Two fields of the writer would be read into one of the reader's: one by its name and one by an alias, or two "
        "by aliases. Libraries refuse this, or silently take the value of either.",
        '{"type": "record", "name": "Paid", "fields": [{"name": "cents", "type": "int", "aliases": ["amount"]}]}',
        '{"type": "record", "name": "Paid", "fields": [{"name": "amount", "type": "int"}, '
        '{"name": "cents", "type": "int"}]}',
        "An alias renames a field in one step. Where both fields were written for a while, as in expand and contract, "
        "the new schema drops the old field and has no alias.",
    ),
    RuleText(
        Rule.DECODER.value,
        "By the specification the reader reads the event, but fastavro does not, or gives another value: a defect of "
        "the library rather than of the schemas. The verdict is unknown, since what happens depends on the library "
        "that your readers use.",
        '{"type": "record", "name": "T", "fields": [{"name": "b", "type": ["null", {"type": "record", "name": "Foo", '
        '"fields": []}]}]}',
        '{"type": "record", "name": "T", "fields": [{"name": "a", "type": {"type": "record", "name": "Foo", '
        '"fields": []}}, {"name": "b", "type": "Foo"}]}',
        "Try the witness with the library that your readers use. With fastavro, define a named type in the same place "
        "in both versions, and give types in one schema names that differ without their namespaces too.",
    ),
)
