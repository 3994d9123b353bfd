//! How a job can end.

use churn_store::Connection;

/// What must land exactly once: done in the transaction that ends the job. Called again when that
/// transaction was undone because another process changed the same rows.
pub type Effect<'a> = Box<dyn Fn(&mut Connection) -> Result<(), churn_engine::Error> + 'a>;

/// A job that was done.
pub struct Done<'a> {
    /// What came of it, for whoever asked.
    pub result: serde_json::Value,
    /// What must land together with that; none for jobs whose work may be done twice unnoticed.
    pub effect: Option<Effect<'a>>,
}

/// A job that was not done.
#[derive(Debug)]
pub enum JobFault {
    /// Trying again can't help: the data or the job itself is wrong.
    Refused(anyhow::Error),
    /// Trying again may help.
    Failed(anyhow::Error),
    /// It ended early, because it was asked to or is somebody else's now.
    Ended,
}

impl From<anyhow::Error> for JobFault {
    fn from(fault: anyhow::Error) -> Self {
        Self::Failed(fault)
    }
}

impl From<churn_engine::Error> for JobFault {
    fn from(fault: churn_engine::Error) -> Self {
        use churn_engine::Error;
        match fault {
            Error::Cancelled => Self::Ended,
            Error::Store(_) | Error::Registry(_) | Error::Write { .. } => {
                Self::Failed(fault.into())
            }
            _ => Self::Refused(fault.into()),
        }
    }
}

impl From<churn_store::Error> for JobFault {
    fn from(fault: churn_store::Error) -> Self {
        churn_engine::Error::from(fault).into()
    }
}

impl From<churn_registry::Error> for JobFault {
    fn from(fault: churn_registry::Error) -> Self {
        churn_engine::Error::from(fault).into()
    }
}

impl From<churn_pipeline::Error> for JobFault {
    fn from(fault: churn_pipeline::Error) -> Self {
        match fault {
            churn_pipeline::Error::Engine(fault) => fault.into(),
            churn_pipeline::Error::Registry(fault) => fault.into(),
            fault => Self::Refused(fault.into()),
        }
    }
}
