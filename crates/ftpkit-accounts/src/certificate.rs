//! A TLS client certificate as a credential: what of it names somebody. How its subject is
//! written is in `subject`, which account a certificate belongs to in `name`.

mod name;
mod subject;

use std::{error::Error as StdError, fmt, net::IpAddr, sync::Arc};

use der::{
    Decode, Reader, SliceReader, Tag, Tagged,
    asn1::{AnyRef, ObjectIdentifier},
};
use sha2::{Digest, Sha256};

pub(crate) use name::Claims;
pub use name::{CertificateName, CertificateNameError};

/// Longer certificates are refused. Those in use have one or two thousand octets, with
/// post-quantum signatures up to fifty thousand.
const LONGEST: usize = 64 * 1024;
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
/// The form of otherName by which Active Directory names a user.
const USER_PRINCIPAL_NAME: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.20.2.3");

/// The certificate that a client showed in the TLS handshake.
///
/// A front end makes one **only after the handshake has verified the chain** up to a CA whose
/// word on names is trusted; nothing is verified here. Clones share the octets.
///
/// ```
/// use ftpkit_accounts::{ClientCertificate, SubjectAltName};
/// use rcgen::{CertificateParams, DnType, KeyPair, SanType};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut params = CertificateParams::default();
/// params.distinguished_name = rcgen::DistinguishedName::new();
/// params.distinguished_name.push(DnType::OrganizationName, "Example, Inc.");
/// params.distinguished_name.push(DnType::CommonName, "ana");
/// params.subject_alt_names = vec![SanType::Rfc822Name("ana@example.org".try_into()?)];
/// let made = params.self_signed(&KeyPair::generate()?)?;
///
/// let certificate = ClientCertificate::from_der(made.der())?;
/// assert_eq!(certificate.subject(), r"CN=ana,O=Example\, Inc.");
/// assert_eq!(certificate.common_name(), Some("ana"));
/// assert_eq!(certificate.sans(), [SubjectAltName::Email("ana@example.org".into())]);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct ClientCertificate(Arc<Shown>);

struct Shown {
    der: Box<[u8]>,
    names: Names,
    fingerprint: [u8; 32],
}

struct Names {
    subject: String,
    common_name: Option<String>,
    sans: Vec<SubjectAltName>,
}

impl ClientCertificate {
    /// Reads an end-entity certificate in DER, as TLS carries it (RFC 5280 section 4.1).
    ///
    /// What names somebody is read strictly. The rest (key, validity, other extensions) was
    /// the verifier's to judge and is passed over.
    ///
    /// # Errors
    /// [`BadCertificate`] where it is no DER certificate, is longer than 64 KiB, or has two
    /// subjectAltName extensions.
    pub fn from_der(der: &[u8]) -> Result<Self, BadCertificate> {
        if der.len() > LONGEST {
            return Err(BadCertificate::TooLong(der.len()));
        }
        Ok(Self(Arc::new(Shown {
            names: read(der)?,
            fingerprint: Sha256::digest(der).into(),
            der: der.into(),
        })))
    }

