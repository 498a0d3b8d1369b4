//! What is in ZooKeeper, as values of conditions.

use crate::cluster::Cluster;
use crate::coordination::zookeeper::{Server, znodes};
use crate::script::expression::Value;
use serde_json::Value as Json;

fn server(cluster: &Cluster) -> Result<&Server, String> {
    cluster.zookeeper().ok_or_else(|| {
        "this cluster has no ZooKeeper; take one of its years, for example kafka=2.1".to_owned()
    })
}

/// `controller_epoch()`: what `/controller_epoch` says; none before the first controller.
pub fn controller_epoch(cluster: &Cluster) -> Result<Value, String> {
    let node = server(cluster)?.tree.get(znodes::CONTROLLER_EPOCH);
    let epoch = node.and_then(|node| node.data.parse().ok());
    Ok(epoch.map_or(Value::None, Value::Number))
}

/// `znode("PATH"[, field])`: what is in a znode, or one field of its JSON; none: there is no such znode or field.
pub fn znode(cluster: &Cluster, path: &str, field: Option<String>) -> Result<Value, String> {
    let Some(node) = server(cluster)?.tree.get(path) else { return Ok(Value::None) };
    let Some(field) = field else { return Ok(Value::text(&node.data)) };
    let json: Option<Json> = serde_json::from_str(&node.data).ok();
    Ok(json.as_ref().and_then(|json| json.get(&field)).map_or(Value::None, value))
}

fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::None,
        Json::Bool(yes) => Value::Bool(*yes),
        Json::Number(number) => number.as_i64().map_or(Value::None, Value::Number),
        Json::String(text) => Value::text(text),
        Json::Array(items) => Value::List(items.iter().map(value).collect()),
        Json::Object(_) => Value::text(json),
    }
}
