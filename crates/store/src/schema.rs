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
        owner -> Nullable<Text>,
        alive_at -> Nullable<Timestamp>,
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

diesel::table! {
    users (id) {
        id -> Text,
        name -> Text,
        role -> Text,
        password_hash -> Text,
        must_change_password -> Bool,
        password_changed_at -> Timestamp,
        created_at -> Timestamp,
        disabled_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    api_keys (id) {
        id -> Text,
        user_id -> Text,
        label -> Text,
        hint -> Text,
        key_sha256 -> Text,
        scopes -> Text,
        created_at -> Timestamp,
        expires_at -> Nullable<Timestamp>,
        revoked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    sessions (token_sha256) {
        token_sha256 -> Text,
        user_id -> Text,
        csrf_token -> Text,
        created_at -> Timestamp,
        idle_until -> Timestamp,
        ends_at -> Timestamp,
    }
}

diesel::table! {
    refresh_tokens (token_sha256) {
        token_sha256 -> Text,
        family -> Text,
        user_id -> Text,
        issued_at -> Timestamp,
        expires_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
        revoked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    login_failures (subject) {
        subject -> Text,
        n_failures -> Integer,
        last_at -> Timestamp,
        blocked_until -> Timestamp,
    }
}

diesel::table! {
    jobs (id) {
        id -> Text,
        kind -> Text,
        payload -> Text,
        status -> Text,
        priority -> Integer,
        dedup_key -> Nullable<Text>,
        enqueued_by -> Text,
        enqueued_at -> Timestamp,
        not_before -> Timestamp,
        attempt -> Integer,
        max_attempts -> Integer,
        worker -> Nullable<Text>,
        beat -> BigInt,
        started_at -> Nullable<Timestamp>,
        finished_at -> Nullable<Timestamp>,
        cancel_requested_at -> Nullable<Timestamp>,
        step -> Text,
        n_done -> BigInt,
        n_parts -> BigInt,
        result -> Nullable<Text>,
        error -> Nullable<Text>,
    }
}

diesel::table! {
    job_log (id) {
        id -> Text,
        job_id -> Text,
        attempt -> Integer,
        at -> Timestamp,
        line -> Text,
    }
}

diesel::table! {
    leases (name) {
        name -> Text,
        holder -> Text,
        beat -> BigInt,
    }
}

diesel::table! {
    customers (dataset, key) {
        dataset -> Text,
        key -> Text,
        record -> Text,
        probability -> Double,
        risk_level -> Text,
        model_version -> Text,
        scored_at -> Timestamp,
    }
}

diesel::table! {
    predictions (id) {
        id -> Text,
        at -> Timestamp,
        dataset -> Text,
        customer_key -> Text,
        model_version -> Text,
        probability -> Double,
        risk_level -> Text,
        source -> Text,
        asked_by -> Nullable<Text>,
        record -> Text,
        answer -> Text,
    }
}
