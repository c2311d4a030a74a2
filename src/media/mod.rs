//! Raw mails and attachments: written once, read by their hash, never changed.
//!
//! 1. The address of some content is its SHA-256: `sha256/ab/cd…`. Writing it twice is one object.
//! 2. What comes in is committed to the spool (a table) with its arrival; [`mover`] puts it into
//!    the object store and only then empties the spool. Reading looks into the spool first, so at
//!    any instant the content is in one of the two places. What [`is_large`] is put into the
//!    object store before the commit of its arrival instead: a database holds a parameter of a
//!    statement in memory three times, and everybody waits while it is written. A crash between
//!    the two leaves an object that nothing names yet; the sender brings the mail again.
//! 3. Whatever is read is compared with its hash: damaged content is an error, never shown.
//! 4. Large content is streamed; what is held in memory is limited by [`PIECE_BYTES`] for writing
//!    and by the largest mail for reading.

mod config;
mod hash;
pub mod mover;
mod store;

use std::pin::pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
pub use config::MediaConfig;
use futures_util::{Stream, StreamExt};
pub use hash::{ContentHash, Hasher};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt};
use rozmova_base::id::IdMaker;

use crate::store::{Db, StoreError};

/// Size of the parts of a streamed write: the least that S3 takes.
pub const PIECE_BYTES: usize = 5 * 1024 * 1024;

/// Larger content than this does not go through the spool.
const SPOOL_CONTENT_BYTES_MAX: usize = 1024 * 1024;

/// Whether content of this size goes into the object store at once.
pub const fn is_large(size_bytes: usize) -> bool {
    size_bytes > SPOOL_CONTENT_BYTES_MAX
}

