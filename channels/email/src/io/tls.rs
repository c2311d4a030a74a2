//! Certificates: our own for the listeners, other people's for IMAP.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use channel_contract::{ChannelError, ChannelName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// Longest time for the handshake.
const HANDSHAKE: Duration = Duration::from_mins(1);

/// Reads the listeners' certificate chain and key.
pub(crate) fn acceptor(
    channel: &ChannelName,
    certificate: &Path,
    key: &Path,
) -> Result<TlsAcceptor, ChannelError> {
    let problem = |path: &Path, reason: String| ChannelError::Tls {
        channel: channel.clone(),
        path: path.display().to_string(),
        reason,
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| problem(certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(problem(certificate, "there is no certificate in it".to_owned()));
    }
    let private =
        PrivateKeyDer::from_pem_file(key).map_err(|error| problem(key, error.to_string()))?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| problem(key, error.to_string()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Trusts the machine's certificate authorities, and one more if a file names it.
pub(crate) fn connector(ca_file: Option<&Path>) -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    // Single unreadable certificates of the system do not matter: the others do.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = ca_file {
        let more = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        roots.add_parsable_certificates(more);
    }
    if roots.is_empty() {
        return Err("this machine has no certificate authorities (package ca-certificates)".into());
    }
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Secures a connection to a server of this name; see [`connector`].
pub(crate) async fn secured<W: AsyncRead + AsyncWrite + Unpin>(
    host: &str,
    ca_file: Option<&Path>,
    wire: W,
) -> Result<TlsStream<W>, String> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| format!("\"{host}\" is no host name for TLS"))?;
    let connecting = connector(ca_file)?.connect(name, wire);
    match tokio::time::timeout(HANDSHAKE, connecting).await {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(_) => Err("no answer".to_owned()),
    }
}
