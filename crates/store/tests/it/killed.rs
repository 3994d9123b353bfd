//! What was acknowledged is there after `kill -9`.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use churn_store::tables::datasets::{self, NewDataset};
use churn_store::{BlobParams, Blobs, Clock, Database, SystemClock};
use churn_testkit::TestDatabase;

const URL: &str = "CHURN_TEST_CHILD_URL";
const FOLDER: &str = "CHURN_TEST_CHILD_FOLDER";

/// Stores `n_files` files and says the key of each once it is acknowledged.
fn write_files(url: &str, folder: &str, n_files: u32) {
    let database = Database::open(url, 1).unwrap();
    let blobs = Blobs::open(&BlobParams::Folder(folder.into())).unwrap();
    for i in 0..n_files {
        let sha256 = blobs.put(format!("file {i}").as_bytes()).unwrap();
        let new = NewDataset {
            sha256: &sha256,
            name: "n",
            origin: "o",
            n_rows: 1,
            n_bytes: 1,
            spec_fingerprint: "f",
            first_seen_at: SystemClock.now(),
        };
        database.transaction(|c| datasets::record(c, &new)).unwrap();
        // Not `println`: the test harness would keep it until the end.
        std::io::stdout()
            .write_all(format!("stored {sha256}\n").as_bytes())
            .unwrap();
    }
}

/// Run by the test below in a process of its own; run alone, it checks the writer itself.
#[test]
fn writer() {
    match (std::env::var(URL), std::env::var(FOLDER)) {
        (Ok(url), Ok(folder)) => write_files(&url, &folder, u32::MAX),
        _ => {
            let (test, folder) = (TestDatabase::sqlite(), tempfile::tempdir().unwrap());
            write_files(test.url(), folder.path().to_str().unwrap(), 3);
            let database = Database::open(test.url(), 1).unwrap();
            assert_eq!(database.read(datasets::list).unwrap().len(), 3);
        }
    }
}

#[test]
fn acknowledged_writes_survive_kill_9() {
    for test in TestDatabase::each() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["killed::writer", "--exact", "--nocapture"])
            .env(URL, test.url())
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let stored: Vec<String> = lines
            .map_while(Result::ok)
            // The harness may have begun the line with the name of the test.
            .filter_map(|line| Some(line.split_once("stored ")?.1.to_owned()))
            .take(25)
            .collect();
        child.kill().unwrap();
        child.wait().unwrap();

        assert_eq!(stored.len(), 25);
        let database = Database::open(test.url(), 1).unwrap();
        let blobs = Blobs::open(&BlobParams::Folder(folder.path().to_owned())).unwrap();
        for sha256 in stored {
            let row = database.read(|c| datasets::find(c, &sha256)).unwrap();
            assert!(row.is_some(), "{sha256} was acknowledged");
            blobs.get(&sha256).unwrap();
        }
        for row in database.read(datasets::list).unwrap() {
            blobs.get(&row.sha256).unwrap();
        }
    }
}
