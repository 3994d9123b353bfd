//! Where a service keeps its things: in files of its own, or on servers as a production does.

use churn_testkit::{RedisServer, S3Server, TestDatabase};

/// Database, blobs and cache of one service.
pub(crate) struct Stores {
    /// Environment variables that lead to them.
    pub(crate) set: Vec<(&'static str, String)>,
    pub(crate) redis: Option<RedisServer>,
    _database: Option<TestDatabase>,
    _bucket: Option<S3Server>,
}

impl Stores {
    /// SQLite, a folder and memory.
    pub(crate) fn small() -> Self {
        Self {
            set: Vec::new(),
            redis: None,
            _database: None,
            _bucket: None,
        }
    }

    /// SQLite and a folder, with a Redis.
    pub(crate) fn with_redis() -> Option<Self> {
        let redis = RedisServer::start()?;
        Some(Self {
            set: vec![("CHURN_REDIS_URL", redis.url())],
            redis: Some(redis),
            ..Self::small()
        })
    }

    /// Postgres, S3 and Redis.
    fn large() -> Option<Self> {
        let database = TestDatabase::postgres()?;
        let redis = RedisServer::start()?;
        let bucket = S3Server::start()?;
        let set = vec![
            ("CHURN_DATABASE_URL", database.url().to_owned()),
            ("CHURN_REDIS_URL", redis.url()),
            (
                "CHURN_BLOBS_URL",
                format!("s3://{}/service", S3Server::BUCKET),
            ),
            ("AWS_ENDPOINT_URL", bucket.endpoint()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
        ];
        Some(Self {
            set,
            redis: Some(redis),
            _database: Some(database),
            _bucket: Some(bucket),
        })
    }

    /// One of each kind that can be had here.
    pub(crate) fn each() -> Vec<Self> {
        std::iter::once(Self::small())
            .chain(Self::large())
            .collect()
    }
}