/// Why content cannot be had or kept.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// The configured place cannot be used. Mend the configuration.
    #[error("media.url \"{url}\" cannot be used: {reason}")]
    Place {
        /// As configured.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no such content.
    #[error("no content with the hash {0}")]
    Missing(ContentHash),
    /// What is stored is not what was stored. Restore it from a backup.
    #[error("the content with the hash {0} is damaged; restore it from a backup")]
    Damaged(ContentHash),
    /// Larger than allowed.
    #[error("larger than the limit of {0} bytes")]
    TooLarge(u64),
    /// The sender of a stream broke off.
    #[error("the upload broke off: {0}")]
    Interrupted(String),
    /// The object store does not answer or is full. Try again later.
    #[error("the media store is unavailable: {0}")]
    Unavailable(String),
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<object_store::Error> for MediaError {
    fn from(error: object_store::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// Content that has been written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its address.
    pub hash: ContentHash,
    /// Its size.
    pub size_bytes: u64,
}

/// The media store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct MediaStore {
    db: Db,
    objects: Arc<dyn ObjectStore>,
    prefix: Path,
}

impl MediaStore {
    /// Opens the configured place; a folder is made when there is none.
    pub fn open(config: &MediaConfig, db: Db) -> Result<Self, MediaError> {
        let (objects, prefix) = place(&config.url)
            .map_err(|reason| MediaError::Place { url: config.url.clone(), reason })?;
        Ok(Self { db, objects, prefix })
    }

    /// The whole content, from the spool or the object store, compared with its hash.
    pub async fn load(&self, hash: &ContentHash) -> Result<Bytes, MediaError> {
        let content = match self.load_spooled(hash).await? {
            Some(content) => content,
            None => self.load_object(hash).await?,
        };
        let expected = *hash;
        // A large mail takes 0.1 s to hash: not on a thread that serves others.
        let (content, found) = tokio::task::spawn_blocking(move || {
            let found = ContentHash::of(&content);
            (content, found)
        })
        .await
        .map_err(|error| MediaError::Unavailable(error.to_string()))?;
        if found == expected { Ok(content) } else { Err(MediaError::Damaged(expected)) }
    }

    /// Whether the content is there, in the spool or the object store; it is not read.
    pub async fn holds(&self, hash: &ContentHash) -> Result<bool, MediaError> {
        match self.objects.head(&self.path(hash)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => {
                Ok(self.load_spooled(hash).await?.is_some())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Writes content whose hash is known. Writing it again does nothing new.
    pub async fn put(&self, hash: &ContentHash, content: Bytes) -> Result<(), MediaError> {
        self.objects.put(&self.path(hash), content.into()).await?;
        Ok(())
    }

    /// Writes a stream of at most `bytes_max` bytes; nothing stays of one that breaks off.
    pub async fn write<S, E>(
        &self,
        stream: S,
        bytes_max: u64,
        ids: &dyn IdMaker,
    ) -> Result<Written, MediaError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: std::fmt::Display,
    {
        let mut stream = pin!(stream);
        let mut hasher = Hasher::default();
        let mut size_bytes = 0_u64;
        let mut piece = BytesMut::new();
        let mut upload = Incoming::new(self, ids);
        while let Some(next) = stream.next().await {
            let next = match next {
                Ok(next) => next,
                Err(error) => {
                    upload.abort().await;
                    return Err(MediaError::Interrupted(error.to_string()));
                }
            };
            size_bytes += next.len() as u64;
            if size_bytes > bytes_max {
                upload.abort().await;
                return Err(MediaError::TooLarge(bytes_max));
            }
            hasher.update(&next);
            piece.extend_from_slice(&next);
            if piece.len() >= PIECE_BYTES {
                upload.push(piece.split().freeze()).await?;
            }
        }
        let hash = hasher.finish();
        upload.finish(piece.freeze(), &hash).await?;
        Ok(Written { hash, size_bytes })
    }

    /// The first bytes of content that [`is_large`], at most so many. Not compared with its hash.
    pub async fn load_beginning(
        &self,
        hash: &ContentHash,
        bytes_max: u64,
    ) -> Result<Bytes, MediaError> {
        Ok(self.objects.get_range(&self.path(hash), 0..bytes_max).await?)
    }

    async fn load_spooled(&self, hash: &ContentHash) -> Result<Option<Bytes>, MediaError> {
        let mut connection = self.db.read().await?;
        Ok(store::load(&mut connection.sql(), hash).await?.map(Bytes::from))
    }

    async fn load_object(&self, hash: &ContentHash) -> Result<Bytes, MediaError> {
        match self.objects.get(&self.path(hash)).await {
            Ok(found) => Ok(found.bytes().await?),
            Err(object_store::Error::NotFound { .. }) => Err(MediaError::Missing(*hash)),
            Err(error) => Err(error.into()),
        }
    }

    /// `sha256/ab/abcd…`: 256 folders keep a folder under 40,000 files at ten million.
    fn path(&self, hash: &ContentHash) -> Path {
        let text = hash.to_string();
        self.prefix.clone().join("sha256").join(&text[..2]).join(text.as_str())
    }

    /// How many objects there are.
    #[cfg(test)]
    pub async fn count_objects(&self) -> Result<usize, MediaError> {
        let folder = self.prefix.clone().join("sha256");
        Ok(self.objects.list(Some(&folder)).count().await)
    }
}

/// A write whose hash is not yet known: small content waits in memory, large content is written
/// beside the others and renamed at the end.
struct Incoming<'a> {
    media: &'a MediaStore,
    path: Path,
    parts: Option<Box<dyn MultipartUpload>>,
}

impl<'a> Incoming<'a> {
    fn new(media: &'a MediaStore, ids: &dyn IdMaker) -> Self {
        let path = media.prefix.clone().join("incoming").join(ids.next_uuid().to_string());
        Self { media, path, parts: None }
    }

    async fn push(&mut self, piece: Bytes) -> Result<(), MediaError> {
        if self.parts.is_none() {
            self.parts = Some(self.media.objects.put_multipart(&self.path).await?);
        }
        if let Some(parts) = &mut self.parts {
            parts.put_part(piece.into()).await?;
        }
        Ok(())
    }

    async fn finish(mut self, rest: Bytes, hash: &ContentHash) -> Result<(), MediaError> {
        if self.parts.is_none() {
            return self.media.put(hash, rest).await;
        }
        if !rest.is_empty() {
            self.push(rest).await?;
        }
        if let Some(mut parts) = self.parts.take() {
            parts.complete().await?;
            self.media.objects.rename(&self.path, &self.media.path(hash)).await?;
        }
        Ok(())
    }

    async fn abort(mut self) {
        if let Some(mut parts) = self.parts.take()
            && let Err(error) = parts.abort().await
        {
            tracing::warn!(%error, "An interrupted upload left a partial object");
        }
    }
}

fn place(url: &str) -> Result<(Arc<dyn ObjectStore>, Path), String> {
    if url.starts_with("s3://") {
        return s3(url);
    }
    let folder = url.strip_prefix("file://").unwrap_or(url);
    std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    // A file is on the disk before the spool row that holds the same content goes.
    let local = LocalFileSystem::new_with_prefix(folder)
        .map_err(|error| error.to_string())?
        .with_fsync(true);
    Ok((Arc::new(local), Path::default()))
}

#[cfg(feature = "s3")]
fn s3(url: &str) -> Result<(Arc<dyn ObjectStore>, Path), String> {
    let store = object_store::aws::AmazonS3Builder::from_env()
        .with_url(url)
        .build()
        .map_err(|error| error.to_string())?;
    let prefix = url.trim_start_matches("s3://").split_once('/').map_or("", |(_, path)| path);
    Ok((Arc::new(store), Path::from(prefix)))
}

#[cfg(not(feature = "s3"))]
fn s3(_url: &str) -> Result<(Arc<dyn ObjectStore>, Path), String> {
    Err("this binary was built without the feature s3; name a folder".to_owned())
}

#[cfg(test)]
mod tests;