    /// The certificate's octets.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The subject as a string (RFC 4514), such as `CN=ana,O=Example`; empty where the
    /// certificate leaves it empty, as one may that has a subjectAltName.
    ///
    /// - **Order.** The last RDN of the certificate, which is the most specific one, comes
    ///   first. The attributes of an RDN with several stand in the order of their octets,
    ///   with `+` between them.
    /// - **Types.** `CN`, `SN`, `serialNumber`, `C`, `L`, `ST`, `STREET`, `O`, `OU`, `title`,
    ///   `description`, `postalCode`, `GN`, `initials`, `generationQualifier`, `dnQualifier`,
    ///   `pseudonym`, `organizationIdentifier`, `UID`, `DC` and `emailAddress` by name, all
    ///   others as a dotted OID.
    /// - **Values.** `,`, `+`, `"`, `\`, `<`, `>` and `;` have a backslash before them, and so
    ///   have a space at either end and a leading `#`. Control characters are `\` and two hex
    ///   digits for each octet of their UTF-8. All other characters stand as they are. A value
    ///   that is no string, or of a type without a name, is `#` and the hex of its DER.
    ///
    /// Two subjects with the same string differ at most in the ASN.1 types of their strings.
    /// `openssl x509 -noout -subject -nameopt RFC2253` prints it so too, but that it escapes
    /// what is not ASCII and has an order of its own inside an RDN; a
    /// [`CertificateName`] takes both.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.0.names.subject
    }

    /// The subject's common name, unescaped; the most specific one where there are several.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.0.names.common_name.as_deref()
    }

    /// The names of the subjectAltName extension (RFC 5280 section 4.2.1.6), in its order.
    ///
    /// Kinds that [`SubjectAltName`] has no variant for are left out, and so are DNS names,
    /// addresses and URIs that are not ASCII, as they must be.
    #[must_use]
    pub fn sans(&self) -> &[SubjectAltName] {
        &self.0.names.sans
    }

    /// The SHA-256 digest of the octets.
    #[must_use]
    pub fn fingerprint_sha256(&self) -> [u8; 32] {
        self.0.fingerprint
    }
}

/// Certificates are equal when their octets are.
impl PartialEq for ClientCertificate {
    fn eq(&self, other: &Self) -> bool {
        self.0.der == other.0.der
    }
}

impl Eq for ClientCertificate {}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate")
            .field("subject", &self.subject())
            .field("sans", &self.sans())
            .field("sha256", &format_args!("{}", hex(&self.0.fingerprint)))
            .finish()
    }
}

/// One name of a certificate's subjectAltName extension, as it stands there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SubjectAltName {
    /// A DNS name.
    Dns(String),
    /// An email address (rfc822Name).
    Email(String),
    /// A URI.
    Uri(String),
    /// An IP address.
    Ip(IpAddr),
    /// A user principal name of Active Directory, an otherName.
    Upn(String),
}

/// Why octets are no certificate that can be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadCertificate {
    /// It is longer than 64 KiB.
    #[error("the client certificate has {0} octets; at most {LONGEST} are read")]
    TooLong(usize),
    /// The octets are no X.509 certificate in DER.
    #[error("the client certificate is no X.509 certificate in DER")]
    Malformed(#[source] Box<dyn StdError + Send + Sync>),
    /// The names are there twice, so that a reader may see others than the CA meant.
    #[error("the client certificate has two subjectAltName extensions")]
    TwoAltNames,
}

fn read(der: &[u8]) -> Result<Names, BadCertificate> {
    let malformed = |error: der::Error| BadCertificate::Malformed(error.into());
    let (subject, extensions) = certificate(der).map_err(malformed)?;
    let (subject, common_name) = subject::write(subject).map_err(malformed)?;
    let mut alt_names = Vec::new();
    if let Some(extensions) = extensions {
        alt_names = alt_name_extensions(extensions).map_err(malformed)?;
    }
    let sans = match *alt_names {
        [] => Vec::new(),
        [names] => sans(names).map_err(malformed)?,
        _ => return Err(BadCertificate::TwoAltNames),
    };
    Ok(Names {
        subject,
        common_name,
        sans,
    })
}

/// The subject and the extensions of a certificate.
fn certificate(der: &[u8]) -> der::Result<(AnyRef<'_>, Option<AnyRef<'_>>)> {
    AnyRef::from_der(der)?.sequence(|certificate| {
        let signed = expect(certificate, Tag::Sequence)?;
        expect(certificate, Tag::Sequence)?;
        expect(certificate, Tag::BitString)?;
        signed.sequence(|fields| {
            optional(fields, 0)?;
            expect(fields, Tag::Integer)?;
            // The signature's algorithm, the issuer, the validity.
            for _ in 0..3 {
                expect(fields, Tag::Sequence)?;
            }
            let subject = expect(fields, Tag::Sequence)?;
            // The key, and the identifiers that nobody uses.
            expect(fields, Tag::Sequence)?;
            optional(fields, 1)?;
            optional(fields, 2)?;
            Ok((subject, optional(fields, 3)?))
        })
    })
}

