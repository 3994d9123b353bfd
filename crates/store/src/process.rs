//! Which process did something, and whether it is still there.

/// A name for this process that no other process ever has, or `None` where the system does not
/// tell enough (anything but Linux).
///
/// It is made of the boot of the machine, the process namespace, the process id and the moment the
/// process started, so a later process with the same id has another name.
pub fn this_process() -> Option<String> {
    Some(format!("{}/{}", place()?, place_in(std::process::id())?))
}

/// Whether the process with this name has ended; `None` when that cannot be told from here: it
/// ran on another machine or in another container.
pub fn has_ended(name: &str) -> Option<bool> {
    let here = place()?;
    let (there, process) = name.rsplit_once('/')?;
    if there != here {
        // A machine that was started anew since has none of its old processes, but another
        // machine looks the same from here.
        return None;
    }
    let id = process.split_once('@')?.0.parse().ok()?;
    Some(place_in(id).as_deref() != Some(process))
}

/// The machine since its last start, and the process namespace.
fn place() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{}/{}", boot.trim(), namespace.display()))
}

/// Process id and start of a running process, in clock ticks since the boot.
fn place_in(id: u32) -> Option<String> {
    let facts = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name of the program stands in brackets and may hold anything, also brackets.
    let (_, rest) = facts.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?;
    let started = fields.nth(18)?;
    // A zombie has ended; it only waits to be taken note of.
    (!matches!(state, "Z" | "X")).then(|| format!("{id}@{started}"))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_there_and_a_child_is_gone_once_it_ended() {
        let me = this_process().unwrap();
        assert_eq!(has_ended(&me), Some(false));
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let name = format!("{}/{}", place().unwrap(), place_in(child.id()).unwrap());
        assert_eq!(has_ended(&name), Some(false));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(has_ended(&name), Some(true));
    }

    #[test]
    fn a_later_process_with_the_same_id_is_another() {
        let me = this_process().unwrap();
        let (place, _) = me.rsplit_once('/').unwrap();
        assert_eq!(
            has_ended(&format!("{place}/{}@1", std::process::id())),
            Some(true)
        );
    }

    #[test]
    fn of_other_machines_nothing_is_said() {
        for name in ["other/pid:[1]/7@8", "", "7@8", "a/b"] {
            assert_eq!(has_ended(name), None, "{name}");
        }
    }
}
