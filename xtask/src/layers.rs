//! Who may import whom: the table of the design as data, checked against `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, PackageId};

/// Every crate and its layer. Imports point to a lower layer; the rest is in [`SIDEWAYS`].
const LAYERS: [(&str, u8); 22] = [
    ("churn-schema", 0),
    ("churn-metrics", 0),
    ("churn-ensemble", 1),
    ("churn-features", 1),
    ("churn-explain", 1),
    ("churn-xgboost", 1),
    ("churn-zoo", 1),
    ("churn-retention", 1),
    ("churn-synth", 1),
    ("churn-config", 2),
    ("churn-telemetry", 2),
    ("churn-store", 2),
    ("churn-registry", 2),
    ("churn-connect", 2),
    ("churn-report", 2),
    ("churn-engine", 3),
    ("churn-pipeline", 3),
    ("churn-api", 4),
    ("churn-worker", 4),
    ("churn-scheduler", 4),
    ("churn-cli", 4),
    ("xtask", 4),
];

/// Helper of tests, allowed as a dev-dependency anywhere and as nothing else.
const TEST_HELPER: &str = "churn-testkit";

/// Imports within a layer that the design allows.
const SIDEWAYS: [(&str, &str); 10] = [
    ("churn-explain", "churn-ensemble"),
    ("churn-zoo", "churn-ensemble"),
    ("churn-zoo", "churn-features"),
    ("churn-zoo", "churn-xgboost"),
    ("churn-retention", "churn-ensemble"),
    ("churn-registry", "churn-store"),
    ("churn-report", "churn-registry"),
    ("churn-pipeline", "churn-engine"),
    // `churn serve` runs all three services in one process.
    ("churn-cli", "churn-api"),
    ("churn-cli", "churn-worker"),
];

/// Crates that must not reach others, however far down.
const NEVER: [(&str, &[&str]); 1] = [
    // A serving image holds no trainer: trained models are data.
    (
        "churn-api",
        &["churn-pipeline", "churn-zoo", "churn-xgboost"],
    ),
];

/// What layers 0 and 1 must never see.
const ASYNC_OR_SQL: [&str; 6] = [
    "tokio",
    "actix-web",
    "actix-rt",
    "diesel",
    "async-std",
    "sqlx",
];

/// Faults of the dependency graph, in words.
pub(crate) fn find_faults(metadata: &Metadata) -> Vec<String> {
    let mut faults = Vec::new();
    let layers: BTreeMap<&str, u8> = LAYERS.into_iter().collect();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        if name == TEST_HELPER {
            continue;
        }
        let Some(layer) = layers.get(name) else {
            faults.push(format!(
                "{name} has no layer; add it to xtask/src/layers.rs and the design"
            ));
            continue;
        };
        for dependency in &package.dependencies {
            let used = dependency.name.as_str();
            if dependency.kind == DependencyKind::Development || dependency.path.is_none() {
                continue;
            }
            if used == TEST_HELPER {
                faults.push(format!(
                    "{name} uses {used} outside its tests; make it a dev-dependency"
                ));
            } else if !may_import(name, *layer, used, &layers) {
                faults.push(format!(
                    "{name} (layer {layer}) must not import {used}; imports point down"
                ));
            }
        }
    }
    faults.extend(find_forbidden_reach(metadata, &layers));
    faults
}

fn may_import(name: &str, layer: u8, used: &str, layers: &BTreeMap<&str, u8>) -> bool {
    match layers.get(used) {
        Some(used_layer) if *used_layer < layer => true,
        Some(used_layer) if *used_layer == layer => {
            SIDEWAYS.contains(&(name, used)) || (name, used) == ("churn-cli", "churn-scheduler")
        }
        _ => false,
    }
}

/// Walks everything a crate links, not just what it names.
fn find_forbidden_reach(metadata: &Metadata, layers: &BTreeMap<&str, u8>) -> Vec<String> {
    let mut faults = Vec::new();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        let mut forbidden: Vec<&str> = NEVER
            .iter()
            .filter(|(from, _)| *from == name)
            .flat_map(|(_, to)| to.iter().copied())
            .collect();
        if layers.get(name).is_some_and(|layer| *layer <= 1) {
            forbidden.extend(ASYNC_OR_SQL);
        }
        if forbidden.is_empty() {
            continue;
        }
        let reached = collect_reach(metadata, &package.id);
        for used in forbidden.into_iter().filter(|used| reached.contains(used)) {
            faults.push(format!(
                "{name} must never link {used}; see `cargo tree -e normal -p {name} -i {used}`"
            ));
        }
    }
    faults
}

/// Names of all packages linked into a crate, by normal dependencies.
fn collect_reach<'m>(metadata: &'m Metadata, root: &PackageId) -> BTreeSet<&'m str> {
    let Some(resolve) = &metadata.resolve else {
        return BTreeSet::new();
    };
    let nodes: BTreeMap<&PackageId, _> =
        resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let names: BTreeMap<&PackageId, &str> = metadata
        .packages
        .iter()
        .map(|package| (&package.id, package.name.as_str()))
        .collect();
    let mut seen = BTreeSet::new();
    let mut open = vec![root];
    while let Some(id) = open.pop() {
        let Some(node) = nodes.get(id) else { continue };
        for used in &node.deps {
            let is_linked = used
                .dep_kinds
                .iter()
                .any(|kind| kind.kind == DependencyKind::Normal);
            if is_linked && seen.insert(&used.pkg) {
                open.push(&used.pkg);
            }
        }
    }
    seen.into_iter()
        .filter_map(|id| names.get(id).copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_point_down_but_for_the_edges_of_the_design() {
        let layers: BTreeMap<&str, u8> = LAYERS.into_iter().collect();
        let may = |name: &str, used: &str| may_import(name, layers[name], used, &layers);
        assert!(may("churn-engine", "churn-store"));
        assert!(may("churn-zoo", "churn-metrics"));
        assert!(may("churn-zoo", "churn-xgboost"));
        assert!(may("churn-cli", "churn-scheduler"));
        assert!(
            !may("churn-explain", "churn-zoo"),
            "explanations never import a trainer"
        );
        assert!(!may("churn-schema", "churn-metrics"));
        assert!(!may("churn-features", "churn-store"), "never up");
        assert!(
            !may("churn-api", "churn-worker"),
            "services never import each other"
        );
    }
}
