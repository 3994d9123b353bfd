//! One hostile case: what is given, what is run, what must come of it.

use std::fs;
use std::path::Path;

use crate::customers::Customers;
use crate::shell::{Base, Ran, run, run_bound};

/// How the hostile input is made. Files are `bad.csv` unless said otherwise.
pub(crate) enum Given {
    /// The good customers, spoilt.
    Rows(fn(&mut Customers)),
    /// Bytes made from the good text.
    Bytes(fn(&str) -> Vec<u8>),
    /// Whatever is done to the folder.
    Folder(fn(&Path)),
    /// As `Folder`; then permission bits bind the program even when root runs the tests.
    Bound(fn(&Path)),
}

/// What must be there afterwards.
pub(crate) enum Leaves {
    /// Nothing is looked at.
    Any,
    /// `out.csv` must not exist, nor any part of it.
    NoOutput,
    /// `out.csv` has so many customers, `out.csv.rejected.csv` so many rows.
    Scored(usize, usize),
    /// `quarantine.csv` has so many rows.
    Quarantined(usize),
    /// These files are as they were.
    Untouched(&'static [&'static str]),
}

/// One row of the table.
pub(crate) struct Case {
    /// What is wrong; stands in the catalogue.
    pub(crate) name: &'static str,
    pub(crate) given: Given,
    /// Arguments after `churn --home home`, separated by blanks.
    pub(crate) run: &'static str,
    pub(crate) code: i32,
    /// Words that stdout and stderr together must hold.
    pub(crate) says: &'static [&'static str],
    pub(crate) leaves: Leaves,
}

/// Runs every case in a folder of its own and checks it.
pub(crate) fn check_all(cases: &[Case]) {
    let base = Base::new();
    let faults: Vec<String> = cases.iter().filter_map(|case| check(&base, case)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

/// What is wrong with the outcome of a case, if anything.
fn check(base: &Base, case: &Case) -> Option<String> {
    let folder = base.folder();
    prepare(base, case, folder.path());
    let before = Untouched::new(case, folder.path());
    let ran = carry_out(case, folder.path());
    let said = format!("{}\n{}", ran.stdout, ran.stderr);
    let mut faults = Vec::new();
    if ran.code != Some(case.code) {
        faults.push(format!("exit code {:?}, expected {}", ran.code, case.code));
    }
    if said.contains("panicked") {
        faults.push("it panicked".to_owned());
    }
    for words in case.says.iter().filter(|words| !said.contains(**words)) {
        faults.push(format!("it does not say {words:?}"));
    }
    faults.extend(leftovers(case, folder.path()));
    faults.extend(before.changed(folder.path()));
    let shown: String = said.chars().take(1500).collect();
    (!faults.is_empty()).then(|| {
        format!(
            "{}: churn {}\n  {}\n{shown}",
            case.name,
            case.run,
            faults.join("\n  ")
        )
    })
}

/// Makes the hostile input.
pub(crate) fn prepare(base: &Base, case: &Case, folder: &Path) {
    let bad = folder.join("bad.csv");
    match &case.given {
        Given::Rows(spoil) => {
            let mut customers = Customers::new(&base.good());
            spoil(&mut customers);
            fs::write(bad, customers.text()).unwrap();
        }
        Given::Bytes(make) => fs::write(bad, make(&base.good())).unwrap(),
        Given::Folder(make) | Given::Bound(make) => make(folder),
    }
}

/// Runs the program.
pub(crate) fn carry_out(case: &Case, folder: &Path) -> Ran {
    let args: Vec<&str> = case.run.split_whitespace().collect();
    match case.given {
        Given::Bound(_) => run_bound(folder, &args),
        _ => run(folder, &args, b""),
    }
}

fn leftovers(case: &Case, folder: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    let mut expect_rows = |name: &str, expected: usize| {
        let found = n_rows(&folder.join(name));
        if found != expected {
            faults.push(format!("{name} has {found} rows, expected {expected}"));
        }
    };
    match case.leaves {
        Leaves::Any | Leaves::Untouched(_) => {}
        Leaves::NoOutput => {
            if folder.join("out.csv").exists() {
                faults.push("out.csv is there".to_owned());
            }
        }
        Leaves::Scored(n_scored, n_refused) => {
            expect_rows("out.csv", n_scored);
            expect_rows("out.csv.rejected.csv", n_refused);
        }
        Leaves::Quarantined(n_refused) => expect_rows("quarantine.csv", n_refused),
    }
    let part = fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .find(|name| name.ends_with(".part"));
    faults.extend(part.map(|name| format!("{name} was left")));
    faults
}

/// Lines below the header; none when there is no file.
pub(crate) fn n_rows(path: &Path) -> usize {
    fs::read_to_string(path).map_or(0, |text| text.lines().count().saturating_sub(1))
}

/// Files that must stay as they are.
struct Untouched(Vec<(&'static str, Vec<u8>)>);

impl Untouched {
    fn new(case: &Case, folder: &Path) -> Self {
        let names = match case.leaves {
            Leaves::Untouched(names) => names,
            _ => &[],
        };
        let read = |name: &&'static str| (*name, fs::read(folder.join(name)).unwrap());
        Self(names.iter().map(read).collect())
    }

    fn changed(&self, folder: &Path) -> Vec<String> {
        self.0
            .iter()
            .filter(|(name, before)| fs::read(folder.join(name)).ok().as_ref() != Some(before))
            .map(|(name, _)| format!("{name} was changed"))
            .collect()
    }
}
