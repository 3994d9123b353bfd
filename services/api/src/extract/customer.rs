//! A customer as a JSON object: values by column of the model's specification.

use std::collections::BTreeMap;

use apistos::ApiComponent;
use schemars::JsonSchema;
use schemars::r#gen::SchemaGenerator;
use schemars::schema::{
    InstanceType, Metadata, ObjectValidation, Schema, SchemaObject, SingleOrVec,
};
use serde::Deserialize;
use serde_json::Value;

/// Values by column. Columns left out count as missing; `customer_id` names the customer.
#[derive(Debug, Deserialize, ApiComponent)]
#[serde(transparent)]
pub(crate) struct Customer(pub(crate) BTreeMap<String, Value>);

impl JsonSchema for Customer {
    fn schema_name() -> String {
        "Customer".to_owned()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let value = SchemaObject {
            instance_type: Some(SingleOrVec::Vec(vec![
                InstanceType::String,
                InstanceType::Number,
                InstanceType::Boolean,
            ])),
            extensions: [("nullable".to_owned(), Value::Bool(true))].into(),
            ..Default::default()
        };
        // OpenAPI 3.0 knows one type a schema: any plain value.
        let value = SchemaObject {
            instance_type: None,
            metadata: Some(Box::new(Metadata {
                description: Some("a text, a number, true, false or null".to_owned()),
                ..Default::default()
            })),
            ..value
        };
        Schema::Object(SchemaObject {
            instance_type: Some(SingleOrVec::Single(Box::new(InstanceType::Object))),
            object: Some(Box::new(ObjectValidation {
                additional_properties: Some(Box::new(Schema::Object(value))),
                ..Default::default()
            })),
            metadata: Some(Box::new(Metadata {
                description: Some(
                    "Values by column of the model's specification (GET /api/v1/models/{version} \
                     lists them). Columns left out count as missing and are named in the answer; \
                     `customer_id` names the customer, without it a name is made."
                        .to_owned(),
                ),
                examples: vec![serde_json::json!({ "customer_id": "C-1", "tenure": 3 })],
                ..Default::default()
            })),
            ..Default::default()
        })
    }
}
