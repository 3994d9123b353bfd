//! Builds again when the dashboard's files were built again: they are kept in the program.

fn main() {
    println!("cargo:rerun-if-changed=../../web/dist");
}
