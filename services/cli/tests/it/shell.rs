//! Running the real program in a folder of its own.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// The program under test.
pub(crate) const CHURN: &str = env!("CARGO_BIN_EXE_churn");
/// Customers in `good.csv`.
pub(crate) const N_GOOD: usize = 600;
/// A policy that any model passes: six hundred customers are too few for the shipped gates.
const EASY: &str = "default: easy
presets:
  easy:
    threshold: max_profit
    economics: {contact_cost: 15, save_rate: 0.2}
    gates: [{metric: roc_auc, min: 0.5}]
    rank_by: [log_loss]
";
/// Who runs what must not be allowed everything.
const NOBODY: u32 = 65_534;

/// A trained home made once, to be copied into the folder of each case.
pub(crate) struct Base {
    folder: TempDir,
}

impl Base {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/telco.yaml");
        fs::copy(spec, folder.path().join("spec.yaml")).unwrap();
        fs::write(folder.path().join("easy.yaml"), EASY).unwrap();
        let base = Self { folder };
        base.run("synth snapshot --rows 600 --seed 7 -o good.csv");
        base.run("train good.csv --spec spec.yaml --algorithms logistic --selection easy.yaml");
        base.run("models export champion -o model.zip");
        base
    }

    fn run(&self, args: &str) {
        let ran = run(
            self.folder.path(),
            &args.split(' ').collect::<Vec<_>>(),
            b"",
        );
        assert_eq!(ran.code, Some(0), "churn {args}\n{}", ran.stderr);
    }

    /// `good.csv` as text.
    pub(crate) fn good(&self) -> String {
        fs::read_to_string(self.folder.path().join("good.csv")).unwrap()
    }

    /// A folder with `good.csv`, `spec.yaml`, `easy.yaml`, `model.zip` and a trained `home/`.
    pub(crate) fn folder(&self) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        allow(copy.path(), 0o755);
        copy_folder(self.folder.path(), copy.path());
        copy
    }
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Sets permission bits.
pub(crate) fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// What a run has left.
pub(crate) struct Ran {
    /// `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The one JSON object on stdout.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|fault| panic!("{fault}\n{}\n{}", self.stdout, self.stderr))
    }
}

/// `churn` with a home in `folder`, where it also runs; no setting comes from outside.
pub(crate) fn command(folder: &Path, args: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new(CHURN);
    command.args(["--home", "home"]).args(args);
    tame(&mut command, folder);
    command
}

/// Takes the caller's settings away and gives the command its folder.
pub(crate) fn tame(command: &mut Command, folder: &Path) {
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
}

/// Runs to the end with `input` on stdin.
pub(crate) fn finish(mut command: Command, input: &[u8]) -> Ran {
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // The program may end without having read everything, which is what some cases are about.
    let _ = stdin.write_all(input);
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// `churn` run to the end.
pub(crate) fn run(folder: &Path, args: &[impl AsRef<OsStr>], input: &[u8]) -> Ran {
    finish(command(folder, args), input)
}

/// Runs `churn` as a user whom permission bits bind: as nobody when the tests run as root.
pub(crate) fn run_bound(folder: &Path, args: &[&str]) -> Ran {
    let mut command = command(folder, args);
    if fs::metadata(folder).unwrap().uid() == 0 {
        // The build folder may lie where nobody may look, so the program is brought along.
        let program = bring_program(folder);
        let mut bound = Command::new(program);
        bound.args(["--home", "home"]).args(args);
        tame(&mut bound, folder);
        bound.uid(NOBODY).gid(NOBODY);
        command = bound;
    }
    finish(command, b"")
}

fn bring_program(folder: &Path) -> PathBuf {
    let program = folder.join("churn-program");
    if !program.exists() {
        // By another process: a copy held open for writing here could reach a child of another
        // test, and then the program could not be started ("text file busy").
        let copied = Command::new("cp")
            .args([Path::new(CHURN), &program])
            .status();
        assert!(copied.unwrap().success());
        allow(&program, 0o755);
    }
    program
}
