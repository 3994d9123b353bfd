//! Trees nobody trained: any shape, missing values, categories, columns that repeat.

use churn_ensemble::{Node, Test};
use proptest::prelude::*;

/// Columns of the random trees.
pub(crate) const N_FEATURES: usize = 6;

/// A tree in the making.
#[derive(Debug, Clone)]
enum Shape {
    Leaf {
        value: f32,
        cover: u8,
    },
    Split {
        feature: u32,
        test: Test,
        default_left: bool,
        children: Box<(Shape, Shape)>,
    },
}

/// A random tree of up to six levels over [`N_FEATURES`] columns.
pub(crate) fn any_tree() -> impl Strategy<Value = Vec<Node>> {
    // Some leaves were reached by nobody: a cover of 0 is legal.
    let leaf = (-2.0..2.0_f32, 0..20_u8).prop_map(|(value, cover)| Shape::Leaf { value, cover });
    let shape = leaf.prop_recursive(6, 40, 2, |inner| {
        let test = prop_oneof![
            (0..5_u8).prop_map(|step| Test::Less(f32::from(step) / 2.0)),
            (0..5_u8).prop_map(|step| Test::LessUnlessZero(f32::from(step) / 2.0)),
            prop::collection::vec(0..70_u32, 0..4).prop_map(|mut codes| {
                codes.push(1);
                Test::NotIn(codes)
            }),
        ];
        (
            0..N_FEATURES as u32,
            test,
            any::<bool>(),
            inner.clone(),
            inner,
        )
            .prop_map(|(feature, test, default_left, left, right)| Shape::Split {
                feature,
                test,
                default_left,
                children: Box::new((left, right)),
            })
    });
    shape.prop_map(|shape| {
        let mut nodes = Vec::new();
        flatten(&shape, &mut nodes);
        nodes
    })
}

/// A random row: few distinct values, so that equal outcomes come up, and missing ones.
pub(crate) fn any_row() -> impl Strategy<Value = Vec<f32>> {
    let value = prop_oneof![
        Just(f32::NAN),
        Just(-1.0_f32),
        Just(65.0),
        (0..5_u8).prop_map(|step| f32::from(step) / 2.0),
    ];
    prop::collection::vec(value, N_FEATURES)
}

/// A chain of `depth` splits that turns left and right in turn and goes round the columns.
pub(crate) fn chain(n_features: usize, depth: usize) -> Vec<Node> {
    let mut shape = Shape::Leaf {
        value: 1.5,
        cover: 3,
    };
    for level in 0..depth as u32 {
        let leaf = Shape::Leaf {
            value: (level % 7) as f32 / 3.0 - 1.0,
            cover: (level % 5) as u8,
        };
        let children = if level % 2 == 0 {
            (leaf, shape)
        } else {
            (shape, leaf)
        };
        shape = Shape::Split {
            feature: level * 5 % n_features as u32,
            test: Test::Less((level % 11) as f32 / 10.0),
            default_left: level % 3 == 0,
            children: Box::new(children),
        };
    }
    let mut nodes = Vec::new();
    flatten(&shape, &mut nodes);
    nodes
}

/// Appends the nodes of `shape`; returns where it starts.
fn flatten(shape: &Shape, nodes: &mut Vec<Node>) -> u32 {
    let place = nodes.len();
    match shape {
        Shape::Leaf { value, cover } => {
            nodes.push(Node::Leaf {
                value: *value,
                cover: f32::from(*cover),
            });
        }
        Shape::Split {
            feature,
            test,
            default_left,
            children,
        } => {
            nodes.push(Node::Leaf {
                value: 0.0,
                cover: 0.0,
            });
            let (left, right) = (flatten(&children.0, nodes), flatten(&children.1, nodes));
            let cover = nodes[left as usize].cover() + nodes[right as usize].cover();
            nodes[place] = Node::Split {
                feature: *feature,
                test: test.clone(),
                default_left: *default_left,
                left,
                right,
                cover,
            };
        }
    }
    place as u32
}
