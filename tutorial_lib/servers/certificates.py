"""A certificate for 127.0.0.1 from an authority of one's own, in files only while servers start."""

from __future__ import annotations

from pathlib import Path

CERTIFICATE_FILES = {"--tls-ca-cert-file": "ca.pem", "--tls-cert-file": "server.pem", "--tls-key-file": "server.key"}


class Certificates:
    """What a redis-server needs to speak TLS, in ``folder``. The authority's own key is kept nowhere."""

    def __init__(self, folder: Path) -> None:
        import trustme  # Here, since it takes a quarter of a second.

        authority = trustme.CA(organization_name="redis-pool-tutorial")
        certificate = authority.issue_cert("127.0.0.1", "localhost")
        self._folder = folder
        self.ca_data = authority.cert_pem.bytes().decode()
        """The certificate of the authority as PEM text."""
        authority.cert_pem.write_to_path(folder / "ca.pem")
        certificate.cert_chain_pems[0].write_to_path(folder / "server.pem")
        certificate.private_key_pem.write_to_path(folder / "server.key")

    def options(self, port: int) -> list[str]:
        """Return redis-server's options for a TLS port that lets in clients without a certificate."""
        files = [text for option, name in CERTIFICATE_FILES.items() for text in (option, str(self._folder / name))]
        return ["--tls-port", str(port), "--tls-auth-clients", "no", *files]

    def forget(self) -> None:
        """Delete the files. A server that has started has read them."""
        for name in CERTIFICATE_FILES.values():
            (self._folder / name).unlink(missing_ok=True)


def lacks_tls(last_lines: str) -> bool:
    """True if a redis-server did not start because it was built without TLS; the two ways in which versions say so."""
    said = last_lines.lower()
    return "tls" in said and ("bad directive" in said or "connection type" in said)
