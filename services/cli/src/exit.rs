//! From an error to a message and an exit code.

use std::process::ExitCode;

use crate::ui::Ui;

/// Data refused.
pub(crate) const REFUSED: u8 = 3;
/// Failed.
const FAILED: u8 = 1;

/// Says what went wrong and gives the exit code for it.
pub(crate) fn report(ui: &Ui, fault: &anyhow::Error) -> ExitCode {
    let code = code_of(fault);
    // Causes already told by their parent's words are not repeated.
    let mut text = fault.to_string();
    for cause in fault.chain().skip(1) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    if ui.is_json() {
        let object = serde_json::json!({ "error": text, "exit_code": code });
        crate::ui::write_stdout(&object.to_string());
    }
    eprintln!("error: {text}");
    ExitCode::from(code)
}

fn code_of(fault: &anyhow::Error) -> u8 {
    let refused = fault.chain().any(|cause| {
        let pipeline = cause.downcast_ref::<churn_pipeline::Error>();
        let engine = cause.downcast_ref::<churn_engine::Error>();
        let schema = cause.downcast_ref::<churn_schema::Error>();
        pipeline.is_some_and(churn_pipeline::Error::is_data_refused)
            || engine.is_some_and(churn_engine::Error::is_data_refused)
            || schema.is_some_and(churn_schema::Error::is_data_refused)
    });
    if refused { REFUSED } else { FAILED }
}
