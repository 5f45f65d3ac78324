"""Every failure to connect says why; certificates and keys that cannot be used are named."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError, NodeNotReadyError
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.structs import BrokerMetadata

from consumers.kafka.client import connection
from consumers.kafka.session import BrokerUnavailable
from consumers.kafka.topic import check
from service.settings import InvalidSettings, Settings, load
from tests.support.certificate import HOST, Authority, Signed


async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close the connection after the first bytes, like a broker that expects another protocol."""
    await reader.read(1)
    writer.close()


@asynccontextmanager
async def server(signed: Signed | None = None) -> AsyncIterator[str]:
    """Serve on a port, with TLS if a certificate is given. Yield the address."""
    context = None
    if signed is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(signed.certificate, signed.key)
    listening = await asyncio.start_server(closing, HOST, 0, ssl=context)
    async with listening:
        yield f"{HOST}:{listening.sockets[0].getsockname()[1]}"


def tls(address: str, authority: Authority) -> Settings:
    return Settings(
        kafka_bootstrap_servers=address, kafka_security_protocol="SSL", kafka_ssl_cafile=str(authority.file)
    )


async def failure(settings: Settings) -> str:
    with pytest.raises(BrokerUnavailable) as caught:
        await check(settings)
    return str(caught.value)


async def test_a_refused_connection_is_named() -> None:
    async with server() as address:
        pass
    reported = await failure(Settings(kafka_bootstrap_servers=address))
    assert f"last error: {address}: ConnectionRefusedError: " in reported


async def test_a_connection_that_the_broker_closes_is_named() -> None:
    async with server() as address:
        reported = await failure(Settings(kafka_bootstrap_servers=address))
    assert f"last error: {address}: KafkaConnectionError: Connection at {address} closed" in reported
    assert "IncompleteReadError" in reported


async def test_an_unknown_authority_is_named(tmp_path: Path) -> None:
    signed = Authority(tmp_path, "theirs").sign("broker")
    async with server(signed) as address:
        reported = await failure(tls(address, Authority(tmp_path, "ours")))
    assert f"last error: {address}: SSLCertVerificationError: " in reported
    assert "unable to get local issuer certificate" in reported


async def test_an_expired_certificate_is_named(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with server(authority.sign("broker", days=-1)) as address:
        assert "certificate has expired" in await failure(tls(address, authority))


async def test_a_certificate_of_another_host_is_named(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with server(authority.sign("broker", host="192.0.2.1")) as address:
        assert "certificate is not valid for '127.0.0.1'" in await failure(tls(address, authority))


async def test_tls_to_a_port_without_tls_is_named(tmp_path: Path) -> None:
    async with server() as address:
        reported = await failure(tls(address, Authority(tmp_path)))
    assert f"last error: {address}: " in reported


async def test_the_last_of_several_brokers_is_named() -> None:
    async with server() as first, server() as second:
        pass
    reported = await failure(Settings(kafka_bootstrap_servers=f"{first},{second}"))
    assert f"last error: {second}: ConnectionRefusedError: " in reported or first in reported.partition("last error")[2]


async def test_a_broker_that_is_lost_later_is_named() -> None:
    async with server() as address:
        pass
    client = AIOKafkaClient(**connection(Settings(kafka_bootstrap_servers=address)))
    port = int(address.rpartition(":")[2])
    client.cluster._brokers.update({1: BrokerMetadata(1, HOST, port, None)})
    with pytest.raises(NodeNotReadyError, match=f"Last error: {address}: ConnectionRefusedError"):
        await client.send(1, MetadataRequest([]))
    with pytest.raises(NodeNotReadyError, match=r"node id 2\)\.$"):
        await client.send(2, MetadataRequest([]))
    await client.close()


async def test_the_original_error_is_the_cause() -> None:
    async with server() as address:
        pass
    client = AIOKafkaClient(**connection(Settings(kafka_bootstrap_servers=address)))
    with pytest.raises(KafkaConnectionError) as caught:
        await client.bootstrap()
    assert isinstance(caught.value.__cause__, KafkaConnectionError)
    await client.close()


def problems(**files: object) -> list[str]:
    settings = load({"kafka_security_protocol": "SSL", **{name: str(file) for name, file in files.items()}})
    with pytest.raises(InvalidSettings) as caught:
        connection(settings)
    return caught.value.problems


def test_files_that_are_missing_are_named_with_their_settings(tmp_path: Path) -> None:
    ca, certificate, key = tmp_path / "ca", tmp_path / "certificate", tmp_path / "key"
    assert problems(kafka_ssl_cafile=ca, kafka_ssl_certfile=certificate, kafka_ssl_keyfile=key) == [
        f"REGISTRY_KAFKA_SSL_CAFILE: cannot read {ca}: No such file or directory",
        f"REGISTRY_KAFKA_SSL_CERTFILE: cannot read {certificate}: No such file or directory",
        f"REGISTRY_KAFKA_SSL_KEYFILE: cannot read {key}: No such file or directory",
    ]
    assert problems(kafka_ssl_cafile=tmp_path) == [f"REGISTRY_KAFKA_SSL_CAFILE: cannot read {tmp_path}: Is a directory"]


def test_files_with_other_content_are_named_with_their_settings(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    good, other = authority.sign("good"), authority.sign("other")
    text = tmp_path / "text"
    text.write_text("text")
    [wrong_ca] = problems(kafka_ssl_cafile=text)
    assert wrong_ca.startswith(f"REGISTRY_KAFKA_SSL_CAFILE: {text} has no certificate in PEM format: ")
    for certificate, key in ((text, good.key), (good.certificate, text), (good.certificate, other.key)):
        [wrong] = problems(kafka_ssl_certfile=certificate, kafka_ssl_keyfile=key)
        assert wrong.startswith(
            f"REGISTRY_KAFKA_SSL_CERTFILE: {certificate} has no certificate in PEM format with the key in {key}: "
        )


def test_an_encrypted_key_is_refused_without_a_question(tmp_path: Path) -> None:
    signed = Authority(tmp_path).sign("client", password=b"secret")
    [wrong] = problems(kafka_ssl_certfile=signed.certificate, kafka_ssl_keyfile=signed.key)
    assert wrong.endswith("the key is encrypted; decrypt it first, for example with `openssl pkey`")


def test_right_files_are_accepted(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    signed = authority.sign("client")
    settings = Settings(
        kafka_security_protocol="SSL",
        kafka_ssl_cafile=str(authority.file),
        kafka_ssl_certfile=str(signed.certificate),
        kafka_ssl_keyfile=str(signed.key),
    )
    assert len(connection(settings)["ssl_context"].get_ca_certs()) == 1
