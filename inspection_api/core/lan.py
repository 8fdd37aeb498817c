"""HTTPS on the local network for trying the pages on a phone: camera and position need a secure context.

A certificate authority of this machine's own signs a certificate for its addresses. It may sign for private addresses
and for those alone, so a phone that trusts it trusts nothing of the Internet. Both live in ``var/tls``.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from typing import TYPE_CHECKING

import qrcode
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

EVERYWHERE = "0.0.0.0"  # noqa: S104 - phones come from the network; never in production
_AUTHORITY_LASTS = timedelta(days=3650)
_CERTIFICATE_LASTS = timedelta(days=397)
"""Phones refuse server certificates that last longer than 398 days."""
_RENEW_BEFORE = timedelta(days=30)
_YESTERDAY = timedelta(days=1)
"""Certificates begin a day ago, for phones whose clock is behind."""
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16")
_SOMEWHERE = ("192.0.2.1", 9)
"""An address of nobody: connecting a datagram socket to it sends nothing, but tells which address we would use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Where the files of a TLS server are; ``authority`` is what a phone may install to trust it."""

    certificate: Path
    key: Path
    authority: Path


def files_in(var: Path) -> Tls:
    """Return where the files are, made or not."""
    folder = var / "tls"
    return Tls(certificate=folder / "server.crt", key=folder / "server.key", authority=folder / "authority.crt")


def own_address() -> str | None:
    """Return this machine's IPv4 address on its network; None where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_SOMEWHERE)
        except OSError:
            return None
        return str(probe.getsockname()[0])


def invitation(address: str) -> str:
    """Return what a terminal says to whoever has a phone at hand: the address, as a QR too."""
    code = qrcode.QRCode(border=2)
    code.add_data(address)
    lines = StringIO()
    code.print_ascii(out=lines, invert=True)
    return (
        f"{lines.getvalue()}手机与本机在同一网络时，扫码打开 {address}\n"
        f"首次打开会提示证书不受信任；在手机上安装 {address}/authority.crt 后即可离线使用（HTTPS_PORT=0 关闭此项）"
    )


def ensure_certificate(var: Path, addresses: Sequence[str], now: datetime) -> Tls:
    """Return a certificate for ``localhost`` and these IP addresses; made where there is none that is good for them."""
    files = files_in(var)
    files.certificate.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not _is_good(files.certificate, addresses, now):
        _issue(files, addresses, now)
    return files


def _is_good(path: Path, addresses: Sequence[str], now: datetime) -> bool:
    if not path.exists():
        return False
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    covered = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    return set(addresses) <= covered and certificate.not_valid_after_utc > now + _RENEW_BEFORE


def _issue(files: Tls, addresses: Sequence[str], now: datetime) -> None:
    authority, authority_key = _authority(files, addresses, now)
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.DNSName("localhost"), *(x509.IPAddress(ipaddress.ip_address(address)) for address in addresses)]
    made = (
        _begun("巡迹本机", authority.subject, key.public_key(), now, _CERTIFICATE_LASTS)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    _write(files.key, _pem(key))
    _write(files.certificate, made.public_bytes(serialization.Encoding.PEM))


def _authority(
    files: Tls, addresses: Sequence[str], now: datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Return the authority and its key, made where there is none that lasts and may sign for these addresses."""
    kept = files.authority.with_suffix(".key")
    if files.authority.exists() and kept.exists():
        authority = x509.load_pem_x509_certificate(files.authority.read_bytes())
        key = serialization.load_pem_private_key(kept.read_bytes(), password=None)
        lasts = authority.not_valid_after_utc > now + _CERTIFICATE_LASTS
        if lasts and isinstance(key, ec.EllipticCurvePrivateKey) and _permits(authority, addresses):
            return authority, key
    return _new_authority(files, kept, addresses, now)


def _permits(authority: x509.Certificate, addresses: Sequence[str]) -> bool:
    constraints = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    nets = [ipaddress.ip_network(str(net.value)) for net in constraints.permitted_subtrees or [] if _is_net(net)]
    return all(any(ipaddress.ip_address(address) in net for net in nets) for address in addresses)


def _is_net(name: x509.GeneralName) -> bool:
    return isinstance(name, x509.IPAddress)


def _new_authority(
    files: Tls, kept: Path, addresses: Sequence[str], now: datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"巡迹本机根证书 {socket.gethostname()[:40]}")
    nets = [ipaddress.ip_network(net) for net in (*_PRIVATE, *addresses)]
    permitted = [x509.DNSName("localhost"), *(x509.IPAddress(net) for net in nets)]
    authority = (
        _begun(name, name, key.public_key(), now, _AUTHORITY_LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(kept, _pem(key))
    _write(files.authority, authority.public_bytes(serialization.Encoding.PEM))
    return authority, key


def _begun(
    subject: str | x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject) if isinstance(subject, str) else subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _YESTERDAY)
        .not_valid_after(now + lasts)
    )


def _name(words: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, words)])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    """Write a file that only its owner reads."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
