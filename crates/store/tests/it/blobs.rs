//! Blobs in a folder and in a bucket.

use std::path::Path;

use churn_store::{BlobParams, Blobs, Error, S3Params, sha256_hex};
use churn_testkit::S3Server;

fn s3(server: &S3Server, prefix: &str) -> Blobs {
    let params = S3Params {
        bucket: S3Server::BUCKET.to_owned(),
        prefix: prefix.to_owned(),
        endpoint: Some(server.endpoint()),
        region: "us-east-1".to_owned(),
        access_key: Some("test".to_owned()),
        secret_key: Some("test".to_owned()),
        allow_http: true,
    };
    Blobs::open(&BlobParams::S3(params)).unwrap()
}

/// Files of several pieces, in and out; returns the key of the long one.
fn check_files(blobs: &Blobs) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    std::fs::write(&from, b"a model bundle").unwrap();
    assert_eq!(
        blobs.put_file(&from).unwrap(),
        sha256_hex(b"a model bundle")
    );
    let content: Vec<u8> = (0..20_000_001_u32)
        .map(|i| (i >> 3).to_le_bytes()[0])
        .collect();
    std::fs::write(&from, &content).unwrap();
    let key = blobs.put_file(&from).unwrap();
    assert_eq!(key, sha256_hex(&content));
    assert_eq!(blobs.put_file(&from).unwrap(), key, "again changes nothing");
    blobs.get_file(&key, &to).unwrap();
    assert!(std::fs::read(&to).unwrap() == content);
    let missing = blobs.get_file(&sha256_hex(b"never stored"), &folder.path().join("none"));
    assert!(matches!(missing, Err(Error::Missing { .. })));
    assert!(!folder.path().join("none").exists());
    assert!(blobs.put_file(&folder.path().join("none")).is_err());
    key
}

/// Puts, finds, reads, damages and removes; `damage` replaces what lies under a key.
fn check(blobs: &Blobs, damage: impl Fn(&str, &str)) {
    let content = b"a model bundle".as_slice();
    let key = blobs.put(content).unwrap();
    assert_eq!(key, sha256_hex(content));
    assert_eq!(
        blobs.put(content).unwrap(),
        key,
        "putting again changes nothing"
    );
    assert_eq!(blobs.get(&key).unwrap(), content);
    assert!(blobs.exists(&key).unwrap());
    let large: Vec<u8> = (0..3_000_000_u32).map(|i| i.to_le_bytes()[0]).collect();
    let other = blobs.put(&large).unwrap();
    assert_eq!(blobs.get(&other).unwrap(), large);
    let empty = blobs.put(b"").unwrap();
    assert_eq!(blobs.get(&empty).unwrap(), b"");
    let long = check_files(blobs);
    let mut keys = vec![key.clone(), other.clone(), empty, long];
    keys.sort();
    assert_eq!(blobs.list().unwrap(), keys);

    damage(&key, "a model");
    let fault = blobs.get(&key).unwrap_err();
    assert!(
        matches!(&fault, Error::Corrupt { found_bytes: 7, .. }),
        "{fault}"
    );
    let text = fault.to_string();
    assert!(
        text.contains(&key) && text.contains("backup") && text.contains(blobs.place()),
        "{text}"
    );
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("damaged");
    let fault = blobs.get_file(&key, &target).unwrap_err();
    assert!(
        matches!(&fault, Error::Corrupt { found_bytes: 7, .. }),
        "{fault}"
    );
    assert!(!target.exists(), "nothing damaged is handed out");
    assert_eq!(blobs.put(content).unwrap(), key, "putting again repairs it");
    assert_eq!(blobs.get(&key).unwrap(), content);

    blobs.delete(&key).unwrap();
    blobs.delete(&key).unwrap();
    assert!(!blobs.exists(&key).unwrap());
    assert!(matches!(
        blobs.get(&key).unwrap_err(),
        Error::Missing { .. }
    ));
    for bad in ["", "../../etc/passwd", &"A".repeat(64), &key[1..]] {
        assert!(
            matches!(blobs.get(bad).unwrap_err(), Error::BadKey { .. }),
            "{bad}"
        );
    }
}

#[test]
fn folder() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("deep/er");
    let blobs = Blobs::open(&BlobParams::Folder(folder.clone())).unwrap();
    check(&blobs, |key, content| {
        std::fs::write(folder.join(&key[..2]).join(&key[2..]), content).unwrap();
    });
}

#[test]
fn bucket() {
    let Some(server) = S3Server::start() else {
        return;
    };
    for prefix in ["", "models/of mine"] {
        let blobs = s3(&server, prefix);
        check(&blobs, |key, content| {
            let folder = if prefix.is_empty() {
                String::new()
            } else {
                "models/of%20mine/".to_owned()
            };
            server.overwrite(&format!("{folder}{}/{}", &key[..2], &key[2..]), content);
        });
    }
}

#[test]
fn a_bucket_that_does_not_answer_is_named_without_its_keys() {
    let params = S3Params {
        bucket: "nowhere".to_owned(),
        prefix: String::new(),
        endpoint: Some("http://127.0.0.1:1".to_owned()),
        region: "us-east-1".to_owned(),
        access_key: Some("an-access-key".to_owned()),
        secret_key: Some("a-secret-key".to_owned()),
        allow_http: true,
    };
    assert!(!format!("{params:?}").contains("a-secret-key"));
    let blobs = Blobs::open(&BlobParams::S3(params)).unwrap();
    let text = blobs.put(b"x").unwrap_err().to_string();
    assert!(
        text.contains("s3://nowhere/") && !text.contains("a-secret-key"),
        "{text}"
    );
}

#[test]
fn one_blob_from_many_threads() {
    let root = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(&BlobParams::Folder(root.path().to_owned())).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for i in 0..20_u8 {
                    let content = vec![i; 10_000];
                    let key = blobs.put(&content).unwrap();
                    assert_eq!(blobs.get(&key).unwrap(), content);
                }
            });
        }
    });
    assert_eq!(blobs.list().unwrap().len(), 20);
}

#[test]
fn a_file_where_the_folder_should_be_is_named() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("file");
    std::fs::write(&path, "x").unwrap();
    let text = Blobs::open(&BlobParams::Folder(path.clone()))
        .unwrap_err()
        .to_string();
    assert!(text.contains(&path.display().to_string()), "{text}");
}

#[test]
fn addresses() {
    let s3 = S3Params {
        bucket: String::new(),
        prefix: String::new(),
        endpoint: None,
        region: "eu-west-1".to_owned(),
        access_key: None,
        secret_key: None,
        allow_http: false,
    };
    let folder = BlobParams::parse("file:///data/objects", s3.clone()).unwrap();
    assert_eq!(
        folder,
        BlobParams::Folder(Path::new("/data/objects").to_owned())
    );
    let bucket = BlobParams::parse("s3://mine/a/b/", s3.clone()).unwrap();
    let expected = S3Params {
        bucket: "mine".to_owned(),
        prefix: "a/b".to_owned(),
        ..s3.clone()
    };
    assert_eq!(bucket, BlobParams::S3(expected));
    for wrong in ["file://data", "s3://", "s3:///x", "gs://mine", "objects"] {
        let text = BlobParams::parse(wrong, s3.clone())
            .unwrap_err()
            .to_string();
        assert!(
            text.contains(wrong) && text.contains("s3://bucket/prefix"),
            "{text}"
        );
    }
}
