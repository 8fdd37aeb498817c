"""A machine's own certificate: good for its addresses, kept while it is, from an authority that may do little."""

from __future__ import annotations

import ssl
import stat
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import pytest
import zxingcpp
from cryptography import x509
from PIL import Image, ImageDraw

from inspection_api.core.lan import Tls, ensure_certificate, files_in, invitation, own_address
from inspection_api.core.settings import system_clock

if TYPE_CHECKING:
    from pathlib import Path

ADDRESSES = ["127.0.0.1", "192.168.1.20"]


def names_of(files: Tls) -> list[str]:
    certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(address) for address in names.get_values_for_type(x509.IPAddress)]


def test_a_certificate_is_made_once_for_its_addresses_and_anew_when_they_change_or_it_ends(tmp_path: Path) -> None:
    now = system_clock()
    files = ensure_certificate(tmp_path, ADDRESSES, now)
    assert names_of(files) == ADDRESSES
    first, authority = files.certificate.read_bytes(), files.authority.read_bytes()
    assert ensure_certificate(tmp_path, ADDRESSES[:1], now).certificate.read_bytes() == first
    assert names_of(ensure_certificate(tmp_path, ["10.0.0.7"], now)) == ["10.0.0.7"]
    second = files.certificate.read_bytes()
    assert ensure_certificate(tmp_path, ["10.0.0.7"], now + timedelta(days=360)).certificate.read_bytes() == second
    assert ensure_certificate(tmp_path, ["10.0.0.7"], now + timedelta(days=370)).certificate.read_bytes() != second
    assert files.authority.read_bytes() == authority
    ensure_certificate(tmp_path, ["10.0.0.8"], now + timedelta(days=3640))
    assert files.authority.read_bytes() != authority


def test_nobody_else_reads_the_keys(tmp_path: Path) -> None:
    files = ensure_certificate(tmp_path, ADDRESSES, system_clock())
    for key in (files.key, files.authority.with_suffix(".key")):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


@pytest.mark.parametrize("own", ["192.168.1.20", "8.8.4.4"])
def test_the_authority_vouches_for_private_addresses_and_the_own_alone(tmp_path: Path, own: str) -> None:
    files = ensure_certificate(tmp_path, [own], system_clock())
    authority = x509.load_pem_x509_certificate(files.authority.read_bytes())
    permitted = authority.extensions.get_extension_for_class(x509.NameConstraints)
    nets = [net.value for net in permitted.value.permitted_subtrees or [] if isinstance(net, x509.IPAddress)]
    assert permitted.critical
    assert all(net.is_private or net == ip_network(own) for net in nets)
    assert any(ip_address(own) in ip_network(net) for net in nets)
    assert not any(ip_address("8.8.8.8") in ip_network(net) for net in nets)


def test_a_client_that_trusts_the_authority_trusts_the_server(tmp_path: Path) -> None:
    files = ensure_certificate(tmp_path, ADDRESSES, system_clock())
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=files.authority)
    server.load_cert_chain(files.certificate, files.key)
    for host in ("127.0.0.1", "192.168.1.20", "localhost"):
        assert shake_hands(client, server, host)


def shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, host: str) -> bool:
    """Let both ends talk in memory until each is content."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(down, up, server_hostname=host), server.wrap_bio(up, down, server_side=True)]
    for _ in range(6):
        for end in list(ends):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            ends.remove(end)
    return not ends


def test_the_invitation_holds_a_symbol_that_a_camera_reads(tmp_path: Path) -> None:
    words = invitation("https://192.168.1.20:8443")
    rows = [line for line in words.splitlines() if set(line) <= set("█▀▄ \N{NO-BREAK SPACE}")]
    picture = Image.new("L", (len(rows[0]) * 8, len(rows) * 16), 0)
    draw = ImageDraw.Draw(picture)
    for y, row in enumerate(rows):
        for x, char in enumerate(row):
            for half, lit in enumerate((char in "█▀", char in "█▄")):
                draw.rectangle((x * 8, y * 16 + half * 8, x * 8 + 7, y * 16 + half * 8 + 7), 255 if lit else 0)
    assert [found.text for found in zxingcpp.read_barcodes(picture)] == ["https://192.168.1.20:8443"]
    assert "https://192.168.1.20:8443/authority.crt" in words


def test_the_own_address_is_one_that_others_reach_or_none() -> None:
    address = own_address()
    assert address is None or not ip_address(address).is_loopback


def test_files_are_named_before_they_are_made(tmp_path: Path) -> None:
    assert files_in(tmp_path).authority.parent == tmp_path / "tls"
