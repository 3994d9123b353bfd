//! `churn demo`: the whole job on one file, from raw rows to whom to call.

use std::{
    io::Write,
    net::TcpListener,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context;
use churn_engine::jobs::{FileFormat, Jobs, RecordRows, ScoreFile, Source};
use churn_engine::{
    Home, ScoreFileParams, ScoredRow, Scorer, ScorerParams, load_playbook, score_file, write_rows,
};
use churn_pipeline::{TrainRequest, read_spec, train, validate};
use churn_retention::ValueInputs;
use churn_schema::{InferOptions, Money, ReadOptions, infer};
use churn_store::SystemClock;
use churn_synth::SnapshotParams;

use super::{
    WHO, score, serve, synth, train as train_command, validate as validate_command, write_file,
};
use crate::{
    args::{DemoArgs, ServeArgs},
    progress::Bars,
    ui::Ui,
};

/// The worked example: the specification and playbook of the public Telco data, which synthetic
/// customers follow too.
const TELCO_SPEC: &str = include_str!("../../../../data/telco.yaml");
const TELCO_PLAYBOOK: &str = include_str!("../../../../config/playbook.yaml");

/// Customers to call that are shown.
const N_TOP: usize = 10;
/// Reasons shown for each.
const N_REASONS: u8 = 3;

/// Files of a demo.
struct Files {
    data: PathBuf,
    spec: PathBuf,
    playbook: Option<PathBuf>,
    folder: PathBuf,
    synthetic: bool,
}

pub(crate) fn run(home: &Home, args: &DemoArgs, ui: &Ui) -> anyhow::Result<ExitCode> {
    let port = args.port.unwrap_or(home.settings().server.port);
    if !args.no_serve {
        check_port(&home.settings().server.host, port)?;
    }
    let files = prepare(home, args, ui)?;
    ui.say(format!("1. validate {}\n", files.data.display()));
    let spec = read_spec(&files.spec)?;
    let quarantine = files.folder.join("refused.csv");
    let bars = Bars::new(ui);
    let options = ReadOptions::train();
    let validation = validate(&files.data, &spec, &options, Some(&quarantine), &bars)?;
    ui.say(validate_command::report(&validation));

    ui.say("\n2. train, compare, choose, register\n");
    let mut request = TrainRequest::new(files.data.clone(), &files.spec)?;
    request.seed = args.seed;
    request.playbook.clone_from(&files.playbook);
    WHO.clone_into(&mut request.who);
    let outcome = train(home, &request, &bars)?;
    ui.say(train_command::report(&outcome));
    let Some(champion) = &outcome.champion else {
        // A champion of other data, from an earlier run, must not score these customers.
        ui.emit(&serde_json::json!({ "synthetic": files.synthetic, "train": outcome }))?;
        ui.note(format!("error: {}", outcome.decision.text));
        return Ok(ExitCode::FAILURE);
    };

    ui.say("\n3. score the customers who are still with us, with reasons and offers\n");
    let current = files.folder.join("current-customers.csv");
    let options = ReadOptions::train();
    let target = spec
        .target()
        .map(|column| (column.name.clone(), column.positive.clone()));
    write_rows(&files.data, &spec, &options, &current, |table, row| {
        target
            .as_ref()
            .is_none_or(|(name, left)| table.value_text(name, row) != *left)
    })?;
    let (version, model) = home.registry().load(champion)?;
    let playbook = load_playbook(files.playbook.as_deref(), home.path(), &spec)?;
    let inputs = value_inputs(playbook.value_inputs());
    let params = ScorerParams {
        n_reasons: usize::from(N_REASONS),
        playbook: Some(playbook),
        with_offers: true,
    };
    let scorer = Scorer::new(version.version.to_string(), model, params)?;
    let scored = files.folder.join("scored.csv");
    let params = ScoreFileParams {
        with_intervals: false,
        input: current.clone(),
        output: scored.clone(),
        rejected: files.folder.join("scored.rejected.csv"),
        n_top: N_TOP,
        max_rejected_share: None,
    };
    let report = score_file(&scorer, &params, &mut |_| {})?;
    score::warn_faults(&report, ui);
    ui.say(score::summary(&report));
    ui.say(format!("a customer is worth: {inputs}"));
    ui.say(format!(
        "\n4. the {} customers to call first\n",
        report.top.len()
    ));
    ui.say(
        report
            .top
            .iter()
            .map(call_sheet)
            .collect::<Vec<_>>()
            .join("\n"),
    );
    ui.say(format!(
        "\nfiles\n  data        {}\n  spec        {}\n  customers   {}\n  scored      {}\n  registry    {}\n\nnext: churn --home {} models list",
        files.data.display(),
        files.spec.display(),
        current.display(),
        scored.display(),
        home.registry().database().place(),
        home.path().display(),
    ));
    if files.synthetic {
        loud(ui);
    }
    ui.emit(&serde_json::json!({
        "synthetic": files.synthetic,
        "train": outcome,
        "score": report,
    }))?;
    if args.no_serve {
        return Ok(ExitCode::SUCCESS);
    }
    fill_dashboard(home, &current, champion)?;
    ui.say("\n5. the dashboard, filled with these customers\n");
    serve::run(home.path(), &ServeArgs { port: Some(port) }, ui)
}

/// A port that is taken is told before everything else is done.
fn check_port(host: &str, port: u16) -> anyhow::Result<()> {
    TcpListener::bind((host, port)).map(drop).with_context(|| {
        format!("port {port} can't be listened on; take another with --port, or --no-serve to end after scoring")
    })
}

/// Asks for a job that scores the customers into the database, where the dashboard finds them.
fn fill_dashboard(home: &Home, customers: &Path, model: &str) -> anyhow::Result<()> {
    let file = std::path::absolute(customers)?;
    let job = ScoreFile {
        input: Source::File { file },
        model: model.to_owned(),
        reasons: N_REASONS,
        intervals: true,
        offers: true,
        format: FileFormat::Csv,
        max_rejected: None,
        max_rows: None,
        record: RecordRows(true),
    };
    let jobs = Jobs::new(home.registry().database().clone(), Arc::new(SystemClock));
    jobs.enqueue(&job, WHO, None)?;
    Ok(())
}

fn loud(ui: &Ui) {
    ui.warn("THESE CUSTOMERS ARE SYNTHETIC. Every figure above is about made-up people; give --data for real ones.");
}

fn prepare(home: &Home, args: &DemoArgs, ui: &Ui) -> anyhow::Result<Files> {
    let folder = home.path().join("demo");
    std::fs::create_dir_all(&folder).with_context(|| format!("can't make {}", folder.display()))?;
    let telco = |name: &str, text: &str| -> anyhow::Result<PathBuf> {
        let path = folder.join(name);
        write(&path, text)?;
        Ok(path)
    };
    let (data, synthetic) = match &args.data {
        Some(path) => (path.clone(), false),
        None => {
            let path = folder.join("synthetic-customers.csv");
            let params = SnapshotParams {
                rows: args.rows,
                seed: args.seed,
                ..Default::default()
            };
            synth::snapshot(&params, &path)?;
            loud(ui);
            (path, true)
        }
    };
    let (spec, playbook) = match (&args.spec, synthetic) {
        (Some(spec), _) => (spec.clone(), None),
        (None, true) => (
            telco("telco.yaml", TELCO_SPEC)?,
            Some(telco("playbook.yaml", TELCO_PLAYBOOK)?),
        ),
        (None, false) => {
            let inferred = infer(&data, &InferOptions::default())?;
            for warning in &inferred.warnings {
                ui.warn(warning);
            }
            let path = folder.join("spec.yaml");
            write(&path, &inferred.spec.to_yaml())?;
            (path, None)
        }
    };
    let playbook = match playbook {
        None if read_spec(&spec)?.name == "telco" => Some(telco("playbook.yaml", TELCO_PLAYBOOK)?),
        playbook => playbook,
    };
    Ok(Files {
        data,
        spec,
        playbook,
        folder,
        synthetic,
    })
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    write_file(path, |file| Ok(file.write_all(text.as_bytes())?))
}

/// One customer as somebody on the phone wants to see them.
fn call_sheet(row: &ScoredRow) -> String {
    let mut lines = vec![format!(
        "  {}  {:.1} %  {}",
        row.key.as_deref().unwrap_or_default(),
        row.churn_probability * 100.0,
        row.risk_level
    )];
    lines.extend(
        row.reasons
            .iter()
            .map(|reason| format!("      {}", reason.text)),
    );
    match row.offers.first() {
        Some(offer) => lines.push(format!(
            "      -> {}\n         {}",
            offer.title, offer.arithmetic
        )),
        None => lines.push("      -> do nothing: no offer pays".to_owned()),
    }
    lines.join("\n")
}

/// What the money figures rest on, in words.
fn value_inputs(inputs: &ValueInputs) -> String {
    let money = |amount: f64| {
        Money::from_major(amount, inputs.currency)
            .map_or_else(|_| amount.to_string(), |m| m.to_string())
    };
    let mut words: Vec<String> = Vec::new();
    if let Some(rule) = inputs.margin_and_horizon {
        words.push(format!(
            "monthly revenue x {} margin x {} months (specification)",
            rule.margin, rule.horizon_months
        ));
    }
    if let Some(revenue) = inputs.default_monthly_revenue {
        words.push(format!(
            "{} a month where the revenue is not known (playbook)",
            money(revenue)
        ));
    }
    if let Some(value) = inputs.default_customer_value {
        words.push(format!(
            "{} where nothing else is known (playbook)",
            money(value)
        ));
    }
    words.join("; ")
}
