"""What a cluster can do: the requests that it understands and the features it has switched on.

Kafka does not tell its release. It answers ApiVersions with the version range of each
request and, since 3.3, with its finalized features; that is what compatibility hangs on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import (
    ApiVersionRequest,
    CreateTopicsRequest,
    DescribeConfigsRequest,
)
from aiokafka.protocol.api import Request, RequestStruct, Response, ResponseHeader_v0
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.group import (
    HeartbeatRequest,
    JoinGroupRequest,
    LeaveGroupRequest,
    SyncGroupRequest,
)
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import (
    AddPartitionsToTxnRequest,
    EndTxnRequest,
    InitProducerIdRequest,
)
from aiokafka.protocol.types import (
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
    UnsignedVarInt32,
)

from schemas.errors import ConfigurationError

NEEDED_APIS: tuple[type[Request[Any]], ...] = (
    AddPartitionsToTxnRequest,
    CreateTopicsRequest,
    DescribeConfigsRequest,
    EndTxnRequest,
    FetchRequest,
    FindCoordinatorRequest,
    HeartbeatRequest,
    InitProducerIdRequest,
    JoinGroupRequest,
    LeaveGroupRequest,
    MetadataRequest,
    OffsetRequest,
    ProduceRequest,
    SyncGroupRequest,
)

_FINALIZED_FEATURES = 2  # number of the tagged field in the answer


@dataclass(frozen=True, slots=True)
class Capability:
    """Version range of each request, by API key, and level of each finalized feature."""

    apis: Mapping[int, tuple[int, int]]
    features: Mapping[str, int]


class _ApiVersionsResponseV3(Response):
    API_KEY = 18
    API_VERSION = 3
    SCHEMA = Schema(
        ("error_code", Int16),
        (
            "api_versions",
            CompactArray(
                ("api_key", Int16),
                ("min_version", Int16),
                ("max_version", Int16),
                ("tags", TaggedFields),
            ),
        ),
        ("throttle_time_ms", Int32),
        ("tags", TaggedFields),
    )


class _ApiVersionsRequestV3(RequestStruct):
    """The first version whose answer has features; the client itself sends older ones."""

    API_KEY = 18
    API_VERSION = 3
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _ApiVersionsResponseV3
    SCHEMA = Schema(
        ("client_software_name", CompactString("utf-8")),
        ("client_software_version", CompactString("utf-8")),
        ("tags", TaggedFields),
    )

    def parse_response_header(self, read_buffer: BytesIO | bytes) -> ResponseHeader_v0:
        """This answer alone keeps the oldest header, so that any client can read it."""
        return ResponseHeader_v0.decode(read_buffer)


class _AskFeatures(Request[_ApiVersionsRequestV3]):
    API_KEY = 18

    def build(self, request_struct_class: type[_ApiVersionsRequestV3]) -> _ApiVersionsRequestV3:
        return request_struct_class("chengyun", "1", {})


async def read_capability(options: Mapping[str, Any]) -> Capability:
    """Ask one broker of a cluster what it can do.

    Args:
        options: connection arguments as `agents.settings.client_options` makes them.

    Raises:
        ConfigurationError: nothing answers there.
    """
    client = AIOKafkaClient(client_id="chengyun-doctor", **options)
    try:
        await client.bootstrap()
        node = client.get_random_node()
        plain = await client.send(node, ApiVersionRequest())
        apis = {key: (low, high) for key, low, high in plain.api_versions}
        features: dict[str, int] = {}
        if apis.get(18, (0, 0))[1] >= 3:
            answer = await client.send(node, _AskFeatures())
            features = read_features(answer.tags.get(_FINALIZED_FEATURES, b""))
    except (KafkaError, OSError) as error:
        raise ConfigurationError(f"The broker does not say what it can do: {error}.") from error
    finally:
        await client.close()
    return Capability(apis, features)


def read_features(field: bytes) -> dict[str, int]:
    """Decode the tagged field of finalized features: name to level."""
    if not field:
        return {}
    buffer = BytesIO(field)
    name_type = CompactString("utf-8")
    features: dict[str, int] = {}
    for _ in range(UnsignedVarInt32.decode(buffer) - 1):
        name = name_type.decode(buffer)
        level = Int16.decode(buffer)
        Int16.decode(buffer)  # lowest level
        TaggedFields.decode(buffer)
        features[str(name)] = level
    return features


def missing_apis(capability: Capability) -> list[str]:
    """Requests of which our client and the cluster have no version in common."""
    missing: list[str] = []
    for request in NEEDED_APIS:
        low, high = capability.apis.get(request.API_KEY, (1, 0))
        ours = [version.API_VERSION for version in request._CLASSES]
        if not any(low <= version <= high for version in ours):
            missing.append(request.__name__.removesuffix("Request"))
    return missing