fn expect<'a>(reader: &mut SliceReader<'a>, tag: Tag) -> der::Result<AnyRef<'a>> {
    let value = AnyRef::decode(reader)?;
    value.tag().assert_eq(tag)?;
    Ok(value)
}

/// The context-specific field of this number, if it comes next.
fn optional<'a>(reader: &mut SliceReader<'a>, number: u32) -> der::Result<Option<AnyRef<'a>>> {
    if reader.is_finished() {
        return Ok(None);
    }
    let tag = Tag::peek(reader)?;
    if tag.is_context_specific() && tag.number().value() == number {
        return AnyRef::decode(reader).map(Some);
    }
    Ok(None)
}

/// What each extension that holds alternative names holds.
fn alt_name_extensions(field: AnyRef<'_>) -> der::Result<Vec<&[u8]>> {
    let mut found = Vec::new();
    AnyRef::from_der(field.value())?.sequence(|extensions| {
        while !extensions.is_finished() {
            AnyRef::decode(extensions)?.sequence(|extension| {
                let id = expect(extension, Tag::ObjectIdentifier)?;
                let mut next = AnyRef::decode(extension)?;
                if next.tag() == Tag::Boolean {
                    next = AnyRef::decode(extension)?;
                }
                next.tag().assert_eq(Tag::OctetString)?;
                if id.value() == SUBJECT_ALT_NAME.as_bytes() {
                    found.push(next.value());
                }
                Ok::<_, der::Error>(())
            })?;
        }
        Ok::<_, der::Error>(())
    })?;
    Ok(found)
}

fn sans(general_names: &[u8]) -> der::Result<Vec<SubjectAltName>> {
    let mut sans = Vec::new();
    AnyRef::from_der(general_names)?.sequence(|names| {
        while !names.is_finished() {
            let name = AnyRef::decode(names)?;
            if name.tag().is_context_specific() {
                sans.extend(san(name)?);
            } else {
                return Err(name.tag().unexpected_error(None).into());
            }
        }
        Ok::<_, der::Error>(())
    })?;
    Ok(sans)
}

fn san(name: AnyRef<'_>) -> der::Result<Option<SubjectAltName>> {
    let tag = name.tag();
    let ascii = || {
        let text = std::str::from_utf8(name.value()).ok();
        text.filter(|text| text.is_ascii()).map(str::to_owned)
    };
    Ok(match (tag.number().value(), tag.is_constructed()) {
        (0, true) => upn(name.value())?.map(SubjectAltName::Upn),
        (1, false) => ascii().map(SubjectAltName::Email),
        (2, false) => ascii().map(SubjectAltName::Dns),
        (6, false) => ascii().map(SubjectAltName::Uri),
        (7, false) => ip(name.value()).map(SubjectAltName::Ip),
        _ => None,
    })
}

fn ip(octets: &[u8]) -> Option<IpAddr> {
    match octets.len() {
        4 => <[u8; 4]>::try_from(octets).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(octets).ok().map(IpAddr::from),
        _ => None,
    }
}

/// The user principal name, if this otherName is one.
fn upn(other_name: &[u8]) -> der::Result<Option<String>> {
    let mut reader = SliceReader::new(other_name)?;
    let id = expect(&mut reader, Tag::ObjectIdentifier)?;
    let wrapped = optional(&mut reader, 0)?;
    reader.finish()?;
    if id.value() != USER_PRINCIPAL_NAME.as_bytes() {
        return Ok(None);
    }
    let Some(wrapped) = wrapped else {
        return Ok(None);
    };
    let value = AnyRef::from_der(wrapped.value())?;
    let text = std::str::from_utf8(value.value()).ok();
    Ok(text
        .filter(|_| value.tag() == Tag::Utf8String)
        .map(str::to_owned))
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // A String takes everything.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The octets that these hex digits are.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| char::from(c).to_digit(16);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|&[high, low]| {
        let byte = digit(high)? * 16 + digit(low)?;
        u8::try_from(byte).ok()
    });
    rest.is_empty().then(|| bytes.collect()).flatten()
}
