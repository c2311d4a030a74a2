use super::*;
use crate::each_db;
use rozmova_base::Timestamp;
use uuid::Uuid;

struct CountingIds(std::sync::atomic::AtomicU64);

impl IdMaker for CountingIds {
    fn next_uuid(&self) -> Uuid {
        let next = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Uuid::from_u128(u128::from(next))
    }
}

fn ids() -> CountingIds {
    CountingIds(std::sync::atomic::AtomicU64::new(1))
}

/// A media store in a folder that goes when it is dropped.
struct Scratch {
    media: MediaStore,
    folder: std::path::PathBuf,
}

impl Scratch {
    fn open(db: &Db) -> Self {
        let name =
            format!("rozmova-media-{}-{:?}", std::process::id(), std::thread::current().id());
        let folder = std::env::temp_dir().join(name);
        let config = MediaConfig { url: folder.display().to_string(), ..MediaConfig::default() };
        Self { media: MediaStore::open(&config, db.clone()).expect("opens"), folder }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn spool(db: &Db, content: &[u8]) -> ContentHash {
    let hash = ContentHash::of(content);
    let mut tx = db.begin().await.expect("a transaction");
    store::insert(&mut tx.sql(), &hash, content, Timestamp(1)).await.expect("spooled");
    tx.commit().await.expect("committed");
    hash
}

each_db!(content_is_found_before_and_after_it_was_moved, |db| {
    let scratch = Scratch::open(&db);
    let mut hashes = Vec::new();
    for number in 0..40 {
        hashes.push(spool(&db, format!("mail {number}").as_bytes()).await);
    }
    let media = &scratch.media;
    assert_eq!(media.load(&hashes[39]).await.expect("from the spool"), "mail 39");
    assert_eq!(mover::backlog(media).await.expect("counted").waiting, 40);
    assert_eq!(mover::move_batch(media).await.expect("moved"), 32);
    assert_eq!(mover::move_batch(media).await.expect("moved"), 8);
    assert_eq!(mover::move_batch(media).await.expect("nothing left"), 0);
    assert_eq!(mover::backlog(media).await.expect("counted").waiting, 0);
    assert_eq!(media.count_objects().await.expect("counted"), 40);
    for (number, hash) in hashes.iter().enumerate() {
        assert_eq!(media.load(hash).await.expect("moved"), format!("mail {number}"));
    }
});

each_db!(a_crash_between_writing_and_emptying_moves_it_again, |db| {
    let scratch = Scratch::open(&db);
    let hash = spool(&db, b"twice").await;
    scratch.media.put(&hash, Bytes::from_static(b"twice")).await.expect("written");
    assert_eq!(mover::move_batch(&scratch.media).await.expect("moved"), 1);
    assert_eq!(scratch.media.count_objects().await.expect("counted"), 1);
    assert_eq!(scratch.media.load(&hash).await.expect("there"), "twice");
});

each_db!(damaged_content_is_not_shown, |db| {
    let scratch = Scratch::open(&db);
    let hash = ContentHash::of(b"true");
    scratch.media.put(&hash, Bytes::from_static(b"false")).await.expect("written");
    let error = scratch.media.load(&hash).await.expect_err("damaged");
    assert!(matches!(error, MediaError::Damaged(damaged) if damaged == hash), "{error}");
    let missing = ContentHash::of(b"never written");
    let error = scratch.media.load(&missing).await.expect_err("missing");
    assert!(matches!(error, MediaError::Missing(_)), "{error}");
});

each_db!(a_stream_is_written_within_its_limit, |db| {
    let scratch = Scratch::open(&db);
    let media = &scratch.media;
    let pieces = |count: usize| {
        futures_util::stream::iter((0..count).map(|n| {
            Ok::<_, std::io::Error>(Bytes::from(vec![
                u8::try_from(n % 251).expect("small");
                65_536
            ]))
        }))
    };
    // 12.5 MB: three parts.
    let written = media.write(pieces(200), 20_000_000, &ids()).await.expect("written");
    assert_eq!(written.size_bytes, 200 * 65_536);
    assert_eq!(media.load(&written.hash).await.expect("there").len(), 200 * 65_536);
    let error = media.write(pieces(200), 10_000_000, &ids()).await.expect_err("too large");
    assert!(matches!(error, MediaError::TooLarge(10_000_000)), "{error}");
    let broken =
        pieces(100).chain(futures_util::stream::iter([Err(std::io::Error::other("gone"))]));
    let error = media.write(broken, 20_000_000, &ids()).await.expect_err("broken off");
    assert!(matches!(error, MediaError::Interrupted(_)), "{error}");
    assert_eq!(media.count_objects().await.expect("counted"), 1);
});
