"""Protobuf: what one schema wrote, tried on the reader's own runtime, on the wire and in JSON apart."""

from harness.schemas.protobuf.format import ProtobufFormat, ProtobufSchema
from harness.schemas.protobuf.pairing import Encoding

__all__ = ["Encoding", "ProtobufFormat", "ProtobufSchema"]
