//! The tables as Diesel sees them; what a row means is said in `migrations/`.

diesel::table! {
    datasets (sha256) {
        sha256 -> Text,
        name -> Text,
        origin -> Text,
        n_rows -> BigInt,
        n_bytes -> BigInt,
        spec_fingerprint -> Text,
        first_seen_at -> Timestamp,
    }
}

diesel::table! {
    runs (id) {
        id -> Text,
        started_at -> Timestamp,
        finished_at -> Nullable<Timestamp>,
        status -> Text,
        seed -> BigInt,
        dataset_sha256 -> Text,
        spec_fingerprint -> Text,
        config -> Text,
        leaderboard -> Nullable<Text>,
        decision -> Nullable<Text>,
        error -> Nullable<Text>,
    }
}

diesel::table! {
    model_versions (version) {
        version -> Text,
        major -> Integer,
        minor -> Integer,
        patch -> Integer,
        run_id -> Nullable<Text>,
        algorithm -> Text,
        bundle_sha256 -> Text,
        size_bytes -> BigInt,
        dataset_sha256 -> Text,
        spec_fingerprint -> Text,
        plan_fingerprint -> Text,
        features_fingerprint -> Text,
        recipe_fingerprint -> Text,
        parameters -> Text,
        metrics -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    aliases (name) {
        name -> Text,
        version -> Text,
        moved_at -> Timestamp,
    }
}

diesel::table! {
    alias_moves (id) {
        id -> Text,
        alias -> Text,
        position -> BigInt,
        action -> Text,
        from_version -> Nullable<Text>,
        to_version -> Text,
        who -> Text,
        why -> Text,
        moved_at -> Timestamp,
    }
}

diesel::table! {
    audit (id) {
        id -> Text,
        at -> Timestamp,
        who -> Text,
        action -> Text,
        subject -> Text,
        before -> Nullable<Text>,
        after -> Nullable<Text>,
    }
}

diesel::table! {
    trials (study, number) {
        study -> Text,
        number -> BigInt,
        run_id -> Text,
        algorithm -> Text,
        record -> Text,
        finished_at -> Timestamp,
    }
}
